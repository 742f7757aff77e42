"""BinaryConv_rtl and _hls: convolution with weights +-1; bits, pixels or small integers in, bits or sums out."""

from hw.ops.conv import ConvOperator, HlsConv, RtlConv


class BinaryConv(ConvOperator):
    """Sums of what is added or subtracted; 1x1 without thresholds combines channels for the jets behind it."""

    def summary(self) -> str:
        height, width, kernel, stride, _ = self.geometry()
        inputs, outputs = self.get_normal_input_shape()[-1], len(self.weight)
        kind = "sums" if self.thresholds is None else "maps"
        return f"{outputs} {kind} from {inputs} of {height}x{width}, {kernel}x{kernel} weights of +-1, stride {stride}"


class BinaryConv_rtl(BinaryConv, RtlConv):
    """In SystemVerilog."""


class BinaryConv_hls(BinaryConv, HlsConv):
    """In C++."""
