"""Boxes that people drew, as a table, and how well detections agree with them."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.names import printable
from bnn.storage.records import Record
from neuraljet.mapping.cells import Box, Detection

COLUMNS = ("scene", "left", "top", "right", "bottom", "class")
OVERLAP = 0.33  # area that both cover over that which either covers, as published for DeepPCB
MOST_SIDE = 1 << 20


@dataclass(frozen=True)
class Truth:
    """A box that somebody drew, and its class."""

    label: int
    box: Box


@dataclass(frozen=True)
class ClassScore(Record):
    """What was found of a class, or of all."""

    boxes: int  # drawn
    detections: int
    right: int  # detections of the class of a box that they overlap enough, each box counted once
    precision: float | None  # of the detections so many are right; None of none
    recall: float | None  # of the boxes so many were found
    f_score: float | None  # harmonic mean of both

    @classmethod
    def of(cls, boxes: int, detections: int, right: int) -> "ClassScore":
        """Return the shares of these numbers.

        >>> ClassScore.of(4, 5, 3).f_score
        0.6666666666666666
        """
        f_score = 2 * right / (boxes + detections) if boxes + detections else None
        return cls(
            boxes, detections, right, right / detections if detections else None, right / boxes if boxes else None,
            f_score,
        )  # fmt: skip


def read_boxes(path: Path, classes: Sequence[str]) -> dict[str, list[Truth]]:
    """Return the boxes of each picture, by its file's name.

    The table has the columns scene, left, top, right, bottom and class, in any order; others are ignored. UserError
    names the line that is wrong.
    """
    found: dict[str, list[Truth]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise UserError(
                    f"{printable(path)} has no column {', '.join(missing)}; a table of boxes has {', '.join(COLUMNS)}"
                )
            for row in rows:
                found.setdefault(row["scene"], []).append(_truth(row, classes, f"{path}, line {rows.line_num}"))
    except OSError as error:
        raise UserError(f"{printable(path)} cannot be read ({error.strerror}); give a table of boxes") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{printable(path)} is no table ({error}); save it as CSV in UTF-8") from None
    return found


def _truth(row: Mapping[str, str | None], classes: Sequence[str], where: str) -> Truth:
    texts = [(row[name] or "").strip() for name in COLUMNS[1:5]]
    if not all(text.isdigit() and int(text) <= MOST_SIDE for text in texts):
        raise UserError(f"{printable(where)}: the box {', '.join(map(printable, texts))} is not four whole numbers")
    left, top, right, bottom = map(int, texts)
    name = (row["class"] or "").strip()
    if left >= right or top >= bottom:
        raise UserError(f"{printable(where)}: the box from {left}, {top} to {right}, {bottom} is empty")
    if name not in classes:
        raise UserError(
            f"{printable(where)}: class '{printable(name)}' is unknown; the network has {', '.join(classes)}"
        )
    return Truth(classes.index(name), Box(left, top, right, bottom))


def matched(found: Sequence[Detection], truths: Sequence[Truth]) -> list[int | None]:
    """Return the place of the box that each detection found, None for a detection that found none.

    In order, each takes the box of its class that it overlaps most, of those that no other has taken.
    """
    free, result = set(range(len(truths))), list[int | None]()
    for each in found:
        fitting = [
            (each.box.overlap(truths[place].box), -place)
            for place in free
            if truths[place].label == each.label and each.box.overlap(truths[place].box) > OVERLAP
        ]
        place = -max(fitting)[1] if fitting else None
        if place is not None:
            free.remove(place)
        result.append(place)
    return result


def scores(
    found: Sequence[Sequence[Detection]], truths: Sequence[Sequence[Truth]], classes: Sequence[str]
) -> tuple[ClassScore, dict[str, ClassScore]]:
    """Return the score of all pictures' detections, and that of each class that has a box or a detection."""
    boxes, detected, right = ([0] * len(classes) for _ in range(3))
    for some, drawn in zip(found, truths, strict=True):
        for truth in drawn:
            boxes[truth.label] += 1
        for each, place in zip(some, matched(some, drawn), strict=True):
            detected[each.label] += 1
            right[each.label] += place is not None
    each_class = {
        name: ClassScore.of(*numbers)
        for name, *numbers in zip(classes, boxes, detected, right, strict=True)
        if numbers[0] or numbers[1]
    }
    return ClassScore.of(sum(boxes), sum(detected), sum(right)), each_class
