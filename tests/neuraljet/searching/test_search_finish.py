"""The training in full of a network that becomes smaller: on all pictures, to the layers that its trial found."""

from dataclasses import replace

import pytest

from bnn.compress.zeros import selections, zero
from bnn.data import DataSource, load
from bnn.errors import UserError
from bnn.model.budget import Budget
from bnn.model.spec import Block, NetworkSpec
from bnn.storage.records import parse
from bnn.training.config import TrainConfig
from bnn.training.runs import METRICS, finished, request_of
from bnn.training.trained import load_trained
from bnn.training.trainer import Trainer
from neuraljet.reporting.again import again
from neuraljet.searching import finish
from neuraljet.searching.clock import Clock, TimeOverError
from neuraljet.searching.folder import Beginning, Request
from neuraljet.searching.front import Candidate
from neuraljet.searching.shrinking import Shrinking
from neuraljet.searching.space import Start
from neuraljet.searching.trial import Asked, Costs, Outcome, Pictures, Reached, training
from tests.support.pictures import Maker

WIDE = NetworkSpec("wide", (Block(12, 3, "jets", padding=False, pool=2), Block(12, 3, "jets", padding=False)))
CONFIG = TrainConfig(steps=12, batch=8)


@pytest.mark.parametrize("method", ["slim", "prune"])
def test_the_best_is_trained_wide_made_smaller_and_trained_on(tmp_path, monkeypatch, method):
    Maker(tmp_path / "pictures").classes(count=16)
    data = load(tmp_path / "pictures")
    pictures = Pictures(DataSource(str(tmp_path / "pictures"), (12, 12), "gray", 0), data.digest)
    request = Request(pictures, Budget.of(sites=520), CONFIG, method)
    how = Shrinking(method, 0.95)
    outcome: Outcome = parse(Outcome, training(Asked(pictures, WIDE, CONFIG, request.budget, how)).perform(), "")
    start = Start(WIDE, replace(how, removed=outcome.removed))
    found = Candidate(3, outcome.network, outcome.costs, outcome.reached, start)
    assert sum(outcome.removed) > 0
    study, given = tmp_path / "study", (request, Beginning(WIDE, ()), data, False)
    study.mkdir()

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(finish, "train", interrupted)
        with pytest.raises(KeyboardInterrupt):
            finish.train_best(study, found, *given)
    assert [path.name for path in study.iterdir()] == ["wider-3.safetensors"]
    with monkeypatch.context() as patch:  # what the wider network has learned is not learned again
        patch.setattr(Trainer, "run_round", _last_part_only())
        metrics = finish.train_best(study, found, *given)
    best = study / "best"
    asked, network = request_of(best), load_trained(best).network
    assert asked.network == found.network and asked.config.steps == metrics.steps == 4 and len(asked.begun) == 64
    assert asked.hardware.expected.sites == outcome.costs.sites and asked.config.folds == 1
    if method == "prune":
        none = sum(int(zero(jets).sum()) for jets in selections(network).values())
        assert none == sum(outcome.removed)  # four steps bring none back
    else:
        assert sum(block.channels for block in network.spec.blocks) < 24
    assert {path.name for path in study.iterdir() if not path.name.startswith(".")} == {"best"}
    assert "network.toml" in again(best, asked).command
    before = (best / METRICS).stat().st_mtime_ns
    assert finish.train_best(study, found, *given) == finished(best)
    assert (best / METRICS).stat().st_mtime_ns == before


def test_a_training_whose_time_is_over_goes_on_later(tmp_path):
    Maker(tmp_path / "pictures").classes(count=16)
    data = load(tmp_path / "pictures")
    request = Request(Pictures(DataSource("x"), data.digest), Budget.of(), CONFIG, "tpe")
    found = Candidate(0, WIDE, Costs(700, 0, 576, 100, 900), Reached(12, 5, 8, 0.5, 1.0), Start(WIDE))
    given = (request, Beginning(WIDE, ()), data, False)
    study = tmp_path / "study"
    study.mkdir()
    with pytest.raises(TimeOverError):
        finish.train_best(study, found, *given, check=Clock(1.0, before_s=100.0).check)
    assert (study / "next" / "checkpoint.safetensors").exists() and not (study / "best").exists()
    assert finish.train_best(study, found, *given).steps == 12 and finished(study / "best")
    assert len((study / "best" / "log.jsonl").read_text().splitlines()) == 12


def _last_part_only():
    run_round = Trainer.run_round

    def checked(trainer):
        assert trainer.schedule.steps == 4, f"{trainer.schedule.steps} steps again"
        return run_round(trainer)

    return checked


def test_a_checkpoint_of_something_else_is_told(tmp_path):
    (tmp_path / "wider-3.safetensors").write_bytes(b"no checkpoint")
    Maker(tmp_path / "pictures").classes(count=16)
    data = load(tmp_path / "pictures")
    request = Request(Pictures(DataSource("x"), data.digest), Budget.of(sites=520), CONFIG, "slim")
    start = Start(WIDE, Shrinking("slim", 0.95, removed=(4, 0)))
    found = Candidate(3, WIDE, Costs(700, 0, 576, 100, 900), Reached(12, 5, 8, 0.5, 1.0), start)
    with pytest.raises(UserError, match=r"wider-3\.safetensors"):
        finish.train_best(tmp_path, found, request, Beginning(WIDE, ()), data, False)
