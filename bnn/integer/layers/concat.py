"""Concatenation: channels of several tensors side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bnn.integer.intervals import Interval, datatype_of
from bnn.integer.layers.base import Found, Layer, Misfit, Shape
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter


@dataclass(frozen=True, eq=False)
class Concat(Layer):
    """y = the channels of the first input, then those of the second, and so on: maps of one size, or vectors."""

    operator = "Concat"
    reads = ("Concat",)
    passes_bits = True

    def run(self, *inputs: Ints) -> Ints:
        return np.concatenate(inputs, axis=1)

    def interval(self, *inputs: Interval) -> Interval:
        return min(low for low, _ in inputs), max(high for _, high in inputs)

    def shape(self, *inputs: Shape) -> Shape:
        if len(inputs) < 2:
            raise Misfit("one input; at least two are put side by side")
        if len({shape[1:] for shape in inputs}) > 1:
            raise Misfit(f"maps of {' and '.join(str(list(shape)) for shape in inputs)} have different sizes")
        return sum(shape[0] for shape in inputs), *inputs[0][1:]

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        return torch.cat(inputs, dim=1)

    def copied(self, times: int, together: int = 1) -> "Concat":
        return self

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write a Concat along axis 1."""
        kinds = {file.datatype(source) for source in inputs}
        kind = kinds.pop() if len(kinds) == 1 else datatype_of(*interval)
        file.node("Concat", inputs, output, name, kind, axis=1)

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read a Concat. UserError for another axis than that of the channels, and for constants among the inputs."""
        for name in node.input:
            if not file.is_tensor(name):
                raise file.refuse(node, f"its input '{name}' is made by no layer in front of it")
        rank = len(file.shape(node.input[0])) + 1
        axis = file.attributes(node)["axis"]
        if axis % rank != 1:
            raise file.refuse(node, f"joins along axis {axis}; only channels, axis 1, are put side by side")
        return Found(cls(), tuple(node.input), node.output[0], (node,), node)
