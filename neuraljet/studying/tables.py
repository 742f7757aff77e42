"""The tables of a study, in Markdown, from its rows alone."""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from neuraljet.studying.equal import ratios
from neuraljet.studying.groups import groups
from neuraljet.studying.intervals import mean_difference, median
from neuraljet.studying.rows import Row
from neuraljet.studying.study import Best, Shown, Study, Table

NOTHING = "-"


def markdown(study: Study, rows: Sequence[Row]) -> str:
    """Return all tables of the study, and below them what the figures are and where they come from."""
    parts = [_table(study, table, rows) for table in study.table]
    if study.equal:
        parts.append(ratios(study, study.equal, rows))
    return "\n\n".join([*parts, caption(study, rows)]) + "\n"


def caption(study: Study, rows: Sequence[Row]) -> str:
    """Say what stands in the cells, and what was run where."""
    counts = [len(found) for found in groups(rows, [factor.name for factor in study.factor]).values()]
    if not counts:
        return "No records yet."
    fewest, most = min(counts), max(counts)
    seeds = f"{most} seed{'s' if most > 1 else ''}" if fewest == most else f"{fewest} to {most} seeds"
    holds = sorted({median([0.0] * count).confidence for count in (fewest, most)})
    sure = " to ".join(f"{100 * value:.3g}" for value in holds)
    circumstances = [
        f"{name} {', '.join(found)}"
        for name in ("commit", "torch", "threads", "machine")
        if (found := sorted({str(row[name]) for row in rows if name in row}))
    ]
    seconds = sorted(float(row["seconds"]) for row in rows if "seconds" in row)
    took = f", {sum(seconds) / 3600:.1f} hours of tasks together" if seconds else ""
    words = f"Medians over {seeds}; in brackets those that hold the true median with {sure} % (exact, by order)."
    if most == 1:
        words = "One seed, so nothing is known of the spread."
    return f"{words} {'; '.join([f'{len(rows):,} records{took}', *circumstances])}."


def _table(study: Study, table: Table, rows: Sequence[Row]) -> str:
    factors = study.factors()
    chosen = kept_best(rows, [factor.name for factor in study.factor], table.best)
    columns = factors[table.columns].names() if table.columns else (None,)
    heads = [*table.rows]
    heads += [_head(shown, column) for column in columns for shown in table.values]
    if table.against:
        heads.append(f"difference from {table.against.value}")
    lines = [f"**{table.title}**", "", _line(heads), _line(["---"] * len(heads))]
    for key in product(*(factors[name].names() for name in table.rows)):
        of_row = [row for row in chosen if all(row[name] == value for name, value in zip(table.rows, key, strict=True))]
        if not of_row:
            continue
        cells = [str(value) for value in key]
        for column in columns:
            here = [row for row in of_row if not table.columns or row[table.columns] == column]
            cells += [cell(here, shown) for shown in table.values]
        if table.against:
            cells.append(_difference(study, table, of_row, chosen))
        lines.append(_line(cells))
    notes = []
    if table.best:
        notes.append(
            f"Of {table.best.factor} the value with the best median of {table.best.by} counts, chosen for each cell."
        )
    if table.against:
        notes.append(
            "Differences: the mean over what differs by the factor alone, in brackets what 95 % of 2,000 resamples of "
            "the seeds gave, where there are several."
        )
    return "\n".join([*lines, *(["", " ".join(notes)] if notes else [])])


def kept_best(rows: Sequence[Row], factors: Sequence[str], best: Best | None) -> list[Row]:
    """Return the rows of the best value of a factor for each combination of the others; all rows without one."""
    if best is None:
        return list(rows)
    others, kept = [name for name in factors if name != best.factor], []
    for group in groups(rows, others).values():
        levels = groups(group, [best.factor])
        kept += max(levels.values(), key=lambda found: median([row[best.by] for row in found]).middle)
    return kept


def cell(rows: Sequence[Row], shown: Shown) -> str:
    """Return the median of an entry with its interval, or its spread; a dash where no row has it."""
    values = [row[shown.entry] for row in rows if row.get(shown.entry) is not None]
    if not values:
        return NOTHING
    if shown.of == "spread":
        return written(max(values) - min(values), shown.show)
    found = median(values)
    middle, low, high = (written(value, shown.show) for value in found[:3])
    return middle if low == high else f"{middle} ({low} to {high})"


def written(value: float, show: str) -> str:
    """Return a number for people: a share in per cent, a count with commas, or four digits."""
    if show == "percent":
        return f"{100 * value:.1f}"
    return f"{value:,.0f}" if show == "count" else f"{value:,.4g}"


def _difference(study: Study, table: Table, rows: Iterable[Row], all_rows: Sequence[Row]) -> str:
    """Return the mean paired difference of a table row from the cells that it is compared with."""
    against = table.against
    assert against is not None
    left_out = {against.factor, *([table.best.factor] if table.best else [])}
    others = [factor.name for factor in study.factor if factor.name not in left_out]
    references = {
        (*(row[name] for name in others), row["seed"]): row[against.entry]
        for row in all_rows
        if str(row[against.factor]) == against.value and against.entry in row
    }
    strata: dict[tuple[Any, ...], list[float]] = {}
    for row in rows:
        if str(row[against.factor]) == against.value or against.entry not in row:
            continue
        place = tuple(row[name] for name in others)
        if (*place, row["seed"]) in references:
            strata.setdefault(place, []).append(row[against.entry] - references[(*place, row["seed"])])
    if not strata:
        return NOTHING
    shows = [shown.show for shown in table.values if shown.entry == against.entry]
    found = mean_difference(list(strata.values()))
    middle, low, high = (_signed(written(value, shows[0] if shows else "number")) for value in found[:3])
    return f"{middle} ({low} to {high})" if max(map(len, strata.values())) > 1 else middle


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"


def _head(shown: Shown, column: Any) -> str:
    unit = " %" if shown.show == "percent" else ""
    return f"{shown.heading}{unit}" if column is None else f"{column}: {shown.heading}{unit}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
