"""A short training, judged on the validation side of its set; and whether one is better than another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from bnn.data import Dataset
from bnn.model.spec import NetworkSpec
from bnn.training.config import TrainConfig
from bnn.training.evaluation import estimate_statistics, scores_of
from bnn.training.trainer import ESTIMATION_FRAMES, Trainer
from bnn.training.worker import Worker

SCALES = tuple(2.0 ** (step / 2) for step in range(-12, 5))  # that scores are multiplied by
Tick = Callable[[int], object]  # takes a number of steps that are done


@dataclass(frozen=True, eq=False)
class Judged:
    """What a training says of each of the pictures [n] that judge it."""

    losses: NDArray[np.float64]
    right: NDArray[np.bool_]
    shares: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))  # probabilities [n, classes]


@dataclass(frozen=True)
class Gain:
    """How much lower the mean loss of one training is than that of another, on the same pictures."""

    mean: float
    noise: float  # its standard error


def judge(data: Dataset, spec: NetworkSpec, config: TrainConfig, tick: Tick, worker: Worker | None = None) -> Judged:
    """Train on `data`, which has a validation side, to the end of the schedule, and judge the last weights."""
    return judged_by(Trainer(data, spec, config, worker), tick)


def judged_by(trainer: Trainer, tick: Tick = lambda _: None) -> Judged:
    """Let `trainer` train to the end of its schedule, and judge the last weights on its held-out pictures."""
    while trainer.round < trainer.schedule.rounds:
        for _ in trainer.run_round():
            tick(1)
    estimate_statistics(trainer.network, trainer.sides.images[:ESTIMATION_FRAMES])
    scores, labels = scores_of(trainer.network, trainer.sides.held_images).cpu(), trainer.sides.held_labels.cpu()
    weights = trainer.objective.weights
    weights = torch.ones(scores.shape[1]) if weights is None else weights.cpu()
    losses = calibrated_losses(scores, labels, weights)
    shares = calibrated_shares(scores, labels, weights)
    return Judged(losses.double().numpy(), (scores.argmax(1) == labels).numpy(), shares)


def calibrated_losses(scores: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Return the loss [N] of each picture at the scale of all scores [N, classes] that makes their mean smallest.

    The class is the arg-max at any scale. Without this, what keeps a network from being sure of itself would seem to
    make it better. weights: of each class [classes].
    """
    return _weighted(scores * _scale(scores, labels, weights), labels, weights)


def calibrated_shares(scores: Tensor, labels: Tensor, weights: Tensor) -> NDArray[np.float64]:
    """Return the probability [N, classes] of each class, at the same scale."""
    shares: NDArray[np.float64] = (scores * _scale(scores, labels, weights)).double().softmax(1).numpy()
    return shares


def _scale(scores: Tensor, labels: Tensor, weights: Tensor) -> float:
    return min(SCALES, key=lambda scale: float(_weighted(scores * scale, labels, weights).mean()))


def _weighted(scores: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    return F.cross_entropy(scores, labels, reduction="none") * weights[labels]


def gain(before: Sequence[Judged], after: Sequence[Judged]) -> Gain:
    """Compare trainings on the same splits, one by one.

    A picture is hard or easy for both, so differences are taken picture by picture. Their standard error misses what
    differs from one training to the next; with several splits the spread of these tells it, and the larger one counts.
    """
    differences = [one.losses - other.losses for one, other in zip(before, after, strict=True)]
    each = np.concatenate(differences)
    noise = _standard_error(each)
    if len(differences) > 1:
        noise = max(noise, _standard_error(np.array([d.mean() for d in differences])))
    return Gain(float(each.mean()), noise)


def mean_loss(judged: Sequence[Judged]) -> float:
    return float(np.concatenate([j.losses for j in judged]).mean())


def accuracy(judged: Sequence[Judged]) -> float:
    return float(np.concatenate([j.right for j in judged]).mean())


def _standard_error(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("inf")
