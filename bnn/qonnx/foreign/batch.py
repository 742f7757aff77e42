"""Prepare a foreign file for qonnx, which wants the shape of every tensor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper

from bnn.qonnx.foreign.graph import Graph
from bnn.qonnx.foreign.nodes import Array


@dataclass(frozen=True, eq=False)
class Prepared:
    """The file with all shapes filled in."""

    model: ModelWrapper
    source: str  # the tensor of the pictures
    shape: tuple[int, ...]  # of that tensor, batch first
    kind: np.dtype  # of that tensor

    def batches(self, images: NDArray[np.uint8], unit: bool) -> list[Array]:
        """Return pictures [N, C, H, W] as inputs of the file's batch size; the last one repeats a picture as filling.

        unit: the file takes pixels / 255.
        """
        frames = (images.astype(np.float32) / np.float32(255 if unit else 1)).astype(self.kind)
        many = self.shape[0]
        missing = -len(frames) % many
        filled = np.concatenate([frames, np.repeat(frames[-1:], missing, axis=0)])
        return [filled[i : i + many].reshape(self.shape) for i in range(0, len(filled), many)]


def prepare(model: ModelWrapper) -> Prepared:
    """Return the model with the shapes that `Graph` finds. UserError as there."""
    graph = Graph(model, "the file")
    proto, tensors = graph.model.graph, graph.tensors()
    outputs, inputs = [tensor.name for tensor in proto.output], {tensor.name: tensor for tensor in proto.input}
    infos = {name: helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in tensors.items() if name}
    for name in inputs:  # some exporters list weights as inputs
        inputs[name].CopyFrom(infos[name])
    del proto.value_info[:], proto.output[:]
    proto.value_info.extend(info for name, info in infos.items() if name not in {*inputs, *outputs})
    proto.output.extend(infos[name] for name in outputs if name in infos)
    kind, shape = tensors[graph.input]
    return Prepared(graph.model, graph.input, tuple(shape), np.dtype(helper.tensor_dtype_to_np_dtype(kind)))
