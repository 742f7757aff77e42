"""HOG with a support vector machine: the classic way, which every network has to beat, as a teacher and by itself.

Histograms of oriented gradients (Dalal and Triggs 2005, by scikit-image) go into a support vector machine with a radial
kernel (scikit-learn). Nothing is tuned to the pictures.
"""

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bnn.errors import UserError
from bnn.training.config import TrainConfig
from bnn.training.sides import Sides
from bnn.training.teachers.base import Teacher

CELLS = 4  # along the shorter side of a picture; smaller cells are worse on held-out pictures of four sets
ORIENTATIONS, BLOCK = 9, 2  # histogram bins; cells along a side of a block
PENALTY = 10.0  # C of the machine
MOST = 10_000  # pictures that a machine learns from; its time grows with their square
FOLDS = 5


def features(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the histograms of pictures [N, H, W, C]: [N, F]. Of three channels, the steepest counts at each pixel.

    UserError when scikit-image is missing.
    """
    hog = _library().hog
    side = min(images.shape[1:3])
    cell = side // CELLS
    return np.stack(
        [
            hog(
                picture,
                orientations=ORIENTATIONS,
                pixels_per_cell=(cell, cell),
                cells_per_block=(BLOCK, BLOCK),
                channel_axis=-1,
            )
            for picture in images
        ]
    ).astype(np.float32)


def machine() -> Any:
    """Return a support vector machine that has learned nothing. UserError when scikit-learn is missing."""
    return _library().SVC(C=PENALTY, kernel="rbf", gamma="scale")


def chosen(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return the indices of the pictures that a machine learns from: all, or MOST of them."""
    if len(labels) <= MOST:
        return np.arange(len(labels))
    return np.sort(np.random.default_rng(seed).choice(len(labels), MOST, replace=False))


class HogTeacher(Teacher, name="hog"):
    """Class probabilities of the machine, found once for each training picture as it is, unaugmented.

    A machine separates the pictures that it learned from, so their probabilities would be 0 and 1. Each picture is
    judged by a machine that learned from others (cross-fitting), and a logistic regression turns distances into
    probabilities.
    """

    table: Tensor  # [training pictures, classes], logarithms

    def __init__(self, sides: Sides, classes: tuple[str, ...], config: TrainConfig) -> None:
        super().__init__(sides, classes, config)
        machine()  # a missing library is told before training begins
        self.register_buffer("table", torch.zeros(len(sides.labels), len(classes), device=sides.images.device))

    def learn(self, sides: Sides, config: TrainConfig) -> None:
        histograms = features(sides.images.permute(0, 2, 3, 1).cpu().numpy())
        found = probabilities(histograms, sides.labels.cpu().numpy(), self.table.shape[1], config.seed)
        self.table.copy_(torch.from_numpy(np.log(found)))

    def forward(self, images: Tensor, indices: Tensor) -> Tensor:
        return self.table[indices]


def probabilities(
    histograms: NDArray[np.float32], labels: NDArray[np.int64], classes: int, seed: int
) -> NDArray[np.float32]:
    """Return class probabilities [N, classes] of each picture, from machines that did not learn from it.

    A class with too few pictures for that keeps its labels; all are between 0 and 1.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    present, counts = np.unique(labels, return_counts=True)
    folds = min(FOLDS, int(counts.min()))
    smoothed = np.full((len(labels), classes), 0.1 / classes, np.float32)
    smoothed[np.arange(len(labels)), labels] += 0.9
    if len(present) < 2 or folds < 2:
        return smoothed
    distances = np.zeros((len(labels), 1 if len(present) == 2 else len(present)))
    for kept, held in StratifiedKFold(folds, shuffle=True, random_state=seed).split(histograms, labels):
        few = kept[chosen(labels[kept], seed)]
        judged = machine().fit(histograms[few], labels[few]).decision_function(histograms[held])
        distances[held] = judged.reshape(len(held), -1)
    found = np.full((len(labels), classes), 1e-4, np.float32)
    found[:, present] += LogisticRegression(max_iter=1000).fit(distances, labels).predict_proba(distances)
    return found / found.sum(1, keepdims=True)


def _library() -> SimpleNamespace:
    """Return what comes from others; UserError when a part of it is missing."""
    try:
        from skimage.feature import hog
        from sklearn.svm import SVC
    except ImportError as error:
        raise UserError(
            "HOG needs scikit-image and scikit-learn, and one of them is not installed "
            f"({error}): pip install 'neuraljet[baselines]'"
        ) from None
    return SimpleNamespace(hog=hog, SVC=SVC)
