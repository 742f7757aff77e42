"""Random changes to training pictures that leave the label true; a data set's card names those it allows."""

import torch
import torch.nn.functional as F
from torch import Tensor

from bnn.errors import UserError

AUGMENTATIONS = ("flip_x", "flip_y", "rot90", "shift", "light")


def augment(images: Tensor, names: tuple[str, ...], generator: torch.Generator) -> Tensor:
    """Apply the named augmentations to uint8 pictures [N, C, H, W], each picture on its own.

    flip_x, flip_y: mirror half of them. rot90: a random quarter turn (square pictures only).
    shift: up to 1/16 of the size in each direction, edges repeated. light: gain 0.8..1.25, offset -16..16.
    """
    unknown = set(names) - set(AUGMENTATIONS)
    if unknown:
        raise UserError(f"augmentation {sorted(unknown)} is unknown; choose from {', '.join(AUGMENTATIONS)}")
    n, _, height, width = images.shape

    def coin() -> Tensor:
        return torch.rand(n, 1, 1, 1, generator=generator) < 0.5

    if "flip_x" in names:
        images = torch.where(coin(), images.flip(3), images)
    if "flip_y" in names:
        images = torch.where(coin(), images.flip(2), images)
    if "rot90" in names and height == width:
        images = torch.where(coin(), images.transpose(2, 3).flip(2), images)
    if "shift" in names:
        images = _shift(images, max(1, height // 16), max(1, width // 16), generator)
    if "light" in names:
        gain = 0.8 * (1.25 / 0.8) ** torch.rand(n, 1, 1, 1, generator=generator)
        offset = torch.rand(n, 1, 1, 1, generator=generator) * 32 - 16
        images = (images * gain + offset).round_().clamp_(0, 255).to(torch.uint8)
    return images


def _shift(images: Tensor, most_y: int, most_x: int, generator: torch.Generator) -> Tensor:
    n, _, height, width = images.shape
    padded = F.pad(images.float(), (most_x, most_x, most_y, most_y), mode="replicate").to(torch.uint8)
    y = torch.randint(0, 2 * most_y + 1, (n, 1), generator=generator) + torch.arange(height)  # [N, H]
    x = torch.randint(0, 2 * most_x + 1, (n, 1), generator=generator) + torch.arange(width)  # [N, W]
    return padded[torch.arange(n)[:, None, None], :, y[:, :, None], x[:, None, :]].permute(0, 3, 1, 2)
