"""BinaryConv_rtl: convolution with weights +-1; bits, pixels or small integers in, bits or sums out."""

from hw.ops.base import Attributes
from hw.ops.conv import ConvOperator


class BinaryConv_rtl(ConvOperator):
    """Sums of what is added or subtracted; 1x1 without thresholds combines channels for the jets behind it.

    Plane: +-1 maps padded with a true 0. A bit b stands for 2b - m, where m is 1 inside of the frame and 0 outside;
    Weight then has one more map, that of m, which the layer makes itself.
    """

    def get_nodeattr_types(self) -> Attributes:
        return {**super().get_nodeattr_types(), "Plane": ("i", False, 0)}

    @property
    def plane(self) -> bool:
        return bool(self.get_nodeattr("Plane"))

    def summary(self) -> str:
        height, width, kernel, stride, _ = self.geometry()
        inputs, outputs = self.get_normal_input_shape()[-1], len(self.weight)
        kind = "sums" if self.thresholds is None else "maps"
        rest = f"stride {stride}" + (", padded with 0" if self.plane else "")
        return f"{outputs} {kind} from {inputs} of {height}x{width}, {kernel}x{kernel} weights of +-1, {rest}"
