"""Trainable parts that every network is made of: binary weights, the sign, the norm, and dense layers.

Values and gradients are those of Brevitas' binary quantizers at scale 1, whose modules take several times as long.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def signs_of(x: Tensor) -> Tensor:
    """Return +1 where x >= 0 and -1 elsewhere, in the type of x.

    Written so as to take the time of one or two passes: torch.where takes thirty times as long on maps whose channels
    lie beside each other.
    """
    positive = torch.ge(x, 0, out=torch.empty_like(x))
    return positive.mul_(2).sub_(1)


class WeightSignFunction(torch.autograd.Function):
    """Brevitas' SignedBinaryWeightPerTensorConst: clamp the latent weights in place, then sign, gradient as it is."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor) -> Tensor:
        return signs_of(weight.clamp_(-1, 1))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


class BinaryWeight(nn.Module):
    """A latent float tensor and its signs: calling it gives values in {-1, +1}, sign(0) = +1."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(*shape).uniform_(-1, 1))

    def forward(self) -> Tensor:
        return WeightSignFunction.apply(self.weight)


class SignFunction(torch.autograd.Function):
    """Brevitas' SignedBinaryActPerTensorConst: sign, and the gradient inside [-1, 1]."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return signs_of(x)

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
