"""The time of a search: how much is left of it, and how long a training will take."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bnn.errors import UserError

FINISHING_S = 60.0  # for loading, freezing and comparing at the end
FOLDS_SHARE = 0.5  # of a training that cross-validation takes
GRACE_S, GRACE_SHARE = 60.0, 0.05  # by which a search may exceed its time: so many seconds, or a share of it


def _now() -> float:
    return time.monotonic()


@dataclass
class Clock:
    """Seconds that a search may take, and those that earlier searches in the same folder took."""

    limit_s: float | None  # None: no limit
    before_s: float = 0.0
    began: float = field(default_factory=_now)

    def spent(self) -> float:
        """Return the seconds of all searches in the folder, this one with them."""
        return self.before_s + _now() - self.began

    def left(self) -> float:
        """Return the seconds that are left; below 0 when there are none."""
        return float("inf") if self.limit_s is None else self.limit_s - self.spent()

    def check(self) -> None:
        """Raise TimeOverError when the time is over, and what it may be exceeded by."""
        if self.limit_s is not None and -self.left() > max(GRACE_S, GRACE_SHARE * self.limit_s):
            raise TimeOverError(
                f"the {self.limit_s / 3600:.3g} hours were over before the best network was trained in full. What it "
                "has learned is kept: the same command with more --hours goes on"
            )


class TimeOverError(UserError):
    """The time of a search is over."""


def pace(done: Sequence[tuple[float, int]]) -> float:
    """Return seconds per multiply-add and step, the median of trainings; 0 when there are none.

    done: of each training its seconds, and its multiply-adds a picture times its steps.
    """
    return statistics.median([seconds / work for seconds, work in done]) if done else 0.0


def final_seconds(pace_s: float, work: int, folds: int) -> float:
    """Return how long the training of the best network will take. work: its multiply-adds a picture times steps."""
    return pace_s * work * (1 + (FOLDS_SHARE if folds > 1 else 0)) + FINISHING_S
