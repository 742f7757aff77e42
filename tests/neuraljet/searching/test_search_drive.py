"""The driver: what it trains, what it refuses, and that it goes on where it or another one stopped."""

from collections import Counter
from dataclasses import replace

import pytest
from optuna.trial import TrialState

from bnn.errors import ToolError, UserError
from bnn.model.family import operations
from bnn.model.spec import Block, NetworkSpec
from bnn.training.config import TrainConfig
from neuraljet.searching import drive as driving
from neuraljet.searching.clock import Clock, TimeOverError
from neuraljet.searching.foresight import pace_here, refuse_short
from neuraljet.searching.front import best, candidates
from neuraljet.searching.methods import METHODS
from neuraljet.searching.store import JOURNAL, database_words
from tests.support.searching import DEFAULT, SITES, AtOnce, answered, drive, known, luck_of, sites_of
from tests.support.slopes import slopes


@pytest.fixture(autouse=True)
def unsynced(monkeypatch):
    """Leave syncing to the disk out: it is most of the time that the journal takes."""
    monkeypatch.setattr("os.fsync", lambda handle: None)


@pytest.mark.parametrize("method", METHODS)
def test_short_trainings_come_first_and_what_does_not_fit_is_never_trained(tmp_path, method):
    engine, told = AtOnce(), []
    *trials, _ = drive(tmp_path, engine, method=method, trials=24, told=told)
    trained = [trial for trial in trials if trial.reached]
    assert len(trained) == 24 and trained[0].network.blocks == DEFAULT.blocks
    steps = Counter(asked.config.steps for asked in engine.asked)
    assert steps[600] > 1.5 * steps[1800] >= 1.5 * steps[3600] > 0
    refused = [trial for trial in trials if trial.refused]
    assert refused and all(trial.state == TrialState.PRUNED and not trial.reached for trial in refused)
    for asked in engine.asked:  # the budget is asked about once, before the first training, but by what becomes smaller
        assert (asked.budget is None) == (asked.config.steps != 600 and not asked.shrinking)
        assert asked.config.folds == 1
    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    assert all(trial.state in ended for trial in trials)
    networks = [(trial.network.blocks, trial.shrinking) for trial in trained]
    assert len(set(networks)) == len(networks)
    found = candidates(trials)
    assert {one.reached.steps for one in found} == {3600} and len(found) == steps[3600]
    assert best(found).reached.right >= next(t.reached[2].right for t in trials if t.network.blocks == DEFAULT.blocks)
    assert sum(event.final for event in told) == len(found)


@pytest.mark.parametrize("method", ["tpe", "evolve"])
def test_a_search_finds_better_networks_than_chance(tmp_path, method):
    """Accuracy rises with the sites here, so the best network is one that just fits."""
    *trials, _ = drive(tmp_path, AtOnce(), method=method, trials=45)
    trained = [trial for trial in trials if trial.reached]
    early, late = ([trial.costs.sites for trial in part] for part in (trained[:15], trained[-15:]))
    assert sum(late) > 1.1 * sum(early)
    assert best(candidates(trials)).costs.sites > 0.85 * SITES


@pytest.mark.parametrize("method", ["slim", "prune"])
def test_what_goes_is_found_once_and_kept_in_longer_trainings(tmp_path, method):
    first = AtOnce(most=14)
    with pytest.raises(KeyboardInterrupt):
        drive(tmp_path, first, method=method, trials=24)
    second = AtOnce()
    *trials, _ = drive(tmp_path, second, method=method, trials=24, seed=2)
    known = {trial.network.name: trial for trial in trials if trial.left}
    assert len(known) > 8
    for asked in (*first.asked, *second.asked):
        if asked.shrinking:
            assert (asked.shrinking.removed is None) == (asked.config.steps == 600)
            assert asked.shrinking.method == method and (method == "slim" or asked.shrinking.penalty == 0)
    longer = [asked for asked in (*first.asked, *second.asked) if asked.config.steps > 600 and asked.shrinking]
    assert longer
    for asked in longer:
        trial = next(t for t in trials if t.shrinking == asked.shrinking and t.network == asked.network)
        assert sites_of(trial.left) == trial.costs.sites <= min(SITES, sites_of(trial.network))
    done = [(asked.network, asked.shrinking, asked.config.steps) for asked in (*first.asked, *second.asked)]
    assert len(set(done)) == len(done)
    one = next(one for one in candidates(trials) if one.start.shrinking)
    assert one.network != one.start.network and one.network.name.startswith("part of ")


def test_nsga2_keeps_small_networks_too(tmp_path):
    *trials, _ = drive(tmp_path, AtOnce(), method="nsga2", trials=24)
    found = candidates(trials)
    assert min(one.costs.sites for one in found) < 0.6 * max(one.costs.sites for one in found)


def test_an_interrupted_driver_goes_on_and_trains_nothing_twice(tmp_path):
    first = AtOnce(most=11)
    with pytest.raises(KeyboardInterrupt):
        drive(tmp_path, first, trials=20)
    with (tmp_path / JOURNAL).open("ab") as file:
        file.write(b'{"op_code": 4, "wor')  # as a kill in the middle of a write leaves it
    before = {trial.number: trial.reached for trial in known(tmp_path)}
    second = AtOnce()
    *trials, _ = drive(tmp_path, second, trials=20, seed=2)
    done = [(asked.network, asked.config.steps) for asked in (*first.asked, *second.asked)]
    assert len(set(done)) == len(done)
    assert sum(bool(trial.reached) for trial in trials) == 20
    assert all(trial.state != TrialState.RUNNING for trial in trials)
    for number, reached in before.items():
        assert reached.items() <= next(trial for trial in trials if trial.number == number).reached.items()
    third = AtOnce()
    drive(tmp_path, third, trials=20)
    assert third.asked == []


