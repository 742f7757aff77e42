"""nj_patches gives the pixels of every window, with zeros outside the frame, under any stalls."""

import numpy as np
import pytest

from bnn.integer import reference
from hw.cycles import window_map
from sim.modules import run_streams
from tests.support.streams import beats_of, frames

FRAMES = 5


SHAPES = [
    (6, 5, 3, 1, 1), (6, 5, 3, 1, 0), (7, 6, 3, 2, 1), (5, 5, 5, 1, 2), (4, 7, 2, 2, 0), (3, 3, 3, 1, 0),
    (8, 4, 2, 3, 0), (5, 6, 1, 2, 0), (2, 2, 3, 1, 1), (9, 9, 4, 1, 3),
]  # fmt: skip
IN_BLOCK = [(6, 5, 3, 1, 1), (8, 4, 2, 3, 0), (2, 2, 3, 1, 1), (2, 1, 2, 1, 1)]


@pytest.mark.parametrize(
    ("shape", "block"), [*((shape, 0) for shape in SHAPES), *((shape, 1) for shape in IN_BLOCK)], ids=str
)
def test_windows_come_pixel_by_pixel(shape, block):
    height, width, kernel, stride, pad = shape
    rng = np.random.default_rng(height * width)
    maps = frames(rng, (3, height, width), count=FRAMES)
    padded = reference.pad(maps, pad, 0)
    rows, columns = window_map(height, width, kernel, stride, pad)
    expected = []
    for n, oy, ox in np.ndindex(FRAMES, rows, columns):
        y, x = oy * stride, ox * stride
        expected += beats_of(padded[n : n + 1, :, y : y + kernel, x : x + kernel], 1)
    parameters = {"Height": height, "Width": width, "Bits": 3, "Kernel": kernel, "Stride": stride, "Pad": pad}
    parameters["Block"] = block
    for result in run_streams("nj_patches", parameters, beats_of(maps, 1), len(expected)):
        assert result.beats == expected
