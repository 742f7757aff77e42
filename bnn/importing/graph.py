"""A foreign QONNX graph: its constants folded, its nodes executed one by one, and refusals that name them.

A node is executed exactly as qonnx does it: ONNX operators by onnxruntime, QONNX operators by their own class.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from bnn.errors import UserError

Array = NDArray[Any]
QONNX = "qonnx.custom_op.general"
_FORMER = ("onnx.brevitas", "finn.custom_op.general")  # what the domain of Quant was called once
RESHAPING = ("Flatten", "Reshape")
ALIKE = "constants that are one value, or one per channel"
QUANTIZERS = ("BipolarQuant", "Quant", "IntQuant")


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """The attributes of a node by name."""
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


class Graph:
    """The dynamic nodes of a model in order, each with a name, and every constant's value.

    UserError when a node has no known operator domain, or when the model has not one input and one chain of nodes.
    """

    def __init__(self, model: ModelWrapper, where: str) -> None:
        self.model, self.where = ModelWrapper(model.model, make_deepcopy=True), where
        graph = self.model.graph
        self.opsets = {entry.domain: entry.version for entry in self.model.model.opset_import}
        self.constants: dict[str, Array] = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
        inputs = [tensor.name for tensor in graph.input if tensor.name not in self.constants]
        if len(inputs) != 1:
            raise UserError(
                f"{where}: has {len(inputs)} inputs ({', '.join(inputs)}); only one, the picture, is accepted"
            )
        self.input = inputs[0]
        self._producer: dict[str, onnx.NodeProto] = {}
        self.nodes: list[onnx.NodeProto] = []
        for index, node in enumerate(graph.node):
            node.name = node.name or f"{node.op_type}_{index}"
            if node.domain in _FORMER:
                node.domain = QONNX
            if node.domain not in ("", "ai.onnx", QONNX):
                raise self.refuse(node, f"its domain '{node.domain}' is unknown", "operators of ONNX and QONNX")
            self._producer |= dict.fromkeys(node.output, node)
            if any(name and name not in self.constants for name in node.input):
                self.nodes.append(node)
            else:
                self.constants |= zip(node.output, self.execute(node, {}), strict=False)

    def shape_of_input(self) -> list[int]:
        """As the file says; 0 for what it leaves open."""
        found = next(tensor for tensor in self.model.graph.input if tensor.name == self.input)
        return [dimension.dim_value for dimension in found.type.tensor_type.shape.dim]

    def moving(self, node: onnx.NodeProto) -> list[str]:
        """The inputs of a node that are no constants."""
        return [name for name in node.input if name and name not in self.constants]

    def readers(self, tensor: str) -> list[onnx.NodeProto]:
        """The nodes that read a tensor."""
        return [node for node in self.nodes if tensor in node.input]

    def constant(self, node: onnx.NodeProto, index: int) -> Array | None:
        """Input `index` of a node; None when it is absent or no constant."""
        return self.constants.get(node.input[index]) if index < len(node.input) else None

    def execute(self, node: onnx.NodeProto, values: Mapping[str, Array]) -> list[Array]:
        """The outputs of one node. values: its inputs that are no constants, of any batch size."""
        context = {name: values[name] if name in values else self.constants[name] for name in node.input if name}
        if node.domain == QONNX:
            version = self.opsets.get(QONNX, 1)
            operator = getCustomOp(node, onnx_opset_version=version)
            operator.execute_node(context, self.model.graph)
            return [np.asarray(context[name]) for name in node.output]
        proto = onnx.NodeProto()
        proto.CopyFrom(node)
        inputs = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
            for name, value in context.items()
        ]
        outputs = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
        opsets = [helper.make_opsetid("", self.opsets.get("", self.opsets.get("ai.onnx", 14)))]
        single = helper.make_model(
            helper.make_graph([proto], "node", inputs, outputs), opset_imports=opsets, ir_version=8
        )
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(single.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return list(session.run(None, context))

    def run(self, x: Array, nodes: Sequence[onnx.NodeProto], flat: bool) -> Array:
        """Element-wise nodes on values [L, C], one row a value of each channel's elements -> [L, C].

        flat: the tensor has no rows and columns (any more). MaxPool is passed over: it chooses among elements.
        UserError when a node does not treat all elements of a channel alike.
        """
        length, channels = x.shape
        if not flat:
            x = x[:, :, None, None]
        for node in nodes:
            if node.op_type == "MaxPool":
                continue
            if node.op_type in RESHAPING:
                x = x.reshape(length, channels)
                continue
            sizes = [self.constants[name].size for name in node.input if name in self.constants]
            if node.op_type != "MultiThreshold" and any(size not in (1, channels) for size in sizes):
                raise self.refuse(node, f"its constants of {max(sizes)} values go over {channels} channels", ALIKE)
            y = self.execute(node, {self.moving(node)[0]: x})[0]
            if y.shape != x.shape:
                raise self.refuse(node, "its constants differ within a channel", ALIKE)
            x = y
        return x.reshape(length, channels)

    # --- words ---

    def datatype(self, tensor: str) -> str:
        """What a tensor holds, for messages."""
        annotated = self.model.get_tensor_datatype(tensor)
        if annotated is not None and annotated != DataType["FLOAT32"]:
            return str(annotated.name)
        node = self._producer.get(tensor)
        if node is None:
            return "FLOAT32"
        if node.op_type == "BipolarQuant":
            return "BIPOLAR"
        if node.op_type in QUANTIZERS and node.domain == QONNX:
            bits = self.constant(node, 3)
            a = attributes(node)
            if bits is None or not a.get("signed", 1):
                return "UINT?" if bits is None else f"UINT{bits.item():g}"
            return "BIPOLAR" if bits.item() == 1 else f"INT{bits.item():g}"
        if node.op_type in ("MaxPool", "Flatten", "Reshape", "Pad", "Transpose", "Identity", "Concat", "Dropout"):
            return self.datatype(node.input[0])
        return "FLOAT32"

    def refuse(self, node: onnx.NodeProto, why: str, accepted: str) -> UserError:
        """The error that names a node, its operator and datatypes, why it cannot be built and what could."""
        reads = ", ".join(self.datatype(name) for name in node.input if name and name not in self._parameters(node))
        makes = self.datatype(node.output[0])
        return UserError(
            f"{self.where}: node {node.name} ({node.op_type}, {reads or 'constants'} -> {makes}): {why}; "
            f"accepted: {accepted}"
        )

    def _parameters(self, node: onnx.NodeProto) -> set[str]:
        """Inputs of a node whose type says nothing: scales, shapes, statistics."""
        if node.op_type in ("Conv", "MatMul", "Gemm"):
            return set(node.input[2:])
        return {name for name in node.input[1:] if name in self.constants}
