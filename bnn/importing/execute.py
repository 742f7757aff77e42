"""What a foreign file itself computes, by qonnx, picture by picture: the measure of the import."""

import warnings

import numpy as np
from numpy.typing import NDArray
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.infer_shapes import InferShapes


def execute(model: ModelWrapper, images: NDArray[np.uint8], unit: bool) -> NDArray[np.float32]:
    """Scores [N, classes] of uint8 pictures [N, C, H, W]. unit: the file takes pixels / 255."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # qonnx compares shapes that the exporter left open
        inferred = model.transform(InferShapes())
        source, target = inferred.graph.input[0].name, inferred.graph.output[0].name
        shape = [1, *inferred.get_tensor_shape(source)[1:]]
        frames = images.astype(np.float32) / np.float32(255 if unit else 1)
        return np.concatenate([execute_onnx(inferred, {source: x.reshape(shape)})[target] for x in frames])
