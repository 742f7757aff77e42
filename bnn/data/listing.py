"""Pictures without labels, as a person names them: a folder with all below it, a list of paths, or a single file."""

import csv
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bnn.data.notes import Notes
from bnn.data.walk import scan
from bnn.errors import UserError
from bnn.storage.names import printable

STDIN = "-"
LISTS, TABLES = (".txt", ".lst", ".list"), (".csv", ".tsv")
COLUMNS = ("path", "picture", "image", "file", "filename")  # of a table, in any case; the first that is there counts
MOST_LINE = 1 << 16  # bytes


@dataclass(frozen=True, eq=False)
class Listing:
    """Pictures in order, found one by one while somebody iterates."""

    paths: Iterator[Path]
    total: int | None  # None when nobody knows yet


def listing(source: str | Path, notes: Notes, lines: Iterable[bytes] = ()) -> Listing:
    """Return the pictures that `source` names.

    A folder gives all pictures below it in the order of their paths, and files of kinds that are not read as well, so
    that whoever reads them says so. A list (.txt, .lst, .list) has a path in each line, a table (.csv, .tsv) in the
    column "path", "picture", "image", "file" or "filename", else in the first one. Relative paths begin at the list's
    folder or, when nothing is there, at the current one. Any other file is one picture. "-" takes paths from `lines`,
    as they come. `notes` get what was left out of a folder. UserError when there is nothing of that name.
    """
    if source == STDIN:
        return Listing(_paths(lines, None), None)
    path = Path(source)
    if not os.path.lexists(path):
        raise UserError(f"there is no {printable(path)}; give a folder of pictures, a list of paths, a picture, or -")
    if path.is_dir():
        return _folder(path, notes)
    if path.suffix.lower() in LISTS:
        return Listing(_list(path), None)
    if path.suffix.lower() in TABLES:
        return Listing(_table(path), None)
    return Listing(iter([path]), 1)


def _folder(root: Path, notes: Notes) -> Listing:
    found = scan(root, notes, strict=False)
    paths = sorted(path for folder in found.below() for path in (*folder.pictures, *folder.foreign))
    if not paths:
        left = "".join(f"; {line}" for line in notes.lines())
        raise UserError(f"{printable(root)} holds no pictures{left}; give the folder that holds them")
    return Listing(iter(paths), len(paths))


def _list(path: Path) -> Iterator[Path]:
    try:
        with path.open("rb") as file:
            yield from _paths(file, path.parent)
    except OSError as error:
        raise UserError(f"{printable(path)} cannot be read ({error.strerror})") from None


def _paths(lines: Iterable[bytes], folder: Path | None) -> Iterator[Path]:
    for number, line in enumerate(lines, 1):
        name = line.rstrip(b"\r\n")
        if number == 1:
            name = name.removeprefix(b"\xef\xbb\xbf")  # of editors on Windows
        if len(name) > MOST_LINE or b"\0" in name:
            raise UserError(f"line {number} of the list is no path; give one path in each line")
        if name.strip():
            yield _placed(os.fsdecode(name), folder)


def _table(path: Path) -> Iterator[Path]:
    try:
        with path.open("rb") as raw:
            text = io.TextIOWrapper(raw, "utf-8-sig", "surrogateescape", newline="")
            head = text.readline(MOST_LINE)
            separator = max(",;\t", key=head.count)
            rows, names = csv.reader(text, delimiter=separator), next(csv.reader([head], delimiter=separator), [])
            folded = [name.strip().casefold() for name in names]
            column = next((folded.index(name) for name in COLUMNS if name in folded), None)
            if column is None:  # without a head
                column = 0
                if names and names[0].strip():
                    yield _placed(names[0], path.parent)
            for row in rows:
                if len(row) > column and row[column].strip():
                    yield _placed(row[column], path.parent)
    except csv.Error as error:
        raise UserError(f"{printable(path)} is no table ({error}); save it as CSV") from None
    except OSError as error:
        raise UserError(f"{printable(path)} cannot be read ({error.strerror})") from None


def _placed(name: str, folder: Path | None) -> Path:
    if folder is not None and os.path.lexists(folder / name):
        return folder / name
    return Path(name)
