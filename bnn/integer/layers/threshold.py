"""Thresholds: each element becomes +1 or -1, by one threshold per channel."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bnn.integer import reference
from bnn.integer.intervals import Interval, datatype_of
from bnn.integer.layers.base import Found, Layer, Shape, repeated, same
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter


@dataclass(frozen=True, eq=False)
class Threshold(Layer):
    """y = +1 where x >= T of its channel, else -1. thresholds: [O]."""

    operator = "MultiThreshold"
    reads = ("MultiThreshold",)

    thresholds: Ints

    def run(self, *inputs: Ints) -> Ints:
        (x,) = inputs
        return reference.threshold(x, self.thresholds)

    def interval(self, *inputs: Interval) -> Interval:
        return -1, 1

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        same("rows of thresholds", len(self.thresholds), "channels", shape[0])
        return shape

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        (x,) = inputs
        limits = torch.from_numpy(self.thresholds).to(x.dtype).reshape(1, -1, *[1] * (x.ndim - 2))
        return torch.where(x >= limits, 1.0, -1.0).to(x.dtype)

    def copied(self, times: int, together: int = 1) -> "Threshold":
        return replace(self, thresholds=repeated(self.thresholds, times, together))

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write a MultiThreshold of one threshold per channel, with outputs -1 and +1."""
        limits = self.thresholds
        kind = datatype_of(min(int(limits.min()), -1), int(limits.max()))
        table = file.constant(f"{name}_thresholds", limits.reshape(-1, 1), kind)
        file.node(
            "MultiThreshold", [*inputs, table], output, name, "BIPOLAR", domain="qonnx.custom_op.general",
            out_scale=2.0, out_bias=-1.0, out_dtype="BIPOLAR",
        )  # fmt: skip

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read a MultiThreshold with outputs -1 and +1, with one threshold in all or one per channel. Else None."""
        thresholds, a = file.integers(node, 1), file.attributes(node)
        plus_minus_one = (a.get("out_scale", 1.0), a.get("out_bias", 0.0)) == (2.0, -1.0)
        if thresholds.ndim != 2 or thresholds.shape[1] != 1 or not plus_minus_one:
            return None
        row = thresholds[:, 0]  # [1] or [O]
        return file.found(cls(np.repeat(row, file.shape(node.input[0])[0]) if len(row) == 1 else row), node)
