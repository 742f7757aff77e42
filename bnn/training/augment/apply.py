"""Apply augmentations by name, in one order: geometry first, then what the sensor does to the picture."""

import torch
from torch import Tensor

from bnn.training.augment.geometry import move, shift, turn
from bnn.training.augment.names import check_names
from bnn.training.augment.sensor import add_noise, blur, relight

MOST_DEGREES, MOST_SCALE = 10.0, 1.1  # of rotate, and of scale: from 1 / 1.1 to 1.1
MOST_NOISE = 8.0  # standard deviation in grey values
LIGHT_GAIN, LIGHT_OFFSET = 1.25, 16.0


def augment(images: Tensor, names: tuple[str, ...], generator: torch.Generator) -> Tensor:
    """Return uint8 pictures [N, C, H, W] with the named augmentations, each picture changed on its own.

    flip_x, flip_y  mirror half of them
    rot90           by 0, 90, 180 or 270 degrees (square pictures only)
    shift           up to 1/16 of the size in each direction
    rotate          by -10 to 10 degrees
    scale           by 0.91 to 1.1
    light           gain 0.8 to 1.25, offset -16 to 16
    blur            half of them, by up to [1 2 1] / 4 in each direction
    noise           Gaussian, of a standard deviation of 0 to 8 grey values

    Where a picture ends its edge is repeated. All numbers are drawn from `generator`, a CPU one, whatever the
    pictures' device. The same names in another order do the same.
    """
    check_names(names)
    n, channels, height, width = images.shape

    def uniform(low: float, high: float) -> Tensor:
        """Draw a number for each picture: [N, 1, 1, 1]."""
        drawn = low + (high - low) * torch.rand(n, 1, 1, 1, generator=generator)
        return drawn.to(images.device)

    def coin() -> Tensor:
        return uniform(0, 1) < 0.5

    if "flip_x" in names:
        images = torch.where(coin(), images.flip(3), images)
    if "flip_y" in names:
        images = torch.where(coin(), images.flip(2), images)
    if "rot90" in names and height == width:
        images = torch.where(coin(), images.flip(2, 3), images)
        images = torch.where(coin(), turn(images), images)
    if "shift" in names:
        most = (max(1, height // 16), max(1, width // 16))
        offsets = [torch.randint(-m, m + 1, (n,), generator=generator).to(images.device) for m in most]
        images = shift(images, *offsets)
    if "rotate" in names or "scale" in names:
        degrees = uniform(-MOST_DEGREES, MOST_DEGREES) if "rotate" in names else torch.zeros(n, device=images.device)
        octaves = uniform(-1, 1) if "scale" in names else torch.zeros(n, device=images.device)
        images = move(images, degrees.flatten(), MOST_SCALE ** octaves.flatten())
    if "light" in names:
        images = relight(images, LIGHT_GAIN ** uniform(-1, 1), uniform(-LIGHT_OFFSET, LIGHT_OFFSET))
    if "blur" in names:
        images = blur(images, uniform(-0.25, 0.25).clamp_(min=0))
    if "noise" in names:
        normal = torch.randn(n, channels, height, width, generator=generator).to(images.device)
        images = add_noise(images, uniform(0, MOST_NOISE) * normal)
    return images
