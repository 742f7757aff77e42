"""The files that nj_frame_bench reads and writes: frames packed for it, and its log of events."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from finn_build.manifest import Manifest
from finn_build.results import Result, unpack_results, words_as_bytes
from sim.runner import SimulationError


def pack_frames(images: NDArray[np.uint8], tdata_bits: int) -> bytes:
    """Pack uint8 [N, H, W, C] as beats of one pixel each: channel c at bits [8c +: 8], most significant byte first."""
    n, height, width, channels = images.shape
    beat_bytes = tdata_bits // 8
    if tdata_bits % 8 or channels > beat_bytes:
        raise ValueError(f"{channels} channels do not fit a beat of {tdata_bits} bits")
    beats = np.zeros((n, height, width, beat_bytes), np.uint8)
    beats[..., beat_bytes - channels :] = images[..., ::-1]
    return beats.tobytes()


@dataclass
class Events:
    """The event log of one run; cycles count from the end of reset."""

    first: list[int] = field(default_factory=list)  # first pixel of each frame accepted
    last: list[int] = field(default_factory=list)  # last pixel of each frame accepted
    data: list[int] = field(default_factory=list)  # m_axis_tdata of each result
    cycles: list[int] = field(default_factory=list)  # when each result was accepted
    faults: list[str] = field(default_factory=list)  # breaches of the protocol, in words
    end: int = 0
    stuck: bool = False


def read_events(path: Path, rows: int = 1, columns: int = 1) -> Events:
    """Parse the log; raise SimulationError when it does not end as the bench ends it.

    rows, columns: of the cells of a map, each of which is a result. Those of its rows' and frames' ends say so.
    """
    events, cells = Events(), rows * columns
    kind = ""
    for line in path.read_text().splitlines():
        kind, *values = line.split()
        if kind == "F":
            events.first.append(int(values[0]))
        elif kind == "L":
            events.last.append(int(values[0]))
        elif kind == "R":
            events.data.append(int(values[0], 16))
            events.cycles.append(int(values[1]))
            place = (len(events.data) - 1) % cells
            if (values[2] == "1") != (place % columns == columns - 1):
                lacks = "with" if values[2] == "1" else "without"
                events.faults.append(f"result {len(events.data) - 1} came {lacks} m_axis_tlast")
            if cells > 1 and (values[4][:-1] == "1") != (place == cells - 1):
                events.faults.append(
                    f"cell {place} of frame {len(events.data) // cells} says wrongly whether it is the last"
                )
            if values[3] != "0":
                events.faults.append(f"frame_error was set at result {len(events.data) - 1}")
            if values[4][-1] != "0":
                events.faults.append(f"result {len(events.data) - 1} says that its frame was broken")
        elif kind == "E":
            events.faults.append(f"m_axis changed or was withdrawn before it was accepted, in cycle {values[0]}")
        elif kind in "SD":
            events.end, events.stuck = int(values[0]), kind == "S"
    if kind not in ("S", "D"):
        raise SimulationError(f"the simulation ended before its time; the last line of its log is {kind!r}")
    return events


def unpack_result(beat: int, manifest: Manifest) -> Result:
    """Return what one result beat says; the class is -1 when it says that its frame was broken."""
    return unpack_results(words_as_bytes([beat], manifest.output), manifest.output).of(0)


def to_signed(raw: int, bits: int) -> int:
    """Read `bits` bits as a two's complement number."""
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def unpack_stream(
    beats: list[int], shape: tuple[int, int, int], bits: int, signed: bool
) -> tuple[NDArray[np.int64], int]:
    """Return the beats of one frame as int64 [H, W, C], and how many there were; absent ones are 0."""
    height, width, channels = shape
    values = np.zeros((height * width, channels), np.int64)
    for position, beat in enumerate(beats[: height * width]):
        for channel in range(channels):
            raw = beat >> (channel * bits) & ((1 << bits) - 1)
            values[position, channel] = to_signed(raw, bits) if signed else raw
    return values.reshape(shape), len(beats)
