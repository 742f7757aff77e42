"""Make the plan of a training: augmentation, what to expect, start, in this order."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bnn.data import Dataset
from bnn.model.spec import NetworkSpec
from bnn.training.augment import GROUPS
from bnn.training.config import AUTO, TrainConfig
from bnn.training.label_mistakes import Doubt, doubts
from bnn.training.plan.folds import deal, held_out, most_folds, small_splits
from bnn.training.plan.judge import Judged, Tick, accuracy, judge, mean_loss
from bnn.training.plan.search import Names, choose
from bnn.training.plan_record import Estimate, Plan, Start, Trial
from bnn.training.resume import checkpoint
from bnn.training.schedule import Schedule
from bnn.training.sides import hold_out
from bnn.training.trainer import Trainer
from bnn.training.worker import Worker

TRIAL_SHARE = 24  # a trial has so many times fewer steps than the training
FEWEST_STEPS = 100  # of a trial: before that what makes pictures harder only seems to harm
SPLITS = 2  # on which a group is tried
TRIAL_PICTURES = 400  # at most, that a trial learns from, and that judge it
START_SHARE = 2  # a start has so many times fewer rounds than the training
_NEXT_START = 1_000_003  # from one start's seed to the next one's


def needs_plan(config: TrainConfig) -> bool:
    """Tell whether `config` leaves anything to be settled by `make_plan`."""
    return config.augment == AUTO or config.folds > 1 or config.starts > 1


def make_plan(
    data: Dataset,
    spec: NetworkSpec,
    config: TrainConfig,
    tick: Tick = lambda _: None,
    worker: Worker | None = None,
    tell: Callable[[list[Doubt]], object] = lambda _: None,
) -> tuple[Plan, bytes | None]:
    """Settle what `config` leaves open, by short trainings on the training pictures; the same each time.

    Return the plan, and the checkpoint of the best start where the training can go on from it. `tick` is told of each
    step that is done. worker: this process, which plans alone. tell: gets the labels that the folds' networks doubt,
    where there are folds.
    """
    notes: list[str] = []
    augment, trials = config.augment, tuple[Trial, ...]()
    if config.augment == AUTO:
        trials = _search(data, spec, config, tick, worker, notes)
        augment = next((trial.augment for trial in reversed(trials) if trial.kept), ())
    settled = replace(config, augment=augment)
    estimate = None
    if config.folds > 1:
        estimate = _cross_validate(data, spec, settled, tick, worker, notes, tell)
    plan = Plan(augment, config.seed, held_out=estimate is None, trials=trials, estimate=estimate, notes=tuple(notes))
    return _best_start(data, spec, config, plan, tick, worker) if config.starts > 1 else (plan, None)


def planned(
    data: Dataset, spec: NetworkSpec, config: TrainConfig, plan: Plan
) -> tuple[Dataset, NetworkSpec, TrainConfig]:
    """Return what the trainer gets: set, network and settings, in which nothing is left open.

    The pictures that are held out are those of `config`, whatever the seed of the start.
    """
    settled = replace(config, augment=plan.augment, seed=plan.seed, folds=1, starts=1)
    if not plan.held_out:
        return data, spec, replace(settled, validation=0.0)
    if plan.seed != config.seed and data.validation_labels is None:
        kept, held = hold_out(data.train_labels, config.validation, config.seed, data.train_groups)
        if not np.array_equal(kept, held):
            data = held_out(data, np.isin(np.arange(len(data.train_labels)), held))
    return data, spec, settled


def _search(
    data: Dataset, spec: NetworkSpec, config: TrainConfig, tick: Tick, worker: Worker | None, notes: list[str]
) -> tuple[Trial, ...]:
    steps = Schedule.of(config, len(data.train_labels)).steps // TRIAL_SHARE
    if steps < FEWEST_STEPS or most_folds(data.train_labels, 2, data.train_groups) < 2:
        one = "a class has only one picture" if data.train_groups is None else "a class has only one group of pictures"
        why = f"{steps * TRIAL_SHARE} steps are too few" if steps < FEWEST_STEPS else one
        notes.append(f"augmentation was not chosen and there is none: {why} to try it on held-out pictures")
        return ()
    splits = small_splits(data, SPLITS, TRIAL_PICTURES, config.seed)
    short = _short(config, steps)

    def attempt(names: Names, split: int) -> Judged:
        return judge(splits[split], spec, replace(short, augment=names, seed=config.seed + split), tick, worker)

    square = data.train_images.shape[1] == data.train_images.shape[2]
    groups = [names for names in GROUPS.values() if square or names != ("rot90",)]
    return choose(groups, len(splits), attempt, steps)


def _cross_validate(
    data: Dataset, spec: NetworkSpec, config: TrainConfig, tick: Tick, worker: Worker | None, notes: list[str],
    tell: Callable[[list[Doubt]], object],
) -> Estimate | None:  # fmt: skip
    """Return what trainings on all folds but one say of the one; together they have half the steps of the training.

    None where a class has one picture only.
    """
    folds = most_folds(data.train_labels, config.folds, data.train_groups)
    if folds < config.folds:
        what = "training pictures" if data.train_groups is None else "groups of training pictures"
        notes.append(f"{folds} folds instead of {config.folds}, as the smallest class has {folds} {what}")
    if folds < 2:
        return None
    fold = deal(data.train_labels, folds, config.seed, data.train_groups)
    short = _short(config, max(1, Schedule.of(config, len(data.train_labels)).steps // (2 * folds)))
    judged = [
        judge(held_out(data, fold == k), spec, replace(short, seed=config.seed + k), tick, worker) for k in range(folds)
    ]
    if data.train_names:
        tell(
            [
                doubt
                for k, one in enumerate(judged)
                for doubt in _doubts(data, fold == k, one, f"fold {k + 1} of {folds}")
            ]
        )
    each = [accuracy([one]) for one in judged]
    return Estimate(
        accuracy=accuracy(judged),
        spread=float(np.std(each, ddof=1)),
        folds=tuple(each),
        loss=mean_loss(judged),
        steps=short.steps or 0,
        pictures=len(fold),
    )


def _doubts(data: Dataset, held: NDArray[np.bool_], judged: Judged, judged_by: str) -> list[Doubt]:
    names = [data.train_names[i] for i in np.flatnonzero(held)]
    return doubts(names, data.train_labels[held], judged.shares, data.classes, judged_by)


def _best_start(
    data: Dataset, spec: NetworkSpec, config: TrainConfig, plan: Plan, tick: Tick, worker: Worker | None
) -> tuple[Plan, bytes | None]:
    """Begin from several seeds, each with the schedule of the whole training; return which goes on, and from where.

    No teacher learns for them: it would take longer than they do. With a teacher the training begins anew.
    """
    starts: list[Start] = []
    best = None
    for number in range(config.starts):
        seed = (config.seed + number * _NEXT_START) % 2**31
        trainer = Trainer(*planned(data, spec, replace(config, teacher="none"), replace(plan, seed=seed)), worker)
        for _ in range(-(-trainer.schedule.rounds // START_SHARE)):
            for _ in trainer.run_round():
                tick(1)
        reached = checkpoint(trainer)  # before it is judged, which the training itself does later
        loss = trainer.evaluate().loss
        if not starts or loss < min(start.loss for start in starts):
            plan, best = replace(plan, seed=seed), reached
        starts.append(Start(seed, trainer.schedule.first_step(trainer.round), loss))
    return replace(plan, starts=tuple(starts)), best if config.teacher == "none" else None


def _short(config: TrainConfig, steps: int) -> TrainConfig:
    """Return the settings of a trial: those of the training, without a teacher, which would learn anew in each."""
    return replace(config, epochs=None, steps=steps, folds=1, starts=1, teacher="none")
