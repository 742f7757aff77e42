"""A search without trainings: an engine that answers at once, from a network's channels."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Any

from bnn.data import DataSource
from bnn.engines import Future, Task
from bnn.errors import ToolError
from bnn.model.budget import Budget
from bnn.model.family import COARSE, member
from bnn.model.spec import NetworkSpec
from bnn.storage.records import entries, parse
from bnn.training.config import TrainConfig
from neuraljet.searching.clock import Clock
from neuraljet.searching.drive import Driver, Event
from neuraljet.searching.folder import Beginning, Request
from neuraljet.searching.methods import METHODS, quiet
from neuraljet.searching.store import opened_store
from neuraljet.searching.trial import Asked, Costs, Outcome, Pictures, Reached

SHAPE, CLASSES, STEPS, HELD = (1, 24, 24), 3, 3600, 1000
DEFAULT = member(SHAPE, CLASSES, 12, form="binary", first="jets", geometry=COARSE)
SITES = 200


def request(method: str = "tpe", **config: Any) -> Request:
    pictures = Pictures(DataSource("nowhere"), "0" * 64)
    return Request(pictures, Budget.of(sites=SITES), TrainConfig(steps=STEPS, **config), method)


def sites_of(network: NetworkSpec) -> int:
    return sum(block.channels * block.kernel for block in network.blocks)


def luck_of(network: NetworkSpec) -> int:
    return int(hashlib.sha256(network.name.encode()).hexdigest(), 16) % 100


def answered(asked: Asked) -> Outcome:
    """Answer as `trial.train` does: more channels are better, longer trainings too, and chance decides the rest."""
    costs, left, removed, network = None, None, None, asked.network
    if asked.shrinking is not None:
        left = network = _smaller(asked)
        removed = tuple(a.channels - b.channels for a, b in zip(asked.network.blocks, left.blocks, strict=True))
    if asked.budget is not None:
        costs = Costs(sites_of(network), 0, 160, 576, 10 * sites_of(network))
        if costs.sites > asked.budget.sites:
            return Outcome(costs, None, {"sites": costs.sites / asked.budget.sites - 1})
    steps = asked.config.steps or 0
    right = 400 + sites_of(network) + steps // 100 + luck_of(network)
    return Outcome(costs, Reached(steps, right, HELD, 1 - right / HELD, steps / 100), None, left, removed)


def _smaller(asked: Asked) -> NetworkSpec:
    """Take the same share of the channels of each block, as far as the budget asks for and up to half of them."""
    how, wide = asked.shrinking, asked.network
    assert how is not None and asked.budget is not None
    share = min(1.0, max(0.5, how.sites(asked.budget) / sites_of(wide)))
    gone = how.removed or [ceil(block.channels * (1 - share)) for block in wide.blocks]
    blocks = [replace(block, channels=block.channels - n) for block, n in zip(wide.blocks, gone, strict=True)]
    return replace(wide, name=f"part of {wide.name}", blocks=tuple(blocks))


class AtOnce:
    """An engine that performs a task when it is waited for, and notes it."""

    here = True

    def __init__(
        self, workers: int = 2, answer: Callable[[Asked], Outcome] = answered, most: int | None = None
    ) -> None:
        """most: tasks, after which the driver is interrupted as by a signal."""
        self.workers, self.answer, self.most, self.asked = workers, answer, most, list[Asked]()

    def submit(self, task: Task) -> Future:
        return Future(task)

    def wait(self, futures: Any, timeout_s: float | None = None) -> tuple[list[Future], list[Future]]:
        first, *others = list(futures)
        if self.most is not None and len(self.asked) >= self.most:
            raise KeyboardInterrupt
        asked: Asked = parse(Asked, first.task.description, "")
        self.asked.append(asked)
        try:
            first.outcome = entries(self.answer(asked))
        except ToolError as error:
            first.outcome = error
        return [first], others

    def close(self) -> None:
        pass


def drive(
    folder: Any, engine: Any, *, method: str = "tpe", driver: str = "a" * 32, trials: int | None = None,
    hours: float | None = None, storage: str | None = None, seed: int = 1, told: list[Event] | None = None,
) -> list[Any]:  # fmt: skip
    """Search in `folder` for so many trials or hours; return what the study then knows."""
    quiet()
    how, asked = METHODS[method], request(method)
    clock = Clock(None if hours is None else hours * 3600)
    with opened_store(folder, storage, asked.key(), driver, how.directions, how.sampler(seed)) as store:
        made = Driver(
            store, asked, Beginning(DEFAULT, ()), SHAPE, CLASSES, how, clock, trials, 1,
            (told if told is not None else []).append,
        )  # fmt: skip
        made.draw.seed(seed)  # a driver draws by chance, so that several of one study differ
        made.run(engine)
        return [*store.trials(), made]


def known(folder: Any, method: str = "tpe") -> list[Any]:
    """Return what a study knows."""
    how, asked = METHODS[method], request(method)
    with opened_store(folder, None, asked.key(), "b" * 32, how.directions, how.sampler(0)) as store:
        return store.trials()
