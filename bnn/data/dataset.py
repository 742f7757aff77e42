"""What every loader returns: labelled pictures for training and for test."""

import hashlib
import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnn.data.cards import Card


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled pictures, split in two, or in three where the set has a validation side; labels index `classes`."""

    name: str
    classes: tuple[str, ...]
    train_images: NDArray[np.uint8]  # [N, H, W, C], C = 1 (gray) or 3 (RGB)
    train_labels: NDArray[np.int64]  # [N]
    test_images: NDArray[np.uint8]  # [M, H, W, C]
    test_labels: NDArray[np.int64]  # [M]
    card: Card | None = None  # what is known about the set, from datasets/
    train_names: tuple[str, ...] = ()  # where each picture came from, relative to the source
    test_names: tuple[str, ...] = ()
    validation_images: NDArray[np.uint8] | None = None  # [K, H, W, C], to judge the training; None: hold some out
    validation_labels: NDArray[np.int64] | None = None  # [K]
    bits: int | None = None  # that 16-bit pictures use, of which the upper 8 are kept; None: none has 16
    validation_names: tuple[str, ...] = ()
    train_groups: NDArray[np.int64] | None = None  # [N], of which part, lot or day; equal ones are held out together
    notes: tuple[str, ...] = ()  # a sentence each, for people: what was left out and why, what was decided

    @property
    def digest(self) -> str:
        """SHA-256 over pictures, labels, sides and class names: equal for two sets that train alike."""
        total = hashlib.sha256(json.dumps(list(self.classes)).encode())
        sides = (
            (self.train_images, self.train_labels),
            (self.test_images, self.test_labels),
            (self.validation_images, self.validation_labels),
        )
        for images, labels in sides:
            if images is not None and labels is not None:
                total.update(repr((images.shape, labels.shape)).encode())
                total.update(np.ascontiguousarray(images, np.uint8).data)
                total.update(np.ascontiguousarray(labels, "<i8").data)
        return total.hexdigest()
