"""Quantizers of pixels: each pixel becomes the number of thresholds that it reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bnn.integer import reference
from bnn.integer.intervals import Interval, datatype_of
from bnn.integer.layers.base import Found, Layer, Shape, same
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter


@dataclass(frozen=True, eq=False)
class Levels(Layer):
    """y = low + step * (the number of thresholds of its channel that x reaches): a quantizer of pixels.

    thresholds: [C, L], rising in each row. Shorter rows are filled up with thresholds that no pixel reaches.
    """

    operator = "MultiThreshold"
    reads = ("MultiThreshold",)

    thresholds: Ints
    low: int
    step: int = 1

    def run(self, *inputs: Ints) -> Ints:
        (x,) = inputs
        return reference.levels(x, self.thresholds, self.low, self.step)

    def table(self) -> Ints:
        """Return the output of each pixel value, [C, 256]."""
        return self.run(np.tile(np.arange(256), (len(self.thresholds), 1))[None])[0]

    def interval(self, *inputs: Interval) -> Interval:
        table = self.table()
        return int(table.min()), int(table.max())

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        same("rows of thresholds", len(self.thresholds), "channels", shape[0])
        return shape

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        (x,) = inputs
        limits = torch.from_numpy(self.thresholds).to(x.dtype)
        reached = (x[:, :, None] >= limits[None, :, :, None, None]).sum(2)  # [N, C, L, H, W] -> [N, C, H, W]
        return (self.low + self.step * reached).to(x.dtype)

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write a MultiThreshold with out_scale `step` and out_bias `low`."""
        kind = datatype_of(*interval) if interval != (-1, 1) or self.step != 2 else "BIPOLAR"
        limits = datatype_of(-1, int(self.thresholds.max()))
        table = file.constant(f"{name}_thresholds", self.thresholds, limits)
        file.node(
            "MultiThreshold", [*inputs, table], output, name, kind, domain="qonnx.custom_op.general",
            out_scale=float(self.step), out_bias=float(self.low), out_dtype=kind,
        )  # fmt: skip

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read a MultiThreshold. None for the sign of `Threshold`; UserError for outputs that are no integers."""
        thresholds, a = file.integers(node, 1), file.attributes(node)
        step, low = a.get("out_scale", 1.0), a.get("out_bias", 0.0)
        if thresholds.ndim == 2 and thresholds.shape[1] == 1 and (step, low) == (2.0, -1.0):
            return None
        if thresholds.ndim != 2 or step not in (-2, -1, 1, 2) or low != int(low):
            raise file.refuse(
                node,
                "only one threshold per channel with outputs +-1 (out_scale 2, out_bias -1) is supported, or, on "
                "pixels, any with integer outputs (out_scale 1 or 2 or their negatives)",
            )
        return file.found(cls(thresholds, int(low), int(step)), node)
