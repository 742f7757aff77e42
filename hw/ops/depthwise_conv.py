"""DepthwiseConv_rtl and _hls: convolution of +-1 whose every output reads one map."""

from hw.ops.conv import HlsConv, RtlConv
from hw.ops.jet_conv import JetConv


class DepthwiseConv(JetConv):
    """Kernels of +-1; output o reads map o. The hardware is that of grouped jets with other kernels."""

    def summary(self) -> str:
        height, width, kernel, stride, _ = self.geometry()
        return f"{len(self.weight)} maps of {height}x{width}, {kernel}x{kernel} weights of +-1 a map, stride {stride}"


class DepthwiseConv_rtl(DepthwiseConv, RtlConv):
    """In SystemVerilog."""


class DepthwiseConv_hls(DepthwiseConv, HlsConv):
    """In C++."""
