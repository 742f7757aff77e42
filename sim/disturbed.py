"""Video as it should not be: frames of a camera, of which a part is disturbed on its way, in every way there is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from sim.video import Beats, Line

RIGHT = "right"
SHARE = 0.5  # of the frames are disturbed


@dataclass(frozen=True, eq=False)
class Sent:
    """A frame as it comes."""

    kind: str
    lines: tuple[Line, ...]  # of a framing without lines one
    reset: int | None = None  # a reset comes in front of the line of this number


def as_lines(frame: Beats) -> list[Line]:
    """Return the lines of a frame of beats [H, B, bytes]."""
    return [Line(beats, y == 0) for y, beats in enumerate(frame)]


def _short_line(lines: list[Line], draw: np.random.Generator) -> list[Line]:
    y = int(draw.integers(len(lines)))
    kept = int(draw.integers(1, max(2, len(lines[y].beats))))
    lines[y] = replace(lines[y], beats=lines[y].beats[:kept])
    return lines


def _long_line(lines: list[Line], draw: np.random.Generator) -> list[Line]:
    y = int(draw.integers(len(lines)))
    more = lines[y].beats[: int(draw.integers(1, len(lines[y].beats) + 1))]
    lines[y] = replace(lines[y], beats=np.concatenate([lines[y].beats, more]))
    return lines


def _lost_line(lines: list[Line], draw: np.random.Generator) -> list[Line]:
    y = int(draw.integers(1, len(lines)))
    return lines[:y] + lines[y + 1 :]


def _lost_lines(lines: list[Line], draw: np.random.Generator) -> list[Line]:
    return lines[: int(draw.integers(1, len(lines)))]


def _start_in_the_middle(lines: list[Line], draw: np.random.Generator) -> list[Line]:
    """Break off in the middle of a line; the next frame's start follows."""
    y = int(draw.integers(1, len(lines)))
    part = lines[y].beats[: max(1, int(draw.integers(len(lines[y].beats))))]
    return [*lines[:y], replace(lines[y], beats=part, ended=False)]


def _start_lost(lines: list[Line], draw: np.random.Generator) -> list[Line]:
    return [replace(lines[0], starts=False), *lines[1:]]


def _end_lost(lines: list[Line], draw: np.random.Generator) -> list[Line]:
    """Join two lines: the first one's end is not marked."""
    y = int(draw.integers(len(lines) - 1))
    joined = replace(lines[y], beats=np.concatenate([lines[y].beats, lines[y + 1].beats]))
    return [*lines[:y], joined, *lines[y + 2 :]]


def _lines_too_many(lines: list[Line], draw: np.random.Generator) -> list[Line]:
    return [*lines, *(replace(line, starts=False) for line in lines[-int(draw.integers(1, 3)) :])]


VIDEO: dict[str, Callable[[list[Line], np.random.Generator], list[Line]]] = {
    "a line too short": _short_line,
    "a line too long": _long_line,
    "a line lost": _lost_line,
    "the last lines lost": _lost_lines,
    "start in the middle": _start_in_the_middle,
    "start lost": _start_lost,
    "end of a line lost": _end_lost,
    "lines too many": _lines_too_many,
}
RESET, BEGUN = "reset in the middle", "begun in the middle"


def disturbed_video(frames: Iterable[Beats], seed: int) -> Iterator[Sent]:
    """Yield the frames [H, B, bytes], the first begun in the middle, about half of the others disturbed in turn.

    What comes last is a right frame, sent once more.
    """
    draw, number = np.random.default_rng(seed), 0
    kinds = [*VIDEO, RESET]
    last: list[Line] = []
    for index, frame in enumerate(frames):
        lines = last = as_lines(frame)
        if index == 0:
            yield Sent(BEGUN, tuple(lines[len(lines) // 2 :]))
        elif draw.random() >= SHARE:
            yield Sent(RIGHT, tuple(lines))
        else:
            kind, number = kinds[number % len(kinds)], number + 1
            if kind == RESET:
                yield Sent(kind, tuple(lines), int(draw.integers(1, len(lines))))
            else:
                yield Sent(kind, tuple(VIDEO[kind](list(lines), draw)))
    yield Sent(RIGHT, tuple(last))


def disturbed_packets(frames: Iterable[Beats], seed: int) -> Iterator[Sent]:
    """Yield frames as packets that only their ends are marked of, about half of them too short or too long."""
    draw = np.random.default_rng(seed)
    last: Beats | None = None
    for frame in frames:
        last = beats = frame.reshape(-1, frame.shape[-1])
        kind = draw.choice([RIGHT, "too short", "too long"], p=[1 - SHARE, SHARE / 2, SHARE / 2])
        size = int(draw.integers(1, len(beats)))
        if kind == "too short":
            beats = beats[:size]
        elif kind == "too long":
            beats = np.concatenate([beats, beats[:size]])
        yield Sent(str(kind), (Line(beats),))
    if last is not None:
        yield Sent(RIGHT, (Line(last),))
