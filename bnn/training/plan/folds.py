"""Parts of the training pictures that are held out in turn."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bnn.data import Dataset


def deal(labels: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """Return the fold [N] in which each picture is held out; all folds have the same number of each class, or one more.

    Each class goes on where the one before ended, so that the folds' sizes differ by one at the most.
    """
    generator = np.random.default_rng(seed)
    fold = np.empty(len(labels), np.int64)
    dealt = 0
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        fold[members] = (dealt + np.arange(len(members))) % folds
        dealt += len(members)
    return fold


def most_folds(labels: NDArray[np.int64], wanted: int) -> int:
    """Return `wanted`, or as many folds as the smallest class has pictures, if these are fewer."""
    return min(wanted, int(np.unique(labels, return_counts=True)[1].min()))


def held_out(data: Dataset, held: NDArray[np.bool_], kept: NDArray[np.bool_] | None = None) -> Dataset:
    """Return the set with the pictures `held` [N] as its validation side, and `kept` (default: all others) to learn."""
    kept = ~held if kept is None else kept
    return replace(
        data,
        train_images=data.train_images[kept],
        train_labels=data.train_labels[kept],
        train_names=(),
        validation_images=data.train_images[held],
        validation_labels=data.train_labels[held],
    )


def small_splits(data: Dataset, splits: int, most: int, seed: int) -> list[Dataset]:
    """Return sets to try something on: folds of the training pictures, of at most `most` to learn from and to judge.

    Of a large set each split is other pictures, so that short trainings go through theirs as often as they would
    through a small set.
    """
    labels = data.train_labels
    folds = max(most_folds(labels, max(splits, round(len(labels) / most))), 2)
    fold = deal(labels, folds, seed)
    found = []
    for number in range(min(splits, folds)):
        held = fold == number
        others = ~held
        if others.sum() > most:  # a fold's worth is about `most`: learn from the one that comes next in the ring
            others = fold == (number + 1) % folds
        found.append(held_out(data, held, others))
    return found
