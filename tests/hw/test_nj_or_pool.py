"""nj_or_pool equals max-pooling of the +-1 maps, and takes a pixel per clock."""

import numpy as np
import pytest

from bnn.integer import reference
from hw.cycles import or_pool_cycles
from sim.modules import STALLS, run_streams
from sim.runner import SimulationError
from tests.support.streams import beats_of, frames, intervals, maps_of


def check(height, width, channels, size, minimum=0):
    bits = frames(np.random.default_rng(height * width), (channels, height, width), count=6)
    bits[2] = bits[2] & bits[4] & bits[5]  # few ones, because else nearly every window would hold one
    signs = np.array([-1 if minimum >> c & 1 else 1 for c in range(channels)]).reshape(-1, 1, 1)
    expected = (signs * reference.max_pool(signs * (2 * bits - 1), size) + 1) // 2
    per_frame = (height // size) * (width // size)
    parameters = {"Height": height, "Width": width, "C": channels, "Size": size, "Minimum": f"{channels}'h{minimum:x}"}
    results = run_streams("nj_or_pool", parameters, beats_of(bits, 1), len(bits) * per_frame)
    for stall, result in zip(STALLS, results, strict=True):
        assert np.array_equal(maps_of(result.beats, expected.shape, 1), expected), stall
    free = results[0]
    assert free.in_cycles == list(range(len(bits) * height * width))
    assert set(intervals(free.out_cycles, per_frame)) == {or_pool_cycles(height, width)}


@pytest.mark.parametrize(
    ("height", "width", "channels", "size"),
    [(4, 6, 3, 2), (7, 7, 5, 2), (6, 7, 2, 3), (8, 10, 70, 3), (2, 2, 1, 2)],
)
def test_equals_max_pooling(height, width, channels, size):
    check(height, width, channels, size)


@pytest.mark.parametrize("minimum", [0b101, 0b111])
def test_takes_the_minimum_of_some_maps(minimum):
    check(5, 6, 3, 2, minimum)


@pytest.mark.slow
@pytest.mark.parametrize("height", [4, 5, 9, 16])
@pytest.mark.parametrize("width", [4, 7, 13])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_equals_max_pooling_sweep(height, width, size):
    check(height, width, 4, size)


@pytest.mark.parametrize(("size", "message"), [(1, "Size = 1, must be at least 2"), (9, "Size = 9 exceeds 8 x 8")])
def test_refuses_sizes_that_are_no_pooling(size, message):
    with pytest.raises(SimulationError, match=message):
        run_streams("nj_or_pool", {"Size": size}, [0], 1)
