"""A trial: judged by training pictures alone, refused before any training, and the same wherever it runs."""

from dataclasses import replace

import numpy as np
import pytest

from bnn.data import DataSource, load
from bnn.engines import Task
from bnn.errors import UserError
from bnn.model.budget import Budget
from bnn.model.family import member
from bnn.model.network import Network
from bnn.model.size import size_of
from bnn.model.spec import Block, NetworkSpec
from bnn.storage.records import parse
from bnn.training.config import TrainConfig
from finn_build.choose import MARGIN
from neuraljet.searching import trial
from neuraljet.searching.shrinking import Shrinking
from neuraljet.searching.trial import Asked, Outcome, Pictures, for_trials, training
from tests.support.pictures import Maker

CONFIG = TrainConfig(steps=20, batch=8)
SMALL = member((1, 12, 12), 2, 4, form="binary", first="jets")


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    Maker(folder).classes(count=16)
    source = DataSource(str(folder), (12, 12), "gray", 0)
    return Asked(Pictures(source, load(folder).digest), SMALL, CONFIG, Budget.of())


def performed(task: Task) -> Outcome:
    found: Outcome = parse(Outcome, task.perform(), "")
    return found


def test_a_network_that_fits_is_trained_and_judged_by_pictures_that_were_held_out(asked, monkeypatch):
    seen = []
    judge = trial.judge
    monkeypatch.setattr(trial, "judge", lambda data, *rest: seen.append(data) or judge(data, *rest))
    first, again = performed(training(asked)), performed(training(asked))
    assert replace(first.reached, seconds=0.0) == replace(again.reached, seconds=0.0)
    assert first.costs.sites > 0 and first.excess is None
    whole = load(asked.pictures.source.source)
    assert first.reached.of == 8 and len(whole.train_labels) == 24  # 4 of 12 of each class
    (data, _) = seen
    assert len(data.test_labels) == 0 and len(data.train_labels) == 16
    learned, held = ({p.tobytes() for p in side} for side in (data.train_images, data.validation_images))
    test = {picture.tobytes() for picture in whole.test_images}
    assert not learned & held and not (learned | held) & test
    assert performed(training(replace(asked, budget=None))).costs is None


@pytest.mark.parametrize(
    ("budget", "name"),
    [(Budget.of(sites=100), "sites"), (Budget.of(fps=1e9), "rate"), (Budget.of(sites=10**6, ramb18=0, fps=1.0), None)],
)
def test_what_does_not_fit_is_never_trained(asked, monkeypatch, budget, name):
    monkeypatch.setattr(trial, "judge", lambda *_: pytest.fail("it was trained"))
    if name is None:
        monkeypatch.setattr(trial, "MOST_OPERATIONS", 1000)
    found = performed(training(replace(asked, budget=budget)))
    assert found.reached is None
    assert set(found.excess) == {name or "operations"} and min(found.excess.values()) > 0


WIDE = NetworkSpec("wide", (Block(16, 3, "jets", padding=False, pool=2), Block(16, 3, "jets", padding=False)))


@pytest.mark.parametrize("method", ["slim", "prune"])
def test_a_network_that_is_too_large_becomes_smaller_until_it_fits(asked, method):
    found = performed(training(replace(asked, network=WIDE)))
    sites = round(found.costs.sites * 0.9)
    assert performed(training(replace(asked, network=WIDE, budget=Budget.of(sites=sites)))).excess
    shrinking = Shrinking(method, 0.95, 0.002 if method == "slim" else 0.0)
    wide = replace(asked, network=WIDE, budget=Budget.of(sites=sites), shrinking=shrinking)
    first, again = performed(training(wide)), performed(training(wide))
    assert replace(first.reached, seconds=0.0) == replace(again.reached, seconds=0.0)
    assert first.costs.sites * (1 + MARGIN) <= sites and first.reached.of == 8 and first.reached.steps == 20
    assert (first.network, first.removed, first.costs) == (again.network, again.removed, again.costs)
    channels = [block.channels for block in first.network.blocks]
    assert (sum(channels) < 32) == (method == "slim") and sum(first.removed) > 0
    longer = replace(wide, config=replace(CONFIG, steps=30), shrinking=replace(shrinking, removed=first.removed))
    later = performed(training(longer))
    assert later.network == first.network and later.removed == first.removed and later.reached.steps == 30


def test_what_cannot_become_small_enough_is_never_trained(asked, monkeypatch):
    monkeypatch.setattr(trial, "run_rounds", lambda *_: pytest.fail("it was trained"))
    for method in ("slim", "prune"):
        wide = replace(asked, network=WIDE, shrinking=Shrinking(method, 0.95))
        assert set(performed(training(replace(wide, budget=Budget.of(sites=100)))).excess) == {"sites"}
        assert set(performed(training(replace(wide, budget=Budget.of(fps=1e9)))).excess) == {"rate"}
    monkeypatch.setattr("neuraljet.searching.shrinking.MOST_OPERATIONS", 1000)
    assert set(performed(training(wide)).excess) == {"operations"}


def test_other_pictures_are_told_apart(asked):
    other = replace(asked.pictures, sha256="0" * 64)
    with pytest.raises(UserError, match="others than when the search began"):
        training(replace(asked, pictures=other)).perform()


def test_augmentation_is_settled_on_what_trials_learn_from(asked):
    config = replace(CONFIG, augment=("auto",), steps=48)
    assert trial.settling(replace(asked, config=config)).perform() == {"augment": []}  # too few steps to try any


def test_a_third_is_held_out_at_most_2000_and_groups_stay_together(asked):
    data = load(asked.pictures.source.source)
    groups = np.arange(len(data.train_labels)) // 2
    split = for_trials(replace(data, train_groups=groups))
    kept = {p.tobytes() for p in split.train_images}
    sides = [picture.tobytes() in kept for picture in data.train_images]
    assert sides[::2] == sides[1::2] and 4 <= len(split.validation_labels) <= 12
    many = replace(
        data, train_images=np.repeat(data.train_images, 500, 0), train_labels=np.repeat(data.train_labels, 500)
    )
    assert len(for_trials(replace(many, train_names=())).validation_labels) == 2000
    assert for_trials(split) is split
    few = replace(
        data, train_images=data.train_images[[0, -1]], train_labels=data.train_labels[[0, -1]], train_names=()
    )
    with pytest.raises(UserError, match="at least 4"):
        for_trials(few)


def test_parameters_are_what_the_frozen_network_keeps():
    spec = NetworkSpec("", (Block(6, 3, "jets", padding=False), Block(5, 3, "bottleneck", maps=2, pool=2)), (7,))
    places = 5 * 5 * 5  # 12 - 2, pooled by 2
    jets, bottleneck = 6 * 1 + 6, 2 * 6 + 5 * 2 + 5  # selections and signs, thresholds
    assert size_of(Network(spec, (1, 12, 12), 3))["parameters"] == jets + bottleneck + places * 7 + 7 + 7 * 3 + 3
