"""nj_dense equals the reference dense layer on bits, plus bias, as sums or thresholded, in Beats*Fold clocks."""

import numpy as np
import pytest

from bnn.integer import reference
from hw.cycles import dense_cycles
from sim.modules import STALLS, Stall, run_streams
from sim.runner import SimulationError
from tests.support.streams import bits_word, frames, intervals, pack, unpack

THR_BITS = 16
STALLS_AND_WAITS = (*STALLS, Stall(0.0, 0.95, 5))  # long enough for the next frame to be complete too


def check(beats, c_in, c_out, fold, thresholded, *, count=6, weights="random", scale=4):
    rng = np.random.default_rng(beats + 100 * c_in + 10_000 * c_out)
    weight = {"random": rng.choice([-1, 1], (beats, c_out, c_in)), "ones": np.ones((beats, c_out, c_in), int),
              "minus": -np.ones((beats, c_out, c_in), int)}[weights]  # fmt: skip
    bits = frames(rng, (beats, c_in), count=count)
    bias = rng.integers(-scale, scale + 1, c_out)
    sums = reference.dense(bits, weight.transpose(0, 2, 1).reshape(beats * c_in, c_out)) + bias
    # thresholds at and near sums that occur; one is always reached, and one never
    thresholds = np.sort(sums, axis=0)[len(sums) // 2] + rng.integers(0, 2, c_out)
    thresholds[0] = sums[:, 0].max() + 1
    thresholds[-1] = sums[:, -1].min()
    out_bits = 1 + int(max(abs(weight.sum(axis=(0, 2))).max(), beats * c_in) + scale).bit_length()
    parameters = {
        "Beats": beats, "CIn": c_in, "COut": c_out, "Fold": fold, "Weight": bits_word(weight > 0),
        "Thresholded": int(thresholded), "ThrBits": THR_BITS, "Threshold": pack(thresholds, THR_BITS),
        "Bias": pack(bias, THR_BITS), "OutBits": out_bits,
    }  # fmt: skip
    expected = (reference.threshold(sums, thresholds) + 1) // 2 if thresholded else sums
    stream = [pack(beat, 1) for beat in bits.reshape(-1, c_in)]
    results = run_streams("nj_dense", parameters, stream, len(bits), stalls=STALLS_AND_WAITS)
    for stall, result in zip(STALLS_AND_WAITS, results, strict=True):
        outputs = [unpack(b, c_out, 1 if thresholded else out_bits, signed=not thresholded) for b in result.beats]
        assert np.array_equal(outputs, expected), stall
    free = results[0]
    assert set(intervals(free.in_cycles, beats)) == {dense_cycles(beats, fold)}
    assert set(intervals(free.out_cycles, 1)) == {dense_cycles(beats, fold)}
    assert free.out_cycles[0] - free.in_cycles[beats - 1] == fold + 2


@pytest.mark.parametrize(
    ("beats", "c_in", "c_out", "fold", "thresholded"),
    [
        (5, 8, 3, 1, False),
        (4, 7, 6, 3, False),
        (3, 13, 6, 6, True),
        (1, 20, 4, 2, True),
        (1, 9, 2, 1, False),
        (2, 1, 1, 1, True),
        (36, 5, 16, 8, False),  # 288 steps: weights in a block ROM
    ],
)
def test_equals_the_reference(beats, c_in, c_out, fold, thresholded):
    check(beats, c_in, c_out, fold, thresholded)


@pytest.mark.parametrize("weights", ["ones", "minus"])
def test_equal_weights_reach_the_ends_of_the_range(weights):
    check(4, 16, 2, 1, False, weights=weights, scale=0)


@pytest.mark.slow
@pytest.mark.parametrize("thresholded", [False, True])
@pytest.mark.parametrize(
    ("beats", "c_in", "c_out", "fold"),
    [
        (16, 32, 2, 1), (16, 32, 2, 2), (49, 32, 10, 10), (49, 32, 10, 5), (49, 3, 10, 1), (64, 64, 3, 3),
        (1, 64, 10, 10), (1, 64, 10, 1), (1, 1, 2, 2), (2, 40, 32, 4), (129, 4, 1, 1), (128, 4, 1, 1), (3, 200, 5, 5),
    ],
)  # fmt: skip
def test_equals_the_reference_sweep(beats, c_in, c_out, fold, thresholded):
    check(beats, c_in, c_out, fold, thresholded, count=12)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"COut": 6, "Fold": 4}, "Fold = 4 does not divide COut = 6"),
        ({"OutBits": 9}, "OutBits = 9, the sums need 10"),
    ],
)
def test_refuses_parameters_that_do_not_fit(parameters, message):
    weight = {"Weight": 2**512 - 1, "CIn": 16, "Beats": 16}
    with pytest.raises(SimulationError, match=message):
        run_streams("nj_dense", {**weight, **parameters}, [0], 1)
