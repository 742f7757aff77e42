"""Max-pooling; maps with a negative sign take the minimum instead."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bnn.integer import reference
from bnn.integer.intervals import Interval
from bnn.integer.layers.base import Found, Layer, Misfit, Shape, need_map, repeated, same
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter

BETWEEN = "only a MaxPool between two Mul by the same +-1 is supported"


@dataclass(frozen=True, eq=False)
class MaxPool(Layer):
    """y = maximum over windows of size x size, or the minimum in maps whose `signs` [C] is -1.

    The stride is the size. Rows and columns that fill no window are dropped.
    """

    operator = "MaxPool"
    reads = ("MaxPool", "Mul")
    passes_bits = True

    size: int
    signs: Ints | None = None  # None: all +1

    def run(self, *inputs: Ints) -> Ints:
        (x,) = inputs
        if self.signs is None:
            return reference.max_pool(x, self.size)
        signs = self.signs.reshape(-1, 1, 1)
        return reference.max_pool(x * signs, self.size) * signs

    def interval(self, *inputs: Interval) -> Interval:
        return inputs[0]

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        need_map(shape)
        if self.size < 1:
            raise Misfit(f"windows of {self.size}x{self.size}")
        if self.signs is not None:
            same("signs", len(self.signs), "channels", shape[0])
        return shape[0], shape[1] // self.size, shape[2] // self.size

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        (x,) = inputs
        if self.signs is None:
            return torch.nn.functional.max_pool2d(x, self.size)
        signs = torch.from_numpy(self.signs).to(x.dtype).reshape(-1, 1, 1)
        return torch.nn.functional.max_pool2d(x * signs, self.size) * signs

    def copied(self, times: int, together: int = 1) -> "MaxPool":
        return replace(self, signs=None if self.signs is None else repeated(self.signs, times, together))

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write a MaxPool, between two Mul by the signs when some are -1."""
        (source,) = inputs
        kind, size = file.datatype(source), [self.size] * 2
        if self.signs is None:
            file.node("MaxPool", [source], output, name, kind, kernel_shape=size, strides=size, pads=[0, 0, 0, 0])
            return
        signs = file.constant(f"{name}_signs", self.signs.reshape(1, -1, 1, 1), "BIPOLAR")
        turned, pooled = f"{name}_turned", f"{name}_pooled"
        file.node("Mul", [source, signs], turned, f"{name}_turn", kind, shape=file.shape(source))
        file.node(
            "MaxPool", [turned], pooled, name, kind, shape=file.shape(output), kernel_shape=size, strides=size,
            pads=[0, 0, 0, 0],
        )  # fmt: skip
        file.node("Mul", [pooled, signs], output, f"{name}_turn_back", kind)

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read a MaxPool, or Mul, MaxPool, Mul. UserError for windows that overlap, are padded or not square."""
        if node.op_type == "MaxPool":
            return file.found(cls(_size(file, node)), node)
        signs = _signs(file, node)
        pool = file.only_reader(node)
        if pool is None or pool.op_type != "MaxPool":
            raise file.refuse(pool or node, f"follows a Mul; {BETWEEN}" if pool else BETWEEN)
        back = file.only_reader(pool)
        if back is None or back.op_type != "Mul" or not np.array_equal(_signs(file, back), signs):
            raise file.refuse(back or pool, BETWEEN)
        return Found(cls(_size(file, pool), signs), (node.input[0],), back.output[0], (node, pool, back), pool)


def _signs(file: "FileGraph", node: "NodeProto") -> Ints:
    """Return the +-1 [C] by which a Mul multiplies. UserError when it multiplies by something else."""
    signs = file.integers(node, 1).reshape(-1)
    if not np.isin(signs, (-1, 1)).all():
        raise file.refuse(node, BETWEEN)
    return signs


def _size(file: "FileGraph", node: "NodeProto") -> int:
    """Return the side of the windows. UserError when they overlap, are padded or not square."""
    a = file.attributes(node)
    kernel, strides = a["kernel_shape"], a.get("strides", [1, 1])
    if len({*kernel, *strides}) != 1 or any(a.get("pads", [0])) or a.get("ceil_mode", 0):
        why = f"kernel {kernel}, strides {strides}: windows must be square, not overlap and not be padded"
        raise file.refuse(node, why)
    return int(kernel[0])
