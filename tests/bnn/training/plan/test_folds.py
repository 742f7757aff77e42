"""Folds have their share of each class, and splits for trials are small and apart."""

import numpy as np
import pytest

from bnn.data import Dataset
from bnn.training.plan.folds import deal, held_out, most_folds, small_splits

LABELS = np.array([0] * 11 + [1] * 7 + [2] * 5)


def dataset(labels):
    """Return 8x8 pictures that hold their own number."""
    images = np.broadcast_to(np.arange(len(labels), dtype=np.uint8)[:, None, None, None], (len(labels), 8, 8, 1))
    return Dataset("toy", tuple("abc"[: labels.max() + 1]), images, labels, images[:2], labels[:2])


def numbers(images):
    return images[:, 0, 0, 0].tolist()


def test_each_class_is_in_each_fold_and_folds_are_of_one_size():
    fold = deal(LABELS, 5, seed=3)
    counts = np.array([np.bincount(LABELS[fold == k], minlength=3) for k in range(5)])
    assert (counts.max(axis=0) - counts.min(axis=0) <= 1).all() and counts.min() >= 1
    assert np.bincount(fold).tolist() == [5, 5, 5, 4, 4]


def test_the_seed_decides():
    assert np.array_equal(deal(LABELS, 5, 0), deal(LABELS, 5, 0))
    assert not np.array_equal(deal(LABELS, 5, 0), deal(LABELS, 5, 1))


@pytest.mark.parametrize(("wanted", "folds"), [(2, 2), (5, 5), (9, 5)])
def test_no_more_folds_than_the_smallest_class_has_pictures(wanted, folds):
    assert most_folds(LABELS, wanted) == folds


def test_what_is_held_out_is_the_validation_side_and_the_test_stays():
    data = dataset(LABELS)
    parted = held_out(data, deal(LABELS, 5, 0) == 0)
    assert sorted(numbers(parted.train_images) + numbers(parted.validation_images)) == list(range(23))
    assert np.array_equal(parted.train_labels, LABELS[numbers(parted.train_images)])
    assert np.array_equal(parted.validation_labels, LABELS[numbers(parted.validation_images)])
    assert parted.test_images is data.test_images


def test_trials_on_a_small_set_learn_from_all_but_a_fold():
    splits = small_splits(dataset(LABELS), splits=3, most=100, seed=0)
    judges = [number for split in splits for number in numbers(split.validation_images)]
    assert len(splits) == 3 and len(set(judges)) == len(judges)
    assert all(len(split.train_labels) + len(split.validation_labels) == 23 for split in splits)


def test_trials_on_a_large_set_are_small_and_judged_by_other_pictures():
    splits = small_splits(dataset(np.arange(240) % 3), splits=3, most=40, seed=0)
    for split in splits:
        assert len(split.train_labels) == len(split.validation_labels) == 40
        assert not set(numbers(split.train_images)) & set(numbers(split.validation_images))
        assert np.bincount(split.train_labels).min() >= 13
    assert len({tuple(numbers(split.validation_images)) for split in splits}) == 3
