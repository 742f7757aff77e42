"""What a file was imported as, and how the network and the file belong together."""

from dataclasses import dataclass

import numpy as np

from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.qonnx.foreign.decisions import Decisions
from bnn.qonnx.foreign.nodes import Array
from bnn.qonnx.foreign.scores import Scores


@dataclass(frozen=True, eq=False)
class Imported:
    """The integer network, and how it and the file belong together."""

    network: IntegerNetwork  # whose nodes have the names of the file's
    unit: bool  # the file takes pixels / 255
    scores: Scores
    notes: tuple[str, ...]  # where float32 sums of the file depend on the order in which they are added
    decided: tuple["Decided", ...]  # in the order of the layers
    scores_tensor: str  # of the file
    class_tensor: str | None  # the output of its ArgMax, if it ends in one

    def float_scores(self, scores: Ints) -> Array:
        """The scores [N, classes] that the file gives, by the network's own."""
        return self.scores.of_integers(scores)

    def of_file(self, scores: Array) -> Array:
        """Scores [N, classes] of what the file puts out as such, [N, classes, ...]: of one score s, -s and s."""
        rows = scores.reshape(len(scores), -1)
        return np.hstack([-rows, rows]) if rows.shape[1] == 1 else rows


@dataclass(frozen=True, eq=False)
class Decided:
    """A tensor of signs or levels in the file and the layers of the network that make it."""

    tensor: str  # of the file
    sums: str  # the network's tensor that its Threshold reads
    bits: str  # what that makes
    last: str  # what the last pool behind it makes that belongs to it, or the Threshold
    found: Decisions
