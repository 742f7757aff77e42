"""The greedy search keeps what helps by more than noise, and spends little on what does not."""

import numpy as np
import pytest

from bnn.training.plan.judge import Judged
from bnn.training.plan.search import choose

A, B, C = ("flip_x", "flip_y"), ("shift",), ("light", "noise")
PLAIN = np.linspace(0.2, 1.0, 20)


class Bench:
    """Stands for short trainings: every group lowers the loss by its effect, on the splits it is given for."""

    def __init__(self, **effects):
        self.effects, self.done = effects, []

    def __call__(self, names, split):
        self.done.append((names, split))
        lower = sum(self._effect(name, split) for name in names)
        wobble = 0.05 * np.cos(np.arange(20) + split) * bool(names)
        losses = PLAIN - lower + wobble
        return Judged(losses, losses < 0.7)

    def _effect(self, name, split):
        effect = self.effects.get(name, 0.0)
        return effect[split] if isinstance(effect, list) else effect


def kept(trials):
    return [trial.augment for trial in trials if trial.kept][-1]


def test_what_helps_joins_the_best_first():
    bench = Bench(flip_x=0.1, shift=0.2, light=-0.1)
    trials = choose([A, B, C], 3, bench, steps=7)
    assert kept(trials) == (*A, *B)
    assert [(t.augment, t.kept) for t in trials] == [
        ((), True), (A, False), (B, True), (C, False), ((*A, *B), True),
    ]  # fmt: skip
    assert [t.trainings for t in trials] == [3, 3, 3, 1, 3]
    assert len(set(bench.done)) == len(bench.done) == 13  # nothing is trained twice
    plain, single = trials[0], trials[2]
    assert plain.loss == pytest.approx(PLAIN.mean()) and plain.pictures == 60 and plain.steps == 7
    assert single.gain == pytest.approx(0.2, abs=0.01) and single.noise > 0
    assert single.accuracy > plain.accuracy


def test_none_is_an_outcome():
    trials = choose([A, B, C], 3, Bench(flip_x=-0.2, shift=-0.01, light=-0.5), steps=1)
    assert kept(trials) == () and [t.trainings for t in trials] == [1, 1, 1, 1]
    assert choose([], 3, Bench(), steps=1) == ()


def test_a_gain_within_the_spread_of_trainings_is_noise():
    """Two splits like it and one does not, so the mean is above zero and below its standard error."""
    assert kept(choose([B], 3, Bench(shift=[0.3, 0.2, -0.35]), steps=1)) == ()
    assert kept(choose([B], 3, Bench(shift=[0.2, 0.2, 0.2]), steps=1)) == B


def test_a_group_that_only_helps_alone_does_not_join():
    class Same(Bench):
        def __call__(self, names, split):
            found = super().__call__(names, split)
            return found if len(names) < 3 else super().__call__(B, split)

    assert kept(choose([A, B], 2, Same(flip_x=0.1, shift=0.2), steps=1)) == B
