"""The test pictures on which the network is most wrong: those whose right class is furthest behind."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuraljet.reporting.heat import heat_map
from neuraljet.reporting.judged import Judged


@dataclass(frozen=True, eq=False)
class Mistake:
    """A test picture that gets a wrong class."""

    name: str
    true: str
    called: str
    scores: tuple[int, ...]  # one per class
    behind: int  # by how much the score of the right class is below the highest
    picture: NDArray[np.uint8]  # [H, W, C]
    heat: NDArray[np.float64]  # [H, W], see heat.heat_map


def worst_mistakes(found: Judged, most: int) -> tuple[Mistake, ...]:
    """Return at most `most` mistakes, the worst first."""
    scores, labels, called = found.scores, found.data.test_labels, found.called
    behind = scores.max(axis=1) - scores[np.arange(len(labels)), labels]
    wrong = np.flatnonzero(called != labels)
    order = wrong[np.argsort(-behind[wrong], kind="stable")][:most]
    classes = found.data.classes
    return tuple(
        Mistake(
            name=found.test_name(i),
            true=classes[labels[i]],
            called=classes[called[i]],
            scores=tuple(scores[i].tolist()),
            behind=int(behind[i]),
            picture=found.data.test_images[i],
            heat=heat_map(found.judge, found.data.test_images[i], int(called[i])),
        )
        for i in order.tolist()
    )
