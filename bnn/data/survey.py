"""Look through a set of pictures without training on it: what there is, what is there twice, and what looks wrong."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnn.data import folder_of, idx, load, near, pictures
from bnn.data.check import across_note
from bnn.data.dataset import Dataset
from bnn.data.folder import part, together
from bnn.data.frames import read_file
from bnn.data.gather import Gathered, gather
from bnn.data.groups import across, numbered
from bnn.data.notes import Notes
from bnn.data.suspicion import suspicions
from bnn.errors import UserError
from bnn.storage.records import Record

UNREADABLE, TO_BE_SPLIT = "unreadable", "all"
WHITE = 254  # gray levels: what is as bright says nothing more


@dataclass(frozen=True)
class Seen:
    """What one picture is like, in its own size."""

    height: int
    width: int
    color: bool
    bits: int  # 8 or 16
    brightness: float  # mean gray level, 0 to 255
    contrast: float  # standard deviation of the gray levels
    white: float  # share of pixels as bright as can be


@dataclass(frozen=True)
class Picture:
    """A row of the survey."""

    path: str
    label: str
    side: str  # train, validation or test; "all" when it could not be split
    group: str
    seen: Seen | None  # None: it cannot be read
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """The pictures of one class on one side."""

    label: str
    side: str
    pictures: int  # that can be read
    brightness: float  # mean
    brightness_spread: float  # standard deviation from picture to picture
    contrast: float  # mean
    color: int  # pictures in colour


@dataclass(frozen=True)
class Pair:
    """Two pictures that are the same, or nearly."""

    one: str
    other: str
    across: bool  # they lie on two sides
    labels_differ: bool


@dataclass(frozen=True)
class Survey(Record):
    """What was found in a set of pictures."""

    name: str
    parts: tuple[Part, ...]
    sizes: tuple[tuple[str, int], ...]  # height x width, pictures; the most frequent first
    copies: tuple[Pair, ...]  # files of the same content
    near: tuple[Pair, ...]  # near-duplicates (bnn.data.near)
    groups: int | None  # None: nobody asked for groups
    parted_groups: tuple[str, ...]  # on several sides
    suspicious: tuple[tuple[str, str], ...]  # path, why
    notes: tuple[str, ...]
    problem: str | None  # why these pictures cannot be trained on as they are
    pictures: tuple[Picture, ...]


def survey(source: str | Path, labels: str | Path | None = None, group_by: str | None = None, seed: int = 0) -> Survey:
    """Look through the pictures of `source`, as `bnn.data.load` takes it. A picture that cannot be read stops nothing.

    UserError for what is no set of pictures, or a table or a pattern that does not fit.
    """
    drawn = source == "biscuits"
    root = Path(".") if drawn else folder_of(source)
    if drawn or idx.find(root):
        data = load(source, labels=labels, group_by=group_by, seed=seed)
        return _of_pictures(data.name, _gathered(data), _frames(data), Notes(root), data.notes, seed)
    notes = Notes(root)
    found = gather(root, notes, None, None if labels is None else Path(labels), group_by)
    return _of_pictures(root.resolve().name, found, _files(found.paths, notes), notes, (), seed)


Opened = tuple[bytes, NDArray[Any] | UserError]  # what tells the content, the picture


def _files(paths: Sequence[Path], notes: Notes) -> Iterator[Opened]:
    for path in paths:
        try:
            content = read_file(path)
            yield hashlib.sha256(content).digest(), pictures.decode(content, path, notes)
        except UserError as error:
            yield str(path).encode(errors="surrogateescape"), error


def _frames(data: Dataset) -> Iterator[Opened]:
    for side in (data.train_images, data.test_images):
        for picture in side:
            yield hashlib.sha256(picture).digest(), picture[..., 0] if picture.shape[2] == 1 else picture


def _gathered(data: Dataset) -> Gathered:
    names = data.train_names + data.test_names
    return Gathered(
        data.classes, tuple(map(Path, names)), names, np.concatenate([data.train_labels, data.test_labels]),
        ("train",) * len(data.train_names) + ("test",) * len(data.test_names), None,
    )  # fmt: skip


def _of_pictures(
    name: str, found: Gathered, opened: Iterator[Opened], notes: Notes, said: tuple[str, ...], seed: int
) -> Survey:
    digests: list[bytes] = []
    seen: list[Seen | None] = []
    thumbnails: list[NDArray[np.uint8]] = []
    remarks: list[list[str]] = [[] for _ in found.names]
    for index, (digest, picture) in enumerate(opened):
        digests.append(digest)
        if isinstance(picture, UserError):
            seen.append(None)
            thumbnails.append(np.zeros((near.SIDE, near.SIDE), np.uint8))  # empty, so like no other
            remarks[index].append(f"{UNREADABLE}: {picture}")
        else:
            seen.append(_seen(picture))
            thumbnails.append(near.thumbnail(picture))
    near_pairs = near.near_pairs(np.stack(thumbnails), found.labels)
    copies = numbered([""] * len(digests), digests)
    problem, sides = None, [TO_BE_SPLIT] * len(digests)
    try:
        sides = part(found, together(copies, near_pairs), seed)
    except UserError as error:
        problem = str(error)
    for index, why in suspicions(seen, found.labels):
        remarks[index].append(why)
    whole = [(one, other) for one, other in _copies(copies)]
    nearly = [(one, other) for one, other in near_pairs.tolist() if copies[one] != copies[other]]
    parted = tuple(across(found.groups, sides)) if found.groups is not None and found.parted else ()
    _say(found, sides, nearly, notes)
    first_unreadable = next((row[0] for row in remarks if row and row[0].startswith(UNREADABLE)), None)
    return Survey(
        name=name,
        parts=tuple(_parts(found, sides, seen)),
        sizes=tuple(Counter(f"{s.height}x{s.width}" for s in seen if s).most_common()),
        copies=tuple(_pair(found, sides, pair) for pair in whole),
        near=tuple(_pair(found, sides, pair) for pair in nearly),
        groups=None if found.groups is None else len(set(found.groups) - {""}),
        parted_groups=parted,
        suspicious=tuple((found.names[i], why) for i, row in enumerate(remarks) for why in row),
        notes=(*said, *notes.lines()),
        problem=problem or first_unreadable,
        pictures=tuple(
            Picture(
                found.names[i], found.classes[found.labels[i]], sides[i], found.groups[i] if found.groups else "",
                seen[i], tuple(remarks[i]),
            )
            for i in range(len(seen))
        ),
    )  # fmt: skip


def _seen(picture: NDArray[Any]) -> Seen:
    """Measure a picture [H, W] or [H, W, 3] of 8 or 16 bits."""
    deep = picture.dtype == np.uint16
    levels = picture / 257 if deep else picture
    gray = levels if levels.ndim == 2 else levels @ np.array([0.299, 0.587, 0.114])
    return Seen(
        height=picture.shape[0],
        width=picture.shape[1],
        color=picture.ndim == 3,
        bits=16 if deep else 8,
        brightness=round(float(gray.mean()), 2),
        contrast=round(float(gray.std()), 2),
        white=round(float((gray >= WHITE).mean()), 4),
    )


def _copies(numbers: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield each picture whose content was there before, with the first of it."""
    first: dict[int, int] = {}
    for index, number in enumerate(numbers.tolist()):
        other = first.setdefault(number, index)
        if other != index:
            yield other, index


