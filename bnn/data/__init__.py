"""Labelled pictures: a folder, a known set by name, or the embedded biscuits -> Dataset.

>>> from bnn.data import load
>>> load("biscuits").classes
('good', 'broken', 'crooked')
"""

import os
import re
import warnings
from pathlib import Path

import numpy as np

from bnn.camera import Camera
from bnn.data import biscuits, camera_scenes, idx, pictures
from bnn.data.cards import Card, checksum
from bnn.data.cards import cards as known_cards
from bnn.data.crops import cropped
from bnn.data.dataset import Dataset
from bnn.data.folder import load_folder
from bnn.data.source import DataSource
from bnn.errors import UserError
from bnn.storage.names import printable

__all__ = ["Camera", "Card", "DataSource", "Dataset", "folder_of", "lasting_name", "load", "load_again", "source_of"]

_NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]+")
_VARIABLE = "NEURALJET_DATA"


def load(
    source: str | Path,
    size: tuple[int, int] | None = None,
    color: str | None = None,
    seed: int = 0,
    resize: bool = True,
    labels: str | Path | None = None,
    group_by: str | None = None,
    camera: Camera | None = None,
) -> Dataset:
    """Load the pictures of `source`.

    source  "biscuits"; the name of a folder under $NEURALJET_DATA; or a path (a relative one that is also a
            name is written "./name"): a folder of class folders, with or without train/ and test/, or one of
            IDX files.
    size    (height, width), 8..1024 each; None: the card's, else that of the pictures when all agree, else 64x64.
    color   "gray" or "rgb"; None: the card's, else gray when every picture is gray.
    seed    of the split when the set has none, and of the rendering of biscuits.
    resize  False: a picture of another size is an error instead of being scaled.
    labels  a table with the classes, and perhaps groups and sides, of the pictures (bnn.data.labels): folders mean
            nothing then, and the card, if any, neither.
    group_by  a column of that table, or a regular expression that is searched in each picture's path (bnn.data.groups):
            pictures of one group stay on one side of every split.
    camera  the pictures are frames of this camera, and become what the network sees of them (bnn.camera), without
            any scaling; of biscuits: scenes (bnn.data.camera_scenes). It says size and colour.

    Raises UserError for everything that is wrong with the source.
    """
    if color not in (None, "gray", "rgb"):
        raise UserError(f"color {color!r} is not known; choose gray or rgb")
    if size is not None:
        size = pictures.check_size(size)
    if camera is not None:
        size, color = camera.agreed(size, color), camera.color
    if source == "biscuits":
        _refuse_tables("biscuits are drawn", labels, group_by)
        return _biscuits(size, color, seed, resize, camera)
    root, card = _find(source)
    if labels is not None:
        card = None
    if card:
        size, color = size or card.size, color or card.color
    try:
        if idx.find(root):
            if camera is not None:
                raise UserError(f"{root} has IDX files, which hold no frames of a camera; leave --camera out")
            _refuse_tables(f"{root} has IDX files, which hold their labels", labels, group_by)
            return idx.load_idx(root, size, color, seed, resize, card)
        table = None if labels is None else Path(labels)
        return load_folder(root, size, color, seed, resize, card, table, group_by, camera)
    except PermissionError as error:
        raise UserError(f"{error.filename} may not be read; change its permissions or give another folder") from None


def load_again(
    source: DataSource, size: tuple[int, int] | None = None, color: str | None = None, resize: bool = True
) -> Dataset:
    """Load the pictures that a training wrote down as its own; size (height, width) and colour None: as in training."""
    size = source.size if source.window else size or source.size  # windows are cut from tiles, not scaled
    found = load(
        source.source, size, color or source.color, source.seed or 0, resize, source.labels, source.group_by,
        source.camera,
    )  # fmt: skip
    return cropped(found, source.window) if source.window else found


def _refuse_tables(why: str, labels: str | Path | None, group_by: str | None) -> None:
    for option, value in (("--labels", labels), ("--group-by", group_by)):
        if value is not None:
            raise UserError(f"{option} {printable(value)} is for pictures that are files, and {why}; leave it out")


