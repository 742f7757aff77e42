"""What nj_camera_sync makes of video: the frames of a stream of lines, and which of them are broken."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Beats = NDArray[Any]  # [N], or [N, bytes of a beat]


@dataclass(frozen=True, eq=False)
class Line:
    """Beats up to the next that ends a line, or that starts a frame."""

    beats: Beats
    starts: bool = False  # a frame, with its first beat
    ended: bool = True  # is its last beat marked as a line's last?


@dataclass
class Framed:
    """What comes out between two resets."""

    frames: list[Beats] = field(default_factory=list)  # each [height * beats of a line, ...]
    broken: list[bool] = field(default_factory=list)
    rest: Beats | None = None  # the frame under way at the end, as if it were filled
    errors: int = 0  # broken frames, those that are under way too, and gaps with beats of no frame behind right ones


def framed_video(lines: Iterable[Line], height: int, beats: int) -> Framed:
    """Return the frames of `height` lines of `beats` beats; see hw/rtl/nj_camera_sync.sv for the rules."""
    found = Framed()
    frame: Beats | None = None  # under way
    y = x = 0
    told, skip = True, False
    for line in lines:
        if line.starts:
            if frame is not None:
                found.errors += not told
                _end(found, frame, True)
            frame, y, x, told, skip = (
                np.zeros((height, beats, *line.beats.shape[1:]), line.beats.dtype),
                0,
                0,
                False,
                False,
            )
        elif frame is None:
            found.errors += not told
            told = True
            continue
        elif skip:
            skip = not line.ended
            continue
        assert frame is not None
        count = len(line.beats)
        taken = min(count, beats - x)
        frame[y, x : x + taken] = line.beats[:taken]
        x += taken
        right = x == beats and taken == count and line.ended
        if x < beats and not line.ended:
            continue  # the stream ends here, or a start comes next
        if not right:
            found.errors += not told
            told = True
            skip = x == beats and not line.ended
        y, x = y + 1, 0
        if y == height:
            _end(found, frame, told)
            frame = None
    found.rest = None if frame is None else frame.reshape(-1, *frame.shape[2:])
    return found


def framed_packets(packets: Iterable[Line], beats: int) -> Framed:
    """Return the frames of packets that are each ended, of at most twice the `beats` of a frame: nj_frame_sync."""
    found = Framed()
    for packet in packets:
        count = len(packet.beats)
        assert packet.ended and 0 < count <= 2 * beats
        frame = np.zeros((beats, *packet.beats.shape[1:]), packet.beats.dtype)
        frame[: min(count, beats)] = packet.beats[:beats]
        _end(found, frame[None], count != beats)
        found.errors += count != beats
    return found


def _end(found: Framed, frame: Beats, broken: bool) -> None:
    found.frames.append(frame.reshape(-1, *frame.shape[2:]))
    found.broken.append(broken)


def marks(lines: Sequence[Line]) -> tuple[Beats, NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the beats of lines, and of each whether it starts a frame and whether it ends a line."""
    user = [np.arange(len(line.beats)) == (0 if line.starts else -1) for line in lines]
    last = [np.arange(len(line.beats)) == (len(line.beats) - 1 if line.ended else -1) for line in lines]
    joined = (np.concatenate(part) for part in ([line.beats for line in lines], user, last))
    beats, starts, ends = joined
    return beats, starts.astype(np.uint8), ends.astype(np.uint8)
