"""Convolution: sums of products over windows of the maps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bnn.integer import reference
from bnn.integer.intervals import Interval, datatype_of, dot_interval
from bnn.integer.layers.base import Found, Layer, Misfit, Shape, need_map, repeated, same
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter


@dataclass(frozen=True, eq=False)
class Conv(Layer):
    """y = cross-correlation of x [N, I, H, W] with integers weight [O, I/groups, K, K], without padding."""

    operator = "Conv"
    reads = ("Conv",)

    weight: Ints
    stride: int = 1
    groups: int = 1

    def run(self, *inputs: Ints) -> Ints:
        (x,) = inputs
        return reference.convolve(x, self.weight, self.stride, self.groups)

    def interval(self, *inputs: Interval) -> Interval:
        least, most = dot_interval(self.weight, *inputs[0])
        return int(least.min()), int(most.max())

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        need_map(shape)
        outputs, per_group, kernel, _ = self.weight.shape
        if self.stride < 1 or self.groups < 1 or outputs % self.groups:
            raise Misfit(f"stride {self.stride}, {self.groups} groups for {outputs} outputs")
        same("channels of weights", per_group * self.groups, "channels", shape[0])
        return outputs, (shape[1] - kernel) // self.stride + 1, (shape[2] - kernel) // self.stride + 1

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        (x,) = inputs
        weight = torch.from_numpy(self.weight).to(x.dtype)
        return torch.nn.functional.conv2d(x, weight, stride=self.stride, groups=self.groups)

    def copied(self, times: int, together: int = 1) -> "Conv":
        return replace(self, weight=repeated(self.weight, times, together))

    def multiplied(self, factors: Ints) -> "Conv":
        return replace(self, weight=self.weight * factors.reshape(-1, 1, 1, 1))

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write a Conv without pads and bias."""
        k = self.weight.shape[2]
        weight = file.weights(f"{name}_weight", self.weight)
        file.node(
            "Conv", [*inputs, weight], output, name, datatype_of(*interval), dilations=[1, 1], group=self.groups,
            kernel_shape=[k, k], pads=[0, 0, 0, 0], strides=[self.stride, self.stride],
        )  # fmt: skip

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read a Conv. UserError for pads, a bias, dilations, and kernels or strides that are not square."""
        weight, a = file.integers(node, 1), file.attributes(node)
        strides, dilations = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
        if any(a.get("pads", [0])) or a.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            raise file.refuse(
                node,
                "pads with zeros inside the convolution, which a +-1 map cannot hold; "
                "put an explicit Pad with value -1 (0 on pixels) in front and train with it",
            )
        if weight.ndim != 4 or weight.shape[2] != weight.shape[3]:
            raise file.refuse(node, f"weights of shape {weight.shape}; only square 2-D kernels are supported")
        if len(set(strides)) != 1 or set(dilations) != {1}:
            why = f"strides {strides}, dilations {dilations}; both strides must be equal, dilations 1"
            raise file.refuse(node, why)
        if len(node.input) > 2:
            raise file.refuse(node, "has a bias; fold it into the thresholds that follow")
        return file.found(cls(weight, int(strides[0]), int(a.get("group", 1))), node)
