"""A schedule names each step's pictures by seed and step alone; rounds and passes cover all steps and all pictures."""

from dataclasses import replace

import pytest
import torch

from bnn.errors import UserError
from bnn.storage.records import entries, parse
from bnn.training.config import STEPS, TrainConfig
from bnn.training.schedule import ROUNDS, Draw, Schedule


@pytest.mark.parametrize(("pictures", "steps"), [(50, 3600), (300, 17), (5000, 130), (64, 1)])
def test_rounds_cover_all_steps_and_passes_all_pictures(pictures: int, steps: int) -> None:
    schedule = Schedule.of(TrainConfig(steps=steps), pictures)
    rounds = [schedule.steps_of(number) for number in range(schedule.rounds)]
    assert [step for steps in rounds for step in steps] == list(range(steps))
    assert schedule.rounds == min(ROUNDS, steps) and {len(r) for r in rounds} <= {
        steps // schedule.rounds + i for i in (0, 1)
    }
    batches = schedule.order(3)
    assert sorted(torch.cat(batches).tolist()) == list(range(pictures))
    assert len(batches) == schedule.steps_per_pass and max(map(len, batches)) <= 64
    sizes = [len(batch) for batch in batches]
    assert [schedule.seen(step) for step in (0, 1, len(sizes), len(sizes) + 1)] == [
        0, sizes[0], pictures, pictures + sizes[0],
    ]  # fmt: skip


def test_epochs_are_rounds_of_one_pass() -> None:
    schedule = Schedule.of(TrainConfig(epochs=5, batch=16), 100)
    assert (schedule.rounds, schedule.steps, schedule.steps_per_pass) == (5, 35, 7)
    assert [schedule.first_step(number) for number in range(6)] == [0, 7, 14, 21, 28, 35]
    assert schedule.seen(schedule.steps) == 500


def test_what_is_drawn_depends_on_seed_purpose_number_and_process() -> None:
    schedule = Schedule.of(TrainConfig(seed=4), 100)

    def drawn(schedule: Schedule, *what: int) -> int:
        return int(torch.randint(2**62, (), generator=schedule.generator(*what)))

    streams = [
        drawn(schedule, Draw.ORDER, 0), drawn(schedule, Draw.AUGMENT, 0), drawn(schedule, Draw.AUGMENT, 1),
        drawn(schedule, Draw.AUGMENT, 1, 1), drawn(replace(schedule, seed=5), Draw.ORDER, 0),
    ]  # fmt: skip
    assert len(set(streams)) == len(streams)
    assert drawn(schedule, Draw.AUGMENT, 1) == streams[2]
    assert [b.tolist() for b in schedule.order(2)] == [b.tolist() for b in replace(schedule).order(2)]
    assert [b.tolist() for b in schedule.order(2)] != [b.tolist() for b in schedule.order(3)]


def test_a_training_is_so_many_steps_or_so_many_epochs() -> None:
    """The default is written down; records of before steps mean epochs, and are written as before."""
    assert TrainConfig().steps == STEPS and entries(TrainConfig())["steps"] == STEPS
    old = entries(TrainConfig(epochs=60))
    assert "steps" not in old and "balance" not in old
    assert parse(TrainConfig, old | {"augment": []}, "") == TrainConfig(epochs=60)
    with pytest.raises(UserError, match="6 epochs and of 100 steps cannot be; give one of them"):
        TrainConfig(epochs=6, steps=100)
