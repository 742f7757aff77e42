"""Rows in groups, and the medians of each."""

from collections.abc import Iterable, Sequence
from typing import Any

from neuraljet.studying.intervals import median
from neuraljet.studying.rows import Row

Key = tuple[Any, ...]


def groups(rows: Iterable[Row], names: Sequence[str]) -> dict[Key, list[Row]]:
    """Return rows by their values of these factors, in the order in which they come."""
    found: dict[Key, list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found


def medians(rows: Iterable[Row], names: Sequence[str], entries: Sequence[str]) -> dict[Key, tuple[float, ...]]:
    """Return the median of each entry by the values of the factors `names`; groups that lack an entry are left out."""
    found = {}
    for key, group in groups(rows, names).items():
        whole = [row for row in group if all(row.get(entry) is not None for entry in entries)]
        if whole:
            found[key] = tuple(median([row[entry] for row in whole]).middle for entry in entries)
    return found
