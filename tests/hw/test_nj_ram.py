"""nj_ram is a memory, plain and as cells: a read gives the last word written before this clock's write."""

from pathlib import Path

import numpy as np
import pytest

from sim.design import write_cells
from sim.modules import RTL, STALLS, run_streams

BENCH = Path(__file__).parent / "rtl" / "ram_bench.sv"


@pytest.mark.parametrize("plain", [0, 1])
@pytest.mark.parametrize(("words", "bits"), [(2, 3), (32, 15), (33, 5), (64, 1), (100, 2)])
def test_reads_what_was_written(tmp_path, words, bits, plain):
    r = np.random.default_rng(words)
    size = (words - 1).bit_length()
    writes = [1] * words + r.integers(0, 2, 300).tolist()
    places = r.permutation(words).tolist() + r.integers(0, words, 300).tolist()
    values = r.integers(0, 1 << bits, words + 300).tolist()
    memory: dict[int, int] = {}
    beats, expected = [], []
    for write, place, value in zip(writes, places, values, strict=True):
        beats.append(write | place << 1 | value << 1 + size)
        expected.append(memory.get(place))
        if write:
            memory[place] = value
    cells = [] if plain else write_cells(["RAM32M", "RAM64X1S"], tmp_path / "cells.v")
    results = run_streams(
        "ram_bench", {"Words": words, "Bits": bits, "Plain": plain}, beats, len(beats),
        sources=[RTL / "nj_pkg.sv", RTL / "nj_ram.sv", BENCH, *cells],
    )  # fmt: skip
    for stall, result in zip(STALLS, results, strict=True):
        assert result.beats[words:] == expected[words:], stall
