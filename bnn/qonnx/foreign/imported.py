"""The result of an import: the network, and which of its tensors stand for which of the file."""

from dataclasses import dataclass

import numpy as np

from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.qonnx.foreign.decisions import Decisions
from bnn.qonnx.foreign.nodes import Array
from bnn.qonnx.foreign.scores import Scores


@dataclass(frozen=True, eq=False)
class Imported:
    """The integer network of a file, and how its tensors relate to those of the file."""

    network: IntegerNetwork  # messages call its nodes as the file does
    unit: bool  # the file takes pixels / 255
    scores: Scores
    notes: tuple[str, ...]  # for the user: what is left out, and where the order of float32 additions may decide
    decided: tuple["Decided", ...]  # in the order of the layers
    scores_tensor: str  # of the file
    class_tensor: str | None  # the output of the file's ArgMax, if it ends in one

    def float_scores(self, scores: Ints) -> Array:
        """Return the float32 scores that the file gives, from the network's scores. Both are [N, classes]."""
        return self.scores.of_integers(scores)

    def of_file(self, scores: Array) -> Array:
        """Return the scores [N, classes] of the file's output [N, classes, ...]. One score s becomes -s and s."""
        rows = scores.reshape(len(scores), -1)
        return np.hstack([-rows, rows]) if rows.shape[1] == 1 else rows


@dataclass(frozen=True, eq=False)
class Decided:
    """A tensor of signs or levels in the file, and the tensors of the network that belong to it."""

    tensor: str  # of the file
    sums: str  # what the network's Threshold reads
    bits: str  # what the Threshold makes
    last: str  # what stands for the file's tensor: the output of the last pool behind the Threshold, or `bits`
    found: Decisions
