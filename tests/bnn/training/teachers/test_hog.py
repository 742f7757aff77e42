"""HOG: histograms of known pictures, and probabilities of machines that did not learn from what they judge."""

import sys

import numpy as np
import pytest
import torch

from bnn.errors import UserError
from bnn.training.config import TrainConfig
from bnn.training.sides import split_sides
from bnn.training.teachers import hog, teacher_of
from tests.support.slopes import slopes

CONFIG = TrainConfig(steps=6, batch=16, teacher="hog")


def stripes(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy pictures of stripes that lie (0) or stand (1), whose histograms differ."""
    r = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    wave = (np.arange(24) // 3 % 2 * 120).astype(np.int64)
    lying, standing = np.broadcast_to(wave[:, None], (24, 24)), np.broadcast_to(wave[None], (24, 24))
    pictures = np.where(labels[:, None, None] == 0, lying, standing) + r.integers(0, 100, (count, 24, 24))
    return pictures.astype(np.uint8)[..., None], labels


def test_histograms_tell_directions_and_have_no_use_for_brightness():
    pictures, _ = stripes(4)
    found = hog.features(pictures)
    assert found.shape == (4, 3 * 3 * 4 * 9)  # four cells along a side, blocks of 2x2 cells
    assert np.allclose(found[0], hog.features(pictures[:1] + np.uint8(20))[0], atol=1e-5)
    assert np.abs(found[0] - found[2]).mean() < np.abs(found[0] - found[1]).mean()
    assert hog.features(np.repeat(pictures, 3, axis=3)).shape == found.shape
    for side in (8, 9, 160):
        assert hog.features(np.zeros((1, side, side, 1), np.uint8)).shape == (1, 3 * 3 * 4 * 9)
    assert hog.features(np.zeros((1, 24, 80, 1), np.uint8)).shape == (1, 3 * 12 * 4 * 9)


def test_probabilities_are_of_machines_that_did_not_see_the_picture():
    pictures, labels = stripes(60)
    wrong = labels.copy()
    wrong[:6] ^= 1  # labels that nothing in the pictures speaks for: a machine that saw them would repeat them
    found = hog.probabilities(hog.features(pictures), wrong, 2, 0)
    assert np.allclose(found.sum(1), 1) and found.min() > 0
    assert (found.argmax(1) == labels).mean() > 0.95
    assert np.array_equal(found, hog.probabilities(hog.features(pictures), wrong, 2, 0))


def test_a_class_that_is_missing_and_one_too_small():
    pictures, labels = stripes(20)
    found = hog.probabilities(hog.features(pictures), labels * 2, 4, 0)
    assert found.shape == (20, 4) and (found[:, [1, 3]] < 0.01).all()
    labels[:] = 0
    labels[0] = 1  # alone in its class, so it cannot be left out
    assert (hog.probabilities(hog.features(pictures), labels, 2, 0).argmax(1) == labels).all()


def test_large_sets_are_drawn_from(monkeypatch):
    assert np.array_equal(hog.chosen(np.zeros(50), 0), np.arange(50))
    monkeypatch.setattr(hog, "MOST", 20)
    few = hog.chosen(np.zeros(50), 0)
    assert len(set(few)) == 20 and np.array_equal(few, hog.chosen(np.zeros(50), 0))


def test_the_table_is_of_the_training_side_however_a_picture_is_augmented():
    data = slopes(40, 8, 24)
    sides = split_sides(data, CONFIG)
    teacher = teacher_of(sides, data.classes, CONFIG)
    teacher.learn(sides, CONFIG)
    indices = torch.tensor([3, 1])
    assert teacher.table.shape == (len(sides.labels), 2)
    assert torch.equal(teacher(sides.images[:2], indices), teacher.table[indices])


@pytest.mark.parametrize("name", ["skimage.feature", "sklearn.svm"])
def test_a_missing_library_is_told(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        UserError, match=r"HOG needs scikit-image and scikit-learn.*pip install 'neuraljet\[baselines\]'"
    ):
        teacher_of(split_sides(slopes(8, 2), CONFIG), ("left", "right"), CONFIG)
