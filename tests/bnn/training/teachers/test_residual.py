"""The residual network learns, the same from the same seed, and leaves torch's random numbers alone."""

import pytest
import torch

from bnn.training.config import TrainConfig
from bnn.training.sides import split_sides
from bnn.training.teachers import TEACHERS, residual, teacher_of
from neuraljet.commands.train import TEACHERS as NAMES
from tests.support.slopes import CLASSES, slopes

CONFIG = TrainConfig(steps=6, batch=16, augment=("flip_y", "light"), teacher="float")
DATA = slopes()


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(residual, "STEPS", 30)


def test_it_learns_the_same_from_the_same_seed():
    sides = split_sides(DATA, CONFIG)
    indices = torch.arange(len(sides.labels))
    scores = []
    for noise in (1, 2):  # what torch draws elsewhere does not matter
        torch.manual_seed(noise)
        before = torch.random.get_rng_state()
        teacher = teacher_of(sides, CLASSES, CONFIG)
        teacher.learn(sides, CONFIG)
        assert torch.equal(torch.random.get_rng_state(), before)
        with torch.no_grad():
            scores.append(teacher(sides.images, indices))
    assert torch.equal(*scores)
    assert (scores[0].argmax(1) == sides.labels).float().mean() > 0.95


def test_it_scores_pictures_as_they_are_shown():
    sides = split_sides(DATA, CONFIG)
    teacher = teacher_of(sides, CLASSES, CONFIG).eval()
    indices = torch.arange(8)
    with torch.no_grad():
        one, other = teacher(sides.images[:8], indices), teacher(sides.images[:8].flip(3), indices)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("size", [(8, 8), (24, 80), (9, 13)])
def test_any_size_and_colour(size):
    network = residual.fresh(3, 5, 0).eval()
    with torch.no_grad():
        assert network(torch.zeros(2, 3, *size, dtype=torch.uint8)).shape == (2, 5)


def test_every_picture_is_seen_once_before_any_is_seen_again(monkeypatch):
    """Ten pictures in batches of four at the most: twenty of them in six steps, each twice."""
    seen = []
    monkeypatch.setattr(residual, "augment", lambda images, *_: seen.append(images) or images)
    images = torch.arange(10, dtype=torch.uint8).reshape(10, 1, 1, 1).expand(10, 1, 8, 8).contiguous()
    config = TrainConfig(batch=4)
    residual.fit(residual.fresh(1, 2, 0), images, torch.arange(10) % 2, config, 6)
    shown = torch.cat(seen)[:, 0, 0, 0].tolist()
    assert sorted(shown[:10]) == sorted(shown[10:]) == list(range(10))


def test_the_command_knows_the_names():
    assert set(NAMES) == {"none", *TEACHERS}
