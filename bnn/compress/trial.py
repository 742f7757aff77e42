"""Training one of our networks, making it smaller and training on, as a task: a description in, a record out.

    {"data": {"source": "bsdata"}, "network": {...}, "method": "slim", "criterion": "saliency", "sites": 1500,
     "steps": [1000, 500], "seed": 0, "sparsity": 0.0, "scratch": false}

network: as run.json has it. steps: before and after. sparsity: l1 penalty on the scales of batch norm in the first
part. rate: learning rate of the second part. scratch: the smaller network begins with random weights and takes all
steps, to compare with. settings: other fields of `Smaller`. pictures: at most so many training pictures of each class;
0 for all. validation: share of them that is held out to judge by. What a network costs is said by the caller, so a room
above makes a task of this (finn_build.compression).
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bnn.compress.published import settings
from bnn.compress.ranked import Cost
from bnn.compress.smaller import Smaller, smaller
from bnn.data import Dataset, load
from bnn.data.source import parse_source
from bnn.errors import UserError
from bnn.model.network import Network
from bnn.model.options import require_whole
from bnn.model.spec import NetworkSpec
from bnn.storage.records import entries, parse
from bnn.training.config import TrainConfig
from bnn.training.objective import Objective
from bnn.training.rounds import run_rounds
from bnn.training.trainer import Trainer

KNOWN = {"data", "network", "method", "criterion", "sites", "steps", "seed", "sparsity", "scratch", "settings",
         "pictures", "rate", "validation", "fps", "ramb18"}  # fmt: skip


class Sparse(Objective):
    """Another objective, and the sum of the scales of all batch norms times a strength."""

    def __init__(self, inner: Objective, network: Network, strength: float) -> None:
        self.inner, self.strength = inner, strength
        self.scales = [block.norm.weight for block in network.blocks]

    def begin(self) -> None:
        self.inner.begin()

    def loss(self, scores: Tensor, labels: Tensor, images: Tensor, indices: Tensor) -> Tensor:
        penalty = self.strength * torch.stack([scale.abs().sum() for scale in self.scales]).sum()
        return self.inner.loss(scores, labels, images, indices) + penalty

    def judge(self, scores: Tensor, labels: Tensor) -> Tensor:
        return self.inner.judge(scores, labels)


@dataclass(frozen=True)
class Way:
    """How a network becomes smaller."""

    sites: int  # that it may take
    steps: tuple[int, int]  # of training, before and after
    how: Smaller
    seed: int = 0
    sparsity: float = 0.0  # l1 penalty on the scales of batch norm in the first part
    rate: float | None = None  # learning rate of the second part; None: as in the first
    scratch: bool = False  # the smaller network begins with random weights, and takes all steps
    validation: float = TrainConfig.validation  # share of the training pictures that judges

    def __post_init__(self) -> None:
        for name, value, least in (
            ("steps", self.steps[0], 1), ("steps", self.steps[1], 1), ("seed", self.seed, 0), ("sites", self.sites, 1)
        ):  # fmt: skip
            require_whole(name, value, least, 2**31 - 1)
        for name, number, low in (
            ("sparsity", self.sparsity, 0.0), ("rate", self.rate, 1e-6), ("validation", self.validation, 0.0)
        ):  # fmt: skip
            numeric = isinstance(number, int | float) and not isinstance(number, bool)
            if number is not None and not (numeric and low <= number <= 1):
                raise UserError(f"{name} {number!r}; allowed: a number from {low:g} to 1")


def trial(description: Mapping[str, Any], cost: Cost) -> dict[str, Any]:
    """Return the record of a description. UserError names what is wrong in the description.

    accuracy (0 to 1, held out from the training pictures) and sites: of the whole network, of the smaller one before
    its training and behind it.
    """
    started = time.monotonic()
    spec, data, way = _read(description)
    record, network = compressed(data, spec, way, cost)
    return {**record, "network": entries(network.spec), "seconds": round(time.monotonic() - started, 1)}


def compressed(data: Dataset, spec: NetworkSpec, way: Way, cost: Cost) -> tuple[dict[str, Any], Network]:
    """Train, make smaller, train on; return what was reached and the smaller network with its statistics.

    Where a network cannot be built at the rate its sites are None.
    """
    first = Trainer(data, spec, TrainConfig(steps=way.steps[0], seed=way.seed, validation=way.validation))
    if way.sparsity:
        first.objective = Sparse(first.objective, first.network, way.sparsity)
    whole = _trained(first)
    small = smaller(first.network, first.sides.images, first.sides.labels, way.sites, cost, way.how)
    second = Trainer(
        data, small.spec,
        TrainConfig(
            steps=sum(way.steps) if way.scratch else way.steps[1], seed=way.seed, validation=way.validation,
            learning_rate=None if way.scratch else way.rate,
        ),
    )  # fmt: skip
    if not way.scratch:
        second.network.load_state_dict(small.state_dict())
    at_once = second.evaluate().accuracy
    after = _trained(second)
    record = {
        "accuracy_before": whole,
        "sites_before": _sites(cost(first.network)),
        "accuracy_untrained": at_once,
        "accuracy": after,
        "sites": _sites(cost(second.network)),
        "channels_before": [block.channels for block in spec.blocks],
        "channels": [block.channels for block in small.spec.blocks],
        "held_out": len(second.sides.held_labels),
    }
    return record, second.network


def _sites(cost: float) -> float | None:
    return cost if isfinite(cost) else None


def _trained(trainer: Trainer) -> float:
    """Train to the end; return the accuracy on the held-out pictures, with statistics from many pictures."""
    run_rounds(trainer)
    return trainer.evaluate().accuracy


def _read(description: Mapping[str, Any]) -> tuple[NetworkSpec, Dataset, Way]:
    unknown = sorted(set(description) - KNOWN)
    if unknown:
        raise UserError(f"entries {', '.join(map(repr, unknown))} are unknown; allowed: {', '.join(sorted(KNOWN))}")
    try:
        source = parse_source(description.get("data", {}))
        spec: NetworkSpec = parse(NetworkSpec, description.get("network"), "network")
        steps = parse(tuple[int, ...], list(description.get("steps", ())), "steps")
    except (TypeError, ValueError) as error:
        raise UserError(f"the description of a trial is wrong: {error}") from None
    if source is None:
        raise UserError('data is missing in the description of a trial; give {"source": NAME}')
    pictures = description.get("pictures", 0)
    require_whole("pictures", pictures, 0, 2**31 - 1)
    way = way_of(description, steps)
    data = load(source.source, source.size, source.color, labels=source.labels, group_by=source.group_by)
    return spec, _few(data, pictures), way


def way_of(description: Mapping[str, Any], steps: Sequence[int]) -> Way:
    """Return how a description says that a network becomes smaller. UserError for what it lacks."""
    if len(steps) != 2:
        raise UserError(f"steps {list(steps)}; give two numbers, before and after")
    if not {"sites", "seed"} <= set(description):
        raise UserError("a trial needs sites and seed; give both")
    numbers = settings(Smaller, description.get("settings", {}))
    method, criterion = description.get("method", "slim"), description.get("criterion", "saliency")
    return Way(
        description["sites"], (steps[0], steps[1]),
        Smaller(method, criterion, numbers.step, numbers.pictures, description["seed"]), description["seed"],
        **{name: description[name] for name in ("sparsity", "rate", "scratch", "validation") if name in description},
    )  # fmt: skip


def _few(data: Dataset, most: int) -> Dataset:
    """Return the set with the first `most` training pictures of each class; all of them for 0."""
    if not most:
        return data
    kept = np.sort(np.concatenate([np.flatnonzero(data.train_labels == c)[:most] for c in range(len(data.classes))]))
    return Dataset(data.name, data.classes, data.train_images[kept], data.train_labels[kept],
                   data.test_images, data.test_labels)  # fmt: skip
