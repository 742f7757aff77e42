"""What the convolution operators share, which is all but their names. A layer's RTL is written from its weights."""

from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from qonnx.core.datatype import DataType

from bnn.integer import reference
from bnn.integer.intervals import signed_bits
from hw.adders.layer import ConvLayer
from hw.adders.module import Geometry, Module, conv_module
from hw.bits import Ints, dot_range
from hw.cycles import conv_cycles, hls_conv_cycles
from hw.ops.base import Attributes, RtlOperator, StreamOperator
from hw.ops.conv_header import Geometry as HeaderGeometry
from hw.ops.conv_header import conv_header
from hw.ops.hls import HlsOperator, multiply_accumulate
from hw.schedule import Schedule, windows

MOST_ROUNDS = 32  # of a window; nj_leaf chooses the weights of each round


class ConvOperator(StreamOperator):
    """Sliding window over one-bit maps, pixels or small integers; padding is 0 in bit space.

    out = sum(Weight * window) >= Threshold (BIPOLAR out), or the sum when there are no thresholds.
    """

    def get_nodeattr_types(self) -> Attributes:
        attributes = super().get_nodeattr_types()
        attributes.update(
            {
                "Kernel": ("i", True, 0),
                "Stride": ("i", False, 1),
                "Pad": ("i", False, 0),
                "Weight": ("t", True, None),  # integers [O, C or 1, K, K]
                "Threshold": ("t", False, None),  # integers [O], on bit-space sums
            }
        )
        return attributes

    @cached_property
    def weight(self) -> Ints:
        """[O, C or 1, K, K]."""
        return np.asarray(self.get_nodeattr("Weight"), np.int64)

    @property
    def thresholds(self) -> Ints | None:
        """[O] on bit-space sums, None when the sums are put out."""
        value = self.get_nodeattr("Threshold")
        return None if value is None else np.asarray(value, np.int64)

    @property
    def inside_map(self) -> bool:
        """Whether Weight has a last map that is not in the stream: 1 inside the frame and 0 in the padding."""
        return False

    @property
    def grouped(self) -> bool:
        """Whether output o reads map o only."""
        return False

    def geometry(self) -> tuple[int, int, int, int, int]:
        """Return height and width of the input, kernel, stride and padding."""
        _, height, width, _ = self.get_normal_input_shape()
        return height, width, *(int(self.get_nodeattr(name)) for name in ("Kernel", "Stride", "Pad"))  # type: ignore[return-value]

    def input_range(self) -> tuple[int, int]:
        """Return the smallest and largest element of the stream."""
        datatype: Any = self.get_input_datatype()
        return (0, 1) if datatype == DataType["BIPOLAR"] else (int(datatype.min()), int(datatype.max()))

    def folds(self) -> list[int]:
        outputs = len(self.weight)
        return [n for n in range(1, min(outputs, MOST_ROUNDS) + 1) if outputs % n == 0]

    def run(self, stream: Ints) -> Ints:
        *_, stride, pad = self.geometry()
        groups = stream.shape[1] if self.grouped else 1
        if self.inside_map:
            stream = np.concatenate([stream, np.ones_like(stream[:, :1])], axis=1)
        sums = reference.convolve(reference.pad(stream, pad, 0), self.weight, stride, groups)
        return sums if self.thresholds is None else (reference.threshold(sums, self.thresholds) + 1) // 2

    def layer(self) -> ConvLayer:
        """Return the layer that is to be made."""
        return ConvLayer(
            self.weight, self.thresholds, int(self.get_input_datatype().bitwidth()), self.input_range()[0] < 0,
            self.grouped, self.fold, int(self.get_output_datatype().bitwidth()), self.inside_map,
        )  # fmt: skip

    def schedule(self, *arrivals: Ints) -> Schedule:
        """Return the schedule of nj_line_buffer and the sums behind it. It is also taken for the C++."""
        (pixels,) = arrivals
        return windows(self.geometry(), self.fold, pixels)

    def schedule_at_need(self, arrivals: Ints, interval: int) -> Schedule | None:
        return windows(self.geometry(), self.fold, arrivals, interval)

    def sum_bits(self) -> int:
        """Return the width that holds every sum."""
        low, high = dot_range(self.weight, *self.input_range())
        return signed_bits(int(low.min()), int(high.max()))

    def verify_node(self) -> Any:
        """Raise ValueError when the output type cannot hold every sum."""
        bits = int(self.get_output_datatype().bitwidth())
        if self.thresholds is None and bits < self.sum_bits():
            raise ValueError(
                f"{self.onnx_node.name}: {self.get_output_datatype()} lacks bits, {self.sum_bits()} needed"
            )

    def get_op_and_param_counts(self) -> dict[str, int]:
        _, height, width, _ = self.get_normal_output_shape()
        return {"op_add": int(np.count_nonzero(self.weight)) * height * width, "param_weight": int(self.weight.size)}


