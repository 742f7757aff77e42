"""SumPool and SumPoolScores, _rtl and _hls: sums of +-1 over windows, thresholded, unchanged, or as scores."""

from math import ceil
from typing import Any

import numpy as np
from qonnx.core.datatype import DataType

from bnn.integer import reference
from bnn.integer.intervals import signed_bits
from bnn.integer.layers.sum_pool import SumPool as SumPoolLayer
from hw.bits import Ints, literal
from hw.cpp import layer_header, whole_bytes
from hw.ops.base import Attributes, RtlOperator, StreamOperator
from hw.ops.hls import HlsOperator
from hw.schedule import Schedule, pooled


class SumPool(StreamOperator):
    """SizeY x SizeX windows with that stride; incomplete ones are dropped. Each map makes Copies neighbouring outputs.

    out = sum >= Threshold (BIPOLAR out), or sum + Bias; the sum is negated where Negative is 1.
    """

    def get_nodeattr_types(self) -> Attributes:
        attributes = super().get_nodeattr_types()
        attributes.update(
            {
                "SizeY": ("i", True, 0),
                "SizeX": ("i", True, 0),
                "Copies": ("i", False, 1),
                "Negative": ("t", False, None),  # [O] of 0 and 1
                "Threshold": ("t", False, None),  # integers [O]
                "Bias": ("t", False, None),  # integers [O]
            }
        )
        return attributes

    @property
    def size(self) -> tuple[int, int]:
        """The rows and columns of a window."""
        return int(self.get_nodeattr("SizeY")), int(self.get_nodeattr("SizeX"))

    @property
    def copies(self) -> int:
        """The outputs per map."""
        return int(self.get_nodeattr("Copies"))

    @property
    def outputs(self) -> int:
        return self.get_normal_output_shape()[-1]

    @property
    def thresholded(self) -> bool:
        return bool(self.get_output_datatype() == DataType["BIPOLAR"])

    @property
    def negative(self) -> Ints:
        """[O] of 0 and 1."""
        return self._values("Negative")

    @property
    def constant(self) -> Ints:
        """[O]: thresholds, clipped to the range of the sums, or addends."""
        if not self.thresholded:
            return self._values("Bias")
        pixels = int(np.prod(self.size))
        return np.clip(self._values("Threshold"), -pixels, pixels + 1)

    def _values(self, name: str) -> Ints:
        value = self.get_nodeattr(name)
        return np.zeros(self.outputs, np.int64) if value is None else np.asarray(value, np.int64)

    def run(self, stream: Ints) -> Ints:
        sums = SumPoolLayer(self.size, 1 - 2 * self.negative, self.copies).run(2 * stream - 1)
        if self.thresholded:
            return (reference.threshold(sums, self.constant) + 1) // 2
        return sums + self.constant.reshape(-1, 1, 1)

    def sum_range(self) -> tuple[int, int]:
        """Return the smallest and largest number that is put out."""
        pixels = int(np.prod(self.size))
        return int(self.constant.min()) - pixels, int(self.constant.max()) + pixels

    def verify_node(self) -> Any:
        """Raise ValueError when the output type cannot hold every sum."""
        datatype, (low, high) = self.get_output_datatype(), self.sum_range()
        if not self.thresholded and (low < datatype.min() or high > datatype.max()):
            raise ValueError(f"{self.onnx_node.name}: {datatype} does not hold {low}..{high}")

    def schedule(self, *arrivals: Ints) -> Schedule:
        (pixels,) = arrivals
        _, height, width, _ = self.get_normal_input_shape()
        return pooled(height, width, self.size, pixels)

    def burst(self) -> int:
        """Return a row of results, because these come with the last row of pixels of their windows."""
        shape = self.get_normal_output_shape()
        return shape[2] if len(shape) == 4 else 1

    def get_exp_cycles(self) -> int:
        _, height, width, _ = self.get_normal_input_shape()
        return height * width

    def summary(self) -> str:
        _, height, width, channels = self.get_normal_input_shape()
        rows, columns = self.size
        kind = "thresholded sums" if self.thresholded else "sums"
        copies = f", {self.copies} of each" if self.copies > 1 else ""
        return f"{kind} over {rows}x{columns}, {channels} maps of {height}x{width}{copies}"


