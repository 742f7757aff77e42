"""A folder of class folders, with or without train/ and test/."""

import hashlib
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from bnn.data import pictures
from bnn.data.cards import Card
from bnn.data.dataset import Dataset
from bnn.data.split import refuse_small, split
from bnn.errors import UserError

CLASS_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")
MOST_CLASSES = 256  # a class number is 8 bits wide on the output stream


def load_folder(
    root: Path, size: tuple[int, int] | None, color: str | None, seed: int, may_resize: bool, card: Card | None
) -> Dataset:
    """Load `root`/CLASS/*.png, or `root`/train/CLASS/... and `root`/test/CLASS/....

    Pictures are taken in the order of their paths; class folders are searched to any depth, hidden files
    and files that are no pictures by name are passed over. Without train/ and test/ the set is split with
    `seed` (see bnn.data.split). A split that is there is kept as it is; files that are on both sides are
    counted in a warning.
    """
    parted = (root / "train").is_dir() and (root / "test").is_dir()
    if not parted:
        _refuse_half_split(root)
    sides = [root / "train", root / "test"] if parted else [root]
    listings = [_list(side) for side in sides]
    classes = class_names(list(listings[0]), root, card)
    if parted:
        _compare_sides(classes, listings[1], root)
    files = [(path, label) for listing in listings for label, name in enumerate(classes) for path in listing[name]]
    labels = np.array([label for _, label in files], dtype=np.int64)
    if not parted:  # before any picture is decoded: these errors come at once
        refuse_small(labels, classes)
    digests: list[bytes] = []
    paths = [path for path, _ in files]
    decoded = pictures.read_all(_read(paths, digests), size, may_resize)
    images = pictures.stack(decoded, color)
    if parted:
        in_test = np.arange(len(files)) >= sum(len(listings[0][name]) for name in classes)
        _warn_of_copies(root, digests, in_test)
    else:
        in_test = split(labels, digests, classes, seed)
    names = [path.relative_to(root).as_posix() for path in paths]
    return Dataset(
        name=card.name if card else root.resolve().name,
        classes=tuple(classes),
        train_images=images[~in_test],
        train_labels=labels[~in_test],
        test_images=images[in_test],
        test_labels=labels[in_test],
        card=card,
        train_names=tuple(name for name, test in zip(names, in_test, strict=True) if not test),
        test_names=tuple(name for name, test in zip(names, in_test, strict=True) if test),
    )


def class_names(found: list[str], root: Path, card: Card | None) -> list[str]:
    """Check the names found and return them in order: as on the card when it has the same, else sorted."""
    for name in sorted(found):
        if not CLASS_NAME.fullmatch(name):
            raise UserError(
                f"class name {name!r} in {root} is not allowed: up to 64 letters, digits, '.', '_' and '-', and no "
                "'.' in front; rename the folder"
            )
    if len(found) < 2:
        raise UserError(f"{root} has only one class ({found[0]!r}), and at least 2 are needed; add a folder of another")
    if len(found) > MOST_CLASSES:
        raise UserError(
            f"{root} has {len(found)} classes, and at most {MOST_CLASSES} are possible; give the folder that holds "
            "the class folders, or merge classes"
        )
    if card and sorted(card.classes) == sorted(found):
        return list(card.classes)
    return sorted(found)


def _refuse_half_split(root: Path) -> None:
    for one, other in (("train", "test"), ("test", "train")):
        if (root / one).is_dir() and any(entry.is_dir() for entry in (root / one).iterdir()):
            raise UserError(
                f"{root} has {one}/ and no {other}/; add {other}/, or give {root / one} itself to have it split"
            )


def _list(root: Path) -> dict[str, list[Path]]:
    """Class name -> its picture files, sorted by path."""
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not folders:
        loose = any(_is_picture(entry.name) for entry in root.iterdir())
        state = "has pictures but no class folders" if loose else "is empty: no class folders with pictures are there"
        raise UserError(f"{root} {state}; make one folder per class in it and put that class's pictures inside")
    listing = {folder.name: sorted(_pictures_under(folder)) for folder in folders}
    if not any(listing.values()):
        raise UserError(
            f"{root} has folders ({', '.join(sorted(listing)[:5])}) but no picture in them; "
            "put each class's pictures into its folder"
        )
    return listing


def _pictures_under(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(parent, name) for name in files if _is_picture(name))


def _is_picture(name: str) -> bool:
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in pictures.suffixes()


def _compare_sides(classes: list[str], test: dict[str, list[Path]], root: Path) -> None:
    unknown = sorted(set(test) - set(classes))
    if unknown:
        raise UserError(
            f"class {unknown[0]!r} is in {root / 'test'} and not in {root / 'train'}; add pictures to train or "
            "remove it from test"
        )
    for name in classes:
        for side, has in (("train", any(_pictures_under(root / "train" / name))), ("test", bool(test.get(name)))):
            if not has:
                raise UserError(
                    f"class {name!r} has no picture in {root / side}; add pictures there or remove the class from both"
                )


def _read(paths: Sequence[Path], digests: list[bytes]) -> Iterator[tuple[Path, bytes]]:
    """Yield each file's content once, and leave its digest in `digests`."""
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}); make it readable or remove it") from None
        digests.append(hashlib.sha256(data).digest())
        yield path, data


def _warn_of_copies(root: Path, digests: list[bytes], in_test: np.ndarray) -> None:
    train = {digest for digest, test in zip(digests, in_test, strict=True) if not test}
    copies = sum(test and digest in train for digest, test in zip(digests, in_test, strict=True))
    if copies:
        warnings.warn(
            f"{copies} of the {int(in_test.sum())} test pictures in {root} are also in train: the test accuracy "
            "flatters; remove them from one side",
            stacklevel=2,
        )
