"""On which pictures networks are compared: known sets, and a few pictures of each class of them."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from bnn.data import Dataset, load
from bnn.errors import UserError

FEW = (25, 50, 100)  # pictures of each class
FLIPS = ("flip_x", "flip_y", "rot90")


@dataclass(frozen=True)
class Row:
    """Pictures to train and to judge with."""

    name: str
    source: str  # a set below $NEURALJET_DATA, or biscuits
    color: str | None = None  # None: the card's
    per_class: int | None = None  # training pictures of each class, drawn by the seed; None: all
    copied: bool = False  # into a folder without a card, as a user has it
    augment: tuple[str, ...] = ()  # of the float network, where the set has no card


def _few(source: str, augment: tuple[str, ...] = ()) -> list[Row]:
    return [Row(f"{source}-{n}", source, per_class=n, copied=True, augment=augment) for n in FEW]


ROWS = {
    row.name: row
    for row in (
        Row("bsdata", "bsdata"),
        Row("lemon", "lemon"),
        Row("lemon-rgb", "lemon", color="rgb"),
        Row("mnist", "mnist"),
        Row("pcb", "pcb"),
        Row("screws", "screws"),
        Row("biscuits", "biscuits"),
        Row("lemon-copy", "lemon", copied=True),
        Row("screws-copy", "screws", copied=True),
        *_few("lemon"),
        *_few("pcb", FLIPS),
        *_few("bsdata"),
        *_few("screws"),
    )
}


@cache
def _loaded(source: str, color: str | None) -> Dataset:
    return load(source, color=color)


def row_of(name: str) -> Row:
    """Return a row by its name; UserError when there is none."""
    if name not in ROWS:
        raise UserError(f"row {name!r} is unknown; choose from {', '.join(ROWS)}")
    return ROWS[name]


def pictures(row: Row, seed: int, judge: str = "test") -> Dataset:
    """Return the pictures of a row, and of a few per class those that `seed` draws from the training side.

    judge: "test" for the set's test side; "held" for up to 1,000 training pictures that were not drawn, by which a
    method may be chosen without looking at the test side.
    """
    data = _loaded(row.source, row.color)
    if row.per_class is None:
        if judge == "held":
            raise UserError(f"{row.name} trains with all pictures, so none are left to judge; choose a row of a few")
        return data
    generator = np.random.default_rng([seed, row.per_class])
    drawn, left = [], []
    for label in range(len(data.classes)):
        members = generator.permutation(np.flatnonzero(data.train_labels == label))
        drawn.append(members[: row.per_class])
        left.append(members[row.per_class : row.per_class + 1000 // len(data.classes)])
    chosen = np.sort(np.concatenate(drawn))
    few = replace(
        data,
        train_images=data.train_images[chosen],
        train_labels=data.train_labels[chosen],
        train_names=(),
        validation_images=None,
        validation_labels=None,
    )
    if judge == "test":
        return few
    rest = np.sort(np.concatenate(left))
    return replace(few, test_images=data.train_images[rest], test_labels=data.train_labels[rest], test_names=())


def write_pictures(data: Dataset, folder: Path) -> None:
    """Write a set as PNG files: folder/train/CLASS/N.png and folder/test/CLASS/N.png."""
    for side, images, labels in (
        ("train", data.train_images, data.train_labels),
        ("test", data.test_images, data.test_labels),
    ):
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            place = folder / side / data.classes[label]
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[..., 0] if image.shape[2] == 1 else image).save(place / f"{number:05d}.png")
