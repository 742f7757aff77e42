"""Trainable layers: neural jet convolutions in three forms, and their plain binary rivals.

All of them take +-1 maps (or raw pixels) and give integer sums; normalisation and sign come after.
Latent weights are binarized by Brevitas' binary weight quantizer, straight-through.

    constrained  y_o = sum_c jet[o,c] * x_c                       2n bits per (o, c)
    separable    y_o = jet[o] * sum_c s[o,c] x_c                  C + 2n bits per output
    bottleneck   y_o = sum_m jet[o,m] * (sum_c s[m,c] x_c)        C per map, 2n per (o, m)
    binary       y_o = sum_c w[o,c] * x_c                         K*K bits per (o, c)

All negate the outputs of sign -1 when `signs` [out] are given.
"""

from typing import Any

import torch
import torch.nn.functional as F
from brevitas.proxy import WeightQuantProxyFromInjector
from brevitas.quant.binary import SignedBinaryWeightPerTensorConst
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


class SignFunction(torch.autograd.Function):
    """Values and gradients of Brevitas' SignedBinaryActPerTensorConst at scale 1, in a fifth of its time."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.ge(0).to(x.dtype).mul_(2).sub_(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return torch.ops.aten.hardtanh_backward(gradients[0], ctx.saved_tensors[0], -1.0, 1.0)


class Sign(nn.Module):
    """Binary activation: sign, sign(0) = +1, with a straight-through gradient inside [-1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return SignFunction.apply(x)


class Norm(nn.BatchNorm2d):
    """Batch norm that multiplies by |weight|: the weight's sign belongs into the layer before.

    So an output whose scale is negative is negated first, then pooled, then normalised: the order of the
    hardware, and the normalisation is of the few values that pooling leaves. Takes [N, C] and [N, C, H, W].
    """

    def signs(self) -> Tensor:
        """+-1 per channel, for the layer before."""
        return torch.where(self.weight < 0, -1.0, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        scale, momentum = self.weight.abs(), self.momentum or 0.0
        return F.batch_norm(x, self.running_mean, self.running_var, scale, self.bias, self.training, momentum, self.eps)


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

    def forward(self, x: Tensor, signs: Tensor | None = None) -> Tensor:
        if self.padding:
            x = F.pad(x, (self.padding,) * 4, value=float(self.pad_value))
        stages = self.stages()
        if signs is not None:
            weight, stride, groups = stages[-1]
            stages[-1] = (weight * signs[:, None, None, None], stride, groups)
        for weight, stride, groups in stages:
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

    def forward(self, x: Tensor, signs: Tensor | None = None) -> Tensor:
        weight = self.binary()
        return F.linear(x, weight if signs is None else weight * signs[:, None])