def _pair(found: Gathered, sides: Sequence[str], pair: tuple[int, int]) -> Pair:
    one, other = pair
    return Pair(
        found.names[one], found.names[other], sides[one] != sides[other], bool(found.labels[one] != found.labels[other])
    )


def _say(found: Gathered, sides: Sequence[str], nearly: Sequence[tuple[int, int]], notes: Notes) -> None:
    """Note near-duplicates of training pictures on each other side."""
    for side in ("test", "validation"):
        there = [
            (one, other) if sides[one] == "train" else (other, one)
            for one, other in nearly
            if {sides[one], sides[other]} == {"train", side}
        ]
        if there:
            named = [(found.names[one], found.names[other]) for one, other in there]
            notes.say(across_note(side, sides.count(side), named))


def _parts(found: Gathered, sides: Sequence[str], seen: Sequence[Seen | None]) -> Iterator[Part]:
    for label, name in enumerate(found.classes):
        for side in dict.fromkeys(sides):
            there = [
                picture
                for picture, of, lies in zip(seen, found.labels.tolist(), sides, strict=True)
                if picture is not None and (of, lies) == (label, side)
            ]
            if there:
                light = np.array([picture.brightness for picture in there])
                yield Part(
                    name, side, len(there), round(float(light.mean()), 1), round(float(light.std()), 1),
                    round(float(np.mean([picture.contrast for picture in there])), 1),
                    sum(picture.color for picture in there),
                )  # fmt: skip
            elif side != TO_BE_SPLIT:
                yield Part(name, side, 0, 0.0, 0.0, 0.0, 0)
