"""How long a search takes at the least, before it begins: by a few steps of the network that is taken without it."""

import time
from collections.abc import Sequence
from dataclasses import replace

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.model.family import operations
from bnn.model.spec import NetworkSpec
from bnn.training.augment import GROUPS
from bnn.training.config import AUTO, TrainConfig
from bnn.training.plan.make import FEWEST_STEPS, SPLITS, TRIAL_SHARE
from bnn.training.trainer import Trainer
from bnn.training.worker import joined
from neuraljet.searching.clock import Clock, final_seconds
from neuraljet.searching.trial import shape_of

WARM, STEPS = 3, 9  # steps before, and those that are measured


def pace_here(data: Dataset, network: NetworkSpec, config: TrainConfig) -> float:
    """Return the seconds that this machine takes for a multiply-add a picture and step, on one thread as in trials."""
    augment = () if config.augment == AUTO else config.augment
    short = replace(config, epochs=None, steps=WARM + STEPS, augment=augment, folds=1, starts=1)
    with joined("cpu", 1) as worker:
        trainer = Trainer(data, network, short, worker)
        started = 0.0
        while trainer.round < trainer.schedule.rounds:
            if trainer.round == WARM:
                started = time.monotonic()
            for _ in trainer.run_round():
                pass
        seconds = time.monotonic() - started
    return seconds / (STEPS * operations(shape_of(data), len(data.classes), network))


def refuse_short(
    clock: Clock, pace_s: float, data: Dataset, network: NetworkSpec, config: TrainConfig, rungs: Sequence[int],
    folds: int,
) -> None:  # fmt: skip
    """Raise UserError when the time is too short for a training of the first rung and the one in full.

    network: what would be taken without a search. Choosing how pictures are varied counts as long as it may take.
    """
    each = operations(shape_of(data), len(data.classes), network)
    steps = rungs[-1]
    first = pace_s * each * (rungs[0] + _settling(steps, config))
    needed = clock.spent() + first + final_seconds(pace_s, each * steps, folds)
    if clock.limit_s is not None and needed > clock.limit_s:
        raise UserError(
            f"--hours {clock.limit_s / 3600:.3g} is too short for a search: here a step of '{network.name}' takes "
            f"{1000 * pace_s * each:,.0f} ms, so a short training of it and the one in full ({steps:,} steps) take "
            f"about {needed / 60:,.0f} minutes; give --hours {_above(needed / 3600)} or more, or fewer --steps"
        )


def _settling(steps: int, config: TrainConfig) -> int:
    """Return the most steps that choosing the augmentation takes."""
    short = steps // TRIAL_SHARE
    if config.augment != AUTO or short < FEWEST_STEPS:
        return 0
    return SPLITS * 2 * len(GROUPS) * short  # none at all, each group, and all but one of them beside others


def _above(hours: float) -> str:
    return f"{int(100 * hours + 1) / 100:g}"
