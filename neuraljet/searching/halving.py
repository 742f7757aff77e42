"""Successive halving: short trainings first, and only the promising networks train longer.

Each rung is a training of its own, from the first step, with a learning rate that falls to zero in it.
"""

from collections.abc import Sequence

from neuraljet.searching.trial import Reached

SHARES = (6, 2, 1)  # the whole length is this many times that of a rung
KEPT = 3  # one of so many goes on
FEWEST_STEPS = 100  # of a rung: shorter trainings say nothing


def rungs(steps: int) -> tuple[int, ...]:
    """Return the steps of each rung; the last is the whole training.

    >>> rungs(3600), rungs(150)
    ((600, 1800, 3600), (150,))
    """
    return tuple(steps // share for share in SHARES if share == 1 or steps // share >= FEWEST_STEPS)


def promising(mine: Reached, others: Sequence[Reached], gone_on: int) -> bool:
    """Tell whether a network trains longer, by what the trainings of its rung reached: mine and the others.

    The best so far always does. Else it has to be among the best third, and no more than a third have gone on: where
    a search finds ever better networks, most of them would be among the best for a while.
    """
    better, most = sum(other.worth() > mine.worth() for other in others), -(-(len(others) + 1) // KEPT)
    return better == 0 or (better < most and gone_on < most)