class SumPool_rtl(SumPool, RtlOperator):
    """nj_sum_pool."""

    module = "nj_sum_pool"

    def parameters(self) -> dict[str, int | str]:
        _, height, width, _ = self.get_normal_input_shape()
        constant, (rows, columns) = self.constant, self.size
        bits = signed_bits(int(constant.min()), int(constant.max()))
        negative = {"Negative": literal(self.negative, 1)} if self.negative.any() else {}
        out_bits = {} if self.thresholded else {"OutBits": int(self.get_output_datatype().bitwidth())}
        return {
            "Height": height, "Width": width, "C": self.outputs, "Copies": self.copies, "SizeY": rows,
            "SizeX": columns, "Thresholded": int(self.thresholded), "ConstantBits": bits,
            "Constant": literal(constant, bits), **negative, **out_bits,
        }  # fmt: skip

    def accumulators(self) -> tuple[int, int]:
        """Return how many outputs are counted, and the bits of each count. Constant comparisons are not counted."""
        if not self.thresholded:
            return self.outputs, int(self.get_output_datatype().bitwidth()) - 1
        pixels = int(np.prod(self.size))
        least = -(-(self.constant + pixels) // 2)  # ones that reach the threshold
        least = least[(least > 0) & (least <= pixels)]
        most = int(np.maximum(least, pixels - least + 1).max(initial=1))
        return len(least), 1 + (most - 1).bit_length()

    def lut_estimation(self, fpgapart: str) -> int:
        """Return the LUT sites: one per bit of the adders, the memory of windows, and the counters of the place."""
        width = self.get_normal_input_shape()[2]
        outputs, bits = self.accumulators()
        windows = ceil(width / self.size[1])
        word = self.outputs * bits
        if windows == 1:  # registers; sums leave through further registers, for which most bits take a site
            memory = 0 if self.thresholded else 4 * word // 5
        elif windows <= 32:
            memory = 4 * ceil(word / 8)
        elif windows <= 64:
            memory = word
        else:
            memory = 4 * ceil(word / 3) * ceil(windows / 64)
        return memory + outputs * bits + 2 * sum(self._place_bits()) + (windows - 1).bit_length() + 4

    def ff_estimation(self, fpgapart: str) -> int:
        outputs, bits = self.accumulators()
        windows = ceil(self.get_normal_input_shape()[2] / self.size[1])
        held = outputs * bits if windows == 1 else 0
        return self.get_outstream_width() + held + sum(self._place_bits()) + (windows - 1).bit_length() + 1

    def _place_bits(self) -> tuple[int, int, int]:
        """Return the bits that count rows and columns in a window, and rows of windows where rows are left over."""
        rows, columns = self.size
        height = self.get_normal_input_shape()[1]
        return (
            (rows - 1).bit_length(),
            (columns - 1).bit_length(),
            (height // rows).bit_length() if height % rows else 0,
        )


class SumPool_hls(SumPool, HlsOperator):
    """nj_sum_pool.hpp."""

    def header(self, name: str) -> str:
        _, height, width, _ = self.get_normal_input_shape()
        out_bits = int(self.get_output_datatype().bitwidth())
        return sum_pool_header(
            name, self.summary(), (height, width), self.size, self.copies, self.negative, self.thresholded,
            self.constant, out_bits,
        )  # fmt: skip

    def logic(self) -> int:
        return 3 * self.outputs * signed_bits(0, int(np.prod(self.size)))


class SumPoolScores(SumPool):
    """Sums over the whole map, one beat per frame: scores."""

    flattens = True

    def run(self, stream: Ints) -> Ints:
        sums = super().run(stream)
        return sums.reshape(sums.shape[:2])


class SumPoolScores_rtl(SumPoolScores, SumPool_rtl):
    """nj_sum_pool."""


class SumPoolScores_hls(SumPoolScores, SumPool_hls):
    """nj_sum_pool.hpp."""


def sum_pool_header(
    name: str, summary: str, map_size: tuple[int, int], size: tuple[int, int], copies: int, negative: Ints,
    thresholded: bool, constant: Ints, out_bits: int,
) -> str:  # fmt: skip
    """Return the header of sums over windows: bits sum >= constant [O], or sums + constant. Sizes are rows, columns."""
    outputs, pixels = len(constant), size[0] * size[1]
    constants = {
        "Height": map_size[0], "Width": map_size[1], "Outputs": outputs, "Copies": copies, "SizeY": size[0],
        "SizeX": size[1], "Thresholded": int(thresholded), "OutBits": out_bits, "SumBits": signed_bits(-pixels, pixels),
        "InWidth": whole_bytes(outputs // copies), "OutWidth": whole_bytes(outputs * out_bits),
    }  # fmt: skip
    bits = signed_bits(int(constant.min()), int(constant.max()))
    tables = {"const unsigned char negative": negative, f"const ap_int<{bits}> constant": constant}
    return layer_header(name, summary, "nj_sum_pool.hpp", constants, "nj_sum_pool<Layer>", tables)
