"""The paper's form of the layer, reconstructed: a jet is learned as the product of its factors' signs."""

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from bnn.jets import KERNEL_SIZES
from bnn.model.forms.base import Convolution, ConvStage
from bnn.model.layers import BinaryWeight
from bnn.model.options import one_of


class Constrained(Convolution, form="constrained"):
    """A jet for each pair of an output and an input, as the product of learned signs.

    The leading tap of each factor is +1 and its other tap is the learned sign. Several patterns of signs are one jet,
    and a jet cannot be negative. bnn.model.forms.selected learns the same jets better.
    """

    kernels = one_of(*KERNEL_SIZES)
    form_on_pixels = "constrained"
    axes: ClassVar[Mapping[str, str]] = {"factors.weight": "oi"}

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.factors = BinaryWeight(outputs, inputs, 2 * (self.kernel - 1))

    def stages(self) -> list[ConvStage]:
        return [ConvStage(compose(self.factors()), self.stride)]


def compose(signs: Tensor) -> Tensor:
    """Return kernels from factor signs [..., 2n] (first n down, last n across): [..., n+1, n+1], differentiable."""

    def axis(factors: Tensor) -> Tensor:
        taps = torch.ones_like(factors[..., :1])
        for i in range(factors.shape[-1]):
            taps = F.pad(taps, (0, 1)) + factors[..., i : i + 1] * F.pad(taps, (1, 0))
        return taps

    n = signs.shape[-1] // 2
    return axis(signs[..., :n])[..., :, None] * axis(signs[..., n:])[..., None, :]
