"""What the two convolution operators share: all but their names. The module of a layer is written from its weights."""

from functools import lru_cache
from math import ceil
from typing import Any

import numpy as np
from qonnx.core.datatype import DataType

from bnn import reference
from hw.ops.base import Attributes, StreamOperator
from hw.ops.bits import Ints, dot_range, signed_bits
from hw.ops.cycles import conv_cycles
from hw.sums.layer import Layer, Sums
from hw.sums.module import Geometry, conv_module

MOST_ROUNDS = 32  # of a window, whose weights nj_leaf chooses by the round


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
    def plane(self) -> bool:
        """Is the last map that Weight has the constant 1, 0 where padded, which is not in the stream?"""
        return False

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
        return [n for n in range(1, min(outputs, MOST_ROUNDS) + 1) if outputs % n == 0]

    def get_exp_cycles(self) -> int:
        return conv_cycles(*self.geometry(), self.fold)

    def collecting(self) -> int:
        """Of a window; asked for where a frame has one."""
        return self.fold if self.matrix is None else self.matrix.collecting

    def run(self, stream: Ints) -> Ints:
        *_, stride, pad = self.geometry()
        groups = stream.shape[1] if self.grouped else 1
        if self.plane:
            stream = np.concatenate([stream, np.ones_like(stream[:, :1])], axis=1)
        sums = reference.convolve(reference.pad(stream, pad, 0), self.weight, stride, groups)
        return sums if self.thresholds is None else (reference.threshold(sums, self.thresholds) + 1) // 2

    # --- the module ---

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

    @property
    def module(self) -> str:  # type: ignore[override]
        """Written for this node."""
        return f"{self.get_verilog_top_module_name()}_conv"

    def parameters(self) -> dict[str, int | str]:
        return {}

    def written(self) -> str:
        return self._layer()[0]

    def _layer(self) -> tuple[str, Sums]:
        """Text of the module, and what is known of its sums."""
        height, width, _, stride, pad = self.geometry()
        thresholds = self.thresholds
        return _write(
            self.module, self.summary(), self.weight.tobytes(), self.weight.shape,
            None if thresholds is None else thresholds.tobytes(), int(self.get_input_datatype().bitwidth()),
            self.input_range()[0] < 0, self.grouped, self.fold, int(self.get_output_datatype().bitwidth()),
            Geometry(height, width, stride, pad), self.plane,
        )  # fmt: skip

    def get_op_and_param_counts(self) -> dict[str, int]:
        _, height, width, _ = self.get_normal_output_shape()
        return {"op_add": int(np.count_nonzero(self.weight)) * height * width, "param_weight": int(self.weight.size)}

    # --- cost: what was written is counted, the line buffer and the control are measured (hw/rtl/README.md) ---

    def lut_estimation(self, fpgapart: str) -> int:
        return self.variants()[0][1]

    def variants(self) -> list[tuple[str, int, int]]:
        sums, clocks = self._layer()[1], self.get_exp_cycles()
        frame = self.line_buffer_cost()[0] + 12
        return [(way, sites + frame, clocks) for way, sites in ((sums.way, sums.sites), *sums.others)]

    def ff_estimation(self, fpgapart: str) -> int:
        sums = self._layer()[1]
        kept = self.get_outstream_width() * (2 if sums.rounds > 1 else 1)  # collected, and put out
        return self.line_buffer_cost()[1] + sums.ffs + kept + 12

    def line_buffer_cost(self) -> tuple[int, int]:
        """LUT sites and flip-flops of nj_line_buffer: delay line, read register, column, counters.

        The memory is what RAM64M and RAM32M hold; the control is fitted to nj_line_buffer alone in 23 configurations.
        """
        height, width, kernel, stride, pad = self.geometry()
        across, down = (width - 1).bit_length(), height.bit_length()
        if kernel == 1:  # nj_skip
            return (2 * (across + down) + 6, across + down + 4) if stride > 1 else (0, 0)
        row = self.get_instream_width() + self.plane
        bits = (kernel - 1) * row
        blocks, rest = divmod(width, 64)
        memory = 4 * ceil(bits / 3) * blocks
        if rest:
            memory += 4 * ceil(bits / (3 if rest > 32 else 6))
        memory += bits * (ceil(width / 64) - 1)  # which of the blocks
        control = 4.5 * across + 2.5 * down + 8 + 8 * pad if pad else 2 * (across + down)
        return memory + round(control), (2 * kernel - 1) * row + 40


@lru_cache(maxsize=256)
def _write(
    name: str, summary: str, weight: bytes, shape: tuple[int, ...], thresholds: bytes | None, in_bits: int,
    signed: bool, grouped: bool, fold: int, out_bits: int, geometry: Geometry, plane: bool,
) -> tuple[str, Sums]:  # fmt: skip
    kernels = np.frombuffer(weight, np.int64).reshape(shape)
    limits = None if thresholds is None else np.frombuffer(thresholds, np.int64)
    layer = Layer(kernels, limits, in_bits, signed, grouped, fold, out_bits, plane)
    return conv_module(name, layer, geometry, summary)
