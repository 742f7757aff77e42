"""From the last sums to integer scores that compare as the file's float scores do, ties included.

    score_i = multiplier_i * k_i + bias_i

All scores that a class can have are executed and put in order with those of all others; multipliers and biases are
the smallest ones, by powers of two, that put them in the same order. So the arg-max is the same for every picture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnn.integer.reference import Ints
from bnn.qonnx.foreign.nodes import Array

FINEST = 24  # bits that a multiplier may take


@dataclass(frozen=True, eq=False)
class Scores:
    """multiplier [O], not 0, and bias [O]; the file's score of class i at the exact sum k[j] is floats[j, i].

    However float32 rounds the sum, the score is between least[j, i] and most[j, i].
    """

    multiplier: Ints
    bias: Ints
    k: Ints
    floats: Array
    least: Array
    most: Array

    def of_integers(self, scores: Ints) -> Array:
        """The file's float32 scores [N, O] by the integer ones [N, O], from exact sums."""
        return self.floats[self._place(scores), np.arange(self.floats.shape[1])]

    def interval(self, scores: Ints) -> tuple[Array, Array]:
        """The least and the largest float32 score [N, O] that the file may give for the integer ones [N, O]."""
        place, classes = self._place(scores), np.arange(self.floats.shape[1])
        return self.least[place, classes], self.most[place, classes]

    def are_sums(self, scores: Ints) -> NDArray[np.bool_]:
        """[N, O]: does the integer score belong to a sum at all?"""
        return self.multiplier * self.k[self._place(scores)] + self.bias == scores

    def indistinct(self) -> int:
        """Classes in which float32 may round the scores of two neighbouring sums past each other."""
        rises = self.floats[-1] >= self.floats[0]
        over = np.where(rises, self.most[:-1] >= self.least[1:], self.most[1:] >= self.least[:-1])
        return int(over.any(axis=0).sum())

    def _place(self, scores: Ints) -> Ints:
        sums = (scores - self.bias) // self.multiplier  # [N, O]
        place = (sums - self.k[0]) // (self.k[1] - self.k[0]) if len(self.k) > 1 else np.zeros_like(sums)
        return np.clip(place, 0, len(self.k) - 1)


def solve(k: Ints, floats: Array, bounds: tuple[Array, Array] | None = None) -> Scores | None:
    """Integers for floats [L, O] at the sums k [L], which rise; None when a score stands still or none are found.

    bounds: the scores [L, O] at the sums less and plus the rounding of float32; None when nothing is rounded.
    """
    ends = (floats, floats) if bounds is None else bounds
    least, most = np.minimum.reduce([floats, *ends]), np.maximum.reduce([floats, *ends])
    rises = np.where(floats[-1] >= floats[0], 1, -1)
    if len(k) > 1 and not ((np.diff(floats, axis=0) * rises) > 0).all():
        return None
    exact = floats.astype(np.float64)
    slope = (exact[-1] - exact[0]) / (k[-1] - k[0]) if len(k) > 1 else np.ones(floats.shape[1])
    largest = float(np.abs(slope).max())
    # a first guess, from floats; what counts is the order of all scores, which is compared exactly below
    if np.allclose(np.abs(slope), largest, rtol=1e-5, atol=0):
        slope = rises * largest
    start = np.median(exact - slope * k[:, None], axis=0)
    start = start - np.median(start)  # what all scores have in common changes nothing
    order = _order(floats)
    for bits in range(FINEST + 1):
        multiplier = np.rint(slope / largest * 2.0**bits).astype(np.int64)
        bias = np.rint(start / largest * 2.0**bits).astype(np.float32).astype(np.int64)  # as model.onnx keeps it
        if multiplier.all() and np.array_equal(_order(multiplier * k[:, None] + bias), order):
            return Scores(multiplier, bias, k, floats, least, most)
    return None


def _order(scores: Array | Ints) -> Ints:
    """The scores [L, O] from the least to the one that wins over all others; of equal ones the lower class wins."""
    classes = np.broadcast_to(np.arange(scores.shape[1]), scores.shape)
    return np.lexsort((-classes.ravel(), scores.ravel()))
