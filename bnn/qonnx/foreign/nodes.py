"""One node of a foreign file: the shapes of its outputs, known before it is executed, and its execution.

A node is executed exactly as qonnx does it: onnxruntime executes ONNX operators, QONNX operators execute themselves.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper
from qonnx.custom_op.registry import getCustomOp

Array = NDArray[Any]
QONNX = "qonnx.custom_op.general"
FORMER = ("onnx.brevitas", "finn.custom_op.general")  # older names of that domain
QUANTIZERS = ("BipolarQuant", "Quant", "IntQuant")
IR_VERSION = 8
FEW = 64  # a constant of up to so many elements may be a shape, so shape inference sees its values


class NodeError(Exception):
    """A library cannot execute a node. The message is what it said, in one line."""


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """Return the attributes of a node by name."""
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def made(
    node: onnx.NodeProto, opset: int, moving: Mapping[str, tuple[int, list[int]]], constants: Mapping[str, Array]
) -> list[tuple[int, list[int]]]:
    """Return ONNX type and shape of each output, without executing the node.

    moving: type and shape of the inputs that are no constants. NodeError when the inputs do not fit, or when the shape
    of an output depends on values.
    """
    if node.domain == QONNX:
        kinds = [moving.get(node.input[0], (onnx.TensorProto.FLOAT, []))[0]]
        shapes = [moving[n][1] if n in moving else list(constants[n].shape) for n in node.input if n]
        try:
            several = shapes[:1] if node.op_type == "MultiThreshold" else shapes
            return [(kinds[0], list(np.broadcast_shapes(*(tuple(s) for s in several))))]
        except ValueError as error:
            raise NodeError(one_line(error)) from error
    inputs = [
        helper.make_tensor_value_info(name, *moving[name]) for name in dict.fromkeys(node.input) if name in moving
    ]
    told = []
    for name in dict.fromkeys(name for name in node.input if name and name not in moving):
        value = constants[name]
        if value.size <= FEW:
            told.append(onnx.numpy_helper.from_array(value, name))
        inputs.append(helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape))
    model = _single(node, inputs, opset, told)
    try:
        inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:  # shape inference is C++ and raises exceptions of many kinds
        raise NodeError(one_line(error)) from error
    found = []
    for output in inferred.graph.output[: len([name for name in node.output if name])]:
        kind = output.type.tensor_type
        if not kind.HasField("shape") or any(not d.HasField("dim_value") for d in kind.shape.dim):
            raise NodeError("the shape of its output depends on what it reads")
        found.append((kind.elem_type, [d.dim_value for d in kind.shape.dim]))
    return found


def execute(node: onnx.NodeProto, opsets: Mapping[str, int], context: dict[str, Array], graph: Any) -> list[Array]:
    """Return the outputs of one node. NodeError when it cannot be executed.

    opsets: versions by domain. context: the node's inputs by name, of any batch size. graph: for qonnx' operators.
    """
    try:
        with np.errstate(all="ignore"):
            if node.domain == QONNX:
                operator = getCustomOp(node, onnx_opset_version=opsets.get(QONNX, 1))
                operator.execute_node(context, graph)
                return [np.asarray(context[name]) for name in node.output]
            inputs = [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
                for name, value in context.items()
            ]
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 4
            options.intra_op_num_threads = 1
            model = _single(node, inputs, opset_of(opsets), [])
            providers = ["CPUExecutionProvider"]
            session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=providers)
            return list(session.run(None, context))
    except Exception as error:  # qonnx and onnxruntime raise exceptions of many kinds
        raise NodeError(one_line(error)) from error


def opset_of(opsets: Mapping[str, int]) -> int:
    """Return the version of ONNX' own operators. opsets: versions by domain."""
    return opsets.get("", opsets.get("ai.onnx", 14))


def _single(
    node: onnx.NodeProto, inputs: list[onnx.ValueInfoProto], opset: int, constants: list[onnx.TensorProto]
) -> onnx.ModelProto:
    """Return a model of that node alone."""
    proto = onnx.NodeProto()
    proto.CopyFrom(node)
    outputs = [helper.make_empty_tensor_value_info(name) for name in node.output if name]
    graph = helper.make_graph([proto], "node", inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION)


def one_line(error: Exception) -> str:
    """Return what a library says, in one line of at most 200 characters."""
    text = " ".join(str(error).split()).rsplit("[ShapeInferenceError] ", 1)[-1]
    return text[:200] or type(error).__name__
