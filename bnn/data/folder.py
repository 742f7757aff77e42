"""A folder of class folders, arranged as bnn.data.layout allows, or with a table of labels -> Dataset."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.camera import Camera
from bnn.data import near, pictures
from bnn.data.cards import Card
from bnn.data.dataset import Dataset
from bnn.data.frames import read_file
from bnn.data.gather import Gathered, gather
from bnn.data.groups import Joined, numbered
from bnn.data.notes import Notes
from bnn.data.split import refuse_small, split, split_groups
from bnn.storage.names import printable


def load_folder(
    root: Path,
    size: tuple[int, int] | None,
    color: str | None,
    seed: int,
    may_resize: bool,
    card: Card | None,
    labels: Path | None = None,
    group_by: str | None = None,
    camera: Camera | None = None,
) -> Dataset:
    """Load the classes below `root`; see bnn.data.layout, or by a table: see bnn.data.labels.

    Pictures are taken in the order of their paths. Without sides the set is split with `seed` (see bnn.data.split), and
    near-duplicates and groups stay together. Sides that are there are kept. The notes tell of pictures that are on two
    of them, or in two classes. With a `camera` the pictures are its frames.
    """
    notes = Notes(root)
    found = gather(root, notes, card, labels, group_by)
    if not found.parted:  # before any picture is decoded: these errors come at once
        refuse_small(found.labels, found.classes)
    digests: list[bytes] = []
    thumbnails: list[NDArray[np.uint8]] = []
    decoded = pictures.read_all(
        read_files(found.paths, digests), size, may_resize, notes,
        None if found.parted else lambda picture: thumbnails.append(near.thumbnail(picture)), camera,
    )  # fmt: skip
    images = pictures.stack(decoded, color, notes)
    keys = numbered([""] * len(digests), digests)
    if not found.parted:
        keys = together(keys, near.near_pairs(np.stack(thumbnails), found.labels))
        if len(np.unique(keys)) < len(set(digests)):
            notes.say(
                f"{len(set(digests)) - len(np.unique(keys))} pictures are near-duplicates of others: they stay on one "
                "side of every split (neuraljet inspect lists them)"
            )
    side_of = np.array(part(found, keys, seed))
    _tell_of_copies(found.names, digests, found.labels, side_of, found.parted, notes)
    train, test, validation = (side_of == side for side in ("train", "test", "validation"))
    names = np.array(found.names, object)
    return Dataset(
        name=card.name if card else root.resolve().name,
        classes=found.classes,
        train_images=images[train],
        train_labels=found.labels[train],
        test_images=images[test],
        test_labels=found.labels[test],
        card=card,
        train_names=tuple(names[train]),
        test_names=tuple(names[test]),
        validation_images=images[validation] if validation.any() else None,
        validation_labels=found.labels[validation] if validation.any() else None,
        bits=pictures.depth(decoded),
        validation_names=tuple(names[validation]),
        train_groups=_training_groups(found, keys, train),
        notes=notes.lines(),
    )


def part(found: Gathered, keys: NDArray[np.int64], seed: int) -> list[str]:
    """Return the side of each picture: the one it came with, else by a split; equal `keys` [N] stay together."""
    if found.parted:
        return list(found.sides)
    if found.groups is None:
        in_test = split(found.labels, keys.tolist(), found.classes, seed)
    else:
        in_test = split_groups(found.labels, numbered(found.groups, keys.tolist()), found.classes, seed)
    return ["test" if there else "train" for there in in_test]


def together(keys: NDArray[np.int64], pairs: near.Pairs) -> NDArray[np.int64]:
    """Return `keys` [N] with those of each pair made one."""
    joined = Joined(len(keys))
    first: dict[int, int] = {}
    for index, key in enumerate(keys.tolist()):
        joined.join(first.setdefault(key, index), index)
    for one, other in pairs.tolist():
        joined.join(one, other)
    return joined.numbers()


def _training_groups(found: Gathered, keys: NDArray[np.int64], train: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """Return which training pictures belong together; None when each stands alone."""
    groups = keys if found.groups is None else numbered(found.groups, keys.tolist())
    _, within = np.unique(groups[train], return_inverse=True)
    return within.astype(np.int64) if len(within) > int(within.max(initial=-1)) + 1 else None


def read_files(paths: Sequence[Path], digests: list[bytes]) -> Iterator[tuple[Path, bytes]]:
    """Yield each file's content once, and leave its digest in `digests`."""
    for path in paths:
        data = read_file(path)
        digests.append(hashlib.sha256(data).digest())
        yield path, data


def _tell_of_copies(
    names: Sequence[str],
    digests: Sequence[bytes],
    labels: NDArray[np.int64],
    side_of: NDArray[np.str_],
    parted: bool,
    notes: Notes,
) -> None:
    """Note files of the same content that lie in two classes, or on two sides of a split that was there."""
    first: dict[bytes, int] = {}
    in_train: dict[bytes, int] = {}
    wrong: list[tuple[int, int]] = []
    for index, digest in enumerate(digests):
        other = first.setdefault(digest, index)
        if labels[other] != labels[index]:
            wrong.append((index, other))
        if side_of[index] == "train":
            in_train.setdefault(digest, index)
    if wrong:
        pair = " = ".join(printable(names[i]) for i in wrong[0])
        notes.say(f"{len(wrong)} pictures are copies of pictures in another class ({pair}): one of the two is wrong")
    for side in sorted({"test", "validation"} & set(side_of.tolist())) if parted else ():
        members = np.flatnonzero(side_of == side).tolist()
        copies = [(i, in_train[digests[i]]) for i in members if digests[i] in in_train]
        if copies:
            pair = " = ".join(printable(names[i]) for i in copies[0])
            notes.say(
                f"{len(copies)} of the {len(members)} {side} pictures are also in train ({pair}): the {side} accuracy "
                "flatters; remove them from one side"
            )
