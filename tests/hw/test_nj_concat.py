"""nj_concat passes each beat unchanged, one per clock."""

import numpy as np

from sim.modules import STALLS, run_streams


def test_puts_out_what_it_takes():
    beats = np.random.default_rng(0).integers(0, 1 << 11, 50).tolist()
    results = run_streams("nj_concat", {"Bits": 11}, beats, len(beats))
    for stall, result in zip(STALLS, results, strict=True):
        assert list(result.beats) == beats, stall
    assert results[0].in_cycles == list(range(50))
