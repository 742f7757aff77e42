"""How a block pools its map; a subclass of Pooling with a name is in POOLINGS, and network files may ask for it."""

from typing import Any, ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from bnn.model.layers import Norm, Sign
from bnn.model.options import Allowed, whole

POOLINGS: dict[str, type["Pooling"]] = {}


class Pooling(nn.Module):
    """Pooling of size x size windows that do not overlap; incomplete windows at the edges are dropped.

    A kind of pooling says whether it works on the sums of the convolution, in front of norm and sign, or on the +-1
    map behind them.
    """

    sizes: ClassVar[Allowed]

    def __init_subclass__(cls, pooling: str, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        POOLINGS[pooling] = cls

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.channels, self.size = channels, size

    @classmethod
    def windows(cls, length: int, size: int) -> int:
        """Return how many windows there are along a side of the map that is `length` long."""
        return length // size

    def of_sums(self, sums: Tensor) -> Tensor:
        """Return what norm and sign take of the sums [N, C, H, W]."""
        return sums

    def of_signs(self, signs: Tensor) -> Tensor:
        """Return what the next layer takes of the +-1 map [N, C, H, W]."""
        return signs


class MaxPooling(Pooling, pooling="max"):
    """The largest of each window, before norm and sign: the same bits as after them, and a better gradient."""

    sizes = whole(1, 4)

    def of_sums(self, sums: Tensor) -> Tensor:
        return F.max_pool2d(sums, self.size) if self.size > 1 else sums


class SumPooling(Pooling, pooling="sum"):
    """The sum of each window of the +-1 map, batch norm, sign: how often a feature is there decides.

    A size of 0 is one window over the whole map.
    """

    sizes = whole(0, 16)

    def __init__(self, channels: int, size: int) -> None:
        super().__init__(channels, size)
        self.norm = Norm(channels)
        self.sign = Sign()

    @classmethod
    def windows(cls, length: int, size: int) -> int:
        return length // size if size else 1

    def of_signs(self, signs: Tensor) -> Tensor:
        size = (self.size, self.size) if self.size else signs.shape[2:]
        sums = F.avg_pool2d(signs, size, divisor_override=1)
        return self.sign(self.norm(sums * self.norm.signs().reshape(-1, 1, 1)))
