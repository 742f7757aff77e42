"""Read anyone's ONNX file without trusting it: it must be whole, self-contained and a plain graph of operators.

Later readers rely on that. Every tensor has as many values as its shape says. Every name is made once, before it is
read. Operators of ONNX have the attributes that they need. No node holds a graph or calls a function.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.modelwrapper import ModelWrapper

from bnn.errors import UserError

DOMAINS = ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")  # of Quant; the last two are older
MOST_VALUES_PER_BYTE = 8  # a file of so many bytes cannot hold more values of a tensor
COUNTS = ("strides", "kernel_shape", "dilations", "group", "num_outputs", "blocksize")  # ONNX divides by them
MOST = 1 << 31  # a count must be below
AGAIN = "export it again"


def load_model(path: Path) -> ModelWrapper:
    """Read an ONNX file that holds all its weights.

    UserError when it is missing, is no ONNX file, is damaged, refers to data in other files, or holds loops,
    conditions or calls of functions.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path} is not a file; give a QONNX model or the folder that `neuraljet train` wrote")
    data = path.read_bytes()
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(data)
        found = list(_messages(proto, "the file"))  # decodes every text, so that damaged text is found here
    except Exception as error:  # protobuf raises exceptions of many kinds on damaged bytes
        raise UserError(f"{path} is not a readable ONNX file ({_first_line(error)}); {AGAIN}") from error
    if not proto.graph.node:
        raise UserError(f"{path} is not a readable ONNX file (it has no nodes); {AGAIN}")
    functions = {(function.domain, function.name) for function in proto.functions}
    for owner, message in found:
        if isinstance(message, TensorProto):
            _check_tensor(path, owner, message, MOST_VALUES_PER_BYTE * len(data))
        elif isinstance(message, onnx.SparseTensorProto):
            raise UserError(f"{path}: {owner} holds a sparse tensor; save the model with dense weights")
        elif isinstance(message, onnx.GraphProto) and message is not proto.graph:
            raise UserError(
                f"{path}: {owner} holds a graph of its own (loops, conditions, training); accepted: one graph of layers"
            )
        elif isinstance(message, onnx.AttributeProto) and message.name in COUNTS:
            numbers = [*message.ints, *([message.i] if message.HasField("i") else [])]
            if any(not 0 < number < MOST for number in numbers):
                raise UserError(f"{path}: {owner} has {message.name} {numbers}; accepted: numbers above 0")
        elif isinstance(message, onnx.NodeProto) and (message.domain, message.op_type) in functions:
            raise UserError(
                f"{path}: {owner} calls a function of the file; accepted: operators of ONNX and QONNX: inline the "
                "functions (onnx.inliner.inline_local_functions) or export it with dynamo=False"
            )
    proto.ClearField("functions")  # no node calls them
    _check_graph(path, proto)
    return ModelWrapper(proto)


def name_of(node: onnx.NodeProto) -> str:
    """Return what messages call a node."""
    return f"node {node.name or '/'.join(node.output)} ({node.op_type})"


def _messages(message: Any, owner: str) -> Iterator[tuple[str, Any]]:
    """Yield a message and all messages in it, each with its owner in words: a node, a function or `owner`."""
    if isinstance(message, onnx.NodeProto):
        owner = name_of(message)
    elif isinstance(message, (onnx.FunctionProto, onnx.GraphProto)) and owner == "the file":
        owner = "its graph" if isinstance(message, onnx.GraphProto) else f"function {message.name}"
    yield owner, message
    for field, value in message.ListFields():
        several = value if field.label == field.LABEL_REPEATED else [value]
        if field.message_type is not None:
            for each in several:
                yield from _messages(each, owner)
        elif field.type == field.TYPE_STRING:
            for each in several:  # protobuf leaves text that it cannot decode as bytes; `decode` raises
                if not isinstance(each, str):
                    each.decode()


def _check_tensor(path: Path, owner: str, tensor: TensorProto, most: int) -> None:
    """Raise UserError unless the file holds the values of a constant: numbers, and as many as its shape says."""
    what = f"{path}: weight '{tensor.name}' of {owner}"
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise UserError(f"{what} lies in another file; save the model with all data inside")
    size = 1
    for length in tensor.dims:
        size *= length
    if min(tensor.dims, default=1) < 0 or size > most:
        raise UserError(f"{what} has the shape {list(tensor.dims)}, for which the file is too short; {AGAIN}")
    try:
        value = numpy_helper.to_array(tensor)
    except Exception as error:  # of many kinds, for unknown types and for too few or too many values
        raise UserError(f"{what} is damaged ({_first_line(error)}); {AGAIN}") from error
    if value.dtype == np.object_:
        raise UserError(f"{what} holds text; accepted: numbers")


def _check_graph(path: Path, proto: onnx.ModelProto) -> None:
    """Raise UserError unless every node has the inputs and attributes that ONNX asks for."""
    checked = onnx.ModelProto()
    checked.CopyFrom(proto)
    for tensor in checked.graph.output:  # some exporters leave out the shape of an output; it is inferred later
        tensor.type.tensor_type.shape.SetInParent()
    known = {entry.domain for entry in checked.opset_import}
    used = {node.domain for node in checked.graph.node}
    checked.opset_import.extend(helper.make_opsetid(name, 1) for name in DOMAINS if name in used - known)
    try:
        onnx.checker.check_model(checked)
    except Exception as error:  # the checker is C++ and raises exceptions of many kinds
        raise UserError(f"{path} is not a valid ONNX file ({_first_line(error)}); {AGAIN}") from error


def _first_line(error: Any) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).strip()