class RtlConv(ConvOperator, RtlOperator):
    """A module written for the node."""

    def get_exp_cycles(self) -> int:
        return self.made().cycles

    def most_cycles(self) -> int:
        """Return an upper bound that does not need the written module."""
        return conv_cycles(*self.geometry(), self.fold)

    def result_interval(self) -> int:
        return self.fold

    def output_occupancy(self) -> int:
        """Return the occupancy of a window's result. It is asked for only where a frame has one window."""
        return self.fold

    def pipeline_depth(self) -> int:
        return self.made().latency

    @property
    def module(self) -> str:  # type: ignore[override]
        """The name of the module that is written for this node."""
        return f"{self.get_verilog_top_module_name()}_conv"

    def parameters(self) -> dict[str, int | str]:
        return {}

    def written(self) -> str:
        return self.made().text

    def made(self) -> Module:
        """Return the written module with its figures."""
        layer = self.layer()
        height, width, _, stride, pad = self.geometry()
        geometry = Geometry(height, width, stride, pad)
        limits = None if layer.thresholds is None else layer.thresholds.tobytes()
        rest = (layer.in_bits, layer.in_signed, layer.grouped, layer.fold, layer.out_bits, layer.inside_map)
        return _write(
            self.module, self.summary(), layer.weight.tobytes(), layer.weight.shape, limits, rest, geometry,
            self.counting,
        )  # fmt: skip

    def lut_estimation(self, fpgapart: str) -> int:
        return self.variants()[0][1]

    def variants(self) -> list[tuple[str, int, int]]:
        made = self.made()
        possible = (made.method, made.sites), *made.alternatives
        return [(method, sites, made.cycles) for method, sites in possible]

    def bram_estimation(self, fpgapart: str) -> int:
        return self.made().blocks

    def ff_estimation(self, fpgapart: str) -> int:
        return self.made().ffs


class HlsConv(ConvOperator, HlsOperator):
    """nj_conv.hpp with the layer's constants."""

    def get_exp_cycles(self) -> int:
        return hls_conv_cycles(*self.geometry(), self.fold)

    def header(self, name: str) -> str:
        datatype: Any = self.get_input_datatype()
        return conv_header(
            name, self.summary(), HeaderGeometry(*self.geometry()), self.weight, self.thresholds,
            int(datatype.bitwidth()), self.input_range()[0] < 0, self.grouped, self.fold,
            int(self.get_output_datatype().bitwidth()), self.inside_map,
        )  # fmt: skip

    def logic(self) -> int:
        outputs, reads, kernel, _ = self.weight.shape
        bits, lanes = int(self.get_input_datatype().bitwidth()), outputs // self.fold
        if self.inside_map or np.isin(self.weight, (-1, 1)).all():
            taps = reads * kernel**2
            return lanes * multiply_accumulate(taps, bits, taps << bits)
        channels = self.get_normal_input_shape()[-1]
        adders = kernel * kernel * (kernel - 1)  # for all jets of a map, first down, then across
        return channels * adders * (bits + 2 * (kernel - 1)) + lanes * (reads + 1) * self.sum_bits()


@lru_cache(maxsize=256)
def _write(
    name: str, summary: str, weight: bytes, shape: tuple[int, ...], thresholds: bytes | None,
    rest: tuple[int, bool, bool, int, int, bool], geometry: Geometry,
    counting: bool,
) -> Module:  # fmt: skip
    kernels = np.frombuffer(weight, np.int64).reshape(shape)
    limits = None if thresholds is None else np.frombuffer(thresholds, np.int64)
    return conv_module(name, ConvLayer(kernels, limits, *rest), geometry, summary, counting)
