"""Tiles cut to windows: training tiles at nine places that stay together, others in the middle."""

import numpy as np
import pytest

from bnn.data import DataSource, load_again
from bnn.data.crops import cropped
from bnn.data.dataset import Dataset
from bnn.errors import UserError
from bnn.training.config import TrainConfig
from bnn.training.sides import split_sides

TILES = np.arange(12 * 12, dtype=np.uint8).reshape(1, 12, 12, 1)


def tiles(count: int) -> Dataset:
    images = np.concatenate([TILES + tile for tile in range(count)])
    labels = np.arange(count) % 2
    names = tuple(f"{tile}.png" for tile in range(count))
    return Dataset("tiles", ("a", "b"), images, labels, images[:2], labels[:2], train_names=names)


def test_windows_are_cut_at_nine_places_of_training_tiles_and_in_the_middle_of_others():
    found = cropped(tiles(4), 8)
    assert found.train_images.shape == (36, 8, 8, 1) and found.test_images.shape == (2, 8, 8, 1)
    corners = found.train_images[::4, 0, 0, 0].tolist()
    assert corners == [12 * y + x for y in (0, 2, 4) for x in (0, 2, 4)]
    assert np.array_equal(found.test_images[:, :, :, 0], tiles(4).test_images[:, 2:10, 2:10, 0])
    assert found.train_labels.tolist() == [0, 1, 0, 1] * 9 and len(found.train_names) == 36


def test_the_windows_of_a_tile_are_held_out_together():
    data = cropped(tiles(40), 8)
    held = {name for name in split_sides(data, TrainConfig(validation=0.2)).held_names}
    kept = len(split_sides(data, TrainConfig(validation=0.2)).images)
    assert 0 < len(held) < 40 and kept == 9 * (40 - len(held))


@pytest.mark.parametrize("side", [7, 13])
def test_a_window_that_does_not_fit_is_refused(side):
    with pytest.raises(UserError, match=f"--window {side} is out of range; the tiles are 12x12: give 8 to 12"):
        cropped(tiles(4), side)


def test_tiles_are_loaded_again_as_windows():
    source = DataSource("biscuits", (32, 32), "gray", 0, window=24)
    found = load_again(source, (24, 24), "gray")
    whole = load_again(DataSource("biscuits", (32, 32), "gray", 0))
    assert np.array_equal(found.test_images, whole.test_images[:, 4:28, 4:28])
