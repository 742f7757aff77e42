"""Pictures that are bright on the left or on the right: easy to learn, but not by chance."""

import numpy as np

from bnn.data import Dataset

CLASSES = ("left", "right")


def slopes(train: int = 160, test: int = 80, side: int = 16, seed: int = 0) -> Dataset:
    """Return gray pictures of `side` x `side` in two classes of equal size."""
    r = np.random.default_rng(seed)
    labels = np.arange(train + test) % 2
    slope = np.linspace(0, 180, side) * labels[:, None] + np.linspace(180, 0, side) * (1 - labels[:, None])
    images = (r.integers(0, 75, (train + test, side, side)) + slope[:, None, :]).astype(np.uint8)[..., None]
    return Dataset("toy", CLASSES, images[:train], labels[:train], images[train:], labels[train:])
