"""Records as rows of a CSV file that is read back exactly: a column for each entry, the factors first.

A cell of the file holds JSON, or a text as it is where that is no JSON; an empty one holds nothing.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bnn.errors import UserError
from bnn.storage.records import parse_json
from neuraljet.studying.cells import Cell
from neuraljet.studying.tasks import CIRCUMSTANCES

SETTINGS = "settings"  # what the task was told beside factors and seed, as one JSON object
Row = Mapping[str, Any]


def rows_of(cells: Iterable[Cell], records: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each cell that has a record, in the order of the cells. records: by the keys of the tasks."""
    rows = []
    for cell in cells:
        record = records.get(cell.task.key)
        if record is not None:
            told = {k: v for k, v in cell.task.description.items() if k not in (*cell.factors, "seed")}
            rows.append({**cell.factors, "seed": cell.seed, **record, SETTINGS: told})
    return rows


def to_csv(rows: Sequence[Row]) -> str:
    """Return the text of the file; entries that are the same in kind stand in one column."""
    names = dict.fromkeys(name for row in rows for name in row)
    last = [name for name in (*CIRCUMSTANCES, SETTINGS) if name in names]
    columns = [name for name in names if name not in last] + last
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_text(row.get(name)) for name in columns] for row in rows)
    return written.getvalue()


def from_csv(text: str, where: str = "the records") -> list[dict[str, Any]]:
    """Return the rows. UserError for a text that is no such file."""
    try:
        lines = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise UserError(f"{where}: {error}; take a file that `neuraljet study` wrote") from None
    if not lines or len(set(lines[0])) < len(lines[0]):
        raise UserError(f"{where}: the first line does not name columns; take a file that `neuraljet study` wrote")
    for number, line in enumerate(lines, 1):
        if len(line) != len(lines[0]):
            raise UserError(f"{where}: line {number} has {len(line)} cells and not {len(lines[0])}")
    return [
        {name: value_of(cell) for name, cell in zip(lines[0], line, strict=True) if cell != ""} for line in lines[1:]
    ]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value and value.isprintable() and value_of(value) == value:
        return value
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def value_of(cell: str) -> Any:
    """Read JSON, or else a text as it is."""
    try:
        return parse_json(cell.encode())
    except ValueError:
        return cell
