"""What a foreign file itself computes, by qonnx, picture by picture: the measure of the import."""

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes

from bnn.importing.graph import Array


def execute(model: ModelWrapper, images: NDArray[np.uint8], unit: bool) -> NDArray[np.float32]:
    """Scores [N, classes] of uint8 pictures [N, C, H, W]. unit: the file takes pixels / 255."""
    target = model.graph.output[0].name
    return trace(model, images, unit, [target])[target]


def trace(model: ModelWrapper, images: NDArray[np.uint8], unit: bool, tensors: Sequence[str]) -> dict[str, Array]:
    """The named tensors of the file [N, ...], for pictures as in `execute`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # qonnx compares shapes that the exporter left open
        inferred = model.transform(InferShapes())
        source = inferred.graph.input[0].name
        shape = [1, *inferred.get_tensor_shape(source)[1:]]
        frames = images.astype(np.float32) / np.float32(255 if unit else 1)
        made: dict[str, list[Array]] = {name: [] for name in tensors}
        for x in frames:
            context = execute_onnx(inferred, {source: x.reshape(shape)}, return_full_exec_context=True)
            for name in tensors:
                made[name].append(context[name])
    return {name: np.concatenate(parts) for name, parts in made.items()}
