"""Forms of a trainable convolution: neural jets in three of them, and their plain binary rival.

All of them take +-1 maps (or raw pixels) and give integer sums; normalisation and sign come after.

    bottleneck   y_o = sum_m jet[o,m] * (sum_c s[m,c] x_c)        C per map, 2n per (o, m)
    separable    y_o = jet[o] * sum_c s[o,c] x_c                  C + 2n bits per output
    constrained  y_o = sum_c jet[o,c] * x_c                       2n bits per (o, c)
    binary       y_o = sum_c w[o,c] * x_c                         K*K bits per (o, c)

All negate the outputs of sign -1 when `signs` [out] are given. A subclass of Convolution with a name is a form: it is
in FORMS, and network files may ask for it.
"""

from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bnn.errors import UserError
from bnn.jets import KERNEL_SIZES
from bnn.model.layers import BinaryWeight
from bnn.model.options import Allowed, one_of, whole

FORMS: dict[str, type["Convolution"]] = {}  # in the order in which messages list them


class ConvStage(NamedTuple):
    """One of the convolutions that follow each other in a layer."""

    weight: Tensor  # [O, I/groups, K, K]
    stride: int = 1
    groups: int = 1


class Convolution(nn.Module):
    """Convolution of one form: [N, in, H, W] -> [N, out, H', W'] integer sums.

    maps: M of the bottleneck. padding: rows and columns of `pad_value` round the map, -1 on +-1 maps and 0 on pixels.
    """

    form: ClassVar[str]
    kernels: ClassVar[Allowed]
    form_on_pixels: ClassVar[str]  # of the first block of a network of this form

    def __init_subclass__(cls, form: str | None = None, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if form is not None:
            cls.form = form
            FORMS[form] = cls

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        *,
        maps: int = 4,
        stride: int = 1,
        padding: int = 0,
        pad_value: int = -1,
    ) -> None:
        super().__init__()
        if not self.kernels.contains(kernel):
            raise UserError(f"kernel {kernel} is not possible for {self.form} layers; choose {self.kernels.words}")
        self.kernel, self.stride, self.padding, self.pad_value = kernel, stride, padding, pad_value
        self.make_weights(inputs, outputs, maps)

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        """Make what is learned; the order decides which random numbers each weight begins with."""
        raise NotImplementedError

    def stages(self) -> list[ConvStage]:
        """Return the convolutions that make up the layer, in order."""
        raise NotImplementedError

    def forward(self, x: Tensor, signs: Tensor | None = None) -> Tensor:
        if self.padding:
            x = F.pad(x, (self.padding,) * 4, value=float(self.pad_value))
        stages = self.stages()
        if signs is not None:
            last = stages[-1]
            stages[-1] = last._replace(weight=last.weight * signs[:, None, None, None])
        for weight, stride, groups in stages:
            x = F.conv2d(x, weight, stride=stride, groups=groups)
        return x


class JetConvolution(Convolution):
    """Convolution whose kernels are products of [1 1] and [1 -1], 3x3 or 5x5.

    The leading tap of each factor is +1 and its other tap is the learned sign.
    """

    kernels = one_of(*KERNEL_SIZES)
    form_on_pixels = "constrained"

    def factors_of(self, outputs: int, inputs: int) -> BinaryWeight:
        """Return the signs of a kernel for each pair of an output and an input: [out, in, 2n]."""
        return BinaryWeight(outputs, inputs, 2 * (self.kernel - 1))


class Bottleneck(JetConvolution, form="bottleneck"):
    """A few sums of all channels, then jets of these sums."""

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.mix = BinaryWeight(maps, inputs, 1, 1)
        self.factors = self.factors_of(outputs, maps)

    def stages(self) -> list[ConvStage]:
        return [ConvStage(self.mix()), ConvStage(compose(self.factors()), self.stride)]


class Separable(JetConvolution, form="separable"):
    """One sum of all channels for each output, then one jet of it."""

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.mix = BinaryWeight(outputs, inputs, 1, 1)
        self.factors = self.factors_of(outputs, 1)

    def stages(self) -> list[ConvStage]:
        kernels = compose(self.factors())  # [out, 1, K, K]
        return [ConvStage(self.mix()), ConvStage(kernels, self.stride, groups=len(kernels))]


class Constrained(JetConvolution, form="constrained"):
    """A jet for each pair of an output and an input."""

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.factors = self.factors_of(outputs, inputs)

    def stages(self) -> list[ConvStage]:
        return [ConvStage(compose(self.factors()), self.stride)]


class Binary(Convolution, form="binary"):
    """Plain +-1 weights."""

    kernels = whole(1, 5)
    form_on_pixels = "binary"

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.binary = BinaryWeight(outputs, inputs, self.kernel, self.kernel)

    def stages(self) -> list[ConvStage]:
        return [ConvStage(self.binary(), self.stride)]


def compose(signs: Tensor) -> Tensor:
    """Return kernels from factor signs [..., 2n] (first n down, last n across): [..., n+1, n+1], differentiable."""

    def axis(factors: Tensor) -> Tensor:
        taps = torch.ones_like(factors[..., :1])
        for i in range(factors.shape[-1]):
            taps = F.pad(taps, (0, 1)) + factors[..., i : i + 1] * F.pad(taps, (1, 0))
        return taps

    n = signs.shape[-1] // 2
    return axis(signs[..., :n])[..., :, None] * axis(signs[..., n:])[..., None, :]
