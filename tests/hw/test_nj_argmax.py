"""nj_argmax decides as bnn.integer.decision, with another operating point for each beat, and passes the scores on."""

import numpy as np
import pytest

from bnn.integer.decision import OperatingPoint, Widths, decide
from hw.cycles import argmax_cycles, argmax_latency
from sim.modules import STALLS, run_streams
from sim.runner import SimulationError
from tests.support.streams import intervals, pack, unpack


def check(classes, score_bits, out_score_bits, class_bits=8):
    widths, out_margin_bits = Widths(score_bits), 8 * -(-(score_bits + 2) // 8)
    low, high = -(1 << (score_bits - 1)), (1 << (score_bits - 1)) - 1
    rng = np.random.default_rng(classes)
    scores = np.concatenate([
        rng.integers(low, high + 1, (30, classes)),
        rng.integers(-1, 2, (60, classes)).clip(low, high),  # ties
        np.full((1, classes), low),
        np.full((1, classes), high),
        rng.choice([low, high], (20, classes)),
    ])  # fmt: skip
    offsets, ends = np.zeros_like(scores), [-(1 << score_bits), (1 << score_bits) - 1]
    offsets[10:50] = rng.integers(-1, 2, (40, classes)).clip(*ends)
    offsets[50:60] = rng.integers(ends[0], ends[1] + 1, (10, classes))
    offsets[90:] = rng.choice(ends, (22, classes))
    offsets[:, 0] = 0
    least = rng.integers(0, 4, len(scores))
    least[5:10] = (1 << widths.least) - 1
    beats = [pack(row, score_bits) for row in scores]
    points = [
        pack(row[1:], score_bits + 1) | int(wanted) << (classes - 1) * (score_bits + 1)
        for row, wanted in zip(offsets, least, strict=True)
    ]
    parameters = {
        "Classes": classes, "ScoreBits": score_bits, "ClassBits": class_bits, "OutScoreBits": out_score_bits,
        "OutMarginBits": out_margin_bits,
    }  # fmt: skip
    results = run_streams("nj_argmax", parameters, beats, len(beats), extra_in={"point_i": points})
    decided = [
        decide(row[None], OperatingPoint(tuple(moved.tolist()), int(wanted)))
        for row, moved, wanted in zip(scores, offsets, least, strict=True)
    ]
    expected = [(int(d.classes[0]), bool(d.unsure[0]), int(d.margins[0])) for d in decided]
    for stall, result in zip(STALLS, results, strict=True):
        found = [
            (
                beat & ((1 << (class_bits - 2)) - 1),
                bool(beat >> (class_bits - 2) & 3),  # the bit above it is 0
                beat >> (class_bits + classes * out_score_bits),
            )
            for beat in result.beats
        ]
        scores_out = [unpack(beat >> class_bits, classes, out_score_bits, signed=True) for beat in result.beats]
        assert found == expected, stall
        assert np.array_equal(scores_out, scores), stall
    assert set(intervals(results[0].out_cycles, 1)) == {argmax_cycles(classes)}
    first = results[0]
    waited = np.subtract(first.out_cycles, first.in_cycles)
    assert set(waited.tolist()) == {argmax_latency(classes)}


@pytest.mark.parametrize(
    ("classes", "score_bits", "out_score_bits"), [(2, 8, 8), (3, 10, 16), (10, 13, 16), (1, 5, 8), (16, 4, 8)]
)
def test_the_decision_is_that_of_the_integers(classes, score_bits, out_score_bits):
    check(classes, score_bits, out_score_bits)


@pytest.mark.slow
@pytest.mark.parametrize("classes", [2, 4, 5, 7, 8, 9, 37])
@pytest.mark.parametrize("score_bits", [1, 2, 17])
def test_the_decision_is_that_of_the_integers_sweep(classes, score_bits):
    check(classes, score_bits, 24, class_bits=8)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"Classes": 5, "ClassBits": 4}, "ClassBits = 4 cannot number 5 classes beside two flags"),
        ({"OutScoreBits": 12}, "OutScoreBits = 12, must be a multiple of 8"),
        ({"ScoreBits": 17, "OutMarginBits": 24}, "at least ScoreBits = 17"),
        ({"OutMarginBits": 12}, "OutMarginBits = 12, must be a multiple of 8"),
        ({"ScoreBits": 15, "OutScoreBits": 16}, r"at least ScoreBits \+ 2 = 17"),
    ],
)
def test_refuses_widths_that_do_not_fit(parameters, message):
    with pytest.raises(SimulationError, match=message):
        run_streams("nj_argmax", parameters, [0], 1)
