"""The two mistakes of an inspection, over what is added to the score of the good class.

An escape is a bad part that is called good, a false reject a good part that is not. A larger offset of the good class'
score lets more bad parts escape and rejects fewer good ones. All other classes are bad.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnn.integer.decision import OperatingPoint
from bnn.integer.reference import Ints

CONFIDENCE = 0.95


class Share(NamedTuple):
    """How many of how many."""

    number: int
    of: int

    @property
    def rate(self) -> float:
        """The share, 0 to 1; 0 of none."""
        return self.number / self.of if self.of else 0.0

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Return the interval of Clopper and Pearson for the true share; 0 to 1 of none.

        It holds the true share with at least `confidence`, of pictures drawn by chance, however few they are.

        >>> low, high = Share(0, 60).interval()
        >>> low, round(high, 3)
        (0.0, 0.06)
        """
        from scipy.stats import beta

        tail = (1 - confidence) / 2
        low = 0.0 if self.number == 0 else float(beta.ppf(tail, self.number, self.of - self.number + 1))
        high = 1.0 if self.number >= self.of else float(beta.ppf(1 - tail, self.number + 1, self.of - self.number))
        return low, high


def least_shown(pictures: int, confidence: float = CONFIDENCE) -> float:
    """Return the smallest share that so many pictures can show at all: the upper bound when none of them is wrong.

    One-sided and exact; close to 3 / pictures at 95 %, the rule of three.

    >>> round(least_shown(60), 3), least_shown(0)
    (0.049, 1.0)
    """
    return 1 - (1 - confidence) ** (1 / pictures) if pictures else 1.0


@dataclass(frozen=True)
class Mistakes:
    """Both rates of decisions on labelled pictures."""

    escapes: Share  # of the bad parts
    false_rejects: Share  # of the good parts


@dataclass(frozen=True, eq=False)
class Curve:
    """Both mistakes at every offset of the good class that makes a difference.

    At an offset t the entry of the last offsets[k] <= t holds. The first entry rejects every picture.
    """

    good: int  # the class
    classes: int
    offsets: Ints  # [K], ascending
    escapes: Ints  # [K], bad parts called good
    false_rejects: Ints  # [K], good parts called bad
    bad_parts: int
    good_parts: int

    def point(self, offset: int, least_margin: int = 0) -> OperatingPoint:
        """Return the operating point with this offset of the good class."""
        return good_offset(self.good, self.classes, offset, least_margin)

    def at(self, offset: int) -> Mistakes:
        """Return the mistakes at an offset of the good class."""
        k = max(0, int(np.searchsorted(self.offsets, offset, side="right")) - 1)
        return Mistakes(Share(int(self.escapes[k]), self.bad_parts), Share(int(self.false_rejects[k]), self.good_parts))


def good_offset(good: int, classes: int, offset: int, least_margin: int = 0) -> OperatingPoint:
    """Return the operating point that adds `offset` to the score of the good class."""
    return OperatingPoint(tuple(offset if i == good else 0 for i in range(classes)), least_margin)


def least_offsets(scores: Ints, good: int) -> Ints:
    """Return the smallest offset [N] of the good class with which each picture is called good.

    scores: [N, classes], of at least two classes. At a tie the class with the lower index wins, so a bad class in
    front of the good one must be passed by 1.

    >>> least_offsets(np.array([[5, 3], [2, 3]]), 0).tolist(), least_offsets(np.array([[5, 3], [2, 3]]), 1).tolist()
    ([-2, 1], [3, 0])
    """
    scores = np.asarray(scores, np.int64)
    ahead = scores - scores[:, good : good + 1] + (np.arange(scores.shape[1]) < good)
    return np.delete(ahead, good, axis=1).max(axis=1)


def mistakes(labels: Ints, classes: Ints, good: int) -> Mistakes:
    """Return the mistakes of decisions: labels and classes [N]."""
    is_good, called = np.asarray(labels) == good, np.asarray(classes) == good
    return Mistakes(
        Share(int((~is_good & called).sum()), int((~is_good).sum())),
        Share(int((is_good & ~called).sum()), int(is_good.sum())),
    )


def curve(scores: Ints, labels: Ints, good: int) -> Curve:
    """Return both mistakes over the offset of the good class: scores [N, classes], N > 0, and labels [N]."""
    least = least_offsets(scores, good)
    is_good: NDArray[np.bool_] = np.asarray(labels) == good
    found = np.unique(least)
    offsets = np.concatenate([found[:1] - 1, found])
    bad, fine = np.sort(least[~is_good]), np.sort(least[is_good])
    return Curve(
        good=good,
        classes=scores.shape[1],
        offsets=offsets,
        escapes=np.searchsorted(bad, offsets, side="right"),
        false_rejects=len(fine) - np.searchsorted(fine, offsets, side="right"),
        bad_parts=len(bad),
        good_parts=len(fine),
    )


def choose(found: Curve, max_escape: float | None, max_false_reject: float | None) -> int | None:
    """Return the offset of the good class that keeps to both limits (0 to 1), None when none does.

    With a limit on one mistake, the other becomes as rare as it can; with both, escapes do. Offsets that make the same
    mistakes are alike to the pictures at hand: the middle one is taken, which is furthest from the pictures on either
    side.
    """
    escapes, rejects = found.escapes, found.false_rejects
    fits = np.full(len(found.offsets), True)
    if max_escape is not None:
        fits &= escapes <= max_escape * found.bad_parts + 1e-9
    if max_false_reject is not None:
        fits &= rejects <= max_false_reject * found.good_parts + 1e-9
    if not fits.any():
        return None
    places = np.flatnonzero(fits)
    best = places[0] if max_false_reject is not None else places[-1]
    alike = np.flatnonzero((escapes == escapes[best]) & (rejects == rejects[best]))
    if alike[-1] + 1 == len(found.offsets):
        return int(found.offsets[alike[0]])  # nothing is above: one more picture accepted is no better
    low, high = int(found.offsets[alike[0]]), int(found.offsets[alike[-1] + 1]) - 1
    return low + (high - low) // 2