def folder_of(source: str | Path) -> Path:
    """Return the folder that `source` means: a known set under $NEURALJET_DATA, or a path. UserError for none."""
    return _locate(source)[0]


def lasting_name(source: str | Path) -> str:
    """Return what finds the pictures again from any folder: the name of a known set, else an absolute path."""
    if source == "biscuits":
        return "biscuits"
    root, named = _locate(source)
    return str(source) if named else str(root.resolve())


def source_of(
    source: str | Path, pictures: Dataset, labels: str | Path | None = None, group_by: str | None = None
) -> DataSource:  # fmt: skip
    """Return what `load` needs to read these pictures again, from any folder. The others are as `load` had them."""
    height, width, channels = pictures.train_images.shape[1:]
    return DataSource(
        lasting_name(source), (height, width), "gray" if channels == 1 else "rgb", 0, pictures.bits,
        labels=None if labels is None else str(Path(labels).resolve()), group_by=group_by,
    )  # fmt: skip


def _biscuits(
    size: tuple[int, int] | None, color: str | None, seed: int, may_resize: bool, camera: Camera | None
) -> Dataset:  # fmt: skip
    own = (biscuits.SIDE, biscuits.SIDE)
    size = size or own
    if camera is None and size != own and not may_resize:
        raise UserError(
            f"biscuits are rendered at {own[0]}x{own[1]} pixels and not at {size[0]}x{size[1]}; "
            "add --resize to have pictures scaled"
        )
    sides = []
    for side, count in (("train", biscuits.TRAIN), ("test", biscuits.TEST)):
        if camera is None:
            rendered, labels = biscuits.render(count, seed, side)
            images = pictures.stack([pictures.resize(picture, size) for picture in rendered], color or "gray")
        else:
            frames, labels = camera_scenes.scenes(camera, count, seed, side)
            images = np.stack([camera.view(frame) for frame in frames])
        sides.append((images, labels, tuple(f"biscuits/{side}#{i}" for i in range(count))))
    (train, train_labels, train_names), (test, test_labels, test_names) = sides
    return Dataset(
        name="biscuits",
        classes=biscuits.CLASSES,
        train_images=train,
        train_labels=train_labels,
        test_images=test,
        test_labels=test_labels,
        card=known_cards().get("biscuits"),
        train_names=train_names,
        test_names=test_names,
    )


def _find(source: str | Path) -> tuple[Path, Card | None]:
    """Return the folder that `source` means and its card, when it is a known set."""
    root, named = _locate(source)
    card = known_cards().get(str(source) if named else root.resolve().name)
    same = card is not None and card.checksum == checksum(root)
    if named and card and not same:
        warnings.warn(
            f"{root} differs from what its card in datasets/ describes: figures for {str(source)!r} do not compare",
            stacklevel=3,
        )
    return root, card if named or same else None


def _locate(source: str | Path) -> tuple[Path, bool]:
    """Return the folder that `source` means, and whether it is a name under $NEURALJET_DATA rather than a path."""
    base = os.environ.get(_VARIABLE)
    text = str(source)
    if isinstance(source, str) and base and _NAME.fullmatch(text) and (Path(base) / text).is_dir():
        return Path(base) / text, True
    root = Path(source)
    if not root.exists():
        raise UserError(f"there is no folder {text!r} and no set of that name; {_known(base)}")
    if not root.is_dir():
        raise UserError(f"{root} is a file and not a folder; unpack it, or give the folder that holds the pictures")
    return root, False


def _known(base: str | None) -> str:
    there = Path(base) if base else None
    names = sorted(entry.name for entry in there.iterdir() if entry.is_dir()) if there and there.is_dir() else []
    if names:
        return f"give a path, 'biscuits', or one of ${_VARIABLE} ({base}): {', '.join(names)}"
    state = f"is {base!r}, where none is" if base else "is not set"
    known = ", ".join(name for name in known_cards() if name != "biscuits")
    return f"give a path, 'biscuits', or set ${_VARIABLE} to a folder that holds known sets ({known}; it {state})"
