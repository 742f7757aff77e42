"""Concatenation: a block's maps beside those in front of it, so that later layers still see them."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from bnn.errors import UserError
from bnn.model.shortcuts.base import Shortcut

if TYPE_CHECKING:
    from bnn.model.spec import Block


class ConcatShortcut(Shortcut, shortcut="concat"):
    """y = x, then sign(norm(conv(x))): inputs + channels maps."""

    def __init__(self, inputs: int, block: "Block", pixels: bool) -> None:
        super().__init__(inputs, block, pixels)
        same_size = block.stride == 1 and block.pool == 1 and 2 * block.padded == block.kernel - 1
        if pixels or not same_size:
            here = "it reads pixels; " if pixels else ""
            raise UserError(
                f"shortcut = 'concat' needs a map of +-1 in front of the same size; {here}kernel = {block.kernel}, "
                f"stride = {block.stride}, padding = {block.padding}, pool = {block.pool}; allowed: behind another "
                "block, stride 1, pool 1, an odd kernel and padding"
            )

    def past(self, bits: Tensor, x: Tensor) -> Tensor:
        return torch.cat([x, bits], dim=1)

    @staticmethod
    def outputs(inputs: int, channels: int) -> int:
        return inputs + channels
