"""What a person asks of the planning."""

import numpy as np
import pytest

from bnn.data import Dataset
from bnn.data.cards import cards
from bnn.errors import UserError
from bnn.training.config import AUTO, STEPS
from bnn.training.plan.ask import EFFORTS, augmentation, fold_count, length
from neuraljet.commands.train import options


def dataset(count=10, size=(8, 8), **more):
    images, labels = np.zeros((count, *size, 1), np.uint8), np.arange(count) % 2
    return Dataset("toy", ("a", "b"), images, labels, images, labels, **more)


def test_the_card_speaks_where_the_person_does_not():
    card = cards()["screws"]
    assert augmentation(None, dataset(card=card)) == card.augment
    assert augmentation("none", dataset(card=card)) == ()
    assert augmentation("auto", dataset(card=card)) == AUTO
    assert augmentation(None, dataset()) == AUTO


def test_names_in_any_order():
    assert augmentation("light, flip_x,shift", dataset()) == ("flip_x", "shift", "light")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mirror", r"--augment mirror: augmentation 'mirror' is unknown; choose from flip_x, .*; or give auto or none"),
        ("auto,shift", r"'auto' is unknown"),
        ("shift,shift", r"'shift' stands twice"),
        ("", r"'' is unknown"),
        ("rot90,light", r"rot90 turns square pictures only, and these are 8x12; leave it out"),
    ],
)
def test_names_that_cannot_be(text, words):
    with pytest.raises(UserError, match=words):
        augmentation(text, dataset(size=(8, 12)))


def test_folds_are_for_few_pictures_and_trainings_of_some_length():
    assert fold_count(None, dataset(60), 3600) == 5
    assert fold_count(None, dataset(600), 3600) == 1
    assert fold_count(None, dataset(60), 599) == 1
    few = dataset(4)
    side = dataset(60, validation_images=few.train_images, validation_labels=few.train_labels)
    assert fold_count(None, side, 3600) == 1
    assert fold_count(3, dataset(600), 10) == 3


def test_how_long_it_trains():
    card = cards()["lemon"]
    assert tuple(EFFORTS) == options.EFFORTS
    assert length(None, None, "default", dataset()) == STEPS
    assert length(None, None, "high", dataset(card=card)) == 3 * card.steps > 3 * STEPS
    assert length(7, None, "default", dataset(card=card)) == 7
    assert length(None, 2, "default", dataset(card=card)) is None
    for steps, epochs in ((7, None), (None, 2)):
        with pytest.raises(UserError, match=r"--effort high both say how long to train"):
            length(steps, epochs, "high", dataset())
    with pytest.raises(UserError, match="effort 'heroic' is unknown; allowed: default, high"):
        length(None, None, "heroic", dataset())
