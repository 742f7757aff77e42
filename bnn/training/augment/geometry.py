"""Changes of place: uint8 pictures [N, C, H, W] and a number for each, in; pictures of the same size out."""

import torch
import torch.nn.functional as F
from torch import Tensor


def turn(images: Tensor) -> Tensor:
    """Return square pictures turned by 90 degrees, clockwise."""
    return images.transpose(2, 3).flip(3)


def shift(images: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Move each picture by whole pixels, `down` [N] and `right` [N] below its size; edges are repeated."""
    n, _, height, width = images.shape
    y = (torch.arange(height, device=images.device) - down[:, None]).clamp_(0, height - 1)  # [N, H]
    x = (torch.arange(width, device=images.device) - right[:, None]).clamp_(0, width - 1)  # [N, W]
    picture = torch.arange(n, device=images.device)[:, None, None]
    return images[picture, :, y[:, :, None], x[:, None, :]].permute(0, 3, 1, 2)  # [N, H, W, C] -> [N, C, H, W]


def move(images: Tensor, degrees: Tensor, scale: Tensor) -> Tensor:
    """Turn each picture about its middle by `degrees` [N], clockwise, and magnify it by `scale` [N]; repeat edges.

    Both in one bilinear interpolation, so that a picture is softened once. No turn and scale 1 change nothing.
    """
    n, channels, height, width = images.shape
    angle = torch.deg2rad(degrees)
    cos, sin, zero = angle.cos() / scale, angle.sin() / scale, torch.zeros_like(angle)
    # For each pixel of the result: where it is taken from, both in halves of the picture's own width and height.
    theta = torch.stack(
        [cos, sin * (height / width), zero, -sin * (width / height), cos, zero],
        dim=1,
    ).reshape(n, 2, 3)
    grid = F.affine_grid(theta, [n, channels, height, width], align_corners=False)
    moved = F.grid_sample(images.float(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    return moved.round_().clamp_(0, 255).to(torch.uint8)
