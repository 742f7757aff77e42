"""The dataset cards of datasets/: what is known about a set before its pictures are read."""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Card:
    """One datasets/NAME.toml; the sizes are (height, width)."""

    name: str
    title: str
    origin: str  # who made the pictures, where they were published
    licence: str
    classes: tuple[str, ...]  # in the order of their labels
    split: str  # how train and test were parted
    pictures: dict[str, int]  # train, test -> number of pictures
    size: tuple[int, int]  # default for training
    color: str  # default for training: gray or rgb
    network: str  # default for training: small, medium or large
    epochs: int  # default for training
    augment: tuple[str, ...]  # what leaves the class as it is: some of bnn.augment.AUGMENTATIONS
    floor: float | None  # test accuracy to beat, 0..1
    floor_method: str  # what reached the floor, and on what
    checksum: str | None  # of `checksum(folder)`; None for a set that is rendered
    notes: str = ""


@cache
def cards() -> dict[str, Card]:
    """Name -> card, for every set that has one."""
    folder = Path(__file__).resolve().parents[1] / "datasets"  # in a checkout a link to the one at the top
    files = sorted(folder.glob("*.toml"))
    return {path.stem: _parse(path.stem, tomllib.loads(path.read_text("utf-8"))) for path in files}


def _parse(name: str, table: dict[str, Any]) -> Card:
    floor = table.pop("floor", {})
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    fields |= {"floor": floor.get("accuracy"), "floor_method": floor.get("method", "")}
    return Card(**({"name": name, "checksum": None} | fields))


def checksum(folder: Path) -> str:
    """SHA-256 over "sha256(file)  path" lines, one per visible file, sorted by path relative to `folder`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    total = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in files):
        if not any(part.startswith(".") for part in name.split("/")):
            total.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n".encode())
    return total.hexdigest()
