"""nj_table looks up every byte in its channel's table, a beat per clock."""

import numpy as np
import pytest

from hw.bits import literal
from sim.modules import STALLS, run_streams
from tests.support.streams import pack, unpack


@pytest.mark.parametrize(("channels", "bits"), [(1, 1), (3, 1), (2, 8), (3, 3)])
def test_equals_the_table(channels, bits):
    rng = np.random.default_rng(channels + 10 * bits)
    table = rng.integers(0, 1 << bits, (channels, 256))
    pixels = np.stack([rng.permutation(256) for _ in range(channels)], 1)  # every byte in every channel
    parameters = {"C": channels, "OutBits": bits, "Table": literal(table.ravel(), bits)}
    results = run_streams("nj_table", parameters, [pack(p, 8) for p in pixels], 256)
    expected = [table[np.arange(channels), p].tolist() for p in pixels]
    for stall, result in zip(STALLS, results, strict=True):
        assert [unpack(beat, channels, bits) for beat in result.beats] == expected, stall
    assert results[0].in_cycles == list(range(256)) and results[0].out_cycles == list(range(1, 257))
