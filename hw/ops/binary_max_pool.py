"""BinaryMaxPool_rtl: max-pooling of +-1 maps, which is an OR of their bits."""

from math import ceil

from bnn import reference
from hw.ops.base import Attributes, StreamOperator
from hw.ops.bits import Ints
from hw.ops.cycles import or_pool_cycles


class BinaryMaxPool_rtl(StreamOperator):
    """Size x Size windows, stride = Size, incomplete ones dropped."""

    module = "nj_or_pool"

    def get_nodeattr_types(self) -> Attributes:
        return {**super().get_nodeattr_types(), "Size": ("i", True, 0)}

    @property
    def size(self) -> int:
        """Side of a window."""
        return int(self.get_nodeattr("Size"))

    def run(self, stream: Ints) -> Ints:
        return reference.max_pool(stream, self.size)

    def get_exp_cycles(self) -> int:
        _, height, width, _ = self.get_normal_input_shape()
        return or_pool_cycles(height, width)

    def parameters(self) -> dict[str, int | str]:
        _, height, width, channels = self.get_normal_input_shape()
        return {"Height": height, "Width": width, "C": channels, "Size": self.size}

    def summary(self) -> str:
        _, height, width, channels = self.get_normal_input_shape()
        return f"maximum over {self.size}x{self.size}, {channels} maps of {height}x{width}"

    def lut_estimation(self, fpgapart: str) -> int:
        _, _, width, channels = self.get_normal_input_shape()
        windows = ceil(width / self.size)
        if windows <= 32:
            memory = 4 * ceil(channels / 8)
        elif windows <= 64:
            memory = channels
        else:
            memory = 4 * ceil(channels / 3) * ceil(windows / 64)
        return memory + ceil(channels / 2) + 8 + windows.bit_length()

    def ff_estimation(self, fpgapart: str) -> int:
        return self.get_normal_input_shape()[-1] + 8
