"""A folder of IDX files, the format of MNIST and its kin, plain or gzipped.

The file: two zero bytes, a type byte (8 = uint8), the number of dimensions, each dimension as a
big-endian 32-bit number, the values. See https://yann.lecun.com/exdb/mnist (as of 1998).
"""

import gzip
import hashlib
import re
import struct
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from bnn.data import pictures
from bnn.data.cards import Card
from bnn.data.dataset import Dataset
from bnn.data.gather import class_names
from bnn.data.notes import Notes
from bnn.data.split import split
from bnn.errors import UserError

_NAME = re.compile(r"(?:.*[-_.])?(?P<side>train|t10k|test)[-_.](?P<what>images|labels)\b.*?(?:\.gz)?", re.IGNORECASE)
_MOST_BYTES = 1 << 30
_MOST_PACKED = 100  # times that gzip makes pictures smaller; MNIST 5 times, a bomb 1,000 times
_SURE_BYTES = 1 << 24  # however well they are packed


def find(root: Path) -> dict[tuple[str, str], Path]:
    """Return the IDX files of `root` by (side, what): side train or test, what images or labels."""
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(root.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match and "idx" in path.name.lower() and path.is_file():
            key = ("train" if match["side"].lower() == "train" else "test", match["what"].lower())
            other = found.setdefault(key, path)
            if other != path and other.name.removesuffix(".gz") != path.name.removesuffix(".gz"):
                raise UserError(
                    f"{root} has more than one file of {key[0]} {key[1]} ({other.name}, {path.name}); "
                    "put each set into a folder of its own"
                )
    return found


def read(path: Path) -> NDArray[np.uint8]:
    """Read one IDX file of uint8. Raises UserError when it is none, truncated, too long or too large."""
    try:
        with open(path, "rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        with cast(IO[bytes], gzip.open(path, "rb") if zipped else open(path, "rb")) as file:
            head = file.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or not 1 <= head[3] <= 4:
                raise UserError(f"{path} is no IDX file (it begins with {head.hex(' ') or 'nothing'}); replace it")
            if head[2] != 8:
                raise UserError(
                    f"{path} holds values of IDX type 0x{head[2]:02x}; only 0x08 (uint8) is read: convert it"
                )
            shape = struct.unpack(f">{head[3]}I", file.read(4 * head[3]))
            count = int(np.prod(shape, dtype=object))
            if count > _MOST_BYTES:
                raise UserError(
                    f"{path} claims {count} bytes, more than the 1 GiB allowed; it is damaged, or take fewer pictures"
                )
            packed = path.stat().st_size
            if zipped and count > _SURE_BYTES and count > _MOST_PACKED * packed:
                raise UserError(
                    f"{path} claims {count} bytes out of {packed}, as no pictures are packed (a bomb?); replace it"
                )
            values = file.read(count)
            if len(values) < count:
                raise UserError(f"{path} is truncated: {len(values)} of {count} values are there; fetch it again")
            if file.read(1):
                raise UserError(f"{path} is longer than its header says ({count} values); fetch it again")
    except (EOFError, zlib.error, struct.error):
        raise UserError(f"{path} is truncated or damaged; fetch it again") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}); fetch it again") from None
    return np.frombuffer(values, np.uint8).reshape(shape)


def load_idx(
    root: Path, size: tuple[int, int] | None, color: str | None, seed: int, may_resize: bool, card: Card | None
) -> Dataset:
    """Load {train,t10k|test}-{images-idx3,labels-idx1}-ubyte[.gz]; without test files the set is split with `seed`.

    A class is called by its number, or by the card's name at that place.
    """
    files = find(root)
    sides = [side for side in ("train", "test") if (side, "images") in files or (side, "labels") in files]
    if "train" not in sides:
        raise UserError(f"{root} has IDX files but none of training pictures; add train-images-idx3-ubyte")
    for side in sides:
        for what, end in (("images", "idx3"), ("labels", "idx1")):
            if (side, what) not in files:
                raise UserError(f"{root} lacks the {what} of {side}; add {side}-{what}-{end}-ubyte or its .gz")
    images = [_pictures(files[side, "images"], size, may_resize) for side in sides]
    numbers = [_numbers(files[side, "labels"], len(images[i])) for i, side in enumerate(sides)]
    if images[0].shape[1:] != images[-1].shape[1:]:
        raise UserError(f"{root} has training and test pictures of different shape; give --size HxW")
    present = np.unique(numbers[0])
    stray = np.setdiff1d(numbers[-1], present)
    if len(stray):
        raise UserError(f"class '{stray[0]}' is in the test labels of {root} and not in those of train; remove it")
    missing = np.setdiff1d(present, numbers[-1])
    if len(missing):
        raise UserError(f"class '{missing[0]}' has no picture on the test side of {root}; add some or remove the class")
    names = [str(number) for number in present]
    if card and len(card.classes) > int(present[-1]):
        names = [card.classes[number] for number in present]
    class_names(names, root, None)  # checks them; the order stays that of the numbers
    classes = tuple(names)
    every = np.concatenate(images)
    labels = np.searchsorted(present, np.concatenate(numbers)).astype(np.int64)
    where = [f"{files[side, 'images'].name}#{i}" for s, side in enumerate(sides) for i in range(len(images[s]))]
    if len(sides) == 2:
        in_test = np.arange(len(every)) >= len(images[0])
    else:
        in_test = split(labels, [hashlib.sha256(picture).digest() for picture in every], classes, seed)
    stacked = pictures.stack(list(every), color)
    return Dataset(
        name=card.name if card else root.resolve().name,
        classes=classes,
        train_images=stacked[~in_test],
        train_labels=labels[~in_test],
        test_images=stacked[in_test],
        test_labels=labels[in_test],
        card=card,
        train_names=tuple(name for name, test in zip(where, in_test, strict=True) if not test),
        test_names=tuple(name for name, test in zip(where, in_test, strict=True) if test),
        notes=_beside(root, files),
    )


def _beside(root: Path, files: dict[tuple[str, str], Path]) -> tuple[str, ...]:
    """Note what else lies in the folder."""
    notes = Notes(root)
    for path in sorted(root.iterdir()):
        if path not in files.values() and not path.name.startswith("."):
            notes.leave("files and folders beside the IDX files", path)
    return notes.lines()


def _pictures(path: Path, size: tuple[int, int] | None, may_resize: bool) -> NDArray[Any]:
    values = read(path)
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    if values.ndim not in (3, 4) or (values.ndim == 4 and values.shape[3] != 3):
        raise UserError(f"{path} has the shape {values.shape}; pictures are N x H x W or N x H x W x 3")
    if 0 in values.shape:
        raise UserError(f"{path} holds no picture (shape {values.shape}); fetch it again")
    has = values.shape[1:3]
    size = pictures.check_size(size or has)
    if has == size:
        return values
    if not may_resize:
        raise UserError(
            f"{path} has pictures of {has[0]}x{has[1]} pixels (height x width) and not {size[0]}x{size[1]}; "
            "add --resize to have pictures scaled"
        )
    return np.stack([pictures.resize(picture, size) for picture in values])


def _numbers(path: Path, count: int) -> NDArray[np.uint8]:
    values = read(path)
    if values.shape != (count,):
        raise UserError(f"{path} has the shape {values.shape} for {count} pictures; it belongs to other pictures")
    return values
