"""What a camera and its light do to a picture: one function per kind, uint8 pictures [N, C, H, W] in and out.

Whatever is random in a damage is drawn by a seed and is the same at all levels, so that only the strength differs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from bnn.training.augment.geometry import move, shift
from bnn.training.augment.sensor import add_noise, relight

Damage = Callable[[Tensor, float, torch.Generator], Tensor]


@dataclass(frozen=True)
class Kind:
    """A kind of damage, and the levels at which it is tried. `none` is the level that changes nothing."""

    name: str
    unit: str
    levels: tuple[float, ...]
    none: float
    apply: Damage


def brightness(images: Tensor, level: float, _: torch.Generator) -> Tensor:
    """Add `level` grey values."""
    return relight(images, torch.ones(1), torch.full((1,), level))


def contrast(images: Tensor, level: float, _: torch.Generator) -> Tensor:
    """Multiply the difference from the picture's mean by `level`."""
    mean = images.float().mean(dim=(1, 2, 3), keepdim=True)
    return relight(images, torch.full((1,), level), mean * (1 - level))


def blur(images: Tensor, level: float, _: torch.Generator) -> Tensor:
    """Filter with a Gaussian of the standard deviation `level`, in pixels; edges are repeated."""
    if level == 0:
        return images
    reach = max(1, round(3 * level))
    x = torch.arange(-reach, reach + 1, dtype=torch.float32)
    weight = torch.exp(-((x / level) ** 2) / 2)
    weight = weight / weight.sum()
    n, channels, height, width = images.shape
    values = images.float().reshape(n * channels, 1, height, width)
    for shape, padding in (((1, 1, -1, 1), (0, 0, reach, reach)), ((1, 1, 1, -1), (reach, reach, 0, 0))):
        values = F.conv2d(F.pad(values, padding, mode="replicate"), weight.reshape(shape))
    return values.round_().clamp_(0, 255).to(torch.uint8).reshape(images.shape)


def noise(images: Tensor, level: float, random: torch.Generator) -> Tensor:
    """Add Gaussian noise of the standard deviation `level`, in grey values, to every pixel and channel."""
    return add_noise(images, level * torch.randn(images.shape, generator=random))


def shifted(images: Tensor, level: float, random: torch.Generator) -> Tensor:
    """Move each picture by `level` pixels in one of the eight directions; edges are repeated."""
    ways = torch.tensor([(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)])
    way = ways[torch.randint(len(ways), (len(images),), generator=random)] * int(level)
    return shift(images, way[:, 0], way[:, 1])


def rotation(images: Tensor, level: float, random: torch.Generator) -> Tensor:
    """Turn each picture by `level` degrees to one side or the other; edges are repeated."""
    if level == 0:
        return images
    side = torch.randint(2, (len(images),), generator=random) * 2 - 1
    return move(images, side * level, torch.ones(len(images)))


def dead_pixels(images: Tensor, level: float, random: torch.Generator) -> Tensor:
    """Hold `level` per cent of the sensor's pixels at 0 or at 255, the same in all pictures."""
    _, _, height, width = images.shape
    order = torch.randperm(height * width, generator=random)
    stuck = torch.randint(2, (height * width,), generator=random) * 255
    dead = (order < round(level / 100 * height * width)).reshape(height, width)
    return torch.where(dead, stuck.reshape(height, width).to(torch.uint8), images)


KINDS = (
    Kind("Brightness", "grey levels added", (-60, -30, -15, 0, 15, 30, 60), 0, brightness),
    Kind("Contrast", "times", (0.4, 0.6, 0.8, 1, 1.25, 1.5, 2), 1, contrast),
    Kind("Blur", "px standard deviation", (0, 0.5, 1, 1.5, 2), 0, blur),
    Kind("Noise", "grey levels standard deviation", (0, 4, 8, 16, 32), 0, noise),
    Kind("Shift", "px", (0, 1, 2, 4, 8), 0, shifted),
    Kind("Rotation", "degrees", (0, 2, 5, 10, 20), 0, rotation),
    Kind("Dead pixels", "% of all", (0, 0.1, 0.5, 1, 3), 0, dead_pixels),
)
