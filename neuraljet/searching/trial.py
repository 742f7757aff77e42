"""The trainings of a search as tasks: pure functions of a description, which holds the seed, to a record.

Every one judges by training pictures that were held out. The test pictures are never looked at.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from bnn.data import Dataset, DataSource, load_again
from bnn.engines import Task
from bnn.errors import UserError
from bnn.integer.freeze import freeze
from bnn.model.budget import Budget
from bnn.model.family import operations
from bnn.model.network import Network
from bnn.model.size import size_of
from bnn.model.spec import NetworkSpec
from bnn.storage.records import OPTIONAL, entries, parse
from bnn.training.config import TrainConfig
from bnn.training.plan.folds import held_out
from bnn.training.plan.judge import Judged, judge, judged_by
from bnn.training.plan.make import make_plan
from bnn.training.rounds import run_rounds
from bnn.training.sides import hold_out
from bnn.training.worker import joined
from finn_build.choose import MOST_OPERATIONS, Fit, fit, fit_of
from neuraljet.searching.shrinking import Refused, Shrinking, refuse_hopeless, second_trainer, shrunk, wide_trainer

HELD_SHARE, MOST_HELD = 1 / 3, 2000  # of the training pictures: a third, where there are few
SPLIT_SEED = 0  # of what is held out: the same pictures judge every trial


@dataclass(frozen=True)
class Pictures:
    """The pictures of a search, for a worker that loads them itself."""

    source: DataSource
    sha256: str  # Dataset.digest


@dataclass(frozen=True)
class Asked:
    """One training of one network.

    budget: it is kept by estimate, or nothing is trained; None: the network is known to keep it. shrinking: the network
    is too large, and becomes smaller while it is trained.
    """

    pictures: Pictures
    network: NetworkSpec
    config: TrainConfig
    budget: Budget | None = field(default=None, metadata={OPTIONAL: True})
    shrinking: Shrinking | None = field(default=None, metadata={OPTIONAL: True})


@dataclass(frozen=True)
class Costs:
    """What a network takes, by an estimate, and how large it is.

    The estimate is with random weights, but for networks that became smaller: there it is with those that they have.
    """

    sites: int
    ramb18: int
    ramb18_sites: int  # LUT sites that a RAMB18 is worth in it
    cycles_per_frame: int
    parameters: int


@dataclass(frozen=True)
class Reached:
    """What a training reached on the pictures that were held out."""

    steps: int
    right: int
    of: int
    loss: float
    seconds: float

    @property
    def accuracy(self) -> float:
        return self.right / self.of

    def worth(self) -> tuple[int, float]:
        """Return what orders trainings of as many steps, the best last: pictures that are right, then the loss."""
        return self.right, -self.loss


@dataclass(frozen=True)
class Outcome:
    """The record of a training: costs where they were asked for, and what it reached, or by how much it was refused."""

    costs: Costs | None = field(default=None, metadata={OPTIONAL: True})
    reached: Reached | None = field(default=None, metadata={OPTIONAL: True})  # None: refused
    excess: Mapping[str, float] | None = field(default=None, metadata={OPTIONAL: True})  # shares above the budget
    network: NetworkSpec | None = field(default=None, metadata={OPTIONAL: True})  # what is left of one that was shrunk
    removed: tuple[int, ...] | None = field(default=None, metadata={OPTIONAL: True})  # of each of its blocks


def training(asked: Asked) -> Task:
    """Return a training as a task, whose record is an Outcome."""
    return Task(f"{__name__}:train", entries(asked))


def settling(asked: Asked) -> Task:
    """Return the task that chooses how pictures are varied; its record is {"augment": [...]}."""
    return Task(f"{__name__}:settle", entries(asked))


def train(description: dict[str, Any]) -> dict[str, Any]:
    """Estimate the network, when there is a budget; train it, when it fits; return an Outcome."""
    asked: Asked = parse(Asked, description, "")
    data = _loaded(asked.pictures)
    if asked.shrinking is not None:
        try:
            return entries(_smaller(asked, asked.shrinking, data))
        except Refused as refused:
            return entries(Outcome(None, None, refused.excess))
    costs = None
    if asked.budget is not None:
        costs, excess = measured(asked.network, data, asked.budget)
        if excess:
            return entries(Outcome(costs, None, excess))
    started = time.monotonic()
    with joined("cpu", 1) as worker:
        judged = judge(data, asked.network, asked.config, lambda _: None, worker)
    return entries(Outcome(costs, _reached(asked, judged, started)))


def _smaller(asked: Asked, how: Shrinking, data: Dataset) -> Outcome:
    """Train a network that is too large, make it smaller, train on. Refused as in `neuraljet.searching.shrinking`."""
    budget, shape, classes = asked.budget, shape_of(data), len(data.classes)
    assert budget is not None
    if how.removed is None:
        refuse_hopeless(asked.network, shape, classes, how, budget)
    started = time.monotonic()
    with joined("cpu", 1) as worker:
        first = wide_trainer(data, asked.network, asked.config, how, worker)
        run_rounds(first)
        small, removed = shrunk(first, how, budget)
        second = second_trainer(data, small, asked.config, worker)
        reached = _reached(asked, judged_by(second), started)
    try:
        found = fit_of(freeze(second.network.eval(), data.classes), shape[1] * shape[2], budget)
    except UserError:  # the rate is out of reach
        raise Refused({"rate": 1.0}) from None
    costs, excess = _costs(found, second.network)
    return Outcome(costs, None if excess else reached, excess or None, small.spec, removed)


def _reached(asked: Asked, judged: Judged, started: float) -> Reached:
    return Reached(
        steps=asked.config.steps or 0,
        right=int(judged.right.sum()),
        of=len(judged.right),
        loss=float(judged.losses.mean()),
        seconds=round(time.monotonic() - started, 2),
    )


def settle(description: dict[str, Any]) -> dict[str, Any]:
    """Choose the augmentation as a training does before it begins, but on the pictures that a trial learns from."""
    asked: Asked = parse(Asked, description, "")
    data = _loaded(asked.pictures)
    with joined("cpu", 1) as worker:
        plan, _ = make_plan(data, asked.network, asked.config, worker=worker)
    return {"augment": list(plan.augment)}


def measured(network: NetworkSpec, data: Dataset, budget: Budget) -> tuple[Costs | None, dict[str, float]]:
    """Return what a network takes, and by what shares that is above the budget; nothing when it fits.

    None for a network that does not reach the rate at all, or would take too long to train.
    """
    shape = shape_of(data)
    work = operations(shape, len(data.classes), network) / MOST_OPERATIONS - 1
    if work > 0:
        return None, {"operations": work}
    try:
        found = fit(network, shape, len(data.classes), budget)
    except UserError:
        return None, {"rate": 1.0}
    return _costs(found, Network(network, shape, len(data.classes)))


def _costs(found: Fit, network: Network) -> tuple[Costs, dict[str, float]]:
    costs = Costs(
        found.estimate.lut, found.estimate.bram18, found.ramb18_sites, found.estimate.cycles_per_frame,
        size_of(network)["parameters"],
    )  # fmt: skip
    return costs, {name: share for name, share in found.excess.items() if share > 0}


def shape_of(data: Dataset) -> tuple[int, int, int]:
    """Return (C, H, W) of the pictures."""
    _, height, width, channels = data.train_images.shape
    return channels, height, width


def for_trials(data: Dataset) -> Dataset:
    """Return the set with a validation side, which judges the trials: its own, or a part of the training pictures."""
    if data.validation_labels is not None:
        return data
    share = min(HELD_SHARE, MOST_HELD / len(data.train_labels))
    _, held = hold_out(data.train_labels, share, SPLIT_SEED, data.train_groups)
    mask = np.isin(np.arange(len(data.train_labels)), held)
    if mask.all():
        raise UserError("no picture can be held out to judge the trials: a class needs at least 4 training pictures")
    return held_out(data, mask)


@lru_cache(maxsize=1)
def _loaded(pictures: Pictures) -> Dataset:
    """Return the pictures as trials take them; a worker loads them once."""
    data = load_again(pictures.source)
    if data.digest != pictures.sha256:
        raise UserError(
            f"the pictures of {pictures.source.source} are others than when the search began; put them back, or begin "
            "another search (--out)"
        )
    without_test = replace(data, test_images=data.test_images[:0], test_labels=data.test_labels[:0])
    return for_trials(without_test)
