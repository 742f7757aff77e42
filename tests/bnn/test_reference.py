"""The golden model equals plain loops, which are easy to check by reading."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnn.integer import reference


def plain_convolution(x, weight, stride, groups):
    n, _, height, width = x.shape
    o, per, k, _ = weight.shape
    out = np.zeros((n, o, (height - k) // stride + 1, (width - k) // stride + 1), np.int64)
    for b, f, y, i in np.ndindex(*out.shape):
        first = f // (o // groups) * per
        for ch, dy, dx in np.ndindex(per, k, k):
            out[b, f, y, i] += x[b, first + ch, y * stride + dy, i * stride + dx] * weight[f, ch, dy, dx]
    return out


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3, 5]), st.sampled_from([1, 2]), st.sampled_from([1, 2, 4]))
def test_convolve(seed, kernel, stride, groups):
    r = np.random.default_rng(seed)
    x = r.integers(-255, 256, (2, 4, 7, 6))
    weight = r.integers(-36, 37, (8, 4 // groups, kernel, kernel))
    expected = plain_convolution(x, weight, stride, groups)
    assert np.array_equal(reference.convolve(x, weight, stride, groups), expected)


def test_threshold_is_plus_one_at_equality():
    x = np.array([[[[-1, 0, 1]]]])
    assert reference.threshold(x, np.array([0])).tolist() == [[[[-1, 1, 1]]]]


def test_max_pool_drops_incomplete_windows():
    x = np.arange(49).reshape(1, 1, 7, 7)
    assert reference.max_pool(x, 2)[0, 0].tolist() == [[8, 10, 12], [22, 24, 26], [36, 38, 40]]
    assert reference.max_pool(x, 3).shape == (1, 1, 2, 2)


def test_dense_flattens_channel_first():
    x = np.arange(8).reshape(1, 2, 2, 2)
    weight = np.zeros((8, 1), np.int64)
    weight[4] = 1  # channel 1, row 0, column 0
    assert reference.dense(x, weight).tolist() == [[4]]


def test_argmax_ties_go_to_the_lowest_index():
    assert reference.argmax(np.array([[1, 5, 5], [0, 0, 0]])).tolist() == [1, 0]


def test_sums_that_would_not_be_exact_are_refused():
    with pytest.raises(OverflowError, match=r"could exceed 2\^53 and would no longer be exact"):
        reference.convolve(np.full((1, 1, 3, 3), 2**40), np.full((1, 1, 3, 3), 2**20))


@pytest.mark.parametrize("top", [2**24 - 1, 2**24 + 1, 2**40 + 1])
def test_sums_are_exact_on_both_sides_of_float32(top):
    x = np.array([[[[top]]]])
    assert reference.convolve(x, np.array([[[[1]]]])).item() == top
    assert reference.dense(x, np.array([[1]])).item() == top


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="channels"):
        reference.convolve(np.zeros((1, 3, 4, 4)), np.zeros((1, 2, 3, 3)))
    with pytest.raises(ValueError, match="inputs"):
        reference.dense(np.zeros((1, 3)), np.zeros((4, 2)))
