"""nj_sum_pool equals sums over the windows of +-1 maps, thresholded or not, and takes a pixel per clock."""

import numpy as np
import pytest

from bnn.integer.intervals import signed_bits
from hw.bits import literal
from sim.modules import STALLS, run_streams
from sim.runner import SimulationError
from tests.support.streams import beats_of, bits_word, frames, intervals, maps_of


def window_sums(maps, size_y, size_x):
    """Return sums over windows [N, C, H', W'] of maps [N, C, H, W], by plain loops."""
    rows, columns = maps.shape[2] // size_y, maps.shape[3] // size_x
    sums = np.zeros((*maps.shape[:2], rows, columns), np.int64)
    for y, x in np.ndindex(rows, columns):
        sums[:, :, y, x] = maps[:, :, y * size_y : (y + 1) * size_y, x * size_x : (x + 1) * size_x].sum((2, 3))
    return sums


def check(height, width, channels, size_y, size_x, thresholded, negative=False, copies=1):
    r = np.random.default_rng(height * width + channels)
    bits = frames(r, (channels // copies, height, width), count=6)
    turned = r.integers(0, 2, channels) if negative else np.zeros(channels, np.int64)
    read = np.repeat(2 * bits - 1, copies, axis=1)
    sums = window_sums(read * (1 - 2 * turned).reshape(-1, 1, 1), size_y, size_x)
    pixels = size_y * size_x
    constants = np.sort(r.integers(-pixels - 1, pixels + 3, channels))
    constants[:2] = -pixels, pixels + 1  # always reached, and never
    shifted = sums + constants.reshape(-1, 1, 1)
    out_bits = 1 if thresholded else signed_bits(int(constants.min()) - pixels, int(constants.max()) + pixels)
    expected = (sums >= constants.reshape(-1, 1, 1)).astype(np.int64) if thresholded else shifted
    constant_bits = signed_bits(-pixels - 1, pixels + 2)
    parameters = {
        "Height": height, "Width": width, "C": channels, "Copies": copies, "SizeY": size_y, "SizeX": size_x,
        "Negative": f"{channels}'h{bits_word(turned):x}", "Thresholded": int(thresholded),
        "ConstantBits": constant_bits, "Constant": literal(constants, constant_bits),
    }  # fmt: skip
    if not thresholded:
        parameters["OutBits"] = out_bits
    per_frame = (height // size_y) * (width // size_x)
    results = run_streams("nj_sum_pool", parameters, beats_of(bits, 1), len(bits) * per_frame)
    for stall, result in zip(STALLS, results, strict=True):
        got = maps_of(result.beats, expected.shape, out_bits, signed=not thresholded)
        assert np.array_equal(got, expected), stall
    free = results[0]
    assert free.in_cycles == list(range(len(bits) * height * width))
    assert set(intervals(free.out_cycles, per_frame)) == {height * width}


@pytest.mark.parametrize(
    ("height", "width", "channels", "size_y", "size_x", "thresholded", "negative", "copies"),
    [
        (7, 8, 6, 3, 3, True, True, 2),  # rows and columns that fill no window
        (5, 7, 9, 5, 7, True, False, 1),  # the whole map
        (16, 32, 4, 16, 16, True, True, 1),
        (3, 4, 3, 1, 1, True, True, 1),
        (6, 6, 4, 2, 3, False, True, 2),
        (2, 140, 3, 1, 2, False, False, 1),  # more windows than the chip's cells have words
    ],
)
def test_equals_sums_of_windows(height, width, channels, size_y, size_x, thresholded, negative, copies):
    check(height, width, channels, size_y, size_x, thresholded, negative, copies)


@pytest.mark.slow
@pytest.mark.parametrize("height", [4, 5, 9, 16])
@pytest.mark.parametrize("width", [4, 7, 13])
@pytest.mark.parametrize("size", [(1, 2), (2, 1), (3, 3), (4, 2), (4, 4)])
@pytest.mark.parametrize("thresholded", [True, False])
def test_equals_sums_of_windows_sweep(height, width, size, thresholded):
    check(height, width, 6, *size, thresholded, True, copies=3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"SizeY": 9}, "windows of 9 x 4 on a map of 8 x 8"),
        ({"SizeX": 0}, "windows of 4 x 0 on a map of 8 x 8"),
        ({"Thresholded": 0, "OutBits": 5}, "OutBits = 5, the sums need 6"),
    ],
)
def test_refuses_windows_and_widths_that_do_not_fit(parameters, message):
    with pytest.raises(SimulationError, match=message):
        run_streams("nj_sum_pool", parameters, [0], 1)
