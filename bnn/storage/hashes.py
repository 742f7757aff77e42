"""The files that a folder's description lists with their SHA-256: are they inside it, there, and unchanged?

Needs the standard library alone, of Python 3.10, as `bnn.storage.records` does.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path

from bnn.storage.records import sha256

RELATIVE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


class Damage(Enum):
    """What is wrong with a file that is listed."""

    OUTSIDE = "leads outside the folder"
    MISSING = "is missing"
    CHANGED = "does not match its hash"


def check_names(names: Iterable[str]) -> None:
    """ValueError for a name that would leave the folder, or that is none of ours."""
    for name in names:
        if not RELATIVE.fullmatch(name) or ".." in name.split("/"):
            raise ValueError(f"file name {name[:60]!r} does not stay inside the folder")


def first_damage(folder: Path, files: Mapping[str, str]) -> tuple[Path, Damage] | None:
    """Return the first of the files (relative path -> SHA-256) that is not as it is listed; None when all are."""
    inside = folder.resolve()
    for name, digest in files.items():
        path = folder / name
        if not path.resolve().is_relative_to(inside):
            return path, Damage.OUTSIDE
        if not path.is_file():
            return path, Damage.MISSING
        if sha256(path) != digest:
            return path, Damage.CHANGED
    return None
