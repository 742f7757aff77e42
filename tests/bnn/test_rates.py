"""Escapes and false rejects over the offset of the good class, against decisions made one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnn.integer.decision import decide
from bnn.integer.rates import Share, choose, curve, good_offset, least_offsets, least_shown, mistakes


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4))
def test_the_curve_is_what_decisions_give(seed, classes):
    r = np.random.default_rng(seed)
    scores, labels, good = r.integers(-6, 7, (40, classes)), r.integers(0, classes, 40), int(r.integers(classes))
    found, least = curve(scores, labels, good), least_offsets(scores, good)
    for offset in range(-14, 15):
        decided = decide(scores, good_offset(good, classes, offset)).classes
        assert np.array_equal(decided == good, least <= offset)
        assert found.at(offset) == mistakes(labels, decided, good)
    assert found.escapes[0] == 0 and found.false_rejects[0] == found.good_parts
    assert found.escapes[-1] == found.bad_parts and found.false_rejects[-1] == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from([None, 0.0, 0.2, 0.6]))
def test_the_choice_is_the_best_of_all_offsets(seed, escape, reject):
    r = np.random.default_rng(seed)
    labels = np.arange(60) % 2
    scores = np.stack([np.zeros(60, np.int64), r.integers(-9, 10, 60) + 8 * labels], axis=1)
    found = curve(scores, labels, 1)
    every = {offset: found.at(offset) for offset in range(-40, 41)}
    for limits, other in (((escape, reject), "false_rejects"), ((None, escape), "escapes")):
        if limits[1] is not None and limits[0] is not None:
            other = "escapes"
        fits = [
            offset for offset, m in every.items()
            if (limits[0] is None or m.escapes.rate <= limits[0])
            and (limits[1] is None or m.false_rejects.rate <= limits[1])
        ]  # fmt: skip
        chosen = choose(found, *limits)
        if not fits:
            assert chosen is None
            continue
        assert chosen in fits
        assert getattr(every[chosen], other).number == min(getattr(every[offset], other).number for offset in fits)


def test_the_middle_of_what_is_alike_is_taken():
    scores, labels = np.array([[0, 0], [0, 1], [0, -20], [0, -21]]), np.array([1, 1, 0, 0])
    assert choose(curve(scores, labels, 1), 0.0, None) == 10  # from 1 to 20 all are right


@pytest.mark.parametrize(
    ("count", "of", "low", "high"), [(1, 100, 0.0003, 0.0545), (5, 10, 0.1871, 0.8129), (3, 3, 0.2924, 1.0)]
)
def test_intervals_are_those_of_the_tables(count, of, low, high):
    assert Share(count, of).interval() == pytest.approx((low, high), abs=1e-4)
    assert Share(0, 0).interval() == (0.0, 1.0) and Share(0, 0).rate == 0.0


def test_so_few_pictures_show_no_less():
    assert least_shown(300) == pytest.approx(3 / 300, rel=0.01)
    assert least_shown(59) < 0.05 < least_shown(58) and least_shown(0) == 1.0
