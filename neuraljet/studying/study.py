"""A study as a TOML file: what is varied, over how many seeds, what is done for each, and what is tabled.

title = "Ten optimizers"
task = "train"                       # a name of neuraljet.studying.tasks
seeds = 5
differ = [["set", "init"]]           # factors that never have the same value
[fixed]                              # what every task is told
steps = 600
[full]                               # replaces entries of [fixed] with --full; `seeds` may be there too
steps = 3600
[[factor]]                           # a factor's values; a table among them has a name, and is told as a whole
name = "optimizer"
values = ["adam", { name = "sgd", momentum = 0.9 }]
[[table]]
title = "Accuracy"
rows = ["optimizer"]                 # factors
columns = "set"                      # a factor, or "" for none
values = [{ entry = "accuracy", heading = "accuracy", show = "percent" }]
best = { factor = "rate", by = "held_out" }                     # of this factor the best value counts, cell by cell
against = { factor = "optimizer", value = "adam", entry = "accuracy" }  # paired differences
[equal]                              # `cost` beside that of another value of a factor with the same `merit`
factor = "form"
value = "binary"
along = "width"                      # the factor between whose values the other one is interpolated
within = ["set"]                     # factors that stay as they are
merit = "accuracy"
costs = [{ entry = "sites", heading = "at a pixel per clock" }]
[figure]
x = "sites"                          # an entry of the record, or a factor
y = "accuracy"
series = "form"                      # a factor: a line each
panels = "set"                       # a factor: a chart each, or ""
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.storage.names import is_shown
from bnn.storage.records import OPTIONAL, optional, parse
from bnn.storage.tables import parse_toml, read_toml
from neuraljet.studying.tasks import TASKS

NAME = re.compile(r"[a-z][a-z0-9_]{0,40}", re.ASCII)
MOST_VALUES, MOST_SEEDS, MOST_CELLS = 64, 1000, 100_000
SHOWN, TAKEN = ("percent", "count", "number"), ("median", "spread")
MARKUP = "|<>`"  # would be marks in a table
RESERVED = ("seed", "task")


@dataclass(frozen=True)
class Factor:
    """What is varied. A value is a number, a text, or a table with a name, whose other entries the task is told too."""

    name: str
    values: tuple[Any, ...]

    def names(self) -> tuple[Any, ...]:
        """Return the values as tables show them."""
        return tuple(name_of(value) for value in self.values)


@dataclass(frozen=True)
class Shown:
    """An entry of the records in a table."""

    entry: str
    heading: str
    show: str = optional("number")
    of: str = optional("median")  # or spread: the largest less the smallest


@dataclass(frozen=True)
class Best:
    """Of `factor` the value counts whose median of the entry `by` is the largest."""

    factor: str
    by: str


@dataclass(frozen=True)
class Against:
    """Differences of `entry` from the cells with this value of `factor`, of the same seed and all else alike."""

    factor: str
    value: str
    entry: str


@dataclass(frozen=True)
class Table:
    """A table of medians."""

    title: str
    rows: tuple[str, ...]
    values: tuple[Shown, ...]
    columns: str = optional("")
    best: Best | None = field(default=None, metadata={OPTIONAL: True})
    against: Against | None = field(default=None, metadata={OPTIONAL: True})


@dataclass(frozen=True)
class Equal:
    """Ratios of a cost at equal merit: what each value of `factor` costs, beside the value that it is compared with."""

    factor: str
    value: str
    along: str
    within: tuple[str, ...]
    merit: str
    costs: tuple[Shown, ...]


@dataclass(frozen=True)
class Figure:
    """A chart of medians with their intervals."""

    x: str
    y: str
    series: str
    panels: str = optional("")


@dataclass(frozen=True)
class Study:
    """What is asked."""

    title: str
    task: str
    seeds: int
    factor: tuple[Factor, ...]
    table: tuple[Table, ...]
    fixed: Mapping[str, Any] = field(default_factory=dict, metadata={OPTIONAL: True})
    full: Mapping[str, Any] = field(default_factory=dict, metadata={OPTIONAL: True})
    differ: tuple[tuple[str, ...], ...] = optional(())
    equal: Equal | None = field(default=None, metadata={OPTIONAL: True})
    figure: Figure | None = field(default=None, metadata={OPTIONAL: True})
    name: str = optional("")

    def factors(self) -> dict[str, Factor]:
        """Return the factors by name."""
        return {found.name: found for found in self.factor}

    def in_full(self) -> "Study":
        """Return the study as --full has it."""
        full = dict(self.full)
        return replace(self, seeds=full.pop("seeds", self.seeds), fixed={**self.fixed, **full})


def name_of(value: Any) -> Any:
    """Return a factor's value as tables and records show it."""
    return value["name"] if isinstance(value, Mapping) else value


