"""Trainable parts that every network is made of: binary weights, the sign, the norm, and dense layers.

They are quantized as Brevitas' binary quantizers do it at scale 1: weights by its function, activations by one of our
own with the same values and gradients.
"""

from typing import Any

import torch
import torch.nn.functional as F
from brevitas.function.ops_ste import binary_sign_ste
from torch import Tensor, nn


class BinaryWeight(nn.Module):
    """A latent float tensor and its signs: calling it gives values in {-1, +1}, sign(0) = +1.

    It does what Brevitas' SignedBinaryWeightPerTensorConst does at scale 1: the latent weights are kept in [-1, 1], and
    the gradient passes the sign as it is.
    """

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(*shape).uniform_(-1, 1))

    def forward(self) -> Tensor:
        self.weight.data.clamp_(-1, 1)
        return binary_sign_ste(self.weight)


class SignFunction(torch.autograd.Function):
    """Brevitas' SignedBinaryActPerTensorConst at scale 1: sign, and the gradient inside [-1, 1].

    Forward and backward on [64, 24, 20, 20] took 0.47 ms on one core; Brevitas' binary_sign_ste(hardtanh(x)) took
    1.9 ms, and its module 7 ms. Activations are most of what a step touches, so they have this of their own.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        positive = torch.ge(x, 0, out=torch.empty_like(x))  # in one pass; torch.where is slow on channels-last maps
        return positive.mul_(2).sub_(1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return torch.ops.aten.hardtanh_backward(gradients[0], ctx.saved_tensors[0], -1.0, 1.0)


class Sign(nn.Module):
    """Binary activation: sign, sign(0) = +1, with a straight-through gradient inside [-1, 1]."""

    def forward(self, x: Tensor) -> Tensor:
        return SignFunction.apply(x)


class Norm(nn.BatchNorm2d):
    """Batch norm that multiplies by |weight|: the weight's sign belongs into the layer before.

    An output whose scale is negative is therefore negated first, then pooled, then normalised. This is the order of
    the hardware, and only the few values that pooling leaves are normalised. Takes [N, C] and [N, C, H, W].
    """

    def signs(self) -> Tensor:
        """Return +-1 per channel, for the layer before."""
        return torch.where(self.weight < 0, -1.0, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        scale, momentum = self.weight.abs(), self.momentum or 0.0
        return F.batch_norm(x, self.running_mean, self.running_var, scale, self.bias, self.training, momentum, self.eps)


class BinaryLinear(nn.Module):
    """Dense layer with +-1 weights: [N, in] -> [N, out] integer sums."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.binary = BinaryWeight(outputs, inputs)

    def forward(self, x: Tensor, signs: Tensor | None = None) -> Tensor:
        weight = self.binary()
        return F.linear(x, weight if signs is None else weight * signs[:, None])
