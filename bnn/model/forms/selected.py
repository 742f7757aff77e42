"""Forms of the layer whose jets are selected: a kernel of the group, its negative, or none."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from bnn import jets
from bnn.model.forms.base import Convolution, ConvStage
from bnn.model.layers import BinaryWeight
from bnn.model.options import YES_OR_NO, one_of

SHARPNESS = 2.0  # of the softmax whose gradient the scores get


class SelectionFunction(torch.autograd.Function):
    """The kernel of the largest score, with the gradient of the mean kernel under softmax(2 scores).

    scores [..., choices], table [choices, K, K] -> [..., K, K]
    """

    @staticmethod
    def forward(ctx: Any, scores: Tensor, table: Tensor) -> Tensor:
        ctx.save_for_backward(scores, table)
        return table[scores.argmax(-1)]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        scores, table = ctx.saved_tensors
        soft = torch.softmax(SHARPNESS * scores, -1)
        of_soft = gradients[0].flatten(-2) @ table.flatten(1).T  # [..., choices]
        return SHARPNESS * torch.ops.aten._softmax_backward_data(of_soft, soft, -1, soft.dtype), None


class Selection(nn.Module):
    """A choice of one jet for each pair of an output and an input; calling it gives kernels [out, in, K, K].

    Each pair has a score for every kernel of the group and for its negative, and for no kernel where `zeros` is set.
    The largest score wins, the first of equals. The gradient is that of the mean kernel under softmax(2 scores), as if
    the layer had blended the kernels (straight through).
    """

    table: Tensor  # [choices, K, K]

    def __init__(self, outputs: int, inputs: int, kernel: int, zeros: bool) -> None:
        super().__init__()
        group = torch.tensor(jets.group(kernel - 1), dtype=torch.float32)
        none = [torch.zeros_like(group[:1])] if zeros else []
        self.register_buffer("table", torch.cat([group, -group, *none]), persistent=False)
        self.weight = nn.Parameter(torch.empty(outputs, inputs, len(self.table)).uniform_(-1, 1))

    def forward(self) -> Tensor:
        return SelectionFunction.apply(self.weight, self.table)


class SelectedJets(Convolution):
    """Convolution whose kernels are selected jets, 3x3 or 5x5."""

    kernels = one_of(*jets.KERNEL_SIZES)
    zeros_allowed = YES_OR_NO
    form_on_pixels = "jets"

    def selection(self, outputs: int, inputs: int) -> Selection:
        """Return a selection for each pair of an output and an input."""
        return Selection(outputs, inputs, self.kernel, self.zeros)


class Bottleneck(SelectedJets, form="bottleneck"):
    """A few sums of all channels, then jets of these sums."""

    axes: ClassVar[Mapping[str, str]] = {"mix.weight": "mi", "jets.weight": "om"}

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.mix = BinaryWeight(maps, inputs, 1, 1)
        self.jets = self.selection(outputs, maps)

    def stages(self) -> list[ConvStage]:
        return [ConvStage(self.mix()), ConvStage(self.jets(), self.stride)]


class Separable(SelectedJets, form="separable"):
    """One sum of all channels for each output, then one jet of it."""

    axes: ClassVar[Mapping[str, str]] = {"mix.weight": "oi", "jets.weight": "o1"}

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.mix = BinaryWeight(outputs, inputs, 1, 1)
        self.jets = self.selection(outputs, 1)

    def stages(self) -> list[ConvStage]:
        kernels = self.jets()  # [out, 1, K, K]
        return [ConvStage(self.mix()), ConvStage(kernels, self.stride, groups=len(kernels))]


class Jets(SelectedJets, form="jets"):
    """A jet for each pair of an output and an input."""

    axes: ClassVar[Mapping[str, str]] = {"jets.weight": "oi"}

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.jets = self.selection(outputs, inputs)

    def stages(self) -> list[ConvStage]:
        return [ConvStage(self.jets(), self.stride)]
