"""What every loader returns: labelled pictures for training and for test."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnn.data.cards import Card


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled pictures, split in two; a label is an index into `classes`."""

    name: str
    classes: tuple[str, ...]
    train_images: NDArray[np.uint8]  # [N, H, W, C], C = 1 (gray) or 3 (RGB)
    train_labels: NDArray[np.int64]  # [N]
    test_images: NDArray[np.uint8]  # [M, H, W, C]
    test_labels: NDArray[np.int64]  # [M]
    card: Card | None = None  # what is known about the set, from datasets/
    train_names: tuple[str, ...] = ()  # where each picture came from, relative to the source
    test_names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Part:
    """One side of a split as a loader gathers it, pictures still at the width they were stored in."""

    images: NDArray[Any]  # [N, H, W] or [N, H, W, 3]; uint8 or uint16
    labels: NDArray[np.int64]  # [N]
    names: tuple[str, ...]
