"""Verify the software on pictures: frozen torch, integer reference and QONNX execution give the same scores."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from torch import nn

from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.qonnx.file import load_model

BATCH = 64  # frames at a time


@dataclass(frozen=True, eq=False)
class Links:
    """How many frames were compared, and on how many of them a link of the chain gave another score or class."""

    frames: int
    torch_mismatches: int
    qonnx_mismatches: int
    scores: Ints  # [N, classes], of the reference
    classes: Ints  # [N]


def check_links(network: IntegerNetwork, frozen: nn.Module, model: Path, images: NDArray[np.uint8]) -> Links:
    """Compare every score and class of uint8 pictures [N, C, H, W] along the three forms of the frozen network."""
    scores = network.run(images)
    classes = network.classify(scores)
    with torch.no_grad():
        batches = [frozen(torch.from_numpy(images[i : i + BATCH])).numpy() for i in range(0, len(images), BATCH)]
    qonnx_scores, qonnx_classes = execute(load_model(model), images)
    return Links(
        frames=len(images),
        torch_mismatches=int((np.concatenate(batches) != scores).any(axis=1).sum()),
        qonnx_mismatches=int(((qonnx_scores != scores).any(axis=1) | (qonnx_classes != classes)).sum()),
        scores=scores,
        classes=classes,
    )


def execute(model: ModelWrapper, images: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Return scores [N, classes] and classes [N] of uint8 pictures [N, C, H, W] by QONNX execution, in batches."""
    scores, classes = [], []
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH].astype(np.float32)
        outputs = execute_onnx(_with_batch(model, len(batch)), {model.graph.input[0].name: batch})
        scores.append(outputs[model.graph.output[0].name])
        classes.append(outputs[model.graph.output[1].name])
    both = np.concatenate(scores), np.concatenate(classes).reshape(-1)
    rounded = np.rint(both[0])
    if not np.array_equal(rounded, both[0]):
        raise ArithmeticError("QONNX execution gave scores that are not integers")
    return rounded.astype(np.int64), both[1].astype(np.int64)


def _with_batch(model: ModelWrapper, frames: int) -> ModelWrapper:
    batched = ModelWrapper(model.model, make_deepcopy=True)
    graph = batched.graph
    constants = {tensor.name for tensor in graph.initializer}
    for info in [*graph.input, *graph.output, *graph.value_info]:
        if info.name in constants:
            continue
        shape = [d.dim_value for d in info.type.tensor_type.shape.dim]
        kind = info.type.tensor_type.elem_type or TensorProto.FLOAT
        info.CopyFrom(helper.make_tensor_value_info(info.name, kind, [frames, *shape[1:]]))
    return batched
