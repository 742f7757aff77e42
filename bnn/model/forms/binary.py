"""The rival of the jets: a convolution with plain +-1 weights."""

from collections.abc import Mapping
from typing import ClassVar

from bnn.model.forms.base import Convolution, ConvStage
from bnn.model.layers import BinaryWeight
from bnn.model.options import whole


class Binary(Convolution, form="binary"):
    """Plain +-1 weights."""

    kernels = whole(1, 5)
    form_on_pixels = "binary"
    axes: ClassVar[Mapping[str, str]] = {"binary.weight": "oi"}

    def make_weights(self, inputs: int, outputs: int, maps: int) -> None:
        self.binary = BinaryWeight(outputs, inputs, self.kernel, self.kernel)

    def stages(self) -> list[ConvStage]:
        return [ConvStage(self.binary(), self.stride)]
