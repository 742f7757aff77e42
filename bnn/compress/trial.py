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
from collections.abc import Mapping
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


def trial(description: Mapping[str, Any], cost: Cost) -> dict[str, Any]:
    """Return the record of a description.

    accuracy (0 to 1, held out from the training pictures) and sites: of the whole network, of the smaller one before
    its training and behind it. UserError names what is wrong in the description.
    """
    started = time.monotonic()
    spec, data, how, steps, seed, sites = _read(description)
    share = float(description.get("validation", TrainConfig.validation))
    first = Trainer(data, spec, TrainConfig(steps=steps[0], seed=seed, validation=share))
    sparsity = float(description.get("sparsity", 0.0))
    if sparsity:
        first.objective = Sparse(first.objective, first.network, sparsity)
    whole = _trained(first)
    images, labels = first.sides.images, first.sides.labels
    small = smaller(first.network, images, labels, sites, cost, how)
    scratch = bool(description.get("scratch", False))
    length = sum(steps) if scratch else steps[1]
    rate = first.config.learning_rate if scratch else float(description.get("rate", first.config.learning_rate))
    second = Trainer(data, small.spec, TrainConfig(steps=length, seed=seed, learning_rate=rate, validation=share))
    if not scratch:
        second.network.load_state_dict(small.state_dict())
    at_once = second.evaluate().accuracy
    after = _trained(second)
    return {
        "accuracy_before": whole,
        "sites_before": cost(first.network),
        "accuracy_untrained": at_once,
        "accuracy": after,
        "sites": cost(second.network),
        "channels_before": [block.channels for block in spec.blocks],
        "channels": [block.channels for block in small.spec.blocks],
        "network": entries(small.spec),
        "held_out": len(second.sides.held_labels),
        "seconds": round(time.monotonic() - started, 1),
    }


def _trained(trainer: Trainer) -> float:
    """Train to the end; return the accuracy on the held-out pictures, with statistics from many pictures."""
    while trainer.round < trainer.schedule.rounds:
        for _ in trainer.run_round():
            pass
    return trainer.evaluate().accuracy


def _read(
    description: Mapping[str, Any],
) -> tuple[NetworkSpec, Dataset, Smaller, tuple[int, int], int, int]:
    unknown = sorted(set(description) - KNOWN)
    if unknown:
        raise UserError(f"entries {', '.join(map(repr, unknown))} are unknown; allowed: {', '.join(sorted(KNOWN))}")
    try:
        source = parse_source(description.get("data", {}))
        spec: NetworkSpec = parse(NetworkSpec, description.get("network"), "network")
        steps: tuple[int, int] = parse(tuple[int, ...], list(description.get("steps", ())), "steps")
    except (TypeError, ValueError) as error:
        raise UserError(f"the description of a trial is wrong: {error}") from None
    if source is None:
        raise UserError('data is missing in the description of a trial; give {"source": NAME}')
    if len(steps) != 2:
        raise UserError(f"steps {list(steps)}; give two numbers, before and after")
    for name, value, least in (("steps", steps[0], 1), ("steps", steps[1], 1), ("seed", description.get("seed"), 0),
                               ("sites", description.get("sites"), 1),
                               ("pictures", description.get("pictures", 0), 0)):  # fmt: skip
        require_whole(name, value, least, 2**31 - 1)
    for name, low in (("sparsity", 0.0), ("rate", 1e-6), ("validation", 0.0)):
        value = description.get(name, low)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= 1:
            raise UserError(f"{name} {value!r}; allowed: a number from {low:g} to 1")
    seed = int(description["seed"])
    given = {"method": description.get("method", "slim"), "criterion": description.get("criterion", "saliency")}
    numbers = settings(Smaller, description.get("settings", {}))
    how = Smaller(given["method"], given["criterion"], numbers.step, numbers.pictures, seed)
    data = load(source.source, source.size, source.color, labels=source.labels, group_by=source.group_by)
    return spec, _few(data, int(description.get("pictures", 0))), how, steps, seed, int(description["sites"])


def _few(data: Dataset, most: int) -> Dataset:
    """Return the set with the first `most` training pictures of each class; all of them for 0."""
    if not most:
        return data
    kept = np.sort(np.concatenate([np.flatnonzero(data.train_labels == c)[:most] for c in range(len(data.classes))]))
    return Dataset(data.name, data.classes, data.train_images[kept], data.train_labels[kept],
                   data.test_images, data.test_labels)  # fmt: skip
