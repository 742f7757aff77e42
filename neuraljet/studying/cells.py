"""A study expanded: a cell for every combination of factors and every seed, and the task of each.

Seed by seed, so that an interrupted study has all cells of the first seeds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from bnn.engines import Task
from bnn.errors import UserError
from neuraljet.studying.study import MOST_CELLS, Factor, Study, name_of
from neuraljet.studying.tasks import FUNCTION


@dataclass(frozen=True)
class Cell:
    """One measurement: the value of each factor by name, a seed, and the task."""

    factors: Mapping[str, Any]
    seed: int
    task: Task


def cells(study: Study) -> list[Cell]:
    """Return all cells, in the order in which they are run. UserError for too many, and for none."""
    count = study.seeds
    for factor in study.factor:
        count *= len(factor.values)
    if count > MOST_CELLS:
        raise UserError(f"study '{study.name}' has {count} cells; allowed are at most {MOST_CELLS}")
    found = [cell for seed in range(study.seeds) for cell in _of_seed(study, seed)]
    if not found:
        raise UserError(f"study '{study.name}' has no cell: `differ` leaves none of its combinations")
    return found


def _of_seed(study: Study, seed: int) -> Iterator[Cell]:
    for values in product(*(factor.values for factor in study.factor)):
        named = {factor.name: name_of(value) for factor, value in zip(study.factor, values, strict=True)}
        if any(named[one] == named[other] for one, other in study.differ):
            continue
        description = {**study.fixed, "task": study.task, "seed": seed, **named}
        for value in values:
            if isinstance(value, Mapping):
                description |= {name: entry for name, entry in value.items() if name != "name"}
        yield Cell(named, seed, Task(FUNCTION, description))


def narrowed(study: Study, only: Mapping[str, str], settings: Mapping[str, Any], seeds: int | None) -> Study:
    """Return a study of some values of its factors, with other settings, of so many seeds.

    only: a factor's values by its name, with commas between. UserError for what the study does not have.
    """
    factors = study.factors()
    for name, text in only.items():
        if name not in factors:
            raise UserError(f"--only {name}: the factors of '{study.name}' are {', '.join(factors)}")
        known = {str(name_of(value)): value for value in factors[name].values}
        asked = _listed(name, text, list(known))
        factors[name] = Factor(name, tuple(known[word] for word in dict.fromkeys(asked)))
    for name in settings:
        if name not in study.fixed:
            raise UserError(f"--with {name}: the settings of '{study.name}' are {', '.join(study.fixed)}")
    if seeds is not None and seeds > study.seeds:
        raise UserError(f"--seeds {seeds}: '{study.name}' has {study.seeds}; give fewer, or --full where that has more")
    return replace(study, factor=tuple(factors.values()), fixed={**study.fixed, **settings}, seeds=seeds or study.seeds)


def _listed(name: str, text: str, known: list[str]) -> list[str]:
    """Return the values that stand in a list with commas, which may be part of a value: the longest one that fits."""
    words, found = text.split(","), []
    while words:
        for count in range(len(words), 0, -1):
            value = ",".join(words[:count]).strip()
            if value in known:
                found.append(value)
                words = words[count:]
                break
        else:
            raise UserError(f"--only {name}={words[0].strip()}: the values of {name} are {'; '.join(known)}")
    return found
