"""A folder of class folders, arranged as bnn.data.layout allows -> Dataset."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bnn.data import pictures
from bnn.data.cards import Card
from bnn.data.dataset import Dataset
from bnn.data.frames import read_file
from bnn.data.layout import Layout, read_layout
from bnn.data.notes import Notes
from bnn.data.split import refuse_small, split
from bnn.errors import UserError
from bnn.limits import MOST_CLASSES
from bnn.storage.names import class_fault, one_form, plain, printable

MOST_PROPOSED = 64  # letters of a name that is proposed


def load_folder(
    root: Path, size: tuple[int, int] | None, color: str | None, seed: int, may_resize: bool, card: Card | None
) -> Dataset:
    """Load the classes below `root`; bnn.data.layout says how they may lie there.

    Pictures are taken in the order of their paths. Without sides the set is split with `seed` (see bnn.data.split).
    Sides that are there are kept. The notes tell of pictures that are on two of them, or in two classes.
    """
    notes = Notes(root)
    layout = read_layout(root, notes)
    sides = list(layout.sides)
    classes = class_names(list(layout.sides[sides[0]]), root, card)
    found = [
        (path, label, side)
        for side in sides
        for label, name in enumerate(classes)
        for path in layout.sides[side].get(name, [])
    ]
    paths = [path for path, _, _ in found]
    labels = np.array([label for _, label, _ in found], dtype=np.int64)
    side_of = np.array([side for _, _, side in found])
    if sides == ["all"]:  # before any picture is decoded: these errors come at once
        refuse_small(labels, classes)
    digests: list[bytes] = []
    decoded = pictures.read_all(_read(paths, digests), size, may_resize, notes)
    images = pictures.stack(decoded, color, notes)
    if sides == ["all"]:
        side_of = np.where(split(labels, digests, classes, seed), "test", "train")
    names = [path.relative_to(root).as_posix() for path in paths]
    _tell_of_copies(names, digests, labels, side_of, layout, notes)
    train, test, validation = (side_of == side for side in ("train", "test", "validation"))
    return Dataset(
        name=card.name if card else root.resolve().name,
        classes=tuple(classes),
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
        card=card,
        train_names=tuple(name for name, here in zip(names, train, strict=True) if here),
        test_names=tuple(name for name, here in zip(names, test, strict=True) if here),
        validation_images=images[validation] if validation.any() else None,
        validation_labels=labels[validation] if validation.any() else None,
        bits=pictures.depth(decoded),
        notes=notes.lines(),
    )


def class_names(found: list[str], root: Path, card: Card | None) -> list[str]:
    """Check the names found and return them in order: as on the card when it has the same, else sorted."""
    where = printable(root)
    for name in sorted(found):
        fault = class_fault(name)
        if fault:
            raise UserError(
                f"class name '{printable(name[:80])}' in {where} is not allowed: {fault}; rename it, for example to "
                f"{_proposal(name)}"
            )
    if len(found) < 2:
        raise UserError(
            f"{where} has only one class ('{printable(found[0])}'), and at least 2 are needed; add a folder of another"
        )
    if len(found) > MOST_CLASSES:
        raise UserError(
            f"{where} has {len(found)} classes, and at most {MOST_CLASSES} are possible; give the folder that holds "
            "the class folders, or merge classes"
        )
    if card and sorted(card.classes) == sorted(found):
        return list(card.classes)
    return sorted(found)


def _proposal(name: str) -> str:
    """Return an allowed name that is near."""
    near = one_form(name).strip().lstrip(".")[:MOST_PROPOSED]
    return near if class_fault(near) is None else plain(near)


def _read(paths: Sequence[Path], digests: list[bytes]) -> Iterator[tuple[Path, bytes]]:
    """Yield each file's content once, and leave its digest in `digests`."""
    for path in paths:
        data = read_file(path)
        digests.append(hashlib.sha256(data).digest())
        yield path, data


def _tell_of_copies(
    names: Sequence[str],
    digests: Sequence[bytes],
    labels: np.ndarray,
    side_of: np.ndarray,
    layout: Layout,
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
    for side in sorted(set(layout.sides) - {"all", "train"}):
        members = np.flatnonzero(side_of == side).tolist()
        copies = [(i, in_train[digests[i]]) for i in members if digests[i] in in_train]
        if copies:
            pair = " = ".join(printable(names[i]) for i in copies[0])
            notes.say(
                f"{len(copies)} of the {len(members)} {side} pictures are also in train ({pair}): the {side} accuracy "
                "flatters; remove them from one side"
            )
