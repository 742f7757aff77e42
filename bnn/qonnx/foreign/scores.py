"""From the last sums to integer scores that compare as the file's float scores do, ties included.

    score_i = multiplier_i * k_i + bias_i

Every score that any class can have is computed, and all of them are put in order. Multipliers and biases are the
smallest ones, by powers of two, that give the same order. So the arg-max is the same for every picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnn.integer.reference import Ints
from bnn.qonnx.foreign.nodes import Array

FINEST = 24  # largest number of bits of a multiplier


@dataclass(frozen=True, eq=False)
class Scores:
    """The integer scores multiplier * k + bias, and the file's float32 scores at the same sums k."""

    multiplier: Ints  # [O], not 0
    bias: Ints  # [O]
    k: Ints  # [L], rising
    floats: Array  # [L, O], at exact sums
    least: Array  # [L, O]: however float32 rounds the sum, the score is at least this
    most: Array  # [L, O], and at most this

    def of_integers(self, scores: Ints) -> Array:
        """Return the file's float32 scores [N, O] at exact sums, from the integer ones [N, O]."""
        return self.floats[self._place(scores), np.arange(self.floats.shape[1])]

    def interval(self, scores: Ints) -> tuple[Array, Array]:
        """Return the least and the largest float32 scores [N, O] that the file may give for the integer ones [N, O]."""
        place, classes = self._place(scores), np.arange(self.floats.shape[1])
        return self.least[place, classes], self.most[place, classes]

    def are_sums(self, scores: Ints) -> NDArray[np.bool_]:
        """Return [N, O]: whether an integer score belongs to one of the sums k."""
        return self.multiplier * self.k[self._place(scores)] + self.bias == scores

    def indistinct(self) -> int:
        """Return the number of classes in which float32 may round the scores of neighbouring sums past each other."""
        rises = self.floats[-1] >= self.floats[0]
        over = np.where(rises, self.most[:-1] >= self.least[1:], self.most[1:] >= self.least[:-1])
        return int(over.any(axis=0).sum())

    def _place(self, scores: Ints) -> Ints:
        """Return [N, O]: where in k the sums of the integer scores stand, or would stand."""
        sums = (scores - self.bias) // self.multiplier  # [N, O]
        place = (sums - self.k[0]) // (self.k[1] - self.k[0]) if len(self.k) > 1 else np.zeros_like(sums)
        return np.clip(place, 0, len(self.k) - 1)


def solve(k: Ints, floats: Array, bounds: tuple[Array, Array] | None = None) -> Scores | None:
    """Return the integer scores for the file's scores floats [L, O] at the sums k [L], which rise.

    bounds: the scores [L, O] at the sums minus and plus the rounding of float32; None when nothing is rounded. Returns
    None when a score neither rises nor falls everywhere, or when no multipliers of 24 bits give the order.
    """
    ends = (floats, floats) if bounds is None else bounds
    least, most = np.minimum.reduce([floats, *ends]), np.maximum.reduce([floats, *ends])
    rises = np.where(floats[-1] >= floats[0], 1, -1)
    if len(k) > 1 and not ((np.diff(floats, axis=0) * rises) > 0).all():
        return None
    exact = floats.astype(np.float64)
    slope = (exact[-1] - exact[0]) / (k[-1] - k[0]) if len(k) > 1 else np.ones(floats.shape[1])
    largest = float(np.abs(slope).max())
    # floats give a first guess only: the order of all scores is compared exactly below
    if np.allclose(np.abs(slope), largest, rtol=1e-5, atol=0):
        slope = rises * largest
    start = np.median(exact - slope * k[:, None], axis=0)
    start = start - np.median(start)  # an offset that all scores share changes no order
    order = _order(floats)
    for bits in range(FINEST + 1):
        multiplier = np.rint(slope / largest * 2.0**bits).astype(np.int64)
        bias = np.rint(start / largest * 2.0**bits).astype(np.float32).astype(np.int64)  # as model.onnx keeps it
        if multiplier.all() and np.array_equal(_order(multiplier * k[:, None] + bias), order):
            return Scores(multiplier, bias, k, floats, least, most)
    return None


def _order(scores: Array | Ints) -> Ints:
    """Return the indices that sort the scores [L, O] from the weakest to the strongest.

    Of equal scores that of the lower class is stronger.
    """
    classes = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    return np.lexsort((-classes.ravel(), scores.ravel()))
