"""BinaryMaxPool_rtl and _hls: max-pooling of +-1 maps, which is an OR of their bits."""

from math import ceil

from bnn import reference
from hw.ops import cpp
from hw.ops.base import Attributes, RtlOperator, StreamOperator
from hw.ops.bits import Ints
from hw.ops.cycles import or_pool_cycles
from hw.ops.hls import HlsOperator


class BinaryMaxPool(StreamOperator):
    """Size x Size windows, stride = Size, incomplete ones dropped."""

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

    def summary(self) -> str:
        _, height, width, channels = self.get_normal_input_shape()
        return f"maximum over {self.size}x{self.size}, {channels} maps of {height}x{width}"


class BinaryMaxPool_rtl(BinaryMaxPool, RtlOperator):
    """nj_or_pool."""

    module = "nj_or_pool"

    def parameters(self) -> dict[str, int | str]:
        _, height, width, channels = self.get_normal_input_shape()
        return {"Height": height, "Width": width, "C": channels, "Size": self.size}

    def lut_estimation(self, fpgapart: str) -> int:
        _, _, width, channels = self.get_normal_input_shape()
        return 4 * ceil(channels / 6) * ceil(width // self.size / 32) + channels + 20

    def ff_estimation(self, fpgapart: str) -> int:
        return 2 * self.get_normal_input_shape()[-1] + 20


class BinaryMaxPool_hls(BinaryMaxPool, HlsOperator):
    """nj_max_pool.hpp."""

    def header(self, name: str) -> str:
        _, height, width, channels = self.get_normal_input_shape()
        return cpp.max_pool(name, self.summary(), height, width, channels, self.size)

    def logic(self) -> int:
        return 2 * self.get_normal_input_shape()[-1]
