"""Tiles cut to a smaller window, so that what a tile shows stands at several places of the window."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bnn.data.dataset import Dataset
from bnn.data.pictures import SMALLEST
from bnn.errors import UserError

PLACES = 3  # of the window along each side of a training tile: at both ends and in the middle


def cropped(data: Dataset, side: int) -> Dataset:
    """Return the tiles cut to windows of side x side: training tiles at PLACES x PLACES places, others in the middle.

    The windows of a tile stay on one side of every split. UserError when a tile is smaller than the window.
    """
    height, width = data.train_images.shape[1:3]
    most = min(height, width)
    if not SMALLEST <= side <= most:
        raise UserError(f"--window {side} is out of range; the tiles are {height}x{width}: give {SMALLEST} to {most}")
    rows, columns = _places(height - side), _places(width - side)
    places = [(y, x) for y in rows for x in columns]
    middle = (height - side) // 2, (width - side) // 2
    tiles = np.arange(len(data.train_labels)) if data.train_groups is None else data.train_groups
    held = data.validation_images
    return replace(
        data,
        train_images=np.concatenate([_cut(data.train_images, place, side) for place in places]),
        train_labels=np.tile(data.train_labels, len(places)),
        train_names=data.train_names * len(places),
        train_groups=np.tile(tiles, len(places)),
        test_images=_cut(data.test_images, middle, side),
        validation_images=None if held is None else _cut(held, middle, side),
    )


def _places(rest: int) -> list[int]:
    """Return where windows begin along a side with so many pixels to spare.

    >>> _places(16), _places(1), _places(0)
    ([0, 8, 16], [0, 1], [0])
    """
    return sorted({rest * number // (PLACES - 1) for number in range(PLACES)})


def _cut(images: NDArray[np.uint8], place: tuple[int, int], side: int) -> NDArray[np.uint8]:
    y, x = place
    return np.ascontiguousarray(images[:, y : y + side, x : x + side])
