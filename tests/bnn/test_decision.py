"""Decisions with an operating point equal plain loops, and stay within the widths that hardware has for them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, Widths, check_point, decide
from bnn.integer.reference import argmax


def plain(scores, offsets, least):
    values = [int(score) + offset for score, offset in zip(scores, offsets, strict=True)]
    best = max(range(len(values)), key=lambda i: (values[i], -i))
    margin = min((values[best] - value for i, value in enumerate(values) if i != best), default=0)
    return best, margin, margin < least and len(values) > 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 8))
def test_decisions_are_those_of_a_loop_and_fit_their_widths(seed, classes, bits):
    r, widths = np.random.default_rng(seed), Widths(bits)
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    scores = np.concatenate([r.integers(low, high + 1, (20, classes)), r.choice([low, high], (10, classes))])
    ends = [-(1 << (widths.offset - 1)), (1 << (widths.offset - 1)) - 1]
    for offsets in (r.integers(ends[0], ends[1] + 1, classes), r.choice(ends, classes), np.zeros(classes, np.int64)):
        offsets[0] = 0
        point = OperatingPoint(tuple(offsets.tolist()), int(r.integers(0, 1 << widths.least)))
        check_point(point, tuple(map(str, range(classes))), bits)
        found = decide(scores, point)
        expected = [plain(row, point.offsets, point.least_margin) for row in scores]
        assert list(zip(*(part.tolist() for part in found), strict=True)) == expected
        assert found.margins.max() < 1 << widths.margin
        assert np.abs(2 * (scores + offsets) + 1).max() < 1 << widths.value
        moved = OperatingPoint(tuple(offset + 7 for offset in point.offsets), point.least_margin)
        assert moved.relative() == point
        assert all(map(np.array_equal, decide(scores, moved), found))


def test_the_neutral_point_is_the_arg_max():
    scores = np.random.default_rng(3).integers(-2, 3, (200, 4))
    found = decide(scores, OperatingPoint.neutral(4))
    assert np.array_equal(found.classes, argmax(scores)) and not found.unsure.any()


def test_one_score_is_always_sure_of_its_class():
    found = decide(np.array([[5], [-3]]), OperatingPoint((0,), 7))
    assert found.classes.tolist() == found.margins.tolist() == [0, 0] and not found.unsure.any()


@pytest.mark.parametrize(
    ("point", "words"),
    [
        (OperatingPoint((0, 1, 2)), "3 offsets does not fit the 2 classes good, bad"),
        (OperatingPoint((0, 16)), "the offset of bad is 16 relative to that of good, and must be from -16 to 15"),
        (OperatingPoint((17, 0)), "is -17 relative"),
        (OperatingPoint((0, 0), 64), "the least margin is 64, and must be from 0 to 63"),
        (OperatingPoint((0, 0), -1), "the least margin is -1"),
    ],
)
def test_refuses_what_registers_do_not_hold(point, words):
    with pytest.raises(UserError, match=words):
        check_point(point, ("good", "bad"), 4)


def test_refuses_scores_of_other_classes():
    with pytest.raises(ValueError, match="2 offsets do not fit"):
        decide(np.zeros((3, 3), np.int64), OperatingPoint((0, 0)))


def test_wide_scores_have_registers_of_32_bits():
    assert (Widths(40).offset, Widths(40).least, Widths(40).margin) == (32, 32, 42)
