"""The schedule of windows without padding at a window per clock, found at once, is that found step by step."""

import numpy as np
import pytest

from hw.schedule import stepped_windows, windows


@pytest.mark.parametrize("seed", range(8))
def test_what_is_found_at_once_is_what_is_found_step_by_step(seed):
    r = np.random.default_rng(seed)
    for _ in range(15):
        kernel, stride, interval = (int(r.integers(low, high)) for low, high in ((2, 5), (1, 4), (0, 4)))
        height, width = (int(r.integers(kernel, kernel + 7)) for _ in range(2))
        arrivals = np.cumsum(r.choice([0, 1, 1, 2, 7], 2 * height * width))
        found, stepped = (
            each((height, width, kernel, stride, 0), 1, arrivals, interval) for each in (windows, stepped_windows)
        )
        assert np.array_equal(found.taken[0], stepped.taken[0])
        assert np.array_equal(found.results, stepped.results)
