"""A seeded, stratified split that keeps identical files on one side."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError

TEST_FRACTION = 0.25


def split(labels: NDArray[np.int64], digests: Sequence[bytes], classes: Sequence[str], seed: int) -> NDArray[np.bool_]:
    """Return a mask over pictures, True for those of the test side.

    A quarter of every class (at least one picture) goes to test. Files with the same digest go to one
    side together, also when they lie in two classes, so a class with many copies may miss the quarter by
    a few. Depends on the seed and the order of the pictures only.
    Raises UserError for a class that cannot be on both sides.
    """
    refuse_small(labels, classes)
    generator = np.random.default_rng(seed)
    side: dict[bytes, bool] = {}
    for label, name in enumerate(classes):
        members = [digests[int(i)] for i in np.flatnonzero(labels == label)]
        copies: dict[bytes, int] = {}
        for digest in members:
            copies[digest] = copies.get(digest, 0) + 1
        if len(copies) < 2:
            raise UserError(
                f"class '{name}' has {len(members)} pictures that are all the same file, and at least 2 different "
                "ones are needed (one to train, one to test); add pictures or remove the class"
            )
        wanted = max(1, round(TEST_FRACTION * len(members)))
        taken = sum(count for digest, count in copies.items() if side.get(digest))
        free = [digest for digest in copies if digest not in side]
        free = [free[i] for i in generator.permutation(len(free))]
        for digest in free:
            side[digest] = taken + copies[digest] <= wanted
            taken += copies[digest] * side[digest]
        if free and not any(side[digest] for digest in copies):  # every file has more copies than a quarter
            side[min(free, key=lambda digest: copies[digest])] = True
        if free and all(side[digest] for digest in copies):  # copies shared with other classes filled the test side
            side[free[0]] = False
    mask = np.array([side[digest] for digest in digests], dtype=bool)
    for label, name in enumerate(classes):
        if len(set(mask[labels == label])) < 2:
            raise UserError(
                f"class '{name}' cannot be split, its files are copies of other classes' files; "
                "remove the copies or make train/ and test/ folders yourself"
            )
    return mask


def refuse_small(labels: NDArray[np.int64], classes: Sequence[str]) -> None:
    """Raise UserError when a class has fewer than two pictures."""
    for name, count in zip(classes, np.bincount(labels, minlength=len(classes)).tolist(), strict=True):
        if count < 2:
            raise UserError(
                f"class '{name}' has {count} picture{'s' * (count != 1)}, and at least 2 are needed "
                "(one to train, one to test); add pictures or remove the class"
            )
