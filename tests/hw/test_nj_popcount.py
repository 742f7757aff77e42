"""nj_popcount counts ones: exhaustively for small widths, with edges and random words for large ones.

Popcount has no stream ports, so a test bench of its own (popcount_bench.sv) puts a register on either side.
"""

from pathlib import Path

import numpy as np
import pytest

from sim.modules import RTL, Stall, run_streams

BENCH = Path(__file__).parent / "rtl" / "popcount_bench.sv"


@pytest.mark.parametrize("width", [1, 4, 7, 12, 75])
def test_counts_ones(width):
    rng = np.random.default_rng(width)
    if width <= 12:
        words = list(range(1 << width))
    else:
        words = [0, (1 << width) - 1, *(1 << i for i in range(width))]
        words += [int("".join(map(str, rng.integers(0, 2, width))), 2) for _ in range(500)]
    (result,) = run_streams(
        "popcount_bench", {"Width": width}, words, len(words), stalls=[Stall()], sources=[RTL / "nj_popcount.sv", BENCH]
    )
    assert result.beats == [word.bit_count() for word in words]
