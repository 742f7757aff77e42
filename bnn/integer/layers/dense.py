"""Dense layers: sums of products over all elements of a frame."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bnn.integer import reference
from bnn.integer.intervals import Interval, datatype_of, dot_interval
from bnn.integer.layers.base import Found, Layer, Shape, repeated, same
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter


@dataclass(frozen=True, eq=False)
class Dense(Layer):
    """y = x, flattened in C, H, W order, times weight [F, O].

    Weights are +-1, or even integers: weights of a few bits, doubled. In the layer that makes the scores they may
    be multiplied by an integer per output.
    """

    operator = "MatMul"
    reads = ("MatMul", "Flatten")

    weight: Ints

    def run(self, *inputs: Ints) -> Ints:
        (x,) = inputs
        return reference.dense(x, self.weight)

    def interval(self, *inputs: Interval) -> Interval:
        least, most = dot_interval(self.weight.T, *inputs[0])
        return int(least.min()), int(most.max())

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        same("rows of weights", len(self.weight), "inputs", math.prod(shape))
        return self.weight.shape[1:]

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        (x,) = inputs
        return x.flatten(1) @ torch.from_numpy(self.weight).to(x.dtype)

    def copied(self, times: int, together: int = 1) -> "Dense":
        return replace(self, weight=repeated(self.weight.T, times, together).T)

    def multiplied(self, factors: Ints) -> "Dense":
        return replace(self, weight=self.weight * factors)

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write a MatMul, behind a Flatten when the input is a map."""
        (source,) = inputs
        shape = file.shape(source)
        if len(shape) > 1:
            flat = name.replace("Dense", "Flatten")
            file.node(
                "Flatten", [source], f"{flat}_out", flat, file.datatype(source), shape=(math.prod(shape),), axis=1
            )
            source = f"{flat}_out"
        weight = file.weights(f"{name}_weight", self.weight)
        file.node("MatMul", [source, weight], output, name, datatype_of(*interval))

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read a MatMul, or a Flatten and its MatMul. UserError for weights that are not as the class says."""
        if node.op_type == "MatMul":
            return file.found(cls(_weight(file, node)), node)
        if file.attributes(node).get("axis", 1) != 1:
            raise file.refuse(node, "only axis 1 is supported")
        product = file.only_reader(node)
        if product is None or product.op_type != "MatMul":
            raise file.refuse(product or node, "a Flatten must be followed by a MatMul")
        layer = cls(_weight(file, product))
        return Found(layer, (node.input[0],), product.output[0], (node, product), product)


def _weight(file: "FileGraph", node: "NodeProto") -> Ints:
    """Return the weights [F, O] of a MatMul. UserError when they are not as `Dense` takes them."""
    weight = file.integers(node, 1)
    one_bit = weight.ndim == 2 and (np.abs(weight) == np.abs(weight[:1])).all() and weight.all()
    if weight.ndim != 2 or not (one_bit or (weight % 2 == 0).all()):
        raise file.refuse(
            node,
            "weights must all be +1 or -1, or twice the integers of a few bits; in front of the scores they may be "
            "multiplied by an integer per score",
        )
    return weight
