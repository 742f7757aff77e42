"""Verify the software on pictures: frozen torch, integer reference and QONNX file give the same scores.

The file is executed by qonnx, and read as `build` and `verify` read it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.qonnx.execute import BATCH, execute
from bnn.qonnx.file import load_model
from bnn.qonnx.read import read_qonnx


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
    differs = (qonnx_scores != scores).any(axis=1) | (qonnx_classes != classes)
    differs |= (read_qonnx(model).run(images) != scores).any(axis=1)
    return Links(
        frames=len(images),
        torch_mismatches=int((np.concatenate(batches) != scores).any(axis=1).sum()),
        qonnx_mismatches=int(differs.sum()),
        scores=scores,
        classes=classes,
    )
