"""Records as a Markdown table: a line per set, a median and its spread per column."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.benchmarks.learning.columns import COLUMNS, RIVALS, network_column
from tests.benchmarks.learning.rows import ROWS

Record = Mapping[str, Any]


def markdown(records: Sequence[Record]) -> str:
    """Return the table of all records; columns with options stand beside those without."""
    names = list(dict.fromkeys(label(record) for record in sorted(records, key=_order)))
    rows = [name for name in ROWS if any(record["row"] == name for record in records)]
    lines = [f"| set | {' | '.join(map(heading, names))} |", "|---|" + "---|" * len(names)]
    for row in rows:
        cells = [cell([r for r in records if r["row"] == row and label(r) == name]) for name in names]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines)


def label(record: Record) -> str:
    """Return the column, with its options and with how it was judged where that is not the test side."""
    options = ", ".join(f"{name}={value}" for name, value in sorted(record["options"].items()))
    held = "" if record["judge"] == "test" else f", {record['judge']}"
    return record["column"] + (f" {options}" if options else "") + held


def heading(name: str) -> str:
    """Return a column's words for people."""
    column, _, rest = name.replace(",", " ,", 1).partition(" ")
    words = RIVALS.get(column) or network_column(column).heading
    return f"{words} {rest}".replace(" ,", ",").strip()


def cell(records: Sequence[Record]) -> str:
    """Return the median accuracy, the lowest and highest of n seeds, and the largest area; a dash for no record."""
    good = [record for record in records if "accuracy" in record]
    if not good:
        return "failed" if records else "-"
    values = sorted(100 * record["accuracy"] for record in good)
    text = f"{statistics.median(values):.1f}"
    if len(values) > 1:
        text += f" ({values[0]:.1f} to {values[-1]:.1f}, n = {len(values)})"
    if all("sites" in record for record in good):
        how = "" if all(record["area"] == "synthesis" for record in good) else " estimated"
        text += f", {most(good, 'sites'):,} + {most(good, 'ramb18')}{how}"
        text += "" if all(record["within"] for record in good) else " **over budget**"
    if any(record.get("mismatches") for record in good):
        text += f" **{sum(record.get('mismatches', 0) for record in good)} mismatches**"
    return text


def made_at(records: Iterable[Record]) -> str:
    """Return under which circumstances the records were made, a line per kind."""
    kinds = dict.fromkeys(
        f"commit {r['commit']}{' (changed)' if r['changed'] else ''}, torch {r['torch']}, {r['threads']} threads, "
        f"{r['machine']}"
        for r in records
    )
    return "\n".join(kinds)


def most(records: Iterable[Record], name: str) -> int:
    """Return the largest of an entry."""
    return max(record[name] for record in records)


def _order(record: Record) -> tuple[int, str]:
    return COLUMNS.index(record["column"]), label(record)
