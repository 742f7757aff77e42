"""nj_skip keeps the pixels of a stride in both directions; test_convolution has strides of 1 and 2."""

import pytest

from tests.hw.test_convolution import Shape, check


@pytest.mark.parametrize(("height", "width", "stride"), [(8, 7, 3), (7, 9, 4)])
def test_strides_of_three_and_more(height, width, stride):
    check(Shape(height, width, 2, weights="binary", kernel=1, pad=0, stride=stride))
