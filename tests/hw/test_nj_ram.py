"""nj_ram is a memory, plain and as cells: what is read is what was written last, before this clock's write."""

from pathlib import Path

import numpy as np
import pytest

from sim.design import write_cells
from sim.modules import RTL, STALLS, run_streams

BENCH = Path(__file__).parent / "rtl" / "ram_bench.sv"


@pytest.mark.parametrize("plain", [0, 1])
@pytest.mark.parametrize(("words", "bits"), [(2, 3), (32, 9), (33, 5), (64, 1), (100, 2)])
def test_reads_what_was_written(tmp_path, words, bits, plain):
    r = np.random.default_rng(words)
    size = (words - 1).bit_length()
    writes = np.concatenate([np.ones(words, int), r.integers(0, 2, 300)])
    places = np.concatenate([r.permutation(words), r.integers(0, words, 300)])
    values = r.integers(0, 1 << bits, len(writes))
    memory: dict[int, int] = {}
    expected = []
    for write, place, value in zip(writes.tolist(), places.tolist(), values.tolist(), strict=True):
        expected.append(memory.get(place))
        if write:
            memory[place] = value
    beats = [w | p << 1 | v << 1 + size for w, p, v in zip(writes.tolist(), places.tolist(), values.tolist())]
    cells = [] if plain else write_cells(["RAM32M", "RAM64X1S"], tmp_path / "cells.v")
    results = run_streams(
        "ram_bench", {"Words": words, "Bits": bits, "Plain": plain}, beats, len(beats),
        sources=[RTL / "nj_pkg.sv", RTL / "nj_ram.sv", BENCH, *cells],
    )  # fmt: skip
    for stall, result in zip(STALLS, results, strict=True):
        assert result.beats[words:] == expected[words:], stall
