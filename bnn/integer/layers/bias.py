"""Bias: an integer offset for each score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bnn.integer.intervals import Interval, datatype_of
from bnn.integer.layers.base import Found, Layer, Shape, same
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter


@dataclass(frozen=True, eq=False)
class Bias(Layer):
    """Add an integer to each score: bias [O]. Scores are a vector [O], or a map of them [O, H, W]."""

    operator = "Add"
    reads = ("Add",)

    bias: Ints

    def run(self, *inputs: Ints) -> Ints:
        (x,) = inputs
        return x + self.bias.reshape(-1, *[1] * (x.ndim - 2))

    def interval(self, *inputs: Interval) -> Interval:
        ((low, high),) = inputs
        return low + int(self.bias.min()), high + int(self.bias.max())

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        same("offsets", len(self.bias), "scores", shape[0])
        return shape

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        (x,) = inputs
        return x + torch.from_numpy(self.bias).to(x.dtype).reshape(-1, *[1] * (x.ndim - 2))

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write an Add with a constant."""
        kind = datatype_of(min(int(self.bias.min()), -1), int(self.bias.max()))
        shape = (-1, *[1] * (len(file.shape(inputs[0])) - 1))  # [O] of a vector, [O, 1, 1] of a map
        bias = file.constant(f"{name}_bias", self.bias.reshape(shape), kind)
        file.node("Add", [*inputs, bias], output, name, datatype_of(*interval))

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read an Add with a constant. None for an Add of two tensors; UserError when the constant is no integers."""
        if not file.is_constant(node, 1) and all(file.is_tensor(name) for name in node.input):
            return None
        return file.found(cls(file.integers(node, 1).reshape(-1)), node)
