"""Changes of light, focus and noise: uint8 pictures [N, C, H, W] and a number for each in, such pictures out."""

import torch
import torch.nn.functional as F
from torch import Tensor


def relight(images: Tensor, gain: Tensor, offset: Tensor) -> Tensor:
    """Multiply by `gain` and add `offset`, [N, 1, 1, 1] each; all channels alike, so that colours keep their hue."""
    return _bytes(images * gain + offset)


def blur(images: Tensor, amount: Tensor) -> Tensor:
    """Filter with [a, 1 - 2a, a] down and across, `amount` a [N, 1, 1, 1] from 0 to 1/4; edges are repeated."""
    values = images.float()
    for before, after, dim in (((0, 0, 1, 0), (0, 0, 0, 1), 2), ((1, 0, 0, 0), (0, 1, 0, 0), 3)):
        size = values.shape[dim]
        first = F.pad(values, before, mode="replicate").narrow(dim, 0, size)
        last = F.pad(values, after, mode="replicate").narrow(dim, 1, size)
        values = values + amount * (first + last - 2 * values)
    return _bytes(values)


def add_noise(images: Tensor, noise: Tensor) -> Tensor:
    """Add `noise` [N, C, H, W] in grey values."""
    return _bytes(images + noise)


def _bytes(values: Tensor) -> Tensor:
    """Return the nearest grey values, in the range of bytes."""
    return values.round_().clamp_(0, 255).to(torch.uint8)
