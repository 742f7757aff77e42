"""The points of the slider, and the sample of test pictures that is drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuraljet.reporting.curve import MOST_POINTS, curve_of, good_class
from neuraljet.reporting.judged import sample


@given(st.integers(2, 5), st.integers(0, 4), st.integers(0, 10**6))
def test_each_point_of_the_curve_is_what_the_scores_with_that_offset_give(classes, good, seed):
    """Ties are frequent among so few values, and go to the class that stands first."""
    good = min(good, classes - 1)
    r = np.random.default_rng(seed)
    scores, labels = r.integers(-4, 5, (30, classes)), r.integers(0, classes, 30)
    names = [f"class {i}" for i in range(classes)]
    curve = curve_of(scores, labels, names, good)
    if curve is None:
        assert len(set((labels == good).tolist())) == 1
        return
    assert curve.good == names[good]
    for point in curve.points:
        moved = scores.copy()
        moved[:, good] += point.offset
        passes = moved.argmax(axis=1) == good
        assert point.escapes.number == (passes & (labels != good)).sum()
        assert point.rejects.number == (~passes & (labels == good)).sum()
        assert (point.escapes.of, point.rejects.of) == ((labels != good).sum(), (labels == good).sum())
    assert curve.chosen == curve.trained and curve.points[curve.trained].offset == 0
    assert curve.points[0].escapes.number == curve.points[-1].rejects.number == 0
    assert [p.offset for p in curve.points] == sorted({p.offset for p in curve.points})


def test_a_long_curve_is_thinned_and_keeps_both_ends_and_the_network_as_trained():
    r = np.random.default_rng(0)
    curve = curve_of(r.integers(-(10**6), 10**6, (2000, 2)), np.arange(2000) % 2, ("good", "bad"), 0)
    assert curve.thinned and len(curve.points) <= MOST_POINTS + 2
    assert curve.points[0].escapes.number == curve.points[-1].rejects.number == curve.points[curve.trained].offset == 0


def test_the_good_class_is_the_one_asked_for_or_named_like_one_or_the_first():
    assert good_class(("scratched", "OK"), None) == 1
    assert good_class(("scratched", "dented"), None) == 0
    assert good_class(("good", "dented"), "dented") == 1
    with pytest.raises(ValueError):
        good_class(("a", "b"), "c")


def test_a_sample_is_in_order_without_repetition_and_the_same_for_a_seed():
    drawn = sample(1000, 50, 3)
    assert len(set(drawn.tolist())) == 50 and (np.diff(drawn) > 0).all() and drawn.max() < 1000
    assert np.array_equal(drawn, sample(1000, 50, 3)) and not np.array_equal(drawn, sample(1000, 50, 4))
    assert np.array_equal(sample(7, 50, 3), np.arange(7))
