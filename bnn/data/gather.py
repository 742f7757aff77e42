"""Which pictures a folder holds, of which class, side and group; none of them is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.data.cards import Card
from bnn.data.groups import across, name_groups
from bnn.data.labels import Labels, read_labels
from bnn.data.layout import SIDES, compare_sides, read_layout
from bnn.data.notes import Notes
from bnn.data.walk import scan
from bnn.errors import UserError
from bnn.limits import MOST_CLASSES
from bnn.storage.names import class_fault, one_form, plain, printable

MOST_PROPOSED = 64  # letters of a name that is proposed
MOST_SHOWN = 3  # examples in a note


@dataclass(frozen=True, eq=False)
class Gathered:
    """The pictures of a folder; all but `classes` have an entry for each."""

    classes: tuple[str, ...]
    paths: tuple[Path, ...]
    names: tuple[str, ...]  # below the folder, with "/"
    labels: NDArray[np.int64]  # [N], indices of classes
    sides: tuple[str, ...]  # train, validation or test; "all" everywhere when the pictures are to be split
    groups: tuple[str, ...] | None  # which part, lot or day; "" for none, None when nobody asks

    @property
    def parted(self) -> bool:
        """Tell whether the pictures came with sides."""
        return self.sides[0] != "all"


def gather(
    root: Path, notes: Notes, card: Card | None = None, labels: Path | None = None, group_by: str | None = None
) -> Gathered:
    """Find the pictures below `root`: in class folders (bnn.data.layout), or by a table of labels (bnn.data.labels).

    Folders come side by side, class by class, and in the order of their paths; rows of a table in that of their paths.
    """
    if labels is not None:
        return _of_table(read_labels(labels, root, notes), root, notes, card, group_by)
    layout = read_layout(root, notes)
    classes = class_names(list(layout.sides[next(iter(layout.sides))]), root, card)
    found = [
        (path, label, side)
        for side, there in layout.sides.items()
        for label, name in enumerate(classes)
        for path in there.get(name, [])
    ]
    return _gathered(
        classes, [path for path, _, _ in found], [label for _, label, _ in found], [side for _, _, side in found],
        root, None, group_by, notes,
    )  # fmt: skip


def _of_table(table: Labels, root: Path, notes: Notes, card: Card | None, group_by: str | None) -> Gathered:
    classes = class_names(sorted(set(table.classes)), root, card)
    _tell_of_others(table, root, notes)
    if table.sides[0] != "all":
        there: dict[str, dict[str, list[Path]]] = {side: {} for side in SIDES if side in table.sides}
        for path, name, side in zip(table.paths, table.classes, table.sides, strict=True):
            there[side].setdefault(name, []).append(path)
        compare_sides(there, {side: f"the {side} rows of {printable(table.file)}" for side in there})
    number = {name: label for label, name in enumerate(classes)}
    return _gathered(
        classes, table.paths, [number[name] for name in table.classes], table.sides, root, table, group_by, notes
    )


def _gathered(
    classes: Sequence[str], paths: Sequence[Path], labels: Sequence[int], sides: Sequence[str], root: Path,
    table: Labels | None, group_by: str | None, notes: Notes,
) -> Gathered:  # fmt: skip
    names = tuple(path.relative_to(root).as_posix() for path in paths)
    groups = name_groups(names, table, group_by, notes)
    if groups is not None:
        _tell_of_parted_groups(groups, sides, notes)
    return Gathered(tuple(classes), tuple(paths), names, np.array(labels, np.int64), tuple(sides), groups)


def _tell_of_others(table: Labels, root: Path, notes: Notes) -> None:
    """Note the pictures below `root` that the table does not name."""
    named = set(table.names)
    found = scan(root, Notes(root)).all_pictures()
    others = [path for path in found if path.relative_to(root).as_posix() not in named]
    if others:
        notes.leave(f"pictures that {printable(table.file.name)} does not name", others[0], len(others))


def _tell_of_parted_groups(groups: Sequence[str], sides: Sequence[str], notes: Notes) -> None:
    parted = across(groups, sides)
    if parted:
        some = "; ".join(
            f"{printable(group)}: {', '.join(there)}" for group, there in list(parted.items())[:MOST_SHOWN]
        )
        notes.say(
            f"{len(parted)} groups lie on several sides of the split that is there ({some}): the test accuracy "
            "flatters; put each on one side, or give the pictures without sides to have them split by group"
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
