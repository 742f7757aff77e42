"""Small graphs like those of other programs, made node by node with random weights and without an exporter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QONNX = "qonnx.custom_op.general"


def kind_of(value: Any) -> type:
    """Return the type of a constant in the file: NumPy's integers and booleans keep theirs, all else is float32."""
    kind = getattr(value, "dtype", np.dtype(np.float32))
    return kind.type if kind.kind in "ib" else np.float32


class Net:
    """A graph that grows at its end; `at` is the tensor there. Constants are made where they are used."""

    def __init__(self, shape: Sequence[int | str], seed: int = 0, domain: str = QONNX) -> None:
        self.shape, self.domain = list(shape), domain
        self.random = np.random.default_rng(seed)
        self.at = "x"
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: Any, kind: type = np.float32) -> str:
        """Append a constant; return its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Append a node with any inputs; return the name of its output."""
        made = f"t{len(self.nodes)}"
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [made], name, domain=domain, **attributes))
        return made

    def then(self, operator: str, *constants: Any, domain: str = "", **attributes: Any) -> "Net":
        """Append a node that reads the present tensor, then constants, or tensors by name."""
        names = [c if isinstance(c, str) else self.constant(c, kind_of(c)) for c in constants]
        self.at = self.node(operator, self.at, *names, domain=domain, **attributes)
        return self

    def sign(self) -> "Net":
        return self.then("BipolarQuant", 1.0, domain=self.domain)

    def quant(self, scale: float, bits: int, signed: int = 1) -> "Net":
        options = {"signed": signed, "narrow": 0, "rounding_mode": "ROUND"}
        return self.then("Quant", scale, 0.0, float(bits), domain=self.domain, **options)

    def weights(self, *shape: int) -> np.ndarray:
        return self.random.choice(np.array([-1.0, 1.0], np.float32), shape)

    def conv(self, outputs: int, inputs: int, kernel: int, **attributes: Any) -> "Net":
        return self.then("Conv", self.weights(outputs, inputs, kernel, kernel), **attributes)

    def dense(self, inputs: int, outputs: int) -> "Net":
        """Append a MatMul whose weights come from BipolarQuant and Transpose, as Brevitas writes them."""
        latent = self.constant(self.weights(outputs, inputs) * 0.3)
        quantized = self.node("BipolarQuant", latent, self.constant(1.0), domain=self.domain)
        return self.then("MatMul", self.node("Transpose", quantized, perm=[1, 0]))

    def norm(self, features: int, spread: float = 3.0) -> "Net":
        r = self.random
        statistics = [r.random(features) + 0.5, r.normal(size=features), r.normal(size=features) * spread]
        return self.then("BatchNormalization", *statistics, r.random(features) * spread**2 + 0.1)

    def flatten_by_shape(self) -> "Net":
        """Append x.view(x.shape[0], -1): Shape, Gather, Unsqueeze, Concat, Reshape."""
        first = self.node("Gather", self.node("Shape", self.at), self.constant(0, np.int64), axis=0)
        rows = self.node("Unsqueeze", first, self.constant([0], np.int64))
        target = self.node("Concat", rows, self.constant([-1], np.int64), axis=0)
        return self.then("Reshape", target)

    def model(self, output: Sequence[int | str] = ("N", 3), opset: int = 13) -> onnx.ModelProto:
        """Return the model whose output is the present tensor."""
        graph = helper.make_graph(
            self.nodes, "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info(self.at, TensorProto.FLOAT, list(output))],
            self.constants,
        )  # fmt: skip
        opsets = [helper.make_opsetid("", opset)]
        if opset > 11:
            opsets.append(helper.make_opsetid(self.domain, 1))
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def save(self, path: Path, output: Sequence[int | str] = ("N", 3), opset: int = 13) -> Path:
        onnx.save(self.model(output, opset), path)
        return path


def tfc(activations: int = 1) -> onnx.ModelProto:
    """Return TFC of the QONNX model zoo with 16 inputs, node by node: opset 9, the former domain, weights as inputs.

    activations: their bits. Flatten is Shape, Gather, Unsqueeze, Concat, Reshape. Pixels are 2x - 1. The scores are
    scaled by TensorNorm: Sub, Pow, Div, Mul, Add.
    """
    net = Net([1, 1, 4, 4], domain="onnx.brevitas")

    def activate() -> None:
        if activations == 1:
            net.sign()
        else:
            net.then("Clip", min=-1.0, max=1.0).quant(0.5, activations)

    first = net.node("Gather", net.node("Shape", "x"), net.constant(0, np.int64), axis=0)
    target = net.node("Concat", net.node("Unsqueeze", first, axes=[0]), net.constant([-1], np.int64), axis=0)
    net.then("Reshape", target).then("Mul", 2.0).then("Sub", [1.0])
    activate()
    for inputs, outputs in ((16, 8), (8, 8)):
        net.dense(inputs, outputs).norm(outputs)
        activate()
    net.dense(8, 3).then("Sub", [0.449])
    net.then("Div", net.node("Pow", net.constant([318.2]), net.constant(0.5)))
    net.then("Mul", [0.734]).then("Add", [-1.144])
    model = net.model([1, 3], opset=9)
    model.ir_version = 6
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    return model
