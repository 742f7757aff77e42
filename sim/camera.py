"""Whole frames of a camera, right and disturbed ones, through what stands in front of an accelerator and through both.

Compared are the beats of each frame that is passed on, by a hash, and whether it is broken; every pixel of the network;
and each result: whether it says that its frame was broken, and all of it where it was not. What was under way at a
reset may come or not, but nothing else.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from bnn.camera import Camera, Raw
from bnn.data.exposures import exposures
from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint
from bnn.integer.network import IntegerNetwork
from bnn.storage.work import work_folder
from finn_build.manifest import Manifest
from finn_build.results import unpack_results, words_as_bytes
from hw.camera import beats_of, frame_of
from sim.bench import Bench, slowest_cycles
from sim.design import link_memories
from sim.disturbed import RESET, Sent, disturbed_packets, disturbed_video
from sim.localise import BENCHES
from sim.pictures import Pictures, planes
from sim.points import expected_results
from sim.runner import SimulationError, noise, simulate
from sim.verification import CameraCheck
from sim.video import Framed, Line, framed_packets, framed_video, marks

FRAMES = 20  # when no number is given
LAST, RESET_BIT, START = 1, 2, 4
IDLE = 0.2  # probability that the camera has no beat, and that a result is not taken
FACTOR = 1664525  # of the hash, see nj_camera_bench


@dataclass
class Epoch:
    """What is due, and what came, from one reset to the next."""

    hashes: list[int] = field(default_factory=list)
    broken: list[bool] = field(default_factory=list)
    views: list[NDArray[np.uint8]] = field(default_factory=list)  # of each frame [H, W, C]
    rest: NDArray[np.uint8] | None = None  # of the frame under way


@dataclass
class Came:
    """What a run gave from one reset to the next."""

    frames: list[tuple[int, bool]] = field(default_factory=list)  # hash, broken
    results: list[int] = field(default_factory=list)
    pixels: list[int] = field(default_factory=list)


def verify_camera(
    bench: Bench, network: IntegerNetwork, pictures: Pictures, count: int | None, idle: float = IDLE
) -> CameraCheck | None:
    """Send `count` frames of the test pictures; return what came of them, None for an accelerator without a camera.

    UserError when frames are asked for and there is no camera, or when a picture is no frame of it.
    """
    camera = bench.manifest.camera
    if camera is None:
        if count is not None:
            raise UserError(
                f"--camera-frames {count}: {bench.acc} was built without a camera; build it with --camera, or leave "
                "the option out"
            )
        return None
    count = FRAMES if count is None else count
    started = time.perf_counter()
    events: Counter[str] = Counter()
    with work_folder() as place:
        epochs, beats = _write(
            place / "beats.bin", camera, _frames(camera, pictures, bench.seed, count), events, bench.seed
        )
        clocks, faults = _simulate(bench, camera, place, beats, idle)
        came = _read(place, faults)
    return _compared(bench.manifest, network, epochs, came, faults, events, (idle, clocks, started))


def _frames(camera: Camera, pictures: Pictures, seed: int, count: int) -> Iterator[Raw]:
    """Yield so many whole frames; the test pictures again from the first when there are fewer."""
    some = pictures.names[:count]
    for index, frame in enumerate(exposures(camera, pictures.source, some, seed)):
        if index == count:
            return
        if pictures.source is not None and not np.array_equal(camera.view(frame), pictures.images[index]):
            raise UserError(f"{some[index]} is not what it was a moment ago; leave the pictures alone meanwhile")
        yield frame
    if pictures.source is not None and len(some) < count:
        yield from islice(cycle(list(exposures(camera, pictures.source, some, seed))), count - len(some))


def _write(
    path: Path, camera: Camera, frames: Iterator[Raw], events: Counter[str], seed: int
) -> tuple[list[Epoch], int]:  # fmt: skip
    """Write the beats of all frames, and return what is due of them and how many beats there are."""
    video = camera.framing == "video"
    disturbed = (disturbed_video if video else disturbed_packets)((beats_of(camera, frame) for frame in frames), seed)
    epochs: list[Epoch] = []
    total, lines = 0, list[Line]()
    with path.open("wb") as file:
        reset = False
        for sent in disturbed:
            events[sent.kind] += 1
            for part, behind in _parts(sent):
                total += _put(file, camera, part, reset)
                lines += part
                reset = behind
                if behind:
                    epochs.append(_due(camera, lines))
                    lines = []
    epochs.append(_due(camera, lines))
    return epochs, total


def _parts(sent: Sent) -> list[tuple[list[Line], bool]]:
    """Return the lines of a frame up to a reset, and those behind it; True: a reset follows."""
    if sent.kind != RESET or sent.reset is None:
        return [(list(sent.lines), False)]
    return [(list(sent.lines[: sent.reset]), True), (list(sent.lines[sent.reset :]), False)]


def _put(file: BinaryIO, camera: Camera, lines: list[Line], reset: bool) -> int:
    beats, starts, ends = marks(lines)
    flags = starts * START + ends * LAST
    if camera.framing == "frame":
        flags = ends * LAST
    flags[0] |= RESET_BIT * reset
    file.write(np.concatenate([flags[:, None], beats[:, ::-1]], axis=1).astype(np.uint8).tobytes())
    return len(beats)


def _due(camera: Camera, lines: list[Line]) -> Epoch:
    if camera.framing == "video":
        framed = framed_video(lines, camera.height, camera.line_beats)
    else:
        framed = framed_packets(lines, camera.height * camera.line_beats)
    return _epoch(camera, framed)


def _epoch(camera: Camera, framed: Framed) -> Epoch:
    frames = [frame_of(camera, frame) for frame in framed.frames]
    rest = None if framed.rest is None else camera.view(frame_of(camera, framed.rest))
    hashes = [_hash(camera, frame) for frame in framed.frames]
    return Epoch(hashes, framed.broken, [camera.view(frame) for frame in frames], rest)


def _hash(camera: Camera, beats: NDArray[np.uint8]) -> int:
    """Return the hash of a frame's beats [N, bytes], as nj_camera_bench computes it."""
    used = camera.beat * camera.pixel_bits
    words = -(-beats.shape[1] // 4)
    padded = np.zeros((len(beats), 4 * words), np.uint8)
    padded[:, : beats.shape[1]] = beats
    assert used > 8 * (beats.shape[1] - 1)  # what fills up to whole bytes is 0
    folded = np.bitwise_xor.reduce(padded.view("<u4"), axis=1)
    powers = np.cumprod(np.concatenate([[1], np.full(len(beats) - 1, FACTOR)]).astype(np.uint32), dtype=np.uint32)
    return int((folded * powers[::-1]).sum(dtype=np.uint32))


def _simulate(bench: Bench, camera: Camera, place: Path, beats: int, idle: float) -> tuple[int, list[str]]:
    """Run the bench in `place`; return the clocks, and what was wrong at its end."""
    from finn_build.camera import TOP

    manifest, design = bench.manifest, bench.design
    assert any(source.stem == TOP for source in design.sources)
    slowest = slowest_cycles(manifest) + camera.height * camera.line_beats
    quiet, silence = 4 * slowest + 2000, 8 * slowest + 10_000
    link_memories(bench.acc, place)
    clocks = 2 * beats / (1 - idle) + 4 * silence
    simulate(
        "nj_camera_bench", [*design.sources, BENCHES / "nj_camera_bench.sv"], "sim.benches.frames",
        parameters={
            "InBits": camera.tdata_bits, "DataBits": camera.beat * camera.pixel_bits, "ViewBits": 8 * camera.channels,
            "OutBits": manifest.output.tdata_bits, "PointBits": manifest.output.point_bits,
        },
        build_args=design.build_args, work=place, env={"NJ_FRAMES_OUTCOME": str(place / "outcome.json")},
        timeout_s=300 + clocks / design.slowest,
        plusargs=[
            f"+beats={place / 'beats.bin'}", f"+log={place / 'events.log'}", f"+view={place / 'view.hex'}",
            f"+count={beats}", f"+idle={round(idle * 65536)}", f"+stall={round(idle * 65536)}",
            f"+stall_seed={bench.seed}", f"+quiet={quiet}", f"+silence={silence}",
            *(noise(bench.seed) if design.noise else ()),
        ],
    )  # fmt: skip
    json.loads((place / "outcome.json").read_text())
    kind, at = (place / "events.log").read_text().rsplit("\n", 2)[-2].split()
    if kind not in "SD":
        raise SimulationError(f"the simulation ended before its time; the last line of its log is {kind!r}")
    return int(at), [f"nothing moved any more from clock {at} on, and beats were left"] if kind == "S" else []


def _read(place: Path, faults: list[str]) -> list[Came]:
    came = [Came()]
    for line in (place / "events.log").read_text().splitlines():
        kind, *values = line.split()
        if kind == "F":
            came[-1].frames.append((int(values[0], 16), values[1] == "1"))
        elif kind == "R":
            came[-1].results.append(int(values[0], 16))
            if values[2] != "1":
                faults.append(f"the result of clock {values[1]} came without m_axis_tlast")
        elif kind == "E":
            faults.append(f"m_axis changed or was withdrawn before it was accepted, in clock {values[0]}")
        elif kind == "X":
            came.append(Came())
    for epoch, text in zip(came, (place / "view.hex").read_text().split("x\n"), strict=True):
        epoch.pixels = [int(word, 16) for word in text.split()]
    return came


def _compared(
    manifest: Manifest, network: IntegerNetwork, epochs: list[Epoch], came: list[Came], faults: list[str],
    events: Counter[str], how: tuple[float, int, float],
) -> CameraCheck:  # fmt: skip
    if len(came) != len(epochs):
        faults.append(f"{len(came) - 1} resets came, and {len(epochs) - 1} were due")
    output, wrong, pixels = manifest.output, 0, 0
    neutral = OperatingPoint.neutral(len(output.classes))
    for number, (due, got) in enumerate(zip(epochs, came, strict=False)):
        whole = number == len(epochs) - 1
        wrong += _differ(list(zip(due.hashes, due.broken, strict=True)), got.frames, whole)
        maps = [*due.views, *([] if due.rest is None else [due.rest])]
        channels = maps[0].shape[2] if maps else 1
        bytes_of = np.concatenate([view.reshape(-1, channels) for view in maps]) if maps else np.zeros((0, 1), np.uint8)
        words = (bytes_of.astype(np.int64) << (8 * np.arange(channels))).sum(axis=1).tolist()
        sure = sum(len(view.reshape(-1, channels)) for view in due.views)
        wrong += _differ(words, got.pixels, whole and due.rest is None, sure if whole else 0)
        pixels += len(got.pixels)
        results = unpack_results(words_as_bytes(got.results, output), output)
        expected = []
        if due.views:
            expected = expected_results(network.run(planes(np.stack(due.views))), [neutral] * len(due.views))
        said = [(True, None) if results.broken[i] else (False, results.of(i)) for i in range(len(got.results))]
        wanted = [(True, None) if bad else (False, right) for bad, right in zip(due.broken, expected, strict=True)]
        wrong += _differ(wanted, said, whole)
    idle, clocks, started = how
    return CameraCheck(
        frames=sum(events.values()),
        events=dict(sorted(events.items())),
        ended=sum(len(each.frames) for each in came),
        broken=sum(bad for each in came for _, bad in each.frames),
        pixels=pixels,
        results=sum(len(each.results) for each in came),
        mismatches=wrong,
        faults=tuple(faults[:20]),
        idle=idle,
        clocks=clocks,
        seconds=round(time.perf_counter() - started, 3),
    )


def _differ(due: list[Any], got: list[Any], whole: bool, least: int = 0) -> int:
    """Return how many entries differ, are too many, or missing; unless `whole` only the first `least` must be there."""
    missing = max(0, (len(due) if whole else least) - len(got))
    return sum(one != other for one, other in zip(due, got, strict=False)) + max(0, len(got) - len(due)) + missing
