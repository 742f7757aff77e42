"""How well a finished network does on the test pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from bnn.data import Dataset
from bnn.integer.reference import Ints
from bnn.storage.records import OPTIONAL, Record, optional
from bnn.training.machine import Machine
from bnn.training.plan_record import Estimate, Plan


@dataclass(frozen=True)
class LinkCounts:
    """How many test pictures were compared, and on how many a form of the frozen network differs from the integers."""

    frames: int
    torch: int
    qonnx: int


@dataclass(frozen=True)
class ClassScores:
    """How well one class is found; None where no picture is, or is called, of the class."""

    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Metrics(Record):
    """The content of metrics.json, and what training returns."""

    test_accuracy: float
    test_frames: int
    validation_accuracy: float  # on the held-out pictures; cross-validated where none were held out
    float_disagreements: int  # test pictures on which the network before freezing gives another class
    links: LinkCounts
    classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]  # [true][predicted]
    per_class: Mapping[str, ClassScores]
    epochs: float  # passes over the training pictures
    seed: int
    network: str  # NetworkSpec.name
    notes: tuple[str, ...]  # what reading the pictures left out and decided, and what is wrong with the network
    seconds: float
    steps: int = optional(0)  # of the optimizer; 0: not written down
    pictures: int = optional(0)  # that were learnt from, with repetitions; 0: not written down
    machines: tuple[Machine, ...] = optional(())  # that it was trained on, one after the other; (): not written down
    # What was settled before the training, and what was measured for it:
    plan: Plan | None = field(default=None, metadata={OPTIONAL: True})


def confusion_of(labels: Ints, predicted: Ints, classes: int) -> Ints:
    """Return how many pictures of each class got each class: [true, predicted]."""
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    return confusion


def scores_per_class(confusion: Ints, classes: tuple[str, ...]) -> dict[str, ClassScores]:
    """Return precision and recall of each class, from the confusion matrix [true, predicted]."""
    return {
        name: ClassScores(
            precision=_ratio(confusion[i, i], confusion[:, i].sum()),
            recall=_ratio(confusion[i, i], confusion[i].sum()),
        )
        for i, name in enumerate(classes)
    }


def notes_of(data: Dataset, predicted: Ints, plan: Plan | None) -> tuple[str, ...]:
    """Return what is to be known of the pictures, and what is wrong with the classes that the test pictures get."""
    notes = list(data.notes)
    if len(set(predicted.tolist())) == 1:
        only = data.classes[int(predicted[0])]
        notes.append(f"the network calls every test picture '{only}': it has not learned to tell the classes apart")
    right = predicted == data.test_labels
    if plan and plan.estimate and _falls_short(float(right.mean()), len(right), plan.estimate):
        notes.append(
            f"the test accuracy, {right.mean():.1%}, is below the {plan.estimate.accuracy:.1%} that cross-validation "
            "on the training pictures leads to expect, by more than chance: the test pictures may be of another kind"
        )
    return tuple(notes)


def _falls_short(accuracy: float, frames: int, estimate: Estimate) -> bool:
    """Tell whether a test accuracy is more than two standard errors below the cross-validated one."""
    likely = (estimate.accuracy * estimate.pictures + 1) / (estimate.pictures + 2)  # neither 0 nor 1
    error = (likely * (1 - likely) * (1 / frames + 1 / estimate.pictures)) ** 0.5
    return accuracy < estimate.accuracy - 2 * error


def _ratio(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
