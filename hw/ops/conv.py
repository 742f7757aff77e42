"""What the two convolution operators share: geometry, weights, thresholds and the line buffer's cost."""

from math import ceil
from typing import Any

import numpy as np
from qonnx.core.datatype import DataType

from bnn import reference
from hw.ops.base import Attributes, StreamOperator
from hw.ops.bits import Ints
from hw.ops.cycles import conv_cycles


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

    def geometry_parameters(self) -> dict[str, int | str]:
        """The parameters that both RTL modules have in front."""
        height, width, kernel, stride, pad = self.geometry()
        return {
            "Height": height,
            "Width": width,
            "CIn": self.get_normal_input_shape()[-1],
            "InBits": int(self.get_input_datatype().bitwidth()),
            "Kernel": kernel,
            "Stride": stride,
            "Pad": pad,
            "COut": len(self.weight),
            "Fold": self.fold,
        }

    def get_op_and_param_counts(self) -> dict[str, int]:
        _, height, width, _ = self.get_normal_output_shape()
        return {"op_add": int(np.count_nonzero(self.weight)) * height * width, "param_weight": int(self.weight.size)}

    def line_buffer_cost(self) -> tuple[int, int]:
        """LUTs and flip-flops of nj_line_buffer: delay line, read register, column, counters."""
        _, width, kernel, _, _ = self.geometry()
        if kernel == 1:
            return 0, 0
        row = self.get_instream_width()
        memory = 4 * ceil((kernel - 1) * row / 3) * ceil(width / 64) if width > 32 else 4 * ceil((kernel - 1) * row / 6)
        return memory + kernel * row // 2 + 60, (2 * kernel - 1) * row + 50
