"""Which places of a picture speak for the class that it is called: cover one after the other, and look at the scores.

The scores are those of the frozen network, so the map is exact: it says what the circuit would say.
"""

import numpy as np
from numpy.typing import NDArray

from bnn.integer.reference import Ints
from neuraljet.reporting.judged import Judge

PLACES = 15  # per side


def margins(scores: Ints, called: int) -> Ints:
    """Return by how much the score of class `called` is above the best other one, [N] of [N, classes]."""
    found: Ints = scores[:, called] - np.delete(scores, called, axis=1).max(axis=1)
    return found


def heat_map(judge: Judge, picture: NDArray[np.uint8], called: int) -> NDArray[np.float64]:
    """Return by how much the margin of class `called` falls when a place is covered, [H, W] of a picture [H, W, C].

    A square, an eighth of the shorter side wide, is filled with the mean colour of the picture and moved by half its
    side. A pixel gets the mean over the squares that cover it. Above zero a place speaks for `called`, below it against
    it.
    """
    height, width, _ = picture.shape
    side = max(2, min(height, width) // 8)
    tops, lefts = _places(height, side), _places(width, side)
    fill = np.rint(picture.astype(np.float64).mean(axis=(0, 1))).astype(np.uint8)
    covered = np.repeat(picture[None], len(tops) * len(lefts), axis=0)
    squares = [(top, left) for top in tops for left in lefts]
    for index, (top, left) in enumerate(squares):
        covered[index, top : top + side, left : left + side] = fill
    whole = margins(judge.scores(picture[None]), called)[0]
    falls = whole - margins(judge.scores(covered), called)
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for fall, (top, left) in zip(falls.tolist(), squares, strict=True):
        total[top : top + side, left : left + side] += fall
        times[top : top + side, left : left + side] += 1
    return total / times


def _places(size: int, side: int) -> list[int]:
    """Return where squares begin along a side of the picture: at least one covers every pixel."""
    steps = min(PLACES, size - side + 1, -(-(size - side) // max(1, side // 2)) + 1)
    steps = max(steps, -(-(size - side) // side) + 1)
    return sorted({round(i * (size - side) / max(1, steps - 1)) for i in range(steps)})
