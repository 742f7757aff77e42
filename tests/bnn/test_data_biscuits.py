"""The rendered set is repeatable, balanced, and too hard for a linear classifier."""

import hashlib

import numpy as np
import pytest
import sklearn.linear_model

from bnn.data import Dataset, biscuits, load
from bnn.errors import UserError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("biscuits")


def digest(images: np.ndarray) -> str:
    return hashlib.sha256(images.tobytes()).hexdigest()


def test_shape_and_balance(data: Dataset) -> None:
    assert data.name == "biscuits" and data.classes == ("good", "broken", "crooked")
    assert data.train_images.shape == (1500, 48, 48, 1) and data.test_images.shape == (500, 48, 48, 1)
    assert data.train_images.dtype == np.uint8 and data.train_labels.dtype == np.int64
    assert np.bincount(data.train_labels).tolist() == [500, 500, 500]
    assert np.bincount(data.test_labels).tolist() == [167, 167, 166]
    assert data.card is not None and data.card.pictures == {"train": 1500, "test": 500}
    assert data.card.size == (48, 48) and data.card.classes == data.classes


def test_a_seed_gives_the_same_bytes(data: Dataset) -> None:
    again = load("biscuits")
    assert digest(again.train_images) == digest(data.train_images)
    assert np.array_equal(again.test_labels, data.test_labels)
    other = load("biscuits", seed=1)
    assert digest(other.train_images) != digest(data.train_images)
    assert not np.array_equal(other.test_images[0], data.test_images[0])


def test_no_picture_comes_twice(data: Dataset) -> None:
    every = {p.tobytes() for side in (data.train_images, data.test_images) for p in side}
    assert len(every) == 2000


def test_pictures_are_exposed_well(data: Dataset) -> None:
    spread = data.train_images.reshape(1500, -1).std(axis=1)
    assert spread.min() > 8  # no picture is flat
    assert (data.train_images == 255).mean() < 0.02 and (data.train_images == 0).mean() < 0.1


def test_size_and_color() -> None:
    small = load("biscuits", size=(32, 40), color="rgb")
    assert small.train_images.shape == (1500, 32, 40, 3)
    assert np.array_equal(small.train_images[..., 0], small.train_images[..., 2])
    with pytest.raises(UserError, match="48x48 pixels and not at 32x40; add --resize"):
        load("biscuits", size=(32, 40), resize=False)


def test_fewer_pictures_are_rendered_too() -> None:
    images, labels = biscuits.render(7, 3, "test")
    assert images.shape == (7, 48, 48) and sorted(labels.tolist()) == [0, 0, 0, 1, 1, 2, 2]


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_a_linear_classifier_stays_under_75_percent(data: Dataset) -> None:
    linear = sklearn.linear_model
    train, test = (x.reshape(len(x), -1) / 255.0 - 0.3 for x in (data.train_images, data.test_images))
    for strength in (1e-4, 1e-3, 1e-2):
        model = linear.LogisticRegression(C=strength, max_iter=50).fit(train, data.train_labels)
        assert model.score(test, data.test_labels) < 0.75
