"""JetConv_rtl and _hls: convolution whose every kernel is +-(a jet) or nothing, on any integer maps."""

from hw.ops.base import Attributes
from hw.ops.conv import ConvOperator, HlsConv, RtlConv


class JetConv(ConvOperator):
    """Jets of maps, added or subtracted. Grouped: output o reads map o only."""

    def get_nodeattr_types(self) -> Attributes:
        return {**super().get_nodeattr_types(), "Grouped": ("i", False, 0)}

    @property
    def grouped(self) -> bool:
        return bool(self.get_nodeattr("Grouped"))

    def summary(self) -> str:
        height, width, kernel, stride, _ = self.geometry()
        inputs, outputs = self.get_normal_input_shape()[-1], len(self.weight)
        form = "one jet per map" if self.grouped else "jets"
        return f"{outputs} maps from {inputs} of {height}x{width}, {kernel}x{kernel} {form}, stride {stride}"


class JetConv_rtl(JetConv, RtlConv):
    """In SystemVerilog."""


class JetConv_hls(JetConv, HlsConv):
    """In C++."""
