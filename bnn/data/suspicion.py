"""Which pictures look unlike the others of their class or set, so that a person should look at them."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

UNIFORM = 2.0  # gray levels of contrast
FAR, LEAST_FAR = 6.0, 30.0  # robust standard deviations, and gray levels, from the median of the class
FEWEST = 8  # pictures of a class, to say what is usual
MOST_ODD = 0.1  # share of pictures: what is more frequent is not odd
OVEREXPOSED, USUAL_WHITE = 0.5, 0.1  # share of white pixels, and at most so much in the class' median picture


class Measured(Protocol):
    """What is known of a picture: bnn.data.survey.Seen."""

    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def color(self) -> bool: ...
    @property
    def bits(self) -> int: ...
    @property
    def brightness(self) -> float: ...
    @property
    def contrast(self) -> float: ...
    @property
    def white(self) -> float: ...


Value = TypeVar("Value")


def suspicions(seen: Sequence[Measured | None], labels: NDArray[np.int64]) -> Iterator[tuple[int, str]]:
    """Yield the number of each picture that looks odd, and why. None stands for one that cannot be read."""
    for index, picture in enumerate(seen):
        if picture is not None and picture.contrast < UNIFORM:
            yield index, f"uniform: contrast {picture.contrast:.1f} gray levels"
    for label in np.unique(labels):
        members = [i for i in np.flatnonzero(labels == label).tolist() if seen[i] is not None]
        if len(members) >= FEWEST:
            yield from _unlike_their_class([(index, seen[index]) for index in members])
    readable = [(index, picture) for index, picture in enumerate(seen) if picture is not None]
    if len(readable) >= FEWEST:
        yield from _of_another_kind(readable)


def _unlike_their_class(members: "Sequence[tuple[int, Measured | None]]") -> Iterator[tuple[int, str]]:
    there = [(index, picture) for index, picture in members if picture is not None]
    light = np.array([picture.brightness for _, picture in there])
    median = float(np.median(light))
    far = max(FAR * 1.4826 * float(np.median(np.abs(light - median))), LEAST_FAR)
    usual_white = float(np.median([picture.white for _, picture in there]))
    for index, picture in there:
        if abs(picture.brightness - median) > far:
            word = "darker" if picture.brightness < median else "lighter"
            yield index, f"much {word} than its class: {picture.brightness:.0f}, usual is {median:.0f}"
        if picture.white > OVEREXPOSED and usual_white < USUAL_WHITE:
            yield index, f"over-exposed: {picture.white:.0%} of its pixels are white, usual is {usual_white:.0%}"


def _of_another_kind(readable: Sequence[tuple[int, Measured]]) -> Iterator[tuple[int, str]]:
    """Yield what differs in size, colour or depth from nearly all others."""
    sizes = [(picture.height, picture.width) for _, picture in readable]
    shapes = [round(4 * picture.width / picture.height) / 4 for _, picture in readable]
    usual = _usual(sizes)
    if usual is not None:
        for (index, _), size in zip(readable, sizes, strict=True):
            if size != usual:
                yield index, f"another size: {size[0]}x{size[1]}, usual is {usual[0]}x{usual[1]}"
    else:
        shape = _usual(shapes)
        for (index, picture), has in zip(readable, shapes, strict=True):
            if shape is not None and abs(has - shape) > 0.25:
                yield (
                    index,
                    f"another shape: {picture.height}x{picture.width}, others are {shape:g} times as wide as high",
                )
    for words, values in (
        (("gray", "in colour"), [picture.color for _, picture in readable]),
        (("of 8 bits", "of 16 bits"), [picture.bits == 16 for _, picture in readable]),
    ):
        common = _usual(values)
        for (index, _), value in zip(readable, values, strict=True):
            if common is not None and value != common:
                yield index, f"{words[value]}, and the others are {words[common]}"


def _usual(values: Sequence[Value]) -> Value | None:
    """Return the value that nearly all have, None when there is none."""
    counted: dict[Value, int] = {}
    for value in values:
        counted[value] = counted.get(value, 0) + 1
    best = max(counted, key=lambda value: counted[value])
    return best if counted[best] >= (1 - MOST_ODD) * len(values) else None
