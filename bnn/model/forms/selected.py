"""Forms of the layer whose jets are selected: a kernel of the group, its negative, or none."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bnn import jets
from bnn.model.forms.base import Convolution, ConvStage
from bnn.model.layers import BinaryWeight
from bnn.model.options import YES_OR_NO, one_of

SHARPNESS = 2.0  # of the softmax whose gradient the scores get


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
        soft = torch.softmax(SHARPNESS * self.weight, -1)
        hard = F.one_hot(self.weight.argmax(-1), len(self.table)).to(soft.dtype)
        kernels = hard @ self.table.flatten(1)
        blend = soft @ self.table.flatten(1)
        return (kernels + (blend - blend.detach())).unflatten(-1, self.table.shape[1:])


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

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.mix = BinaryWeight(maps, inputs, 1, 1)
        self.jets = self.selection(outputs, maps)

    def stages(self) -> list[ConvStage]:
        return [ConvStage(self.mix()), ConvStage(self.jets(), self.stride)]


class Separable(SelectedJets, form="separable"):
    """One sum of all channels for each output, then one jet of it."""

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.mix = BinaryWeight(outputs, inputs, 1, 1)
        self.jets = self.selection(outputs, 1)

    def stages(self) -> list[ConvStage]:
        kernels = self.jets()  # [out, 1, K, K]
        return [ConvStage(self.mix()), ConvStage(kernels, self.stride, groups=len(kernels))]


class Jets(SelectedJets, form="jets"):
    """A jet for each pair of an output and an input."""

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.jets = self.selection(outputs, inputs)

    def stages(self) -> list[ConvStage]:
        return [ConvStage(self.jets(), self.stride)]
