"""What reads the last map in front of the dense layers; a subclass of Head with a name is in HEADS.

Network files may ask for it: `head = "elman"`, with `head_width` where the head has a width of its own.
"""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from bnn.model.layers import BinaryLinear, Norm, Sign
from bnn.model.options import Allowed, one_of, whole

HEADS: dict[str, type["Head"]] = {}
NO_WIDTH = one_of(0)


class Head(nn.Module):
    """The last map [N, C, H, W] of +-1 -> [N, features], which the next dense layer takes.

    features: of what it makes. places: how many +-1 each of them is the sum of.
    """

    widths: ClassVar[Allowed] = NO_WIDTH
    features: int
    places = 1

    def __init_subclass__(cls, head: str | None = None, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if head is not None:
            HEADS[head] = cls

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        """shape: of the last map, C, H, W. width: one of `widths`."""
        super().__init__()

    @property
    def terms(self) -> int:
        """How many +-1 a sum of the next dense layer adds up."""
        return self.features * self.places


class DenseHead(Head, head="dense"):
    """Every element of the map has a weight of its own."""

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        super().__init__(shape, width)
        channels, height, columns = shape
        self.features = channels * height * columns

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)


class PooledHead(Head, head="pooled"):
    """The sum of each channel over the map, so that a channel has one weight wherever it is (global pooling)."""

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        super().__init__(shape, width)
        channels, height, columns = shape
        self.features, self.places = channels, height * columns

    def forward(self, x: Tensor) -> Tensor:
        return x.sum((2, 3))


class ElmanHead(Head, head="elman"):
    """A dense layer of bits that goes down the rows of the map and reads its own last output.

        h_t = sign(norm(W x_t + U h_{t-1})),  h in front of the first row is -1,  x_t: row t in C, W order

    The norm's mean and variance are those of W x_t over all rows, which need no recurrence; U h is scaled as W x_t is.
    So training and evaluation do the same but for the pictures that the statistics come from.
    """

    widths = whole(1, 1024)

    def __init__(self, shape: tuple[int, int, int], width: int) -> None:
        super().__init__(shape, width)
        channels, _, columns = shape
        self.features = width
        self.weight = BinaryLinear(channels * columns, width)
        self.recurrent = BinaryLinear(width, width)
        self.norm = Norm(width)
        self.sign = Sign()

    def forward(self, x: Tensor) -> Tensor:
        signs = self.norm.signs()
        rows = x.permute(2, 0, 1, 3).flatten(2)  # [H, N, C * W]
        sums = self.weight(rows.flatten(0, 1), signs)  # [H * N, O]
        variance = sums.var(0, unbiased=False) if self.training else self.norm.running_var
        assert variance is not None  # a norm has running statistics
        slope = self.norm.weight.abs() / torch.sqrt(variance + self.norm.eps)
        recurrent = self.recurrent.binary() * (signs * slope)[:, None]
        normed = self.norm(sums).unflatten(0, rows.shape[:2])
        state = x.new_full((len(x), self.features), -1.0)
        for row in normed:
            state = self.sign(row + nn.functional.linear(state, recurrent))
        return state
