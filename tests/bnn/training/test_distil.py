"""Distillation: the loss as it is written, and a training that resumes with the teacher it began with."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from bnn.errors import UserError
from bnn.model.spec import Block, NetworkSpec
from bnn.training import distil
from bnn.training.config import TrainConfig
from bnn.training.objective import Objective, class_weights
from bnn.training.resume import checkpoint, restore
from bnn.training.sides import split_sides
from bnn.training.teachers import residual
from bnn.training.teachers.base import Teacher
from bnn.training.train import train
from bnn.training.trainer import Trainer
from tests.support.slopes import CLASSES, slopes

SPEC = NetworkSpec("tiny", (Block(4, pool=2), Block(6, pool=2)))
CONFIG = TrainConfig(steps=24, batch=16, augment=("flip_y", "light"))
DATA = slopes()


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(residual, "STEPS", 10)


class Fixed(Teacher):
    """Says the same of every picture."""

    def forward(self, images, indices):
        return torch.tensor([[2.0, -1.0]]).expand(len(images), 2)


@pytest.mark.parametrize("balance", [False, True])
def test_the_loss_is_the_one_that_is_written(balance):
    config = replace(CONFIG, balance=balance)
    sides = split_sides(slopes(30, 4), config)
    labels = sides.labels.clone()
    labels[:9] = 0
    sides = replace(sides, labels=labels)
    objective = distil.Distillation(config, sides, CLASSES, Fixed(sides, CLASSES, config))
    scores = torch.randn(8, 2, generator=torch.Generator().manual_seed(0), requires_grad=True)
    found = objective.loss(scores, labels[:8], sides.images[:8], torch.arange(8))
    p = F.softmax(torch.tensor([2.0, -1.0]) / 2, 0)
    q = F.softmax(scores / 2, 1)
    weights = class_weights(labels, 2)[labels[:8]] if balance else torch.ones(8)
    distance = (weights * (p * (p / q).log()).sum(1)).mean()
    own = (weights * -F.log_softmax(scores, 1)[torch.arange(8), labels[:8]]).mean()
    assert torch.allclose(found, 0.3 * own + 0.7 * 4 * distance)
    found.backward()
    assert scores.grad.abs().sum() > 0
    assert torch.equal(objective.judge(scores, labels[:8]), Objective(config, labels, 2).judge(scores, labels[:8]))


def test_without_a_teacher_there_is_no_distillation():
    sides = split_sides(DATA, CONFIG)
    assert type(distil.objective_of(CONFIG, sides, CLASSES)) is Objective


@pytest.mark.parametrize("teacher", ["float", "hog"])
def test_an_interrupted_training_keeps_its_teacher(tmp_path, monkeypatch, teacher):
    """It is interrupted in the first round, where the teacher learns anew, and later, where it must not."""
    config = replace(CONFIG, teacher=teacher)
    train(DATA, SPEC, tmp_path / "whole", config, progress=False)
    run_round = Trainer.run_round

    def stopped_in(number):
        def run(self):
            if self.round == number:
                raise KeyboardInterrupt
            yield from run_round(self)

        return run

    for number in (0, 3):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(Trainer, "run_round", stopped_in(number))
            train(DATA, SPEC, tmp_path / "run", config, resume=number > 0, progress=False)
    with monkeypatch.context() as patch:
        patch.setattr(Teacher, "learn", None)
        for kind in Teacher.__subclasses__():
            patch.setattr(kind, "learn", None)  # calling it would fail
        train(DATA, SPEC, tmp_path / "run", config, resume=True, progress=False)
    first, second = (load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "run"))
    assert all(np.array_equal(first[k].numpy(), second[k].numpy()) for k in first)
    plain = tmp_path / "plain"
    train(DATA, SPEC, plain, CONFIG, progress=False)
    third = load_file(plain / "weights.safetensors")
    assert any(not np.array_equal(first[k].numpy(), third[k].numpy()) for k in first)


def test_a_run_teaches_another(tmp_path):
    """Its scores are those of its network, its state is part of the checkpoint, and it must fit."""
    train(DATA, SPEC, tmp_path / "teacher", CONFIG, progress=False)
    config = replace(CONFIG, teacher=str(tmp_path / "teacher"))
    trainer = Trainer(DATA, SPEC, config)
    objective = trainer.objective
    assert isinstance(objective, distil.Distillation)
    weights = load_file(tmp_path / "teacher" / "weights.safetensors")
    state = objective.state()
    assert all(torch.equal(state[f"teacher.network.{name}"], weights[name]) for name in weights)
    list(trainer.run_round())
    (tmp_path / "c").write_bytes(checkpoint(trainer))
    resumed = Trainer(DATA, SPEC, config)
    restore(resumed, tmp_path / "c")
    assert checkpoint(resumed) == checkpoint(trainer)

    for data, words in (
        (replace(DATA, classes=("left", "wrong")), "tells left, right apart, and the pictures are of left, wrong"),
        (slopes(20, 4, side=12), "reads 16x16 gray pictures, and these are 12x12 gray; train with --size 16x16"),
    ):
        with pytest.raises(UserError, match=words):
            Trainer(data, SPEC, config)
    with pytest.raises(UserError, match="'nobody' is neither float, hog or none nor the folder of a finished run"):
        Trainer(DATA, SPEC, replace(CONFIG, teacher="nobody"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="is not a run folder"):
        Trainer(DATA, SPEC, replace(CONFIG, teacher=str(tmp_path / "empty")))
