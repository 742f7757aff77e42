"""The dataset cards of datasets/: what is known about a set before its pictures are read."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.records import parse
from bnn.storage.tables import read_toml


@dataclass(frozen=True)
class Card:
    """One datasets/NAME.toml; the sizes are (height, width)."""

    name: str
    title: str
    origin: str  # who made the pictures, where they were published
    licence: str
    classes: tuple[str, ...]  # in the order of their labels
    split: str  # how train and test were parted
    pictures: Mapping[str, int]  # train, test -> number of pictures
    size: tuple[int, int]  # default for training
    color: str  # default for training: gray or rgb
    network: str | None  # default for training: small, medium or large; None: chosen for the picture and the budget
    augment: tuple[str, ...]  # what leaves the class as it is: some of bnn.training.augment.AUGMENTATIONS
    floor: float | None  # test accuracy to beat, 0..1
    floor_method: str  # what reached the floor, and on what
    checksum: str | None  # of `checksum(folder)`; None for a set that is rendered
    steps: int | None = None  # default for training; None: as for any other set
    notes: str = ""


@cache
def cards() -> dict[str, Card]:
    """Return name -> card, for every set that has one. UserError for a card that is damaged."""
    folder = Path(__file__).resolve().parents[1] / "datasets"  # in a checkout a link to the one at the top
    return {path.stem: read_card(path) for path in sorted(folder.glob("*.toml"))}


def read_card(path: Path) -> Card:
    """Read one card. UserError names the entry that is missing, unknown or out of range."""
    what = f"dataset card {path.name}"
    table = read_toml(path, what)
    floor = table.pop("floor", {})
    entries = {"name": path.stem, "checksum": None, "notes": "", "network": None, "steps": None} | table
    if isinstance(floor, dict):
        entries |= {"floor": floor.get("accuracy"), "floor_method": floor.get("method", "")}
    needed = {field.name for field in fields(Card) if field.default is MISSING}
    wrong = sorted((needed - set(entries)) | (set(entries) - {field.name for field in fields(Card)}))
    if wrong or not isinstance(floor, dict):
        raise UserError(f"{what}: entries missing or unknown: {', '.join(wrong) or 'floor'}; restore the file")
    try:
        card: Card = parse(Card, entries, "")
    except TypeError as error:
        raise UserError(f"{what}: {error}; restore the file") from None
    for name, good in (
        ("classes", len(card.classes) > 1 and len(set(card.classes)) == len(card.classes)),
        ("pictures", set(card.pictures) == {"train", "test"} and min(card.pictures.values()) > 0),
        ("size", all(8 <= side <= 1024 for side in card.size)),
        ("color", card.color in ("gray", "rgb")),
        ("network", card.network in (None, "small", "medium", "large")),
        ("steps", card.steps is None or 1 <= card.steps <= 10**6),
        ("floor", card.floor is None or 0 < card.floor < 1),
        ("checksum", card.checksum is None or re.fullmatch("[0-9a-f]{64}", card.checksum)),
    ):
        if not good:
            raise UserError(f"{what}: {name} = {str(getattr(card, name))[:200]!r} is not allowed; restore the file")
    return card


def checksum(folder: Path) -> str:
    """Return the SHA-256 over "sha256(file)  path" lines, one per visible file, sorted by path relative to `folder`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    total = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in files):
        if not any(part.startswith(".") for part in name.split("/")):
            line = f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n"
            total.update(line.encode(errors="surrogateescape"))  # names that are no UTF-8
    return total.hexdigest()
