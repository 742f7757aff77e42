"""Look through loaded pictures for near-duplicates, before time is spent on training with them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bnn.data import near
from bnn.data.dataset import Dataset
from bnn.data.groups import Joined
from bnn.storage.names import printable

MOST_SHOWN = 3  # pairs in a note


def checked(data: Dataset) -> Dataset:
    """Return the set with a note of near-duplicates on both sides; those in training are held out together.

    A set that was split here has none on both sides, and knows which belong together.
    """
    train, test = len(data.train_labels), len(data.test_labels)
    images = [data.train_images, data.test_images]
    if data.validation_images is not None:
        images.append(data.validation_images)
    thumbnails = np.stack([near.thumbnail(picture) for side in images for picture in side])
    labels = [data.train_labels, data.test_labels]
    if data.validation_labels is not None:
        labels.append(data.validation_labels)
    pairs = near.near_pairs(thumbnails, np.concatenate(labels))
    names = (*data.train_names, *data.test_names, *data.validation_names)
    notes = list(data.notes)
    for side, begin, end in (("test", train, train + test), ("validation", train + test, len(names))):
        there = pairs[(pairs[:, 0] < train) & (pairs[:, 1] >= begin) & (pairs[:, 1] < end)]
        if len(there):
            notes.append(across_note(side, end - begin, [(names[one], names[other]) for one, other in there.tolist()]))
    joined = Joined(train)
    for one, other in pairs[pairs[:, 1] < train].tolist():
        joined.join(one, other)
    if data.train_groups is not None:
        first: dict[int, int] = {}
        for index, group in enumerate(data.train_groups.tolist()):
            joined.join(first.setdefault(group, index), index)
    groups = joined.numbers()
    return replace(data, notes=tuple(notes), train_groups=groups if int(groups.max(initial=-1)) + 1 < train else None)


def across_note(side: str, pictures: int, pairs: Sequence[tuple[str, str]]) -> str:
    """Return the sentence about near-duplicates in train and in `side`, which has so many pictures."""
    some = ", ".join(f"{printable(other)} ~ {printable(one)}" for one, other in pairs[:MOST_SHOWN])
    count = len({other for _, other in pairs})
    return (
        f"{count} of the {pictures} {side} pictures {'is a' if count == 1 else 'are'} "
        f"near-duplicate{'s' * (count > 1)} of pictures in train ({some}): the {side} accuracy flatters; have pictures "
        "of one part on one side, by --group-by when the split is made here"
    )
