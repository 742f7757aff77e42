"""Execute a foreign file with qonnx. The import is compared with what this gives."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qonnx.core.modelwrapper import ModelWrapper

from bnn.errors import UserError
from bnn.qonnx.execute import quietly, run_model
from bnn.qonnx.foreign.batch import prepare
from bnn.qonnx.foreign.nodes import Array, one_line


def execute(model: ModelWrapper, images: NDArray[np.uint8], unit: bool) -> NDArray[np.float32]:
    """Return the scores [N, classes] of uint8 pictures [N, C, H, W]. unit: the file takes pixels / 255.

    UserError when qonnx cannot execute the file.
    """
    target = model.graph.output[0].name
    return trace(model, images, unit, [target])[target].reshape(len(images), -1)


def trace(model: ModelWrapper, images: NDArray[np.uint8], unit: bool, tensors: Sequence[str]) -> dict[str, Array]:
    """Return the named tensors of the file [N, ...] for pictures as in `execute`. UserError as there."""
    made: dict[str, list[Array]] = {name: [] for name in tensors}
    with quietly():
        file = prepare(model)
    for x in file.batches(images, unit):
        try:
            context = run_model(file.model, {file.source: x})
        except Exception as error:  # qonnx and onnxruntime raise exceptions of many kinds
            raise UserError(f"the imported file cannot be executed by qonnx ({one_line(error)})") from error
        for name in tensors:
            made[name].append(_by_picture(context[name], len(x)))
    return {name: np.concatenate(parts)[: len(images)] for name, parts in made.items()}


def _by_picture(tensor: Array, batch: int) -> Array:
    """Return a tensor as [batch, ...], also one from which the file squeezed a batch of one."""
    return tensor if len(tensor.shape) > 1 and len(tensor) == batch else tensor.reshape(batch, -1)
