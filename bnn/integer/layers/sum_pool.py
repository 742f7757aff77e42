"""Sum-pooling: sums over windows of maps, as in average pooling and in counting."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn.integer.intervals import Interval, datatype_of
from bnn.integer.layers.base import Found, Layer, Misfit, Shape, need_map, repeated, same
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter


@dataclass(frozen=True, eq=False)
class SumPool(Layer):
    """y = sums over windows of size[0] x size[1], output o multiplied by factors[o].

    The stride is the size. Rows and columns that fill no window are dropped. Each map makes `copies` neighbouring
    outputs. factors: integers other than 0. flat: each map is one window, and its sums are a vector, like scores.
    In a file the layer is a depthwise Conv whose kernels hold one value each. It is recognised by these weights alone.
    """

    operator = "Conv"
    reads = ("Conv",)
    particular = True

    size: tuple[int, int]  # rows, columns
    factors: Ints | None = None  # None: all 1
    copies: int = 1
    flat: bool = False

    def run(self, *inputs: Ints) -> Ints:
        (x,) = inputs
        sums = np.repeat(self._windows(x).sum(axis=(3, 5)), self.copies, axis=1)
        if self.factors is not None:
            sums = sums * self.factors.reshape(-1, 1, 1)
        return sums.reshape(sums.shape[:2]) if self.flat else sums

    def interval(self, *inputs: Interval) -> Interval:
        factors = np.ones(1, np.int64) if self.factors is None else self.factors
        ends = np.outer(inputs[0], factors) * self.size[0] * self.size[1]
        return int(ends.min()), int(ends.max())

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        need_map(shape)
        rows, columns = self.size
        if min(self.size) < 1 or self.copies < 1:
            raise Misfit(f"windows of {rows}x{columns}, {self.copies} outputs of a map")
        outputs = shape[0] * self.copies
        if self.factors is not None:
            same("factors", len(self.factors), "outputs", outputs)
        made = outputs, shape[1] // rows, shape[2] // columns
        if self.flat and made[1:] != (1, 1):
            raise Misfit(f"has {made[1]}x{made[2]} windows, where one is needed")
        return made[:1] if self.flat else made

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        (x,) = inputs
        sums: Tensor = self._windows(x).sum(dim=(3, 5)).repeat_interleave(self.copies, 1)
        if self.factors is not None:
            sums = sums * torch.from_numpy(self.factors).to(x.dtype).reshape(-1, 1, 1)
        return sums.flatten(1) if self.flat else sums

    def copied(self, times: int, together: int = 1) -> "SumPool":
        factors = None if self.factors is None else repeated(self.factors, times, together)
        return replace(self, factors=factors, copies=self.copies * times)

    def multiplied(self, factors: Ints) -> "SumPool":
        product = factors if self.factors is None else self.factors * factors
        return replace(self, factors=None if (product == 1).all() else product)

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write a depthwise Conv, and a Flatten behind it when the layer is flat."""
        (source,) = inputs
        channels, size, kind = file.shape(source)[0], list(self.size), datatype_of(*interval)
        outputs = channels * self.copies
        factors = np.ones(outputs, np.int64) if self.factors is None else self.factors
        weight = file.weights(f"{name}_weight", np.tile(factors.reshape(-1, 1, 1, 1), (1, 1, *size)))
        sums = f"{name}_sums" if self.flat else output
        file.node(
            "Conv", [source, weight], sums, name, kind, shape=(outputs, 1, 1) if self.flat else None,
            dilations=[1, 1], group=channels, kernel_shape=size, pads=[0, 0, 0, 0], strides=size,
        )  # fmt: skip
        if self.flat:
            file.node("Flatten", [sums], output, f"{name}_flat", kind, axis=1)

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read a depthwise Conv of +-1 maps whose kernels hold one value each, as large as its stride. Else None."""
        layer = _read(file, node)
        if layer is None:
            return None
        flat = file.only_reader(node)
        behind = None if flat is None or flat.op_type != "Flatten" else file.only_reader(flat)
        if flat is None or behind is None or behind.op_type == "MatMul":  # the Flatten of a dense layer
            return file.found(layer, node)
        return Found(replace(layer, flat=True), (node.input[0],), flat.output[0], (node, flat), node)

    def _windows(self, x: Any) -> Any:
        """Return maps x [N, C, H, W] by windows: [N, C, windows down, rows of one, windows across, columns of one]."""
        (rows, columns), (n, channels, height, width) = self.size, x.shape
        down, across = height // rows, width // columns
        return x[:, :, : down * rows, : across * columns].reshape(n, channels, down, rows, across, columns)


def _read(file: "FileGraph", node: "NodeProto") -> SumPool | None:
    """Return the layer that a Conv of +-1 maps is by its weights; None for any other Conv."""
    if not file.is_constant(node, 1) or len(node.input) > 2 or file.datatype(node.input[0]) != "BIPOLAR":
        return None
    weight, a, channels = file.integers(node, 1), file.attributes(node), file.shape(node.input[0])[0]
    if weight.ndim != 4 or weight.shape[1] != 1 or len(weight) % channels or a.get("group", 1) != channels:
        return None
    size = (weight.shape[2], weight.shape[3])
    plain = not any(a.get("pads", [0])) and a.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    if tuple(a.get("strides", [1, 1])) != size or set(a.get("dilations", [1])) != {1} or not plain:
        return None
    factors = weight[:, 0, 0, 0]
    if not factors.all() or (weight != factors.reshape(-1, 1, 1, 1)).any():
        return None
    if size == (1, 1) and channels == 1:  # combines one map in front of jets
        return None
    return SumPool(size, None if (factors == 1).all() else factors, len(weight) // channels)