def studies() -> tuple[str, ...]:
    """Return the names of the studies that come with the program."""
    folder = resources.files("neuraljet.studying")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def load_study(name: str | Path) -> Study:
    """Read a study by its name, or a TOML file of your own. UserError names what is wrong with it."""
    if str(name) in studies():
        text = (resources.files("neuraljet.studying") / f"{name}.toml").read_text(encoding="utf-8")
        return study_of(parse_toml(text, f"study '{name}'"), str(name))
    path = Path(name)
    if not path.is_file():
        raise UserError(f"study '{name}' is neither {', '.join(studies())} nor a TOML file")
    return study_of(read_toml(path, f"study '{path}'"), path.stem)


def study_of(table: Mapping[str, Any], name: str) -> Study:
    """Return the study of a TOML table, checked."""
    where = f"study '{name}'"
    try:
        study: Study = replace(parse(Study, dict(table), ""), name=name)
    except TypeError as error:
        raise UserError(f"{where}: {error}") from None
    for wrong in _faults(study):
        raise UserError(f"{where}: {wrong}")
    return study


def _faults(study: Study) -> list[str]:
    """Return what is wrong, as sentences."""
    factors, found = study.factors(), []
    if study.task not in TASKS:
        found.append(f"task = {study.task[:60]!r}; allowed: {', '.join(TASKS)}")
    if not 1 <= study.seeds <= MOST_SEEDS or not _is_count(study.full.get("seeds", 1)):
        found.append(f"seeds = {study.seeds}, in [full] {study.full.get('seeds')}; allowed: 1 to {MOST_SEEDS}")
    if len(factors) < len(study.factor) or not factors:
        found.append("it needs [[factor]] tables, each with a name of its own")
    for factor in study.factor:
        found += _faults_of(factor)
    for names in study.differ:
        if len(names) != 2 or not set(names) <= set(factors):
            found.append(f"differ = {list(names)}; allowed: pairs of {', '.join(factors)}")
    for table in study.table:
        wanted = [*table.rows, *([table.columns] if table.columns else [])]
        wanted += [part.factor for part in (table.best, table.against) if part]
        unknown = sorted(set(wanted) - set(factors))
        if unknown:
            found.append(f"table '{table.title[:60]}' names {unknown[0]!r}; its factors are {', '.join(factors)}")
        odd = [shown.show for shown in table.values if shown.show not in SHOWN]
        odd += [shown.of for shown in table.values if shown.of not in TAKEN]
        if odd or not table.values:
            found.append(
                f"table '{table.title[:60]}': values need show = {', '.join(SHOWN)}, of = {', '.join(TAKEN)}; not {odd}"
            )
        if table.against and not unknown and table.against.value not in map(str, factors[table.against.factor].names()):
            found.append(f"table '{table.title[:60]}': {table.against.value!r} is no value of {table.against.factor}")
    if study.equal:
        named = {study.equal.factor, study.equal.along, *study.equal.within}
        if named - set(factors) or study.equal.value not in factors[study.equal.factor].names():
            found.append(f"[equal] names {', '.join(sorted(named))}; the factors are {', '.join(factors)}")
    texts = [study.title, *(table.title for table in study.table)]
    texts += [shown.heading for table in study.table for shown in table.values]
    texts += [shown.heading for shown in (study.equal.costs if study.equal else ())]
    found += [f"{text[:60]!r} holds one of {MARKUP} or what cannot be shown" for text in texts if not _is_plain(text)]
    if study.figure and {study.figure.series, study.figure.panels or study.figure.series} - set(factors):
        found.append(f"the figure's series and panels are factors: {', '.join(factors)}")
    clash = sorted(set(study.fixed) & set(factors)) + sorted({*study.fixed, *factors} & set(RESERVED))
    if clash:
        found.append(f"{clash[0]!r} is fixed and a factor at once, or a word of the program's own")
    return found


def _faults_of(factor: Factor) -> list[str]:
    found = []
    if not NAME.fullmatch(factor.name):
        found.append(f"factor {factor.name[:60]!r} has no name of small letters, digits and _")
    if not 1 <= len(factor.values) <= MOST_VALUES:
        found.append(f"factor {factor.name} has {len(factor.values)} values; allowed: 1 to {MOST_VALUES}")
    for value in factor.values:
        if isinstance(value, Mapping) and not isinstance(value.get("name"), str):
            found.append(f"factor {factor.name}: a table among its values needs a name")
        elif isinstance(value, Mapping) and value.get("task", next(iter(TASKS))) not in TASKS:
            found.append(f"factor {factor.name}: task = {str(value['task'])[:60]!r}; allowed: {', '.join(TASKS)}")
        elif isinstance(name_of(value), str) and not _is_plain(name_of(value)):
            found.append(f"factor {factor.name}: {name_of(value)[:60]!r} holds one of {MARKUP}")
        elif not isinstance(name_of(value), str | int | float):
            found.append(f"factor {factor.name}: {str(value)[:60]} is neither a number nor a text nor a table")
    if not found and len(set(factor.names())) < len(factor.values):
        found.append(f"factor {factor.name} has a value twice")
    return found


def _is_plain(text: str) -> bool:
    """Tell whether a text is none of Markdown's marks in a cell of a table, and on one line."""
    return not set(text) & set(MARKUP) and all(map(is_shown, text))


def _is_count(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MOST_SEEDS
