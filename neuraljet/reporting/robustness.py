"""Accuracy on damaged test pictures, by the frozen network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from bnn.integer.rates import Share
from bnn.integer.reference import Ints
from neuraljet.reporting.damages import KINDS, Kind
from neuraljet.reporting.judged import Judge


@dataclass(frozen=True)
class Course:
    """How accuracy goes with the strength of one kind of damage."""

    name: str
    unit: str
    levels: tuple[float, ...]
    none: float  # the level that changes nothing
    accuracy: tuple[Share, ...]  # one per level


def courses(
    judge: Judge,
    images: NDArray[np.uint8],
    labels: Ints,
    seed: int,
    kinds: Sequence[Kind] = KINDS,
    step: Callable[[int], object] = lambda done: None,
) -> tuple[Course, ...]:
    """Judge pictures [N, H, W, C] with every damage at every level. step: is told how many levels were done."""
    planes = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    whole = Share(int((judge.classes(images) == labels).sum()), len(labels))
    made = []
    for kind in kinds:
        accuracy = []
        for level in kind.levels:
            if level == kind.none:
                accuracy.append(whole)
                continue
            damaged = kind.apply(planes, level, torch.Generator().manual_seed(seed))
            called = judge.classes(damaged.permute(0, 2, 3, 1).numpy())
            accuracy.append(Share(int((called == labels).sum()), len(labels)))
            step(1)
        made.append(Course(kind.name, kind.unit, tuple(kind.levels), kind.none, tuple(accuracy)))
    return tuple(made)
