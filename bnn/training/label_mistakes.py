"""Labels that networks doubt: pictures which a network that never learned from them takes for another class.

    path,label,says,sure,sure_of_label,judged_by
    good/0007.png,good,scratched,0.97,0.02,fold 3 of 5

The first rows are the likeliest mistakes. Each network is judged by its scores as probabilities, at the scale at which
they fit the labels best.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

FILE = "label_mistakes.csv"


@dataclass(frozen=True)
class Doubt:
    """One picture whose label a network disagrees with."""

    path: str  # below the folder of the pictures
    label: str
    says: str  # the class that the network gives
    sure: float  # probability of that class, 0 to 1
    sure_of_label: float
    judged_by: str  # which pictures the network did not learn from


def doubts(
    names: Sequence[str], labels: NDArray[np.int64], shares: NDArray[np.float64], classes: Sequence[str], judged_by: str
) -> list[Doubt]:
    """Return the pictures [N] that are taken for another class; shares: probabilities [N, classes]."""
    says = shares.argmax(1)
    return [
        Doubt(
            names[i], classes[labels[i]], classes[says[i]], round(float(shares[i, says[i]]), 4),
            round(float(shares[i, labels[i]]), 4), judged_by,
        )
        for i in np.flatnonzero(says != labels).tolist()
    ]  # fmt: skip


def as_csv(found: Sequence[Doubt]) -> bytes:
    """Return the table, UTF-8, the surest disagreement first."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(field.name for field in fields(Doubt))
    for doubt in sorted(found, key=lambda doubt: (doubt.sure_of_label - doubt.sure, doubt.path)):
        writer.writerow(astuple(doubt))
    return file.getvalue().encode(errors="backslashreplace")
