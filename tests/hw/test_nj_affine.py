"""nj_affine equals multiplication and addition, a beat per clock."""

import numpy as np
import pytest

from bnn.integer.intervals import signed_bits
from hw.bits import literal
from sim.modules import STALLS, run_streams
from sim.runner import SimulationError
from tests.support.streams import pack, unpack


@pytest.mark.parametrize(("scores", "in_bits", "largest"), [(1, 3, 1), (4, 7, 300), (10, 9, 60_000), (3, 5, 8)])
def test_equals_the_formula(scores, in_bits, largest):
    rng = np.random.default_rng(scores)
    multiplier = rng.integers(-largest, largest + 1, scores) | 1
    bias = rng.integers(-4 * largest, 4 * largest + 1, scores)
    top = 1 << (in_bits - 1)
    sums = rng.integers(-top, top, (50, scores))
    sums[0], sums[1] = -top, top - 1
    reach = int((np.abs(multiplier) * top + np.abs(bias)).max())
    out_bits = signed_bits(-reach, reach)
    parameters = {
        "N": scores, "InBits": in_bits, "OutBits": out_bits,
        "Multiplier": literal(multiplier, out_bits), "Bias": literal(bias, out_bits),
    }  # fmt: skip
    results = run_streams("nj_affine", parameters, [pack(s, in_bits) for s in sums], len(sums))
    expected = (sums * multiplier + bias).tolist()
    for stall, result in zip(STALLS, results, strict=True):
        assert [unpack(beat, scores, out_bits, signed=True) for beat in result.beats] == expected, stall
    assert results[0].in_cycles == list(range(50))


def test_refuses_a_result_narrower_than_the_sums():
    with pytest.raises(SimulationError, match="OutBits = 4, at least InBits = 8"):
        run_streams("nj_affine", {"InBits": 8, "OutBits": 4}, [0], 1)
