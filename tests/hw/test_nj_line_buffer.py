"""nj_line_buffer puts out every window's columns and mask, a pixel per clock, and ends a frame without the next."""

import numpy as np
import pytest

from bnn.integer import reference
from sim.modules import Stall, run_streams
from tests.support.streams import beats_of, unpack

BITS = 6


def windows_of(beats, kernel):
    """Return the windows [.., K, K] made of the columns put out. Masked columns are zero."""
    columns, found = [], []
    for beat in beats:
        column = unpack(beat, kernel, BITS)
        mask = unpack(beat >> (kernel * BITS), kernel, 1)
        columns = [*columns, column][-kernel:]
        if beat >> (kernel * BITS + kernel):
            found.append(np.array(columns).T * np.array(mask))
    return np.array(found)


@pytest.mark.parametrize(
    ("height", "width", "kernel", "stride", "pad"),
    [
        (5, 6, 3, 1, 1),
        (7, 5, 5, 1, 2),
        (4, 4, 5, 1, 2),
        (6, 7, 3, 2, 1),
        (7, 6, 3, 1, 0),
        (3, 2, 2, 1, 0),
        (8, 7, 5, 3, 1),
        (4, 3, 5, 1, 2),  # windows wider than the frame on both sides
        (5, 70, 3, 1, 1),
        (4, 450, 5, 1, 2),  # rows in block RAM
    ],
)
def test_windows_at_a_pixel_per_clock(height, width, kernel, stride, pad):
    pixels = np.random.default_rng(height + width).integers(1, 1 << BITS, (4, 1, height, width))
    padded = reference.pad(pixels, pad, 0)[:, 0]
    view = np.lib.stride_tricks.sliding_window_view(padded, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
    parameters = {
        "Height": height, "Width": width, "Bits": BITS, "Kernel": kernel, "Stride": stride, "Pad": pad,
    }  # fmt: skip
    beats = beats_of(pixels, BITS)
    # a step per pixel, and after the last frame Pad rows and pixels of dummy steps to flush it
    steps = len(beats) + pad * width + pad
    stalls = (Stall(), Stall(0.0, 0.5, 1), Stall(0.0, 0.9, 2))  # gaps between frames: see test_convolution
    for stall, result in zip(
        stalls, run_streams("nj_line_buffer", parameters, beats, steps, stalls=stalls), strict=True
    ):
        assert np.array_equal(windows_of(result.beats, kernel), view.reshape(-1, kernel, kernel)), stall
        if stall == Stall():
            assert result.in_cycles == list(range(len(beats)))
