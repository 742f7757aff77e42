"""Seeded, stratified splits that keep pictures which belong together on one side."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError

TEST_FRACTION = 0.25
_MISSING = 100.0  # what a class without a picture costs a choice; one of twice the pictures wanted costs 1
_TRIES, _MOST_STEPS = 50, 50_000  # orders in which groups are tried; groups that are looked at in all of them


def split(labels: NDArray[np.int64], keys: Sequence[Hashable], classes: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """Return a mask over pictures, True for those of the test side.

    A quarter of every class (at least one picture) goes to test. Pictures of the same key, which are the same file or
    nearly, go to one side together, also when they lie in two classes, so a class with many copies may miss the
    quarter by a few. Depends on the seed and the order of the pictures only.
    Raises UserError for a class that cannot be on both sides.
    """
    refuse_small(labels, classes)
    generator = np.random.default_rng(seed)
    side: dict[Hashable, bool] = {}
    for label, name in enumerate(classes):
        members = [keys[int(i)] for i in np.flatnonzero(labels == label)]
        copies: dict[Hashable, int] = {}
        for key in members:
            copies[key] = copies.get(key, 0) + 1
        if len(copies) < 2:
            raise UserError(
                f"class '{name}' has {len(members)} pictures that are all the same file or near-duplicates, and at "
                "least 2 different ones are needed (one to train, one to test); add pictures or remove the class"
            )
        wanted = max(1, round(TEST_FRACTION * len(members)))
        taken = sum(count for key, count in copies.items() if side.get(key))
        free = [key for key in copies if key not in side]
        free = [free[i] for i in generator.permutation(len(free))]
        for key in free:
            side[key] = taken + copies[key] <= wanted
            taken += copies[key] * side[key]
        if free and not any(side[key] for key in copies):  # every file has more copies than a quarter
            side[min(free, key=lambda key: copies[key])] = True
        if free and all(side[key] for key in copies):  # copies shared with other classes filled the test side
            side[free[0]] = False
    mask = np.array([side[key] for key in keys], dtype=bool)
    alone = _one_sided(mask, labels, classes)
    if alone is not None:
        raise UserError(
            f"class '{alone}' cannot be split, its files are copies of other classes' files; "
            "remove the copies or make train/ and test/ folders yourself"
        )
    return mask


def split_groups(
    labels: NDArray[np.int64], groups: NDArray[np.int64], classes: Sequence[str], seed: int
) -> NDArray[np.bool_]:
    """Return a mask over pictures, True for those of the test side: whole groups, of each class near to a quarter.

    Raises UserError for a class that cannot be on both sides.
    """
    refuse_small(labels, classes)
    for label, name in enumerate(classes):
        if len(np.unique(groups[labels == label])) < 2:
            raise UserError(
                f"all pictures of class '{name}' are of one group, so they cannot be on both sides of a split; add "
                "pictures of another part, lot or day, or group by something else (--group-by)"
            )
    wanted = [max(1, round(TEST_FRACTION * int((labels == label).sum()))) for label in range(len(classes))]
    mask = whole_groups(labels, groups, np.array(wanted), seed)
    alone = _one_sided(mask, labels, classes)
    if alone is not None:
        raise UserError(
            f"groups could not be parted so that class '{alone}' is on both sides; group by something that makes "
            "smaller groups, or make train/ and test/ folders yourself"
        )
    return mask


def _one_sided(mask: NDArray[np.bool_], labels: NDArray[np.int64], classes: Sequence[str]) -> str | None:
    """Return the first class whose pictures are all on one side; None when there is none."""
    return next((name for label, name in enumerate(classes) if len(set(mask[labels == label])) < 2), None)


def whole_groups(
    labels: NDArray[np.int64], groups: NDArray[np.int64], wanted: NDArray[np.int64], seed: int
) -> NDArray[np.bool_]:
    """Return a mask over pictures [N]: groups that have about `wanted` [C] pictures of each class.

    No class is taken whole. Groups are taken in random order as long as they bring the numbers nearer; the best of
    some orders counts.
    """
    _, groups = np.unique(groups, return_inverse=True)
    counts = np.zeros((int(groups.max()) + 1, len(wanted)), np.int64)
    np.add.at(counts, (groups, labels), 1)
    total = counts.sum(0)
    generator = np.random.default_rng(seed)
    best, best_cost = np.zeros(len(counts), bool), np.inf
    for _ in range(max(2, min(_TRIES, _MOST_STEPS // len(counts)))):
        chosen, taken = np.zeros(len(counts), bool), np.zeros(len(wanted), np.int64)
        cost = _cost(taken, wanted)
        for group in generator.permutation(len(counts)):
            after = taken + counts[group]
            if (after[counts[group] > 0] == total[counts[group] > 0]).any():
                continue  # nothing of a class would be left
            cost_after = _cost(after, wanted)
            if cost_after < cost:
                chosen[group], taken, cost = True, after, cost_after
        if cost < best_cost:
            best, best_cost = chosen, cost
    return best[groups]


def _cost(taken: NDArray[np.int64], wanted: NDArray[np.int64]) -> float:
    off = (taken - wanted) / np.maximum(wanted, 1)
    return float((off**2).sum() + _MISSING * ((taken == 0) & (wanted > 0)).sum())


def refuse_small(labels: NDArray[np.int64], classes: Sequence[str]) -> None:
    """Raise UserError when a class has fewer than two pictures."""
    for name, count in zip(classes, np.bincount(labels, minlength=len(classes)).tolist(), strict=True):
        if count < 2:
            raise UserError(
                f"class '{name}' has {count} picture{'s' * (count != 1)}, and at least 2 are needed "
                "(one to train, one to test); add pictures or remove the class"
            )