def test_another_drivers_trials_are_left_to_it(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        drive(tmp_path, AtOnce(most=3), trials=20)
    running = {trial.number for trial in known(tmp_path) if trial.state == TrialState.RUNNING}
    assert running
    *trials, _ = drive(tmp_path, AtOnce(), driver="c" * 32, trials=20)
    assert {trial.number for trial in trials if trial.state == TrialState.RUNNING} == running


def test_the_time_is_kept(tmp_path, monkeypatch):
    """A whole training takes 36 s here, half of one 18 s, a short one 6 s, and the end keeps 60 s and a training."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def slow(asked):
        outcome = answered(asked)
        now[0] += outcome.reached.seconds if outcome.reached else 0.5
        return outcome

    engine = AtOnce(workers=1, answer=slow)
    *trials, _ = drive(tmp_path, engine, hours=600 / 3600)
    assert 300 < now[0] <= 600 - 60 - 36 / 2 and candidates(trials)
    assert Counter(asked.config.steps for asked in engine.asked)[600] > 5


def test_with_no_time_the_default_is_tried_all_the_same(tmp_path):
    engine = AtOnce(workers=1)
    *trials, _ = drive(tmp_path, engine, hours=1e-9)
    assert [asked.config.steps for asked in engine.asked] == [600]
    assert candidates(trials)[0].network.blocks == DEFAULT.blocks


def test_a_first_training_that_never_ends_is_ended_with_the_time(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    class Silent(AtOnce):
        def wait(self, futures, timeout_s=None):
            assert 0 < timeout_s <= 600
            now[0] += timeout_s
            return [], list(futures)

    *trials, _ = drive(tmp_path, Silent(workers=1), hours=600 / 3600)
    assert 600 <= now[0] <= 660 and not candidates(trials)


def test_the_last_training_may_be_a_minute_late():
    late = Clock(1000.0, before_s=1050.0)
    late.check()
    with pytest.raises(TimeOverError, match=r"the 0\.278 hours were over .* more --hours goes on"):
        Clock(1000.0, before_s=1061.0).check()
    Clock(100_000.0, before_s=104_000.0).check()
    Clock(None, before_s=1e9).check()


def test_too_little_time_is_told_before_the_start():
    data, config = slopes(40, 8), TrainConfig(steps=3600)
    network = NetworkSpec("tiny", (Block(4, pool=2), Block(4, pool=2)))
    assert 0 < pace_here(data, network, config) < 1e-3
    each = operations((1, 16, 16), len(data.classes), network)
    needed = 0.1 * (600 + 3600) + 60  # a tenth of a second a step
    for limit, chosen in ((needed - 1, ("shift",)), (needed + 60, ("auto",))):
        with pytest.raises(
            UserError, match=r"a step of 'tiny' takes 100 ms, .* \(3,600 steps\) take about \d+ minutes"
        ):
            refuse_short(
                Clock(limit), 0.1 / each, data, network, replace(config, augment=chosen), (600, 1800, 3600), 1
            )  # fmt: skip
    refuse_short(Clock(needed + 1), 0.1 / each, data, network, config, (600, 1800, 3600), 1)
    refuse_short(Clock(None), 0.1 / each, data, network, config, (600, 1800, 3600), 1)


def test_a_training_that_fails_is_told_and_many_end_the_search(tmp_path):
    def sometimes(asked):
        if luck_of(asked.network) % 4 == 0:
            raise ToolError("the training diverged")
        return answered(asked)

    told = []
    *trials, _ = drive(tmp_path, AtOnce(answer=sometimes), trials=12, told=told)
    failed = [trial for trial in trials if trial.state == TrialState.FAIL and not trial.reached]
    assert failed and any("diverged" in event.words for event in told)

    def always(asked):
        raise ToolError("the training diverged")

    (tmp_path / "other").mkdir()
    with pytest.raises(ToolError, match="diverged"):
        drive(tmp_path / "other", AtOnce(answer=always), trials=12)


def test_a_space_of_few_networks_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(driving, "MOST_REPEATS", 20)

    def never(asked):
        outcome = answered(asked)
        return outcome if asked.network.blocks == DEFAULT.blocks else type(outcome)(None, None, {"rate": 1.0})

    engine = AtOnce(answer=never)
    *trials, driver = drive(tmp_path, engine, trials=5)
    assert "did not fit" in driver.note and sum(bool(trial.reached) for trial in trials) == 1


def test_urls_of_other_kinds_are_refused():
    assert database_words("postgresql://me:secret@host:5433/name") == "the database name at host:5433"
    for url in ("sqlite:///x", "postgres", "mysql://me:secret@a/b", "postgresql://h:port/x", ""):
        with pytest.raises(UserError, match="PostgreSQL") as caught:
            database_words(url)
        assert "me:secret" not in str(caught.value)
