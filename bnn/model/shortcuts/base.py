"""The shortcut of a block that has none, and what the others share."""

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

if TYPE_CHECKING:
    from bnn.model.spec import Block

SHORTCUTS: dict[str, type["Shortcut"]] = {}


class Shortcut(nn.Module):
    """From the map in front of a block to its sums or past its signs. A subclass with a name is in SHORTCUTS.

    What it becomes in integers is to be said to `bnn.integer.freeze`, by `joined` and `beside`.
    """

    most = 0  # by which it changes a sum at the most
    tied = False  # whether output c of the convolution belongs to channel c of the map in front: neither goes alone

    def __init_subclass__(cls, shortcut: str, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        SHORTCUTS[shortcut] = cls

    def __init__(self, inputs: int, block: "Block", pixels: bool) -> None:
        """UserError when this block cannot have it. inputs: channels in front. pixels: is it the first block?"""
        super().__init__()

    def forward(self, sums: Tensor, x: Tensor, signs: Tensor) -> Tensor:
        """Return what pooling and norm take of the sums [N, O, H', W'] and of the map x [N, C, H, W] in front.

        signs: +-1 [O], by which the sums are multiplied already.
        """
        return sums

    def past(self, bits: Tensor, x: Tensor) -> Tensor:
        """Return what the block puts out, of its +-1 [N, O, H', W'] and of the map x [N, C, H, W] in front."""
        return bits

    @staticmethod
    def outputs(inputs: int, channels: int) -> int:
        """Return how many channels the block puts out, of those in front of it and of its convolution's."""
        return channels


SHORTCUTS["none"] = Shortcut
