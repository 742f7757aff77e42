"""From the scores of cells to detections: neighbouring cells that are not good are one, with a class and a box.

lead of a cell   = largest score of another class - score of the good class
detection        = cells of at least `lead` that touch each other, by side or corner
its class        = the class with the largest sum of leads over them
its box          = what their squares of pitch x pitch cover, at the middle of each window, and at least `least` wide
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bnn.integer.reference import Ints

TOUCHING = np.ones((3, 3), np.int64)  # by side or corner


@dataclass(frozen=True)
class Geometry:
    """Where the cells of a map lie in its picture."""

    window: int  # side of the tile that a cell sees, in pixels
    pitch: int  # pixels from a cell to the next
    least: int  # the least side of a box

    @classmethod
    def of(cls, window: int, pitch: int) -> "Geometry":
        """Return the geometry whose boxes are at least two thirds of a window wide, as parts of a tile are."""
        return cls(window, pitch, 2 * window // 3)


@dataclass(frozen=True)
class Box:
    """Pixels left to right - 1 and top to bottom - 1."""

    left: int
    top: int
    right: int
    bottom: int

    def overlap(self, other: "Box") -> float:
        """Return the area that both cover over the area that either covers.

        >>> Box(0, 0, 10, 10).overlap(Box(5, 0, 15, 10))
        0.3333333333333333
        """
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        both = max(0, width) * max(0, height)
        areas = sum((box.right - box.left) * (box.bottom - box.top) for box in (self, other))
        return both / (areas - both) if both else 0.0


@dataclass(frozen=True)
class Detection:
    """Something that was found in a picture."""

    label: int  # the class
    box: Box
    lead: int  # the largest of its cells
    cells: int


def leads(scores: Ints, good: int) -> tuple[Ints, Ints]:
    """Return of scores [classes, rows, columns] by how much each other class leads, and the largest lead.

    The former is [classes, rows, columns], with the least number for the good class, the latter [rows, columns].
    """
    ahead = scores - scores[good]
    ahead[good] = np.iinfo(np.int64).min
    return ahead, ahead.max(axis=0)


def detections(scores: Ints, good: int, lead: int, geometry: Geometry, size: tuple[int, int]) -> list[Detection]:
    """Return what is found in a picture of size (height, width), the largest lead first.

    scores: of its cells, [classes, rows, columns]. good: the class of what is not looked for.
    """
    ahead, largest = leads(scores, good)
    groups, count = ndimage.label(largest >= lead, structure=TOUCHING)
    found = []
    for number, place in enumerate(ndimage.find_objects(groups, max_label=count), 1):
        inside = groups[place] == number
        sums = np.where(inside, np.maximum(ahead[:, place[0], place[1]], 0), 0).sum(axis=(1, 2))
        best = int(np.where(inside, largest[place], np.iinfo(np.int64).min).max())
        sums[good] = -1
        found.append(Detection(int(sums.argmax()), _box(place, geometry, size), best, int(inside.sum())))
    return sorted(found, key=lambda each: (-each.lead, each.box.top, each.box.left))


def _box(place: tuple[slice, slice], geometry: Geometry, size: tuple[int, int]) -> Box:
    """Return the box of cells that fill these rows and columns."""
    sides = []
    for cells, most in zip(place, size, strict=True):
        first, last = (geometry.pitch * (2 * cell) + geometry.window for cell in (cells.start, cells.stop - 1))
        middle, side = (first + last) // 4, max((last - first) // 2 + geometry.pitch, geometry.least)
        begin = middle - side // 2
        sides.append((max(0, begin), min(most, begin + side)))
    (top, bottom), (left, right) = sides
    return Box(left, top, right, bottom)


def counts(found: list[Detection], classes: tuple[str, ...]) -> dict[str, int]:
    """Return how many detections there are of each class that has some."""
    labels: NDArray[np.int64] = np.array([each.label for each in found], np.int64)
    numbers = np.bincount(labels, minlength=len(classes))
    return {name: int(number) for name, number in zip(classes, numbers, strict=True) if number}
