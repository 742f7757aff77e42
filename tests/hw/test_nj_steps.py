"""nj_steps counts its steps where weights without gaps save a block RAM; test_matvec tests the other addresses."""

import pytest

from tests.hw.test_matvec import Shape, check


@pytest.mark.parametrize("replay", [False, True])
def test_weights_without_gaps(replay, tmp_path):
    shape = Shape(5, 36, 65, 1, 36, replay=replay)
    assert shape.folding.compact and shape.folding.shape == (325, 36)
    check(shape, tmp_path)
