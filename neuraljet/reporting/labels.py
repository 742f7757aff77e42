"""Pictures whose label may be wrong, as cross-validation leaves them in the run: a CSV file, most doubtful first."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError
from bnn.training.label_mistakes import FILE

MOST = 50  # rows that are shown


@dataclass(frozen=True, eq=False)
class LabelMistakes:
    """The rows of the file, as text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # the first ones
    more: int  # rows that are not shown
    pictures: tuple[NDArray[np.uint8] | None, ...]  # [H, W, C] of each row, where its first entry names one


def label_mistakes(run: Path, known: Mapping[str, NDArray[np.uint8]]) -> LabelMistakes | None:
    """Return what the file in the run says; None when there is no such file. UserError when it is no table.

    known: pictures by their names.
    """
    path = run / FILE
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = csv.reader(file, strict=True)
            columns = tuple(next(lines, []))
            rows = tuple(tuple(row) for row in islice(lines, MOST))
            more = sum(1 for _ in lines)
    except (OSError, csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as CSV ({error}); move it away") from None
    if not columns or any(len(row) != len(columns) for row in rows):
        raise UserError(f"{path} is no table: its rows differ in length; move it away")
    return LabelMistakes(columns, rows, more, tuple(known.get(row[0]) for row in rows))
