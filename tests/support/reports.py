"""The content of a report without a training: random figures of a small network."""

import numpy as np

from bnn.data import DataSource
from bnn.integer.rates import Share
from bnn.model.spec import load_spec
from bnn.training.config import TrainConfig
from bnn.training.log import Row
from bnn.training.metrics import LinkCounts, Metrics, confusion_of, scores_per_class
from bnn.training.runs import PictureSet, Request
from neuraljet.reporting.again import Again
from neuraljet.reporting.checks import Checks, Proved, ProvedLayer, Verified
from neuraljet.reporting.circuit import Circuit, Part, shares
from neuraljet.reporting.content import ClassPictures, Content, Pictures, Robustness
from neuraljet.reporting.curve import curve_of
from neuraljet.reporting.damages import KINDS
from neuraljet.reporting.labels import LabelMistakes
from neuraljet.reporting.mistakes import Mistake
from neuraljet.reporting.robustness import Course
from neuraljet.reporting.universal import Perturbation

COUNT = 60


def rows(count: int) -> tuple[Row, ...]:
    """Return the log of so many rounds."""
    return tuple(
        Row(i, 6 * i, 400 * i, 1 / i, 1 - 0.5 / i, 0.01, 900.0, 0.3, *((0.5, 0.8) if i > 3 else ()))
        for i in range(1, count + 1)
    )


def content(classes: tuple[str, ...], colours: int = 1, name: str = "run") -> Content:
    """Return a report with everything in it; every part of it names the classes."""
    r = np.random.default_rng(1)
    labels = np.arange(COUNT) % len(classes)
    scores = r.integers(-50, 50, (COUNT, len(classes)))
    scores[np.arange(COUNT), labels] += 40
    called = scores.argmax(axis=1)
    confusion = confusion_of(labels, called, len(classes))

    def picture():
        return r.integers(0, 256, (12, 10, colours), np.uint8)

    metrics = Metrics(
        float((called == labels).mean()), COUNT, 0.9, 0, LinkCounts(COUNT, 0, 0), classes,
        tuple(map(tuple, confusion.tolist())), scores_per_class(confusion, classes), 2.0, 3, "small",
        (f"left out: one picture of {classes[0]}",), 12.0, 100, 6400,
    )  # fmt: skip
    asked = Request(
        DataSource(f"/pictures/{classes[0]}", (12, 10), "gray"), load_spec("small"), TrainConfig(steps=100, seed=3),
        PictureSet(classes, 90, COUNT, 0, "0" * 64),
    )  # fmt: skip
    wrong = np.flatnonzero(called != labels)[:3]
    mistakes = tuple(
        Mistake(f"{classes[labels[i]]}/{i}.png", classes[labels[i]], classes[called[i]], tuple(scores[i].tolist()), 5,
                picture(), r.normal(0, 9, (12, 10)))
        for i in wrong.tolist()
    )  # fmt: skip
    part = Part("conv_0", "adder graph", "10 x 8 x 4", 1, 120, 40, 44, 0)
    circuit = Circuit(
        "acc", (part, Part("argmax", "fixed", "1 x 1 x 1", 1, 5, 30, 31, 0)), 75, 0, 0, True, "xc7", "Yosys",
        shares(75, 0), 200.0, 120, None, "1" * 64, {"neuraljet": "0.1.0"},
    )  # fmt: skip
    checks = Checks(
        Verified(True, COUNT, 0, (), 120, 7, 130, classes[0], 0.0, "1" * 64), None,
        Proved(True, 4, 4, (ProvedLayer("conv_0", "JetConv", 4, None, "proved"),), ("argmax",), "1" * 64),
    )  # fmt: skip
    courses = tuple(
        Course(kind.name, kind.unit, kind.levels, kind.none, tuple(Share(30 + i, 40) for i in range(len(kind.levels))))
        for kind in KINDS
    )
    noise = r.integers(-4, 5, (12, 10, colours)).astype(np.int16)
    perturbations = tuple(
        Perturbation(4, target, noise, Share(20, 40), reached, Share(30, 40), reached)
        for target, reached in ((None, None), (classes[0], Share(9, 20)))
    )
    again = Again(
        f"neuraljet train {classes[0]}", f"# {classes[0]}\n[[block]]\n", (("torch", "2"),), (("pictures", "0" * 64),)
    )
    return Content(
        name=name, made="2026-01-01 00:00 UTC", asked=asked,
        again=again, rows=rows(12), metrics=metrics, missing=None,
        pictures=Pictures(
            tuple(ClassPictures(n, 45, COUNT // len(classes), 0, ((f"{n}/1.png", picture()),)) for n in classes),
            (12, 10, colours), "Parts", "here", "none",
        ),
        curve=curve_of(scores, labels, classes, 0), mistakes=mistakes,
        labels=LabelMistakes(
            ("picture", "label", "likely"), ((f"{classes[1]}/7.png", classes[1], classes[0]),), 0, (picture(),)
        ),
        kernels=r.integers(-4, 5, (4, colours, 3, 3)), circuit=circuit, checks=checks,
        robustness=Robustness(40, COUNT, 0, courses, perturbations, 90),
    )  # fmt: skip
