"""Rows of windows that repeat are counted and not walked: the clocks are those of the walk."""

import numpy as np
import pytest

from hw.cycles import window_map
from hw.matvec import schedule
from hw.matvec.folding import foldings
from hw.matvec.module import Patches


def walked(monkeypatch, *arguments):
    """Return what `convolution` does when no state is like another."""
    states = iter(range(10**9))
    with monkeypatch.context() as patch:
        patch.setattr(schedule._Matrix, "state", lambda self, time: (next(states),))
        return schedule.convolution(*arguments)


@pytest.mark.parametrize("seed", range(4))
def test_repeated_windows_take_the_clocks_of_the_walk(seed, monkeypatch):
    rng, compared, repeated = np.random.default_rng(seed), 0, []
    repeat = schedule._Matrix.repeat
    monkeypatch.setattr(schedule._Matrix, "repeat", lambda *given: (repeated.append(given[1]), repeat(*given))[1])
    while compared < 25:
        kernel, stride, pad = (int(rng.choice(values)) for values in ((2, 3, 5), (1, 2, 3), (0, 1)))
        height, width = (int(n) for n in rng.integers(kernel, 14, 2))
        clocks, inputs, outputs = (int(rng.choice(values)) for values in ((40, 200, 900), (4, 8, 24), (4, 12, 32)))
        found = list(foldings(kernel**2, inputs, outputs, clocks))
        if not found:
            continue
        patches, folding = Patches(height, width, kernel, stride, pad), found[rng.integers(len(found))]
        pixels = height * width * int(rng.integers(1, 4)) + int(rng.integers(0, height * width))
        arrivals = np.cumsum(rng.integers(0, rng.choice([1, 3, 40]) + 1, pixels))
        counted = schedule.convolution(patches, folding, arrivals, 5)
        for one, other in zip(counted, walked(monkeypatch, patches, folding, arrivals, 5), strict=True):
            assert np.array_equal(one, other), (patches, folding)
        windows = np.prod(window_map(height, width, kernel, stride, pad))
        assert len(counted[1]) >= windows
        compared += 1
    assert sum(repeated) > 100
