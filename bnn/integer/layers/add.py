"""Residual addition: two tensors added, each times an integer per channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bnn.integer.intervals import Interval, datatype_of
from bnn.integer.layers.base import Found, Layer, Misfit, Shape, same
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter


@dataclass(frozen=True, eq=False)
class Add(Layer):
    """y = left * a + right * b of two tensors of one shape. left, right: integer factors [C].

    With factors a shortcut of +-1 moves the threshold behind it by another integer in every channel.
    In a file the layer is an Add of two tensors, each behind a Mul where it has factors.
    """

    operator = "Add"
    reads = ("Add", "Mul")
    particular = True

    left: Ints | None = None  # None: all 1
    right: Ints | None = None

    @property
    def factors(self) -> tuple[Ints | None, Ints | None]:
        """The factors of both inputs."""
        return self.left, self.right

    def run(self, *inputs: Ints) -> Ints:
        a, b = (x if f is None else x * _column(f, x.ndim) for x, f in zip(inputs, self.factors, strict=True))
        return a + b

    def interval(self, *inputs: Interval) -> Interval:
        ends = []
        for (low, high), factors in zip(inputs, self.factors, strict=True):
            both = np.outer([low, high], [1] if factors is None else factors)  # [2, C]
            ends.append((both.min(axis=0), both.max(axis=0)))
        (low, high), (other_low, other_high) = ends
        return int((low + other_low).min()), int((high + other_high).max())

    def shape(self, *inputs: Shape) -> Shape:
        first, second = inputs
        if first != second:
            raise Misfit(f"adds {list(first)} and {list(second)}; both must have the same shape")
        for factors in self.factors:
            if factors is not None:
                same("factors", len(factors), "channels", first[0])
        return first

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        a, b = (
            x if f is None else x * torch.from_numpy(_column(f, x.ndim)).to(x.dtype)
            for x, f in zip(inputs, self.factors, strict=True)
        )
        return a + b

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write an Add, and a Mul by a constant in front of each input that has factors."""
        sources = list(inputs)
        for i, (source, factors) in enumerate(zip(inputs, self.factors, strict=True)):
            if factors is not None:
                kind = datatype_of(min(int(factors.min()), -1), int(factors.max()))
                constant = file.constant(
                    f"{name}_factors{i}", _column(factors, 1 + len(file.shape(source)))[None], kind
                )
                sources[i] = f"{name}_times{i}"
                file.node("Mul", [source, constant], sources[i], sources[i], "INT32", shape=file.shape(source))
        file.node("Add", sources, output, name, datatype_of(*interval))

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read an Add of two tensors, with a Mul in front of either. None when the node belongs to another layer.

        UserError when the Mul of one input does not stand right in front of the Add.
        """
        total = node if node.op_type == "Add" else file.only_reader(node)
        if total is None or total.op_type != "Add" or any(file.is_constant(total, i) for i in range(2)):
            return None  # a Bias, or the signs of a MaxPool
        sources, nodes = list(total.input), [total]
        factors: list[Ints | None] = [None, None]
        for i, name in enumerate(total.input):
            times = None if file.is_tensor(name) else file.maker(name)
            if times is not None and times.op_type == "Mul" and file.is_constant(times, 1):
                values = file.integers(times, 1).reshape(-1)
                sources[i], nodes = times.input[0], [times, *nodes]
                factors[i] = np.resize(values, file.shape(sources[i])[0]) if len(values) == 1 else values
        for name in sources:
            if not file.is_tensor(name):
                why = f"'{name}' is made behind the Mul of its other input, which must stand right in front of it"
                raise file.refuse(total, why)
        return Found(cls(*factors), tuple(sources), total.output[0], tuple(nodes), total)


def _column(values: Ints, rank: int) -> Ints:
    """Return values [C] as [C, 1, ...], for tensors [N, C, ...] of that rank."""
    return values.reshape(-1, *[1] * (rank - 2))
