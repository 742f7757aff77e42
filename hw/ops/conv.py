"""What the convolution operators share: all but their names. The RTL of a layer is written from its weights."""

from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from qonnx.core.datatype import DataType

from bnn import reference
from hw.ops import cpp
from hw.ops.base import Attributes, RtlOperator, StreamOperator
from hw.ops.bits import Ints, dot_range, signed_bits
from hw.ops.cycles import conv_cycles, hls_conv_cycles
from hw.ops.hls import HlsOperator, multiply_accumulate
from hw.ops.rtl import sources_in
from hw.sums.layer import Layer, Sums
from hw.sums.module import Geometry, conv_module


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

    @property
    def weight(self) -> Ints:
        """[O, C or 1, K, K]."""
        return np.asarray(self.get_nodeattr("Weight"), np.int64)

    @property
    def thresholds(self) -> Ints | None:
        """[O] on bit-space sums, None when the sums are put out."""
        value = self.get_nodeattr("Threshold")
        return None if value is None else np.asarray(value, np.int64)

    @property
    def grouped(self) -> bool:
        """Does output o read map o only?"""
        return False

    def geometry(self) -> tuple[int, int, int, int, int]:
        """Height and width of the input, kernel, stride, padding."""
        _, height, width, _ = self.get_normal_input_shape()
        return height, width, *(int(self.get_nodeattr(name)) for name in ("Kernel", "Stride", "Pad"))  # type: ignore[return-value]

    def input_range(self) -> tuple[int, int]:
        """Smallest and largest element of the stream."""
        datatype: Any = self.get_input_datatype()
        return (0, 1) if datatype == DataType["BIPOLAR"] else (int(datatype.min()), int(datatype.max()))

    def folds(self) -> list[int]:
        outputs = len(self.weight)
        return [n for n in range(1, outputs + 1) if outputs % n == 0]

    def get_exp_cycles(self) -> int:
        return conv_cycles(*self.geometry(), self.fold)

    def run(self, stream: Ints) -> Ints:
        *_, stride, pad = self.geometry()
        groups = stream.shape[1] if self.grouped else 1
        sums = reference.convolve(reference.pad(stream, pad, 0), self.weight, stride, groups)
        return sums if self.thresholds is None else (reference.threshold(sums, self.thresholds) + 1) // 2

    def sum_bits(self) -> int:
        """Width that holds every sum."""
        low, high = dot_range(self.weight, *self.input_range())
        return signed_bits(int(low.min()), int(high.max()))

    def verify_node(self) -> Any:
        """ValueError when the output type cannot hold every sum."""
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

    @property
    def module(self) -> str:  # type: ignore[override]
        """Written for this node."""
        return f"{self.get_verilog_top_module_name()}_conv"

    def parameters(self) -> dict[str, int | str]:
        return {}

    def written(self) -> tuple[str, Sums]:
        """Text of the module, and what is known of its sums."""
        height, width, _, stride, pad = self.geometry()
        thresholds = self.thresholds
        return _write(
            self.module, self.summary(), self.weight.tobytes(), self.weight.shape,
            None if thresholds is None else thresholds.tobytes(), int(self.get_input_datatype().bitwidth()),
            self.input_range()[0] < 0, self.grouped, self.fold, int(self.get_output_datatype().bitwidth()),
            Geometry(height, width, stride, pad),
        )  # fmt: skip

    def generate_hdl(self, model: Any, fpgapart: str, clk: float) -> None:
        super().generate_hdl(model, fpgapart, clk)
        self._file().write_text(self.written()[0])

    def get_rtl_file_list(self, abspath: bool = False) -> list[str]:
        wrapper = Path(str(self.get_nodeattr("code_gen_dir_ipgen"))) / f"{self.get_nodeattr('gen_top_module')}.v"
        files = (wrapper, self._file(), *sources_in(self.written()[0]))
        return [str(path) if abspath else path.name for path in files]

    def _file(self) -> Path:
        return Path(str(self.get_nodeattr("code_gen_dir_ipgen"))) / f"{self.module}.sv"

    # --- cost: what was written is counted, the line buffer and the control are measured (hw/rtl/README.md) ---

    def lut_estimation(self, fpgapart: str) -> int:
        return self.line_buffer_cost()[0] + self.written()[1].sites + 12

    def ff_estimation(self, fpgapart: str) -> int:
        return self.line_buffer_cost()[1] + self.written()[1].ffs + self.get_outstream_width() + 12

    def line_buffer_cost(self) -> tuple[int, int]:
        """LUT sites and flip-flops of nj_line_buffer: delay line, read register, column, counters."""
        _, width, kernel, _, pad = self.geometry()
        if kernel == 1:
            return 0, 0
        row = self.get_instream_width()
        memory = 4 * ceil((kernel - 1) * row / 3) * ceil(width / 64) if width > 32 else 4 * ceil((kernel - 1) * row / 6)
        return memory + (52 if pad else 22), (2 * kernel - 1) * row + 40


class HlsConv(ConvOperator, HlsOperator):
    """nj_conv.hpp with the layer's constants."""

    def get_exp_cycles(self) -> int:
        return hls_conv_cycles(*self.geometry(), self.fold)

    def header(self, name: str) -> str:
        datatype: Any = self.get_input_datatype()
        return cpp.conv(
            name, self.summary(), cpp.Geometry(*self.geometry()), self.weight, self.thresholds,
            int(datatype.bitwidth()), self.input_range()[0] < 0, self.grouped, self.fold,
            int(self.get_output_datatype().bitwidth()),
        )  # fmt: skip

    def logic(self) -> int:
        outputs, reads, kernel, _ = self.weight.shape
        bits, lanes = int(self.get_input_datatype().bitwidth()), outputs // self.fold
        if np.isin(self.weight, (-1, 1)).all():
            taps = reads * kernel**2
            return lanes * multiply_accumulate(taps, bits, taps << bits)
        channels = self.get_normal_input_shape()[-1]
        adders = kernel * kernel * (kernel - 1)  # of all jets of a map, down and then across
        return channels * adders * (bits + 2 * (kernel - 1)) + lanes * (reads + 1) * self.sum_bits()


@lru_cache(maxsize=256)
def _write(
    name: str, summary: str, weight: bytes, shape: tuple[int, ...], thresholds: bytes | None, in_bits: int,
    signed: bool, grouped: bool, fold: int, out_bits: int, geometry: Geometry,
) -> tuple[str, Sums]:  # fmt: skip
    kernels = np.frombuffer(weight, np.int64).reshape(shape)
    limits = None if thresholds is None else np.frombuffer(thresholds, np.int64)
    return conv_module(name, Layer(kernels, limits, in_bits, signed, grouped, fold, out_bits), geometry, summary)
