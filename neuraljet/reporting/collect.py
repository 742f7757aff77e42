"""Gather what a report says of a run folder, and of the accelerator that was built from it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.integer.decision import MOST_BITS
from bnn.storage.records import sha256
from bnn.training.log import Row, read_rows
from bnn.training.runs import ASKED, LOG, METRICS, MODEL, Request, finished, requested
from bnn.training.trained import load_trained
from finn_build.operating import FILE as POINT
from finn_build.operating import PointFile, load_point
from neuraljet.reporting.again import again
from neuraljet.reporting.checks import checks_of
from neuraljet.reporting.circuit import circuit_of
from neuraljet.reporting.content import ClassPictures, Content, Pictures, Robustness
from neuraljet.reporting.curve import curve_of, good_class
from neuraljet.reporting.damages import KINDS
from neuraljet.reporting.judged import Judged, judged, sample
from neuraljet.reporting.kernels import first_kernels
from neuraljet.reporting.labels import label_mistakes
from neuraljet.reporting.mistakes import worst_mistakes
from neuraljet.reporting.robustness import courses
from neuraljet.reporting.universal import STEPS, STRENGTHS, Perturbation, perturbations

Step = Callable[[int], object]


@dataclass(frozen=True)
class Extent:
    """How much a report looks at."""

    sample: int = 200  # test pictures that are damaged, at most
    training: int = 256  # training pictures that universal perturbations are computed from, at most; 0: none
    mistakes: int = 8  # that are shown
    shown: int = 6  # training pictures of each class
    seed: int = 0


QUICK = Extent(sample=100, training=0, mistakes=4)
WHOLE = Extent()
MOST_CLASSES_SHOWN = 20  # with pictures


def collect(
    run: Path,
    accelerator: Path | None = None,
    *,
    good: str | None = None,
    extent: Extent = WHOLE,
    step: Step = lambda done: None,
) -> Content:
    """Return the content of the report on a run, which may still be training.

    good: the class of parts that are to pass. step: is told how many of `steps_of` were done. UserError for a folder
    that is no run or is damaged, for an accelerator of another network, and for a class that there is not.
    """
    if not (run / ASKED).is_file():
        raise UserError(f"{run} is not a run folder (no {ASKED} there); give the folder that `neuraljet train` writes")
    asked = requested(run)
    if good is not None and good not in asked.pictures.classes:
        names = ", ".join(asked.pictures.classes)
        raise UserError(f"--good {good!r} is no class of {run}; choose one of {names}")
    rows = tuple(read_rows(run / LOG)) if (run / LOG).exists() else ()
    if not (run / METRICS).is_file():
        if accelerator is not None:
            raise UserError(f"{run} is still training, so {accelerator} is not of its network; leave --accelerator out")
        return Content(run.resolve().name, _now(), asked, again(run, asked), rows, None, None)
    return _finished(run, accelerator, asked, rows, good, extent, step)


def _finished(
    run: Path, accelerator: Path | None, asked: Request, rows: tuple[Row, ...], good: str | None, extent: Extent,
    step: Step,
) -> Content:  # fmt: skip
    metrics = finished(run)
    circuit = checks = None
    if accelerator is not None:  # before time is spent
        circuit, manifest = circuit_of(accelerator, run)
        checks = checks_of(accelerator, manifest.model_sha256)
    found = judged(run, asked)
    if isinstance(found, str):
        return Content(
            run.resolve().name, _now(), asked, again(run, asked), rows, metrics, found,
            labels=label_mistakes(run, {}), circuit=circuit,
            checks=checks,
        )  # fmt: skip
    data = found.data
    point = _chosen_point(run, accelerator, good, data.classes)
    chosen = good_class(data.classes, good or (point.good if point else None))
    return Content(
        name=run.resolve().name,
        made=_now(),
        asked=asked,
        again=again(run, asked),
        rows=rows,
        metrics=metrics,
        missing=None,
        pictures=_pictures(data, extent),
        curve=curve_of(found.scores, data.test_labels, data.classes, chosen, point),
        point=point,
        mistakes=worst_mistakes(found, extent.mistakes),
        labels=label_mistakes(run, dict(zip(data.train_names, data.train_images, strict=False))),
        kernels=first_kernels(found.judge.network),
        circuit=circuit,
        checks=checks,
        robustness=_robustness(run, found, chosen, extent, step),
    )


def _chosen_point(run: Path, accelerator: Path | None, good: str | None, classes: tuple[str, ...]) -> PointFile | None:
    """Return the operating point of the accelerator, else that of the run; None when none was chosen for this class."""
    folder = next((f for f in (accelerator, run) if f is not None and (f / POINT).exists()), None)
    if folder is None:
        return None
    found = load_point(folder / POINT, classes, MOST_BITS, sha256(run / MODEL))
    return found if good in (None, found.good) else None


def steps_of(extent: Extent) -> int:
    """Return how many steps a report has that take about as long as each other."""
    damages = sum(level != kind.none for kind in KINDS for level in kind.levels)
    return damages + (2 * STEPS * len(STRENGTHS) if extent.training else 0)


def _pictures(data: Dataset, extent: Extent) -> Pictures:
    rows = []
    for index, name in enumerate(data.classes):
        of_class = np.flatnonzero(data.train_labels == index)
        most = extent.shown if index < MOST_CLASSES_SHOWN else 0
        shown = of_class[sample(len(of_class), most, extent.seed)]
        names = data.train_names or tuple(f"training picture {i}" for i in range(len(data.train_labels)))
        validation = 0 if data.validation_labels is None else int((data.validation_labels == index).sum())
        rows.append(
            ClassPictures(
                name,
                len(of_class),
                int((data.test_labels == index).sum()),
                validation,
                tuple((names[i], data.train_images[i]) for i in shown),
            )
        )
    card = data.card
    height, width, channels = data.train_images.shape[1:]
    told = (card.title, card.origin, card.licence) if card else (None, None, None)
    return Pictures(tuple(rows), (height, width, channels), *told)


def _robustness(run: Path, found: Judged, good: int, extent: Extent, step: Step) -> Robustness:
    data = found.data
    test = sample(len(data.test_labels), extent.sample, extent.seed)
    images, labels = data.test_images[test], data.test_labels[test]
    made = courses(found.judge, images, labels, extent.seed, step=step)
    noises: tuple[Perturbation, ...] = ()
    training = sample(len(data.train_labels), extent.training, extent.seed)
    if len(training):
        noises = perturbations(
            load_trained(run).network, found.judge, (data.train_images[training], data.train_labels[training]),
            (images, labels), (None, good), extent.seed, step,
        )  # fmt: skip
    return Robustness(len(test), len(data.test_labels), extent.seed, made, noises, len(training))


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
