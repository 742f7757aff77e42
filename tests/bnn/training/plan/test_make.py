"""A plan is the same each time, stands in the run folder, and the training does what it says."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.model.spec import Block, NetworkSpec
from bnn.storage.records import entries
from bnn.training import train as training
from bnn.training.config import AUTO, TrainConfig
from bnn.training.metrics import notes_of
from bnn.training.plan import make
from bnn.training.plan.make import FEWEST_STEPS, TRIAL_SHARE, make_plan, needs_plan, planned
from bnn.training.plan_record import Estimate, Plan
from bnn.training.runs import finished
from bnn.training.sides import split_sides
from bnn.training.train import train
from bnn.training.trainer import Trainer

SPEC = NetworkSpec("tiny", (Block(4, pool=4),))
CONFIG = TrainConfig(steps=40, batch=16, learning_rate=0.05, augment=("light",), folds=2, starts=2)


@pytest.fixture(scope="module")
def data():
    """Return pictures that are bright on the left or on the right."""
    r = np.random.default_rng(0)
    labels = np.arange(72) % 2
    slope = np.linspace(0, 90, 12) * labels[:, None] + np.linspace(90, 0, 12) * (1 - labels[:, None])
    images = (r.integers(0, 100, (72, 12, 12)) + slope[:, None, :]).astype(np.uint8)[..., None]
    return Dataset("toy", ("left", "right"), images[:48], labels[:48], images[48:], labels[48:])


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("plan") / "run"
    return out, train(data, SPEC, out, CONFIG, progress=False)


def test_mirrors_are_left_out_where_left_and_right_are_the_classes(data, monkeypatch):
    monkeypatch.setattr(make, "FEWEST_STEPS", 30)
    config = TrainConfig(steps=30 * TRIAL_SHARE, batch=16, augment=AUTO)
    done = []
    plan, begun = make_plan(data, SPEC, config, done.append)
    mirrors = next(trial for trial in plan.trials if trial.augment == ("flip_x", "flip_y"))
    assert not mirrors.kept and mirrors.gain < 0
    assert not set(plan.augment) & {"flip_x", "flip_y"}
    assert plan.augment == [trial.augment for trial in plan.trials if trial.kept][-1]
    assert plan.held_out and plan.estimate is None and plan.seed == config.seed and begun is None
    assert sum(done) == 30 * sum(trial.trainings for trial in plan.trials)


def test_a_short_training_or_one_picture_leaves_nothing_to_choose_by(data):
    short = TrainConfig(steps=FEWEST_STEPS * TRIAL_SHARE - 1, augment=AUTO)
    plan, _ = make_plan(data, SPEC, short)
    assert plan.augment == () and plan.trials == () and "steps are too few" in plan.notes[0]
    alone = replace(data, train_images=data.train_images[:5:2], train_labels=np.array([0, 0, 1]))
    plan, _ = make_plan(alone, SPEC, TrainConfig(steps=3000, augment=AUTO, folds=4))
    assert plan.augment == () and plan.estimate is None and plan.held_out
    assert ["only one picture" in note for note in plan.notes] == [True, False]


def test_folds_judge_each_picture_once_and_nothing_is_held_out(run, data):
    metrics = run[1]
    estimate = metrics.plan.estimate
    assert estimate.pictures == 48 and estimate.steps == 10 and len(estimate.folds) == 2
    assert estimate.accuracy == pytest.approx(np.mean(estimate.folds))
    assert estimate.spread == pytest.approx(np.std(estimate.folds, ddof=1))
    assert metrics.validation_accuracy == estimate.accuracy > 0.5
    assert metrics.epochs == pytest.approx(40 * 16 / 48)
    data, _, config = planned(data, SPEC, CONFIG, metrics.plan)
    sides = split_sides(data, config)
    assert len(sides.images) == 48 and not sides.held_out
    assert (config.folds, config.starts, needs_plan(config)) == (1, 1, False)


def test_the_best_start_goes_on(run):
    plan = run[1].plan
    assert len(plan.starts) == 2 and len({start.seed for start in plan.starts}) == 2
    assert plan.seed == min(plan.starts, key=lambda start: start.loss).seed
    assert plan.starts[0].seed == run[1].seed == 0 and plan.starts[0].steps == 20


def test_the_start_that_goes_on_ends_as_if_it_had_run_through(run, data, tmp_path):
    """Training begins at the checkpoint that the start has left, and that changes nothing."""
    through = Trainer(*planned(data, SPEC, CONFIG, run[1].plan))
    while through.round < through.schedule.rounds:
        list(through.run_round())
        if through.settled:
            through.evaluate()
    weights = load_file(run[0] / "weights.safetensors")
    state = through.finish().state_dict()
    assert state.keys() == weights.keys() and all(torch.equal(state[name], weights[name]) for name in state)


def test_training_takes_only_the_second_half_after_its_start(data, tmp_path, monkeypatch):
    first = []
    whole = training.run_rounds
    monkeypatch.setattr(
        training, "run_rounds", lambda trainer, *more: (first.append(trainer.round), whole(trainer, *more))
    )
    train(data, SPEC, tmp_path / "run", replace(CONFIG, folds=1), progress=False)
    assert first == [20]


def test_all_starts_hold_the_same_pictures_out(data):
    config = replace(CONFIG, folds=1, validation=0.2)
    first = split_sides(*planned(data, SPEC, config, Plan((), 0, held_out=True))[::2])
    other = split_sides(*planned(data, SPEC, config, Plan((), 7, held_out=True))[::2])
    assert np.array_equal(first.held_images, other.held_images) and len(first.held_labels) == 10
    assert sorted(map(bytes, first.images.numpy())) == sorted(map(bytes, other.images.numpy()))


def test_the_plan_stands_in_the_folder_and_in_the_metrics(run):
    out, metrics = run
    written = json.loads((out / "plan.json").read_text())
    assert written.keys() == entries(metrics.plan).keys() | {"format", "seal"}
    assert finished(out) == metrics
    assert "plan.json" in json.loads((out / "metrics.json").read_text())["files"]
    lines = metrics.plan.lines()
    assert lines[-1].startswith("cross-validated accuracy ") and "2 folds" in lines[-1]


def test_resuming_does_not_plan_again(run, data, tmp_path, monkeypatch):
    out, whole = tmp_path / "run", Trainer.run_round

    def stopped(self):
        if self.config.steps == CONFIG.steps and self.round == 20:
            raise KeyboardInterrupt
        yield from whole(self)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "run_round", stopped)
        train(data, SPEC, out, CONFIG, progress=False)
    assert (out / "plan.json").read_bytes() == (run[0] / "plan.json").read_bytes()
    monkeypatch.setattr(training, "make_plan", None)
    train(data, SPEC, out, CONFIG, resume=True, progress=False)
    assert (out / "model.onnx").read_bytes() == (run[0] / "model.onnx").read_bytes()


def test_a_plan_that_was_changed_is_refused(data, tmp_path, monkeypatch):
    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "run_rounds", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        train(data, SPEC, out, CONFIG, progress=False)
    content = (out / "plan.json").read_text()
    (out / "plan.json").write_text(content.replace('"light"', '"shift"'))
    with pytest.raises(
        UserError, match=r"plan.json is damaged or not ours \(it was changed .*delete it, and it is made"
    ):
        train(data, SPEC, out, CONFIG, resume=True, progress=False)


@pytest.mark.parametrize(("right", "said"), [(24, False), (22, False), (13, True)])
def test_a_test_far_below_the_estimate_is_told(data, right, said):
    """Of 24 test pictures, where 46 of 48 were right in cross-validation."""
    estimate = Estimate(accuracy=46 / 48, spread=0.0, folds=(46 / 48,), loss=0.1, steps=1, pictures=48)
    predicted = data.test_labels.copy()
    predicted[right:] ^= 1
    notes = notes_of(data, predicted, Plan((), 0, held_out=False, estimate=estimate))
    assert any("cross-validation" in note for note in notes) == said
    assert notes_of(data, predicted, None) == ()
