"""Escapes against false rejects: the points along which the page's slider moves, on the test pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bnn.integer import rates
from bnn.integer.rates import Share
from bnn.integer.reference import Ints
from finn_build.operating import PointFile

MOST_POINTS = 200
GOOD_NAMES = ("good", "ok", "okay", "pass", "passed", "normal", "gut", "bon", "intact", "whole")


@dataclass(frozen=True)
class Point:
    """What comes of adding `offset` to the score of the good class."""

    offset: int
    escapes: Share  # of the bad parts
    rejects: Share  # of the good parts


@dataclass(frozen=True)
class Curve:
    """Points from the smallest offset on; at the first of them every part is refused, at the last none is."""

    good: str
    points: tuple[Point, ...]
    trained: int  # index of the point of the network as it was trained, whose offset is 0
    chosen: int  # index of the operating point; that of the network as it was trained when none was chosen
    thinned: bool  # there are more points than are shown


def good_class(classes: Sequence[str], asked: str | None) -> int:
    """Return the index of the good class: the one asked for, else one named like it, else the first.

    ValueError when there is no class of the name asked for.
    """
    if asked is not None:
        return list(classes).index(asked)
    lower = [name.casefold() for name in classes]
    return next((lower.index(name) for name in GOOD_NAMES if name in lower), 0)


def curve_of(
    scores: Ints, labels: Ints, classes: Sequence[str], good: int, chosen: PointFile | None = None
) -> Curve | None:
    """Return the curve of scores [N, classes]; None when the test pictures lack good ones or bad ones.

    chosen: the operating point of the run, when there is one for this good class.
    """
    found = rates.curve(scores, labels, good)
    if not found.good_parts or not found.bad_parts:
        return None
    offset = good_offset(chosen, good) if chosen is not None else 0
    offsets = np.unique([*found.offsets.tolist(), 0, offset])
    kept = _thinned(offsets, {0, offset})
    points = tuple(Point(at, found.at(at).escapes, found.at(at).false_rejects) for at in kept)
    return Curve(classes[good], points, kept.index(0), kept.index(offset), len(kept) < len(offsets))


def good_offset(chosen: PointFile, good: int) -> int:
    """Return the offset of the good class relative to that of the others; 0 when these differ among themselves."""
    others = {offset for index, offset in enumerate(chosen.offsets) if index != good}
    return chosen.offsets[good] - others.pop() if len(others) == 1 else 0


def _thinned(offsets: Ints, wanted: set[int]) -> list[int]:
    """Return at most MOST_POINTS of the offsets, evenly spread, with both ends, and the wanted ones."""
    if len(offsets) <= MOST_POINTS:
        return offsets.tolist()
    spread = np.linspace(0, len(offsets) - 1, MOST_POINTS).round().astype(int)
    return sorted({*offsets[spread].tolist(), *wanted})
