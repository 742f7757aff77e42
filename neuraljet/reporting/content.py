"""Everything that the page says, as data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnn.integer.reference import Ints
from bnn.training.log import Row
from bnn.training.metrics import Metrics
from bnn.training.runs import Request
from finn_build.operating import PointFile
from neuraljet.reporting.again import Again
from neuraljet.reporting.checks import Checks
from neuraljet.reporting.circuit import Circuit
from neuraljet.reporting.curve import Curve
from neuraljet.reporting.labels import LabelMistakes
from neuraljet.reporting.mistakes import Mistake
from neuraljet.reporting.robustness import Course
from neuraljet.reporting.universal import Perturbation


@dataclass(frozen=True, eq=False)
class ClassPictures:
    """A class, how many pictures it has, and some training pictures of it."""

    name: str
    train: int
    test: int
    validation: int
    shown: tuple[tuple[str, NDArray[np.uint8]], ...]  # where it came from, [H, W, C]


@dataclass(frozen=True, eq=False)
class Pictures:
    """What was learnt from."""

    classes: tuple[ClassPictures, ...]
    shape: tuple[int, int, int]  # height, width, channels
    title: str | None  # of the set's card
    origin: str | None
    licence: str | None


@dataclass(frozen=True, eq=False)
class Robustness:
    """How the network takes damaged pictures; all of it on the same sample of test pictures."""

    pictures: int  # of the sample
    of: int  # test pictures
    seed: int  # that drew the sample, and what is random in a damage
    courses: tuple[Course, ...]
    perturbations: tuple[Perturbation, ...]  # () when they were not computed
    learnt_from: int  # training pictures that these were computed from


@dataclass(frozen=True, eq=False)
class Content:
    """A report. What cannot be known is None, and the page says why."""

    name: str  # of the run folder
    made: str  # date and time, UTC
    asked: Request
    again: Again
    rows: tuple[Row, ...]  # of log.jsonl
    metrics: Metrics | None  # None: the training has not finished
    missing: str | None  # why there are no pictures, though the training has finished
    pictures: Pictures | None = None
    curve: Curve | None = None
    point: PointFile | None = None  # the operating point that was chosen
    mistakes: tuple[Mistake, ...] = ()
    labels: LabelMistakes | None = None  # None: none were looked for
    kernels: Ints | None = None  # [O, C, K, K]
    circuit: Circuit | None = None
    checks: Checks | None = None
    robustness: Robustness | None = None
