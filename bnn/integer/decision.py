"""The decision: scores with an offset per class, the class of the largest, and whether its lead is large enough.

    value[i] = score[i] + offset[i]              class  = index of the largest value, the lowest at a tie
    margin   = largest value - second largest    unsure = margin < least margin

This is the golden model of nj_argmax (hw/rtl). An offset trades one kind of mistake for the other, with the network as
it is. Only differences between offsets count, so hardware holds them relative to that of class 0.

A network with one score has no second one: its class is 0, its margin 0, and it is never unsure. Imported networks with
one score have two here (bnn.qonnx.foreign.ends).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError
from bnn.integer.reference import Ints, argmax

FILE = "operating_point.json"  # in a run or an accelerator folder (finn_build.operating)
MOST_BITS = 32  # of an offset or a least margin: a register


@dataclass(frozen=True)
class OperatingPoint:
    """What is added to each score, and the margin below which a decision is unsure.

    >>> OperatingPoint((3, 1), 2).relative()
    OperatingPoint(offsets=(0, -2), least_margin=2)
    """

    offsets: tuple[int, ...]  # one per class
    least_margin: int = 0  # 0: never unsure

    @classmethod
    def neutral(cls, classes: int) -> "OperatingPoint":
        """Return the one that leaves the network's decisions as they are."""
        return cls((0,) * classes)

    def relative(self) -> "OperatingPoint":
        """Return the same point with offset 0 for class 0, as hardware holds it. It decides alike."""
        return OperatingPoint(tuple(offset - self.offsets[0] for offset in self.offsets), self.least_margin)


@dataclass(frozen=True)
class Widths:
    """The bits of an operating point in hardware. Scores have `score_bits`; nothing overflows.

    An offset can put any class in front of any other, until registers end: one that does not fit is refused and never
    cut.

    >>> Widths(10)
    Widths(score_bits=10)
    >>> Widths(10).offset, Widths(10).value, Widths(10).margin, Widths(10).least
    (11, 12, 12, 12)
    """

    score_bits: int

    @property
    def offset(self) -> int:
        """The bits of an offset relative to class 0, two's complement."""
        return min(self.score_bits + 1, MOST_BITS)

    @property
    def value(self) -> int:
        """The bits of a score with its offset, two's complement: one more than the wider of both."""
        return self.score_bits + 2

    @property
    def margin(self) -> int:
        """The bits of a margin, which is not negative."""
        return self.score_bits + 2

    @property
    def least(self) -> int:
        """The bits of the least margin."""
        return min(self.margin, MOST_BITS)


class Decisions(NamedTuple):
    """What was decided of N pictures."""

    classes: Ints  # [N]
    margins: Ints  # [N]
    unsure: NDArray[np.bool_]  # [N]


def decide(scores: Ints, point: OperatingPoint) -> Decisions:
    """Return the decisions on integer scores [N, classes]. ValueError when the point has another number of offsets.

    >>> found = decide(np.array([[5, 4], [5, 6]]), OperatingPoint((0, 1), 1))
    >>> found.classes.tolist(), found.margins.tolist(), found.unsure.tolist()
    ([0, 1], [0, 2], [True, False])
    """
    scores = np.asarray(scores, np.int64)
    if scores.ndim != 2 or scores.shape[1] != len(point.offsets):
        raise ValueError(f"{len(point.offsets)} offsets do not fit scores {scores.shape}")
    values = scores + np.array(point.offsets, np.int64)
    if scores.shape[1] == 1:
        none = np.zeros(len(scores), np.int64)
        return Decisions(none, none, none > 0)
    ordered = np.sort(values, axis=1)
    margins = ordered[:, -1] - ordered[:, -2]
    return Decisions(argmax(values), margins, margins < point.least_margin)


def check_point(point: OperatingPoint, classes: tuple[str, ...], score_bits: int) -> None:
    """Raise UserError when the point does not fit a network of these classes and its registers."""
    widths = Widths(score_bits)
    if len(point.offsets) != len(classes):
        raise UserError(
            f"an operating point with {len(point.offsets)} offsets does not fit the {len(classes)} classes "
            f"{', '.join(classes)}; give one offset per class"
        )
    low, high = -(1 << (widths.offset - 1)), (1 << (widths.offset - 1)) - 1
    for name, offset in zip(classes, point.relative().offsets, strict=True):
        if not low <= offset <= high:
            raise UserError(
                f"the offset of {name} is {offset} relative to that of {classes[0]}, and must be from {low} to {high}"
            )
    if not 0 <= point.least_margin < 1 << widths.least:
        raise UserError(f"the least margin is {point.least_margin}, and must be from 0 to {(1 << widths.least) - 1}")
