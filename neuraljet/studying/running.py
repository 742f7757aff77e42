"""The folder of a study: what is finished stands in its journal, and is not run again.

DIR/  study.json     which study this is
      journal.jsonl  what is finished, a line for each task (bnn.engines)
      records.csv    the same as a table of what was asked last, written anew after each task
      tables.md      what the study tables, with intervals
      figure.svg     its chart, where it has one
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bnn.engines import Journal, Outcome, run, words
from bnn.errors import ToolError, UserError
from bnn.storage.files import new_folder, write_file
from bnn.storage.folders import Kind
from neuraljet.studying.cells import cells
from neuraljet.studying.figures import svg
from neuraljet.studying.rows import Row, rows_of, to_csv
from neuraljet.studying.study import Study
from neuraljet.studying.tables import markdown

ASKED, JOURNAL, RECORDS, TABLES, FIGURE = "study.json", "journal.jsonl", "records.csv", "tables.md", "figure.svg"
STUDY = Kind(ASKED, "neuraljet-study", later=(JOURNAL, RECORDS, TABLES, FIGURE))


@dataclass(frozen=True)
class Studied:
    """What came of a study."""

    name: str
    cells: int
    records: int
    tables: str  # Markdown
    folder: str


def run_study(
    study: Study, out: Path, engine: str = "local", tell: Callable[[Outcome], None] = lambda outcome: None
) -> Studied:
    """Run what is missing of a study in the folder `out`, and write its records, tables and figure.

    UserError when `out` holds something else or another study. When tasks fail, the others are finished and written
    first.
    """
    asked = cells(study)
    words(engine)  # refuses a wrong text before there is a folder
    _claim(study, out)
    found = dict(Journal(out / JOURNAL).records)

    def rows() -> list[dict]:
        return rows_of(asked, found)

    def told(outcome: Outcome) -> None:
        if outcome.record is not None:
            found[outcome.task.key] = outcome.record
            write_file(out / RECORDS, to_csv(rows()))
        tell(outcome)

    failure: UserError | ToolError | None = None
    try:
        run([cell.task for cell in asked], engine, out / JOURNAL, tell=told)
    except (UserError, ToolError) as error:
        failure = error
    kept = rows()
    if kept:
        write_results(study, kept, out)
    if failure is not None:
        raise failure
    return Studied(study.name, len(asked), len(kept), markdown(study, kept), str(out))


def write_results(study: Study, rows: Sequence[Row], out: Path) -> None:
    """Write records, tables and, where matplotlib is there, the figure."""
    write_file(out / RECORDS, to_csv(rows))
    write_file(out / TABLES, markdown(study, rows))
    try:
        drawn = svg(study, rows)
    except UserError:
        return  # without matplotlib the tables say it all
    if drawn is not None:
        write_file(out / FIGURE, drawn)


def _claim(study: Study, out: Path) -> None:
    """Make `out` the folder of this study, or find that it is one already."""
    described = STUDY.described(out) if out.is_dir() else None
    if described is None:
        with new_folder(out, STUDY) as folder:
            content = {"format": STUDY.format, "study": study.name, "title": study.title, "files": {}}
            write_file(folder / ASKED, json.dumps(content, indent=2) + "\n")
    elif described.get("study") != study.name:
        raise UserError(
            f"{out} holds the study '{str(described.get('study'))[:60]}' and not '{study.name}'; choose another --out"
        )
