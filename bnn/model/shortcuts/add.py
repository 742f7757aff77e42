"""The residual addition: a block's convolution learns what is to be changed of the map in front of it."""

from typing import TYPE_CHECKING

from torch import Tensor

from bnn.errors import UserError
from bnn.model.shortcuts.base import Shortcut

if TYPE_CHECKING:
    from bnn.model.spec import Block


class AddShortcut(Shortcut, shortcut="add"):
    """y = sign(norm(conv(x) + x))."""

    most = 1
    tied = True

    def __init__(self, inputs: int, block: "Block", pixels: bool) -> None:
        super().__init__(inputs, block, pixels)
        same_size = block.stride == 1 and 2 * block.padded == block.kernel - 1
        if pixels or inputs != block.channels or not same_size:
            here = "it reads pixels" if pixels else f"channels = {block.channels} behind {inputs}"
            size = "" if same_size else f", kernel = {block.kernel}, stride = {block.stride}, padding = {block.padding}"
            raise UserError(
                f"shortcut = 'add' needs a map of +-1 in front of the same size and as many channels; {here}{size}; "
                "allowed: the channels of the block in front, stride 1, an odd kernel and padding"
            )

    def forward(self, sums: Tensor, x: Tensor, signs: Tensor) -> Tensor:
        return sums + signs[:, None, None] * x
