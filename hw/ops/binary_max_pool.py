"""BinaryMaxPool_rtl and _hls: max-pooling of +-1 maps, which is an OR of their bits."""

from math import ceil

import numpy as np

from bnn.integer import reference
from hw.bits import Ints, literal
from hw.cpp import layer_header, whole_bytes
from hw.cycles import or_pool_cycles
from hw.ops.base import Attributes, RtlOperator, StreamOperator
from hw.ops.hls import HlsOperator
from hw.schedule import Schedule, pooled


class BinaryMaxPool(StreamOperator):
    """Size x Size windows, stride = Size, incomplete ones dropped; the minimum where Minimum [C] is 1."""

    def get_nodeattr_types(self) -> Attributes:
        return {**super().get_nodeattr_types(), "Size": ("i", True, 0), "Minimum": ("t", False, None)}

    @property
    def minimum(self) -> Ints:
        """[C] of 0 and 1."""
        value = self.get_nodeattr("Minimum")
        channels = self.get_normal_input_shape()[-1]
        return np.zeros(channels, np.int64) if value is None else np.asarray(value, np.int64)

    @property
    def size(self) -> int:
        """The side of a window."""
        return int(self.get_nodeattr("Size"))

    def run(self, stream: Ints) -> Ints:
        inverted = self.minimum.reshape(-1, 1, 1)
        return reference.max_pool(stream ^ inverted, self.size) ^ inverted

    def schedule(self, *arrivals: Ints) -> Schedule:
        (pixels,) = arrivals
        _, height, width, _ = self.get_normal_input_shape()
        return pooled(height, width, (self.size, self.size), pixels)

    def burst(self) -> int:
        """Return a row of results, which come with the last row of pixels of their windows."""
        return self.get_normal_output_shape()[2]

    def get_exp_cycles(self) -> int:
        _, height, width, _ = self.get_normal_input_shape()
        return or_pool_cycles(height, width)

    def summary(self) -> str:
        _, height, width, channels = self.get_normal_input_shape()
        kind = "maximum or minimum" if self.minimum.any() else "maximum"
        return f"{kind} over {self.size}x{self.size}, {channels} maps of {height}x{width}"


class BinaryMaxPool_rtl(BinaryMaxPool, RtlOperator):
    """nj_or_pool."""

    module = "nj_or_pool"

    def parameters(self) -> dict[str, int | str]:
        _, height, width, channels = self.get_normal_input_shape()
        minimum = {"Minimum": literal(self.minimum, 1)} if self.minimum.any() else {}
        return {"Height": height, "Width": width, "C": channels, "Size": self.size, **minimum}

    def lut_estimation(self, fpgapart: str) -> int:
        _, height, width, channels = self.get_normal_input_shape()
        windows = ceil(width / self.size)
        if windows <= 32:
            memory = 4 * ceil(channels / 8)
        elif windows <= 64:
            memory = channels
        else:
            banks = ceil(windows / 64)
            memory = 4 * ceil(channels / 3) * banks + channels * (banks - 1)  # and what chooses among them
        rows = (
            (height // self.size).bit_length() if height % self.size else self.size - 2
        )  # counted where some rows are left over
        return memory + ceil(channels / 2) + 9 + windows.bit_length() + (3 if self.size > 2 else 1) * rows

    def ff_estimation(self, fpgapart: str) -> int:
        return self.get_normal_input_shape()[-1] + 8


class BinaryMaxPool_hls(BinaryMaxPool, HlsOperator):
    """nj_max_pool.hpp."""

    def header(self, name: str) -> str:
        _, height, width, _ = self.get_normal_input_shape()
        return max_pool_header(name, self.summary(), height, width, self.size, self.minimum)

    def logic(self) -> int:
        return 2 * self.get_normal_input_shape()[-1]


def max_pool_header(name: str, summary: str, height: int, width: int, size: int, minimum: Ints) -> str:
    """Return the header of a max-pooling of bits; the minimum of the maps where `minimum` [C] is 1."""
    constants = {
        "Height": height, "Width": width, "Channels": len(minimum), "Size": size,
        "InWidth": whole_bytes(len(minimum)), "OutWidth": whole_bytes(len(minimum)),
    }  # fmt: skip
    tables = {"const unsigned char minimum": minimum}
    return layer_header(name, summary, "nj_max_pool.hpp", constants, "nj_max_pool<Layer>", tables)
