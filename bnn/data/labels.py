"""A table of labels: a CSV file with a row per picture, with path and class, and perhaps group, split and more.

path,class,group,split
0001.png,good,lot 7,train
0002.png,not good,lot 8,test
"""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bnn.data import words
from bnn.data.notes import Notes
from bnn.data.walk import MOST_FILES, read_regular
from bnn.errors import UserError
from bnn.storage.names import class_fault, one_form, printable

_MEANINGS = {
    "path": ("path", "file", "filename", "file_name", "image", "picture"),
    "class": ("class", "label"),
    "group": ("group",),
    "split": ("split", "side"),
}
_NEEDED = "it needs a row of names first, with path and class among them, and perhaps group and split"
_MOST_BYTES = 1 << 28
_MOST_COLUMNS = 200


@dataclass(frozen=True)
class Labels:
    """The rows of a table, one for each picture; all tuples have the same length."""

    file: Path
    paths: tuple[Path, ...]
    names: tuple[str, ...]  # of the paths, below the folder of pictures, with "/"
    classes: tuple[str, ...]
    sides: tuple[str, ...]  # train, validation or test each; "all" where the table has no split
    columns: dict[str, tuple[str, ...]]  # every column by its name, as it stands in the file
    group: str | None  # the column that is called group


def read_labels(file: Path, root: Path, notes: Notes) -> Labels:
    """Read the table in `file`, whose paths begin at the folder `root`, or at that of the table.

    Rows come in the order of their paths. UTF-8, with commas, semicolons or tabs. Raises UserError for everything that
    is wrong, with the line.
    """
    rows = _rows(file)
    header_line, header = next(rows, (0, []))
    meant = _meant(header, file)
    cells: list[tuple[str, Path, int, list[str]]] = []
    lines: dict[str, int] = {}
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise UserError(
                f"{printable(file)} line {line} has {len(row)} columns and line {header_line} {len(header)}; write "
                'names that hold the separator as "a, b"'
            )
        name, path = _picture(row[meant["path"]].strip(), root, file, line)
        if name in lines:
            raise UserError(
                f"{printable(file)} line {line}: {printable(name)} is on line {lines[name]} too; remove one of them"
            )
        lines[name] = line
        cells.append((name, path, line, row))
        if len(cells) > MOST_FILES:
            raise UserError(f"{printable(file)} has more than {MOST_FILES:,} rows; take fewer pictures")
    if not cells:
        raise UserError(f"{printable(file)} has a row of names and no picture below it; add a row for each picture")
    cells.sort(key=lambda cell: cell[1])
    table = Labels(
        file=file,
        paths=tuple(path for _, path, _, _ in cells),
        names=tuple(name for name, _, _, _ in cells),
        classes=tuple(_class(row[meant["class"]], file, line) for _, _, line, row in cells),
        sides=tuple(_sides([row[meant["split"]] for _, _, _, row in cells], [c[2] for c in cells], file, notes))
        if "split" in meant
        else ("all",) * len(cells),
        columns={name: tuple(row[i].strip() for _, _, _, row in cells) for i, name in enumerate(header)},
        group=header[meant["group"]] if "group" in meant else None,
    )
    notes.say(f"classes are those of {printable(file.name)}, and folders mean nothing")
    return table


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of a CSV file in UTF-8."""
    shown = printable(file)
    try:
        data = read_regular(file, _MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"--labels {shown} cannot be read ({error.strerror}); give a CSV file") from None
    if len(data) > _MOST_BYTES:
        raise UserError(f"{shown} has more than {_MOST_BYTES >> 20} MiB and is no table of labels; give another file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{shown} is not UTF-8 at byte {error.start}; save it as 'CSV UTF-8' (Excel), or as UTF-8 in an editor"
        ) from None
    if "\0" in text:
        raise UserError(f"{shown} is no text; give a CSV file, saved as UTF-8")
    first = text.lstrip("\r\n").split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if row or reader.line_num > 1:
                yield reader.line_num, row
    except csv.Error as error:
        raise UserError(f"{shown} line {reader.line_num} is not CSV ({error}); mend the quotes") from None


def _meant(header: list[str], file: Path) -> dict[str, int]:
    """Return the places of path, class, group and split in the row of names, which is stripped in place."""
    header[:] = [name.strip() for name in header]
    shown = ", ".join(printable(name) for name in header[:8]) + ", ..." * (len(header) > 8)
    if len(header) > _MOST_COLUMNS:
        raise UserError(f"{printable(file)} has {len(header)} columns; {_NEEDED}")
    found: dict[str, int] = {}
    for meaning, synonyms in _MEANINGS.items():
        places = [i for i, name in enumerate(header) if name.casefold() in synonyms]
        exact = [i for i in places if header[i].casefold() == meaning]
        if len(exact or places) > 1:
            raise UserError(f"{printable(file)} has two columns for the {meaning} (columns: {shown}); rename one")
        if places:
            found[meaning] = (exact or places)[0]
    missing = [meaning for meaning in ("path", "class") if meaning not in found]
    if missing:
        raise UserError(
            f"{printable(file)} has no column {' and no column '.join(missing)} (columns: {shown or 'none'}); {_NEEDED}"
        )
    double = next((name for name in header if header.count(name) > 1), None)
    if double is not None:
        raise UserError(f"{printable(file)} has two columns called '{printable(double)}'; rename one")
    return found


def _picture(text: str, root: Path, file: Path, line: int) -> tuple[str, Path]:
    """Return the name below `root` and the path of the picture that a row names."""
    where = f"{printable(file)} line {line}"
    if not text:
        raise UserError(f"{where} has no path; write that of the picture, or remove the row")
    outside = False
    for written in dict.fromkeys((text, text.replace("\\", "/"))):
        for base in (root, file.parent):
            for form in dict.fromkeys((written, one_form(written), _apart(written))):
                name = os.path.relpath(os.path.abspath(base / form), os.path.abspath(root))
                if name.split(os.sep)[0] == os.pardir:
                    outside = True
                elif (root / name).is_file():
                    return Path(name).as_posix(), root / name
    if outside and any((base / text).exists() for base in (root, file.parent)):
        raise UserError(
            f"{where}: {printable(text)} is outside {printable(root)}; give the folder that holds all pictures"
        )
    raise UserError(
        f"{where}: there is no picture {printable(text)} in {printable(root)}; paths begin at that folder or at the "
        "table's; mend the row or remove it"
    )


def _apart(text: str) -> str:
    """Return `text` with accents apart from their letters, as a Mac stores names."""
    import unicodedata

    return unicodedata.normalize("NFD", text)


def _class(text: str, file: Path, line: int) -> str:
    name = one_form(text.strip())
    fault = class_fault(name)
    if fault:
        way = "write one, or remove the row" if not name else "rename it"
        what = f"has no class; {way}" if not name else f"class '{printable(name[:80])}' is not allowed: {fault}; {way}"
        raise UserError(f"{printable(file)} line {line}{' ' if not name else ': '}{what}")
    return name


def _sides(cells: Sequence[str], lines: Sequence[int], file: Path, notes: Notes) -> list[str]:
    """Return train, validation or test for each cell of the column split; "all" when every cell is empty."""
    if not any(cell.strip() for cell in cells):
        return ["all"] * len(cells)
    sides = []
    for cell, line in zip(cells, lines, strict=True):
        side = words.side_of(cell.strip())
        if side is None:
            raise UserError(
                f"{printable(file)} line {line}: split is '{printable(cell[:80])}'; write train, validation or test in "
                "every row, or leave the column out to have the pictures split"
            )
        sides.append(side)
    if "train" not in sides or len(set(sides)) == 1:
        raise UserError(
            f"{printable(file)} has only {' and '.join(sorted(set(sides)))} in its column split; give pictures to "
            "train and to test, or leave the column out to have them split"
        )
    if "test" not in sides:
        notes.say("the validation side of the table is used for the test, because it has no test")
        return ["test" if side == "validation" else side for side in sides]
    return sides
