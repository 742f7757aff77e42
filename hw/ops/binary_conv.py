"""BinaryConv_rtl: convolution with weights +-1; one bit or unsigned integers in, bits or sums out."""

from math import ceil
from typing import Any

import numpy as np

from hw.ops.bits import dot_range, literal, signed_bits
from hw.ops.conv import ConvOperator


class BinaryConv_rtl(ConvOperator):
    """Sums of pixels or bits, added or subtracted; 1x1 without thresholds combines channels for the jets behind it."""

    module = "nj_binary_conv"

    def sum_bits(self) -> int:
        """Width of the sums."""
        low, high = dot_range(self.weight, *self.input_range())
        return signed_bits(int(low.min()), int(high.max()))

    def _out_bits(self) -> int:
        return int(self.get_output_datatype().bitwidth())

    def verify_node(self) -> Any:
        """ValueError when the output type cannot hold every sum."""
        if self.thresholds is None and self._out_bits() < self.sum_bits():
            raise ValueError(
                f"{self.onnx_node.name}: {self.get_output_datatype()} lacks bits, {self.sum_bits()} needed"
            )

    def parameters(self) -> dict[str, int | str]:
        weight = literal((self.weight.ravel() > 0).astype(int), 1)
        if self.thresholds is None:
            return {**self.geometry_parameters(), "Weight": weight, "Thresholded": 0, "OutBits": self._out_bits()}
        low, high = dot_range(self.weight, *self.input_range())
        limits = np.clip(self.thresholds, low, high + 1)  # always true and never true stay so
        bits = signed_bits(int(limits.min()), int(limits.max()))
        return {
            **self.geometry_parameters(),
            "Weight": weight,
            "Thresholded": 1,
            "ThrBits": bits,
            "Threshold": literal(limits, bits),
        }

    def summary(self) -> str:
        height, width, kernel, stride, _ = self.geometry()
        inputs, outputs = self.get_normal_input_shape()[-1], len(self.weight)
        kind = "sums" if self.thresholds is None else "maps"
        return f"{outputs} {kind} from {inputs} of {height}x{width}, {kernel}x{kernel} weights of +-1, stride {stride}"

    # --- cost: a popcount takes 1.3 LUTs per bit (hw/rtl/README.md), an adder one per result bit ---

    def _terms(self) -> int:
        return int(self.weight[0].size)

    def lut_estimation(self, fpgapart: str) -> int:
        lanes, terms, bits = len(self.weight) // self.fold, self._terms(), int(self.get_input_datatype().bitwidth())
        sum_bits = self.sum_bits()
        sums = 1.3 * terms if bits == 1 else (terms - 1) * (bits + sum_bits) / 2
        weights = 0 if self.fold == 1 else terms * bits  # chosen by the round, in front of the sums
        compare = 0 if self.thresholds is None else sum_bits * (0.5 if self.fold == 1 else 1.5)
        return round(self.line_buffer_cost()[0] + lanes * (sums + weights + compare)) + 10

    def ff_estimation(self, fpgapart: str) -> int:
        lanes, kernel = len(self.weight) // self.fold, int(self.get_nodeattr("Kernel"))
        window = kernel * kernel * self.get_instream_width()
        stages = ceil(self._terms() / 36)
        sum_bits = self.sum_bits()
        return self.line_buffer_cost()[1] + window + lanes * sum_bits * stages + self.get_outstream_width() + 10
