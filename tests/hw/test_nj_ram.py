"""nj_ram and nj_deep_ram, banks of it, give the last word written before this clock's write, plain and as cells."""

from pathlib import Path

import numpy as np
import pytest

from sim.design import write_cells
from sim.modules import RTL, STALLS, run_streams

BENCH = Path(__file__).parent / "rtl" / "ram_bench.sv"


@pytest.mark.parametrize("plain", [0, 1])
@pytest.mark.parametrize(("words", "bits"), [(2, 3), (32, 15), (33, 5), (64, 1), (100, 2)])
def test_reads_what_was_written(tmp_path, words, bits, plain):
    check(words, bits, [] if plain else write_cells(["RAM32M", "RAM64X1S"], tmp_path / "cells.v"), Plain=plain)


@pytest.mark.parametrize(("words", "bits"), [(3, 2), (64, 3), (65, 2), (160, 3), (300, 1)])
def test_deep_memories_are_banks(words, bits):
    check(words, bits, [RTL / "nj_deep_ram.sv", RTL / "nj_select.sv", RTL / "nj_lut2.sv"], Deep=1)


def check(words, bits, more, **parameters):
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
    results = run_streams(
        "ram_bench", {"Words": words, "Bits": bits, **parameters}, beats, len(beats),
        sources=[RTL / "nj_pkg.sv", RTL / "nj_ram.sv", BENCH, *more],
    )  # fmt: skip
    for stall, result in zip(STALLS, results, strict=True):
        assert result.beats[words:] == expected[words:], stall
