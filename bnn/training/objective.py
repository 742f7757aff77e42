"""What a training makes small: a loss of the network's scores on a batch of training pictures."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from bnn.training.config import TrainConfig


class Objective:
    """Cross entropy with label smoothing; with `balance` each class counts the same, however many pictures it has.

    Others derive from it, and override `loss`. One that learns or remembers something says so in `state`, which is
    part of every checkpoint.
    """

    def __init__(self, config: TrainConfig, labels: Tensor, classes: int) -> None:
        """labels: of all training pictures [n]."""
        self.smoothing = config.label_smoothing
        self.weights = class_weights(labels, classes) if config.balance else None  # [classes]

    def begin(self) -> None:
        """Learn what has to be known before the first step. A resumed training gets it by `restore` instead."""

    def loss(self, scores: Tensor, labels: Tensor, images: Tensor, indices: Tensor) -> Tensor:
        """Return the loss of a batch, differentiable, the mean over its pictures.

        scores [N, classes]; labels [N]; images uint8 [N, C, H, W], as they were augmented; indices [N] of the pictures
        among the training side's.
        """
        return self._cross_entropy(scores, labels, self.smoothing)

    def judge(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Return the loss by which rounds are compared, on held-out pictures: labels alone count, without smoothing."""
        return self._cross_entropy(scores, labels, 0.0)

    def state(self) -> dict[str, Tensor]:
        """Return what a resumed training needs, by name; a new objective has the same names, shapes and types."""
        return {}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take what `state` returned."""

    def _cross_entropy(self, scores: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        if self.weights is None:
            return F.cross_entropy(scores, labels, label_smoothing=smoothing)
        each = F.cross_entropy(scores, labels, label_smoothing=smoothing, reduction="none")  # [N]
        return (each * self.weights.to(labels.device)[labels]).mean()


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """Return a weight per class, inverse to how many pictures it has; the mean over all pictures is 1."""
    counts = F.one_hot(labels, classes).sum(0).clamp(min=1)
    weights = 1 / counts
    return weights / weights[labels].mean()
