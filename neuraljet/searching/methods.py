"""How a search chooses what to try next: a method per row of METHODS.

Every method begins with the network that would be taken without a search, and with mutants of it.
"""

import random
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler

from neuraljet.searching.space import STARTS, Answers, Space, mutated

BEGINNING = 10  # networks that a search begins with: the default and its mutants
POPULATION, TOURNAMENT = 20, 5  # of evolution
GENERATION = 16  # networks that nsga2 crosses


@dataclass(frozen=True)
class Past:
    """A trial that was trained."""

    answers: Answers
    worth: tuple[int, tuple[int, float]]  # rung, and what it reached there


@dataclass(frozen=True)
class Method:
    """A way to choose the next network.

    sampler: of Optuna, from a seed. directions: what it optimizes: the accuracy, and for some the LUT sites. propose:
    the answers of the next network; without it the sampler answers. shrinks: how wider networks are made smaller, where
    they are (neuraljet.searching.shrinking).
    """

    sampler: Callable[[int], BaseSampler]
    directions: tuple[str, ...] = ("MAXIMIZE",)
    propose: Callable[[Space, Sequence[Past], random.Random], dict[str, Any]] | None = None
    shrinks: str | None = None


def aged(space: Space, past: Sequence[Past], draw: random.Random) -> dict[str, Any]:
    """Return a mutant of the best of a few that are drawn from the youngest POPULATION trials.

    Regularized evolution: old ones leave the population, however good they were (Real et al., "Regularized Evolution
    for Image Classifier Architecture Search", AAAI 2019, algorithm 1).
    """
    population = past[-POPULATION:]
    if not population:
        return mutated(space, space.answers(space.default), draw)
    parent = max(draw.sample(population, min(TOURNAMENT, len(population))), key=lambda trial: trial.worth)
    return mutated(space, parent.answers, draw)


def _tpe(seed: int) -> BaseSampler:
    """Return the sampler that knows which questions are asked together: those of a depth."""
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return TPESampler(seed=seed, n_startup_trials=BEGINNING, multivariate=True, group=True, constant_liar=True)


def _nsga2(seed: int) -> BaseSampler:
    return NSGAIISampler(seed=seed, population_size=GENERATION)


METHODS = {
    "tpe": Method(_tpe),
    "nsga2": Method(_nsga2, ("MAXIMIZE", "MINIMIZE")),
    "evolve": Method(lambda seed: RandomSampler(seed=seed), propose=aged),
    "slim": Method(_tpe, shrinks="slim"),
    "prune": Method(_tpe, shrinks="prune"),
}


def beginning(space: Space, seed: int) -> list[dict[str, Any]]:
    """Return the answers that a search begins with, the default's first; the same for every driver of a study.

    Where networks are made smaller, the others are mutants of the default at each width that it may begin with.
    """
    draw, default = random.Random(seed), space.answers(space.default)
    widths = STARTS[1:] if space.shrinks else ()
    parents = [{**default, "wider": widths[i % len(widths)]} if widths else default for i in range(BEGINNING - 1)]
    return [default, *(mutated(space, parent, draw) for parent in parents)]


def quiet() -> None:
    """Keep Optuna from telling of each trial: the driver does."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
