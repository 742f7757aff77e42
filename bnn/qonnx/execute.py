"""Execute an ONNX file with qonnx, whoever wrote it."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx

from bnn.integer.reference import Ints

BATCH = 64  # frames executed at once


@contextmanager
def quietly() -> Iterator[None]:
    """Suppress the warnings of onnxruntime and Python inside the block; errors are still raised."""
    onnxruntime.set_default_logger_severity(4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def run_model(model: ModelWrapper, inputs: Mapping[str, NDArray]) -> dict[str, NDArray]:
    """Return every tensor of the model by name. qonnx and onnxruntime raise exceptions of their own kinds.

    inputs: the input tensors by name.
    """
    with quietly():
        found: dict[str, NDArray] = execute_onnx(model, dict(inputs), return_full_exec_context=True)
    return found


def execute(model: ModelWrapper, images: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Return scores [N, classes] and classes [N] of uint8 pictures [N, C, H, W]. Of a map rows and columns follow.

    model: a file that `write_qonnx` wrote. ArithmeticError when a score is no integer.
    """
    scores, classes = [], []
    source, (score, answer) = model.graph.input[0].name, (output.name for output in model.graph.output)
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH].astype(np.float32)
        tensors = run_model(_with_batch(model, len(batch)), {source: batch})
        scores.append(tensors[score])
        classes.append(tensors[answer])
    exact, labels = np.concatenate(scores), np.concatenate(classes)
    rounded = np.rint(exact)
    if not np.array_equal(rounded, exact):
        raise ArithmeticError("QONNX execution gave scores that are not integers")
    return rounded.astype(np.int64), labels.astype(np.int64)


def _with_batch(model: ModelWrapper, frames: int) -> ModelWrapper:
    """Return a copy of the model, which takes one frame, that takes `frames` at once."""
    batched = ModelWrapper(model.model, make_deepcopy=True)
    graph = batched.graph
    constants = {tensor.name for tensor in graph.initializer}
    axes = _frame_axes(graph.node)
    for info in [*graph.input, *graph.output, *graph.value_info]:
        if info.name in constants:
            continue
        shape = [d.dim_value for d in info.type.tensor_type.shape.dim]
        kind = info.type.tensor_type.elem_type or TensorProto.FLOAT
        shape[axes.get(info.name, 0)] = frames
        info.CopyFrom(helper.make_tensor_value_info(info.name, kind, shape))
    return batched


def _frame_axes(nodes: Iterable[NodeProto]) -> dict[str, int]:
    """Return the axis of the frames in tensors where they do not come first, as in front of an RNN and behind it.

    nodes: of a file that `write_qonnx` wrote, in topological order.
    """
    axes: dict[str, int] = {}
    for node in nodes:
        axis, operator = axes.get(node.input[0], 0), node.op_type
        if operator == "Transpose":
            axis = list(helper.get_attribute_value(node.attribute[0])).index(axis)
        elif operator == "RNN":
            axis = 2  # [rows, directions, frames, states]
        elif operator == "Squeeze":
            axis -= 2  # it takes the first two away
        if axis > 0:
            axes[node.output[0]] = axis
    return axes
