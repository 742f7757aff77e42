"""Differential evolution: the numbers in a box that make a function smallest (Storn and Price, 1997), rand/1/bin.

trial = a + F (b - c) in some of its numbers, the parent's in the others; the better of trial and parent stays
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Evolution:
    """How long and how boldly it searches."""

    population: int = 12  # at least 4
    generations: int = 12
    weight: float = 0.5  # F: of the difference of two
    crossover: float = 0.9  # CR: how many numbers a trial has of its own


PLAIN = Evolution()


def evolve(
    loss: Callable[[Numbers], float],
    low: Sequence[float],
    high: Sequence[float],
    seed: int,
    how: Evolution = PLAIN,
    start: Sequence[Sequence[float]] = (),
) -> tuple[Numbers, float]:
    """Return the best numbers [n] that were met, and their loss.

    low, high: bounds [n]; a number that leaves them is set on them. start: some of the first population. It asks for
    `population * (generations + 1)` losses.
    """
    if how.population < 4:
        raise ValueError(f"a population of {how.population} has no three others; at least 4 are needed")
    generator, bottom, top = np.random.default_rng(seed), np.asarray(low, float), np.asarray(high, float)
    people = generator.uniform(bottom, top, (how.population, len(bottom)))
    for i, one in enumerate(start[: how.population]):
        people[i] = np.clip(one, bottom, top)
    losses = np.array([loss(one) for one in people])
    for _ in range(how.generations):
        for i in range(how.population):
            others = [j for j in range(how.population) if j != i]
            a, b, c = people[generator.choice(others, 3, replace=False)]
            own = generator.random(len(bottom)) < how.crossover
            own[generator.integers(len(bottom))] = True
            trial = np.where(own, np.clip(a + how.weight * (b - c), bottom, top), people[i])
            found = loss(trial)
            if found <= losses[i]:
                people[i], losses[i] = trial, found
    best = int(losses.argmin())
    return people[best], float(losses[best])
