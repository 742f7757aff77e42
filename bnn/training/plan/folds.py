"""Parts of the training pictures that are held out in turn."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bnn.data import Dataset


def deal(
    labels: NDArray[np.int64], folds: int, seed: int, groups: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """Return the fold [N] in which each picture is held out; all folds have the same number of each class, or one more.

    Each class goes on where the one before ended, so that the folds' sizes differ by one at the most. Pictures of one
    of the `groups` [N] are in one fold, and then the numbers are only as near as groups allow.
    """
    if groups is not None:
        return _deal_groups(labels, folds, seed, groups)
    generator = np.random.default_rng(seed)
    fold = np.empty(len(labels), np.int64)
    dealt = 0
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        fold[members] = (dealt + np.arange(len(members))) % folds
        dealt += len(members)
    return fold


def _deal_groups(labels: NDArray[np.int64], folds: int, seed: int, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Deal groups, the largest first, each to the fold that has the least of its classes so far."""
    _, groups = np.unique(groups, return_inverse=True)
    counts = np.zeros((int(groups.max()) + 1, int(labels.max()) + 1), np.int64)
    np.add.at(counts, (groups, labels), 1)
    weights = 1 / np.maximum(counts.sum(0), 1) ** 2
    order = np.random.default_rng(seed).permutation(len(counts))
    order = order[np.argsort(-counts[order].sum(1), kind="stable")]
    fold = np.empty(len(counts), np.int64)
    has = np.zeros((folds, counts.shape[1]), np.int64)
    for group in order:
        fold[group] = np.lexsort((has.sum(1), has @ (weights * counts[group])))[0]
        has[fold[group]] += counts[group]
    return fold[groups]


def most_folds(labels: NDArray[np.int64], wanted: int, groups: NDArray[np.int64] | None = None) -> int:
    """Return `wanted`, or as many folds as the smallest class has pictures, or groups of them, if these are fewer."""
    if groups is None:
        return min(wanted, int(np.unique(labels, return_counts=True)[1].min()))
    return min(wanted, *(len(np.unique(groups[labels == label])) for label in np.unique(labels)))


def held_out(data: Dataset, held: NDArray[np.bool_], kept: NDArray[np.bool_] | None = None) -> Dataset:
    """Return the set with the pictures `held` [N] as its validation side, and `kept` (default: all others) to learn."""
    kept = ~held if kept is None else kept
    return replace(
        data,
        train_images=data.train_images[kept],
        train_labels=data.train_labels[kept],
        train_names=_those(data.train_names, kept),
        train_groups=None if data.train_groups is None else data.train_groups[kept],
        validation_names=_those(data.train_names, held),
        validation_images=data.train_images[held],
        validation_labels=data.train_labels[held],
    )


def _those(names: tuple[str, ...], chosen: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(names[i] for i in np.flatnonzero(chosen)) if names else ()


def small_splits(data: Dataset, splits: int, most: int, seed: int) -> list[Dataset]:
    """Return sets to try something on: folds of the training pictures, of at most `most` to learn from and to judge.

    Of a large set each split is other pictures, so that short trainings go through theirs as often as they would
    through a small set.
    """
    labels = data.train_labels
    groups = data.train_groups
    folds = max(most_folds(labels, max(splits, round(len(labels) / most)), groups), 2)
    fold = deal(labels, folds, seed, groups)
    found = []
    for number in range(min(splits, folds)):
        held = fold == number
        others = ~held
        if others.sum() > most:  # a fold's worth is about `most`: learn from the one that comes next in the ring
            others = fold == (number + 1) % folds
        found.append(held_out(data, held, others))
    return found
