"""Padding: rows and columns of one value around each map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bnn.integer import reference
from bnn.integer.intervals import Interval
from bnn.integer.layers.base import Found, Layer, Shape, need_map
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter


@dataclass(frozen=True, eq=False)
class Pad(Layer):
    """y = x with `amount` rows and columns of `value` on every side: 0 around pixels and levels, -1 or 0 around +-1."""

    operator = "Pad"
    reads = ("Pad",)
    passes_bits = True

    amount: int
    value: int

    def run(self, *inputs: Ints) -> Ints:
        (x,) = inputs
        return reference.pad(x, self.amount, self.value)

    def interval(self, *inputs: Interval) -> Interval:
        ((low, high),) = inputs
        return min(low, self.value), max(high, self.value)

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        need_map(shape)
        return shape[0], shape[1] + 2 * self.amount, shape[2] + 2 * self.amount

    def torch(self, *inputs: "Tensor") -> "Tensor":
        from torch.nn import functional

        (x,) = inputs
        return functional.pad(x, (self.amount,) * 4, value=float(self.value))

    def copied(self, times: int, together: int = 1) -> "Pad":
        return self

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write a Pad. A +-1 map padded with 0 becomes TERNARY."""
        (source,) = inputs
        p, kind = self.amount, file.datatype(source)
        if (kind, self.value) == ("BIPOLAR", 0):
            kind = "TERNARY"
        pads = file.constant(f"{name}_pads", np.array([0, 0, p, p, 0, 0, p, p]), None, np.int64)
        value = file.constant(f"{name}_value", np.array(self.value), kind)
        file.node("Pad", [source, pads, value], output, name, kind, mode="constant")

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read a Pad. UserError for unequal sides, a mode other than constant, and values that hardware cannot pad."""
        pads = file.integers(node, 1)
        value = int(file.integers(node, 2).reshape(-1)[0]) if len(node.input) > 2 else 0
        mode = file.attributes(node).get("mode", b"constant")
        bipolar = file.datatype(node.input[0]) == "BIPOLAR"
        if pads.shape != (8,) or pads[[0, 1, 4, 5]].any() or len(set(pads[[2, 3, 6, 7]].tolist())) != 1:
            raise file.refuse(node, f"pads {pads.tolist()} are not the same on the four sides of the map")
        if mode != b"constant":
            raise file.refuse(node, f"mode {mode.decode(errors='replace')} is not supported; pad with a constant")
        if value not in ((-1, 0) if bipolar else (0,)):
            raise file.refuse(
                node,
                f"pads a {'+-1 map' if bipolar else 'pixel map'} with {value}; "
                f"pad with {'-1 or 0' if bipolar else '0'} and train again",
            )
        return file.found(cls(int(pads[2]), value), node)
