"""nj_argmax gives the index of the largest score, the lowest at a tie, and passes the scores on."""

import numpy as np
import pytest

from bnn.integer import reference
from hw.cycles import argmax_cycles
from sim.modules import STALLS, run_streams
from sim.runner import SimulationError
from tests.support.streams import intervals, pack, unpack


def check(classes, score_bits, out_score_bits, class_bits=8):
    low, high = -(1 << (score_bits - 1)), (1 << (score_bits - 1)) - 1
    rng = np.random.default_rng(classes)
    scores = np.concatenate([
        rng.integers(low, high + 1, (30, classes)),
        rng.integers(-1, 2, (40, classes)).clip(low, high),  # ties
        np.full((1, classes), low),
        np.full((1, classes), high),
        rng.choice([low, high], (10, classes)),
    ])  # fmt: skip
    beats = [pack(row, score_bits) for row in scores]
    parameters = {
        "Classes": classes, "ScoreBits": score_bits, "ClassBits": class_bits, "OutScoreBits": out_score_bits,
    }  # fmt: skip
    results = run_streams("nj_argmax", parameters, beats, len(beats))
    for stall, result in zip(STALLS, results, strict=True):
        classes_out = [beat & ((1 << class_bits) - 1) for beat in result.beats]
        scores_out = [unpack(beat >> class_bits, classes, out_score_bits, signed=True) for beat in result.beats]
        assert np.array_equal(classes_out, reference.argmax(scores)), stall
        assert np.array_equal(scores_out, scores), stall
    assert set(intervals(results[0].out_cycles, 1)) == {argmax_cycles(classes)}


@pytest.mark.parametrize(
    ("classes", "score_bits", "out_score_bits"), [(2, 8, 8), (3, 10, 16), (10, 13, 16), (1, 5, 8), (16, 4, 8)]
)
def test_largest_score_lowest_index(classes, score_bits, out_score_bits):
    check(classes, score_bits, out_score_bits)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [4, 5, 7, 8, 9, 37])
@pytest.mark.parametrize("score_bits", [1, 2, 17])
def test_largest_score_lowest_index_sweep(classes, score_bits):
    check(classes, score_bits, 24, class_bits=6)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Classes": 5, "ClassBits": 2}, "ClassBits = 2 cannot number 5 classes"),
        ({"OutScoreBits": 12}, "OutScoreBits = 12, must be a multiple of 8"),
        ({"ScoreBits": 17}, "at least ScoreBits = 17"),
    ],
)
def test_refuses_widths_that_do_not_fit(parameters, message):
    with pytest.raises(SimulationError, match=message):
        run_streams("nj_argmax", parameters, [0], 1)
