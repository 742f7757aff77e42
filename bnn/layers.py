"""Trainable layers: neural jet convolutions in three forms, and their plain binary rivals.

All of them take +-1 maps (or raw pixels) and give integer sums; normalisation and sign come after.
Latent weights are binarized by Brevitas' binary weight quantizer, straight-through.

    constrained  y_o = sum_c jet[o,c] * x_c                       2n bits per (o, c)
    separable    y_o = jet[o] * sum_c s[o,c] x_c                  C + 2n bits per output
    bottleneck   y_o = sum_m jet[o,m] * (sum_c s[m,c] x_c)        C per map, 2n per (o, m)
    binary       y_o = sum_c w[o,c] * x_c                         K*K bits per (o, c)
"""

import torch
import torch.nn.functional as F
from brevitas.nn import QuantIdentity
from brevitas.proxy import WeightQuantProxyFromInjector
from brevitas.quant.binary import SignedBinaryActPerTensorConst, SignedBinaryWeightPerTensorConst
from torch import Tensor, nn

from bnn.errors import UserError
from bnn.jets import KERNEL_SIZES

FORMS = ("bottleneck", "separable", "constrained", "binary")


class BinaryWeight(nn.Module):
    """A latent float tensor and its signs: calling it gives values in {-1, +1}, sign(0) = +1."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(*shape).uniform_(-1, 1))
        self.quant = WeightQuantProxyFromInjector(self, SignedBinaryWeightPerTensorConst.let(scaling_const=1.0))

    def forward(self) -> Tensor:
        return self.quant(self.weight).value


class Sign(QuantIdentity):
    """Brevitas' binary activation: sign with a straight-through gradient inside [-1, 1]."""

    def __init__(self) -> None:
        super().__init__(act_quant=SignedBinaryActPerTensorConst, scaling_const=1.0, return_quant_tensor=False)


def compose(signs: Tensor) -> Tensor:
    """Kernels from factor signs [..., 2n] (first n down, last n across): [..., n+1, n+1], differentiable."""

    def axis(factors: Tensor) -> Tensor:
        taps = torch.ones_like(factors[..., :1])
        for i in range(factors.shape[-1]):
            taps = F.pad(taps, (0, 1)) + factors[..., i : i + 1] * F.pad(taps, (1, 0))
        return taps

    n = signs.shape[-1] // 2
    return axis(signs[..., :n])[..., :, None] * axis(signs[..., n:])[..., None, :]


class BinaryConv2d(nn.Module):
    """Convolution with +-1 weights: [N, in, H, W] -> [N, out, H', W'] integer sums.

    `padding` surrounds the map with `pad_value`: -1 on +-1 maps, 0 on pixels.
    """

    form = "binary"

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, padding: int = 0, pad_value: int = -1
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.padding, self.pad_value = kernel, stride, padding, pad_value
        self.binary = BinaryWeight(outputs, inputs, kernel, kernel)

    def stages(self) -> list[tuple[Tensor, int, int]]:
        """The convolutions that make up the layer, in order: (weight, stride, groups)."""
        return [(self.binary(), self.stride, 1)]

    def forward(self, x: Tensor) -> Tensor:
        if self.padding:
            x = F.pad(x, (self.padding,) * 4, value=float(self.pad_value))
        for weight, stride, groups in self.stages():
            x = F.conv2d(x, weight, stride=stride, groups=groups)
        return x


class NeuralJetConv2d(BinaryConv2d):
    """Convolution whose kernels are products of [1 1] and [1 -1], in one of three forms.

    `form` is constrained, separable or bottleneck (see the module's docstring); `maps` is M of the
    bottleneck. Kernels are 3x3 or 5x5. Each factor's leading tap is +1 and its other tap is the learned sign.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 3,
        form: str = "bottleneck",
        maps: int = 4,
        stride: int = 1,
        padding: int = 0,
        pad_value: int = -1,
    ) -> None:
        nn.Module.__init__(self)
        if kernel not in KERNEL_SIZES:
            raise UserError(f"kernel {kernel} is not possible for jet layers; choose 3 or 5")
        if form not in ("constrained", "separable", "bottleneck"):
            raise UserError(f"form '{form}' is unknown; choose constrained, separable or bottleneck")
        self.form = form
        self.kernel, self.stride, self.padding, self.pad_value = kernel, stride, padding, pad_value
        factors = 2 * (kernel - 1)
        if form == "constrained":
            self.factors = BinaryWeight(outputs, inputs, factors)
        elif form == "separable":
            self.mix = BinaryWeight(outputs, inputs, 1, 1)
            self.factors = BinaryWeight(outputs, 1, factors)
        else:
            self.mix = BinaryWeight(maps, inputs, 1, 1)
            self.factors = BinaryWeight(outputs, maps, factors)

    def stages(self) -> list[tuple[Tensor, int, int]]:
        kernels = compose(self.factors())  # [out, in or 1 or maps, K, K]
        if self.form == "constrained":
            return [(kernels, self.stride, 1)]
        groups = len(kernels) if self.form == "separable" else 1
        return [(self.mix(), 1, 1), (kernels, self.stride, groups)]


class BinaryLinear(nn.Module):
    """Dense layer with +-1 weights: [N, in] -> [N, out] integer sums."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.binary = BinaryWeight(outputs, inputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.binary())
