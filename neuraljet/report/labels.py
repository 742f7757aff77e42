"""Pictures whose label may be wrong, as cross-validation leaves them in the run: a CSV file, most doubtful first."""

import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from bnn.errors import UserError

FILE = "label_mistakes.csv"
MOST = 50  # rows that are shown


@dataclass(frozen=True)
class LabelMistakes:
    """The rows of the file, as text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  # the first ones
    more: int  # rows that are not shown


def label_mistakes(run: Path) -> LabelMistakes | None:
    """Return what the file in the run says; None when there is no such file. UserError when it is no table."""
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
    return LabelMistakes(columns, rows, more)
