"""Compare what comes in with the held-out pictures, window by window, and say when it is no longer alike.

Pictures are gathered by the class that the network gives them, because the belt's share of bad parts is not that of the
held-out pictures. When a class has `window` of them, their margins and their brightness are each compared with those of
the held-out pictures of that class (bnn.drift.smirnov). Window number k, counted over all classes, may err with
probability

    level / (k (k + 1)), one half of it for each of the two quantities.

The sum over all k is `level`. So with that probability at the most, pictures of the same kind as the held-out ones are
ever said to differ, however long they are watched. That is a promise for pictures that are independent of one another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnn.drift.heldout import Group, HeldOut, brightness_of
from bnn.drift.smirnov import Ints, chance, distance
from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.storage.records import Record

WINDOW, LEVEL = 50, 0.01
MOST_WINDOW = 10_000
TOGETHER = "all classes"


@dataclass(frozen=True)
class Compared(Record):
    """One quantity of a window beside the held-out pictures."""

    quantity: str  # margin, or brightness: the mean pixel, 0 to 255
    median: float
    held_out_median: float
    probability: float  # that pictures of one kind differ so much, or more
    limit: float  # below it they are said to differ

    @property
    def differs(self) -> bool:
        """Is it too improbable?"""
        return self.probability < self.limit


@dataclass(frozen=True)
class Finding(Record):
    """What a whole window says."""

    number: int  # of the window, from 1
    seen: int  # pictures so far, of all classes
    label: str  # the class of its pictures, or "all classes"
    compared: tuple[Compared, ...]

    @property
    def matches(self) -> bool:
        """Does everything look like the held-out pictures?"""
        return not any(found.differs for found in self.compared)

    def words(self) -> str:
        """Return a line for people."""
        parts = []
        for found in self.compared:
            than = f"{found.median:.4g} (held out {found.held_out_median:.4g}), p = {found.probability:.2g}"
            parts.append(f"{found.quantity} {than}{f' < {found.limit:.2g}' if found.differs else ''}")
        says = "matches" if self.matches else "DIFFERS"
        return f"window {self.number}, {self.label}, after {self.seen:,} pictures: {says}; {'; '.join(parts)}"


class Watch:
    """Watches pictures and their scores. It keeps the numbers of one unfinished window per class, and no pictures."""

    def __init__(
        self, held_out: HeldOut, *, window: int = WINDOW, level: float = LEVEL, together: bool = False
    ) -> None:
        """Prepare to compare with `held_out`.

        window: pictures that are compared at once. level: probability that pictures of the same kind are ever said to
        differ. together: compare the pictures of all classes at once, so that another share of a class differs too.
        UserError for values out of range.
        """
        if not 2 <= window <= MOST_WINDOW:
            raise UserError(f"window {window} is out of range: give 2 to {MOST_WINDOW} pictures")
        if not 0 < level < 1:
            raise UserError(f"level {level} is no probability above 0 and below 1")
        self.window, self.level, self.together = window, level, together
        groups = [_joined(held_out.groups)] if together else list(held_out.groups)
        self._labels = (TOGETHER,) if together else held_out.classes
        self._held = [(np.array(g.margins, np.int64), np.array(g.brightness, np.int64)) for g in groups]
        self._values, self._classes = held_out.values, len(held_out.classes)
        self._open: list[list[tuple[int, int]]] = [[] for _ in groups]
        self.seen, self.windows = 0, 0

    def too_few(self) -> tuple[str, ...]:
        """Return the classes of which so few pictures were held out that even the first window could never differ."""
        return tuple(
            label
            for label, (margins, _) in zip(self._labels, self._held, strict=True)
            if not len(margins) or chance(self.window * len(margins), self.window, len(margins)) >= self._limit(1)
        )

    def left_over(self) -> dict[str, int]:
        """Return how many pictures of each class wait for their window to be whole."""
        return {label: len(waiting) for label, waiting in zip(self._labels, self._open, strict=True) if waiting}

    def see(self, frame: NDArray[np.uint8], scores: Ints | Sequence[int]) -> Finding | None:
        """Take a frame, uint8 [H, W, C], and its scores [classes]; return what its window says when that is whole now.

        UserError for a frame or scores of another size than those of the network.
        """
        row = np.asarray(scores, np.int64)
        if frame.dtype != np.uint8 or frame.size != self._values or row.shape != (self._classes,):
            raise UserError(
                f"the held-out pictures have {self._values} values of uint8 and {self._classes} scores, and this one "
                f"{frame.size} of {frame.dtype} and {row.size}; give frames and scores of the same network"
            )
        found = decide(row[None], OperatingPoint.neutral(self._classes))
        index = 0 if self.together else int(found.classes[0])
        waiting = self._open[index]
        waiting.append((int(found.margins[0]), int(brightness_of(frame[None])[0])))
        self.seen += 1
        if len(waiting) < self.window or not len(self._held[index][0]):
            del waiting[self.window :]
            return None
        self._open[index] = []
        self.windows += 1
        columns = [np.array(column, np.int64) for column in zip(*waiting, strict=True)]
        limit = self._limit(self.windows)
        compared = (
            Compared(
                name,
                float(np.median(came)) / scale,
                float(np.median(held)) / scale,
                chance(distance(came, held), len(came), len(held)),
                limit,
            )
            for name, scale, came, held in zip(
                ("margin", "brightness"), (1, self._values), columns, self._held[index], strict=True
            )
        )
        return Finding(self.windows, self.seen, self._labels[index], tuple(compared))

    def _limit(self, number: int) -> float:
        """Return the level of one quantity in the window with this number."""
        return self.level / (2 * number * (number + 1))


def _joined(groups: Sequence[Group]) -> Group:
    margins = sorted(value for group in groups for value in group.margins)
    return Group(tuple(margins), tuple(sorted(value for group in groups for value in group.brightness)))
