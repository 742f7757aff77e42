"""Does the circuit of a map of cells equal the network over whole pictures? Simulate it, and compare every cell."""

import time
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.data.notes import Notes
from bnn.data.scenes import scenes
from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.storage.names import printable
from bnn.storage.records import FLAT, Record
from bnn.storage.work import work_folder
from finn_build.manifest import Manifest
from finn_build.operating import point_in
from finn_build.results import point_word, unpack_results, words_as_bytes
from sim import design as designs
from sim.bench import Bench, BenchRun
from sim.frames import Events
from sim.localise import behind_the_streams, first_difference
from sim.pictures import planes
from sim.points import points_to_check, taken_in_turn
from sim.subject import Subject, opened_subject
from sim.verification import Difference

REPORT = "verification.json"
RANDOM_FRAMES = 2  # of noise, when no pictures are given
SOME = 1000  # cells whose margins say at which operating points the accelerator is checked


@dataclass(frozen=True)
class MapRates(Record):
    """Rate and latency in clocks, as observed at the ports; None when there were too few frames to tell."""

    cycles_per_frame: float | None  # between the last cells of back-to-back frames; an int when it is whole
    latency_cycles: int | None  # from the last pixel of a frame to its last cell, the longest seen


@dataclass(frozen=True)
class CellMismatch(Record):
    """The first cell that differed."""

    frame: int
    row: int
    column: int
    expected_scores: tuple[int, ...]
    scores: tuple[int, ...] | None  # None when the cell never came
    where: Difference | None = field(default=None, metadata={FLAT: True})


@dataclass(frozen=True)
class MapVerification(Record):
    """verification.json of a map of cells."""

    format: str
    version: int
    passed: bool
    frames: int  # pictures
    runs: int  # of a picture, at the operating points in turn
    rows: int
    columns: int
    cells: int  # compared, of all runs
    mismatches: int  # cells of which a part differs (class, scores, margin, unsure), or that never came
    wrong_frames: int
    faults: tuple[str, ...]  # breaches of the protocol or the rate, in words
    rates: MapRates = field(metadata={FLAT: True})
    cycles: int
    cycles_per_second: int
    build_seconds: float
    first_mismatch: CellMismatch | None
    data: str
    backpressure: float
    seed: int
    model_sha256: str
    seconds: float


def verify_map(
    acc: Path,
    data: str | Path | None = None,
    frames: str | int | None = None,
    backpressure: float = 0.0,
    seed: int = 1,
    trust: bool = False,
    points: int = 1,
) -> MapVerification:
    """Simulate the map accelerator in folder `acc` on whole pictures and compare every cell with its model.onnx.

    data: a folder of pictures in the size of the accelerator's frame, or a list of them; None or "random" for noise.
    frames: how many, from the first; None or "all" for all. points: passes over the pictures behind the first one, in
    which the operating point changes from frame to frame (sim.points). Write verification.json into the folder.
    UserError for pictures of another size; else as `sim.accelerator.verify`.
    """
    started = time.perf_counter()
    if not 0 <= backpressure < 1:
        raise UserError(f"backpressure {backpressure} is out of range; give a probability from 0 to below 1")
    with opened_subject(acc, REPORT, trust=trust, maps=True) as subject:
        manifest, network = subject.manifest, subject.network
        manifest.require_rtl("simulation")
        name, images = _pictures(manifest, data, frames, seed)
        bench = Bench(subject.acc, manifest, designs.rtl(subject.acc, manifest), round(backpressure * 65536), seed)
        scores = network.run(planes(images))
        found = _compared(subject, bench, images, scores, points)
        rows, columns = manifest.cells
        verification = MapVerification(
            format="neuraljet-map-verification",
            version=1,
            passed=not (found.wrong.any() or found.faults),
            frames=len(images),
            runs=points + 1,
            rows=rows,
            columns=columns,
            cells=found.wrong.size,
            mismatches=int(found.wrong.sum()),
            wrong_frames=int(found.wrong.any(axis=1).sum()),
            faults=found.faults,
            rates=found.rates,
            cycles=found.run.events.end,
            cycles_per_second=round(found.run.events.end / found.run.seconds),
            build_seconds=round(found.run.build_seconds, 3),
            first_mismatch=_look_into(bench, network, images, scores, found),
            data=name,
            backpressure=backpressure,
            seed=seed,
            model_sha256=manifest.model_sha256,
            seconds=round(time.perf_counter() - started, 3),
        )
        subject.write(verification)
    return verification


def _pictures(
    manifest: Manifest, data: str | Path | None, frames: str | int | None, seed: int
) -> tuple[str, NDArray[np.uint8]]:
    """Return the name of the pictures and the pictures [N, H, W, C]."""
    size = manifest.input
    shape, count = (size.height, size.width, size.channels), None if frames in (None, "all") else int(frames)
    if data is None or str(data) == "random":
        noise = np.random.default_rng(seed).integers(0, 256, (count or RANDOM_FRAMES, *shape), np.uint8)
        return "random", noise
    found: list[NDArray[np.uint8]] = []
    for scene in scenes(data, size.channels, None, Notes(Path(data))):
        if scene.image.shape != shape:
            raise UserError(
                f"{printable(scene.path)} is {scene.image.shape[0]}x{scene.image.shape[1]} and the accelerator takes "
                f"frames of {size.height}x{size.width}; give pictures of that size, or build it with --frame "
                f"{scene.image.shape[0]}x{scene.image.shape[1]}"
            )
        found.append(scene.image)
        if len(found) == count:
            break
    if count is not None and len(found) < count:
        raise UserError(f"--frames {count}: {data} has {len(found)} pictures; give at most that or 'all'")
    return str(data), np.stack(found)


@dataclass(frozen=True, eq=False)
class _Comparison:
    run: BenchRun
    points: tuple[OperatingPoint, ...]  # of each frame of all runs
    wrong: NDArray[np.bool_]  # [frames of all runs, cells]
    scores: Ints  # [.., classes] of the circuit, of every cell that came
    faults: tuple[str, ...]
    rates: MapRates


def _compared(
    subject: Subject, bench: Bench, images: NDArray[np.uint8], scores: Ints, passes: int
) -> _Comparison:  # fmt: skip
    """Simulate all pictures and compare. scores: of the network, [N, classes, rows, columns]."""
    manifest = subject.manifest
    output, cells = manifest.output, prod(manifest.cells)
    flat = scores.transpose(0, 2, 3, 1).reshape(len(images), cells, -1)  # [N, cells, classes]
    own = point_in(subject.acc, output, manifest.model_sha256)
    points = tuple(taken_in_turn(points_to_check(flat[0, :SOME], output, own, bench.seed), len(images), passes))
    run = bench.run(images, points=[point_word(point, output) for point in points])
    events, wrong = run.events, np.ones((len(points), cells), bool)
    came = []
    for frame, point in enumerate(points):
        data = events.data[frame * cells : (frame + 1) * cells]
        if not data:
            break
        words, expected = unpack_results(words_as_bytes(data, output), output), flat[frame % len(images)]
        classes, margins, unsure = decide(expected, point)
        here = len(data)
        wrong[frame, :here] = (words.scores != expected[:here]).any(axis=1) | words.broken
        wrong[frame, :here] |= (words.classes != classes[:here]) | (words.margins != margins[:here])
        wrong[frame, :here] |= words.unsure != unsure[:here]
        came.append(words.scores)
    rates = _rates(events, cells)
    faults = _faults(manifest, events, len(points), cells, rates, stalled=bench.stall > 0)
    return _Comparison(run, points, wrong, np.concatenate(came) if came else flat[0, :0], faults, rates)


def _rates(events: Events, cells: int) -> MapRates:
    """Return the rates of a run: the first and the last gap between frames are left out when there are enough."""
    ends = events.cycles[cells - 1 :: cells]
    some = ends[1:-1] if len(ends) >= 4 else ends
    period = (some[-1] - some[0]) / (len(some) - 1) if len(some) > 1 else None
    waits = [end - last for end, last in zip(ends, events.last, strict=False)]
    whole = period is not None and period.is_integer()
    return MapRates(int(period) if whole and period is not None else period, max(waits, default=None))


def _faults(
    manifest: Manifest, events: Events, frames: int, cells: int, rates: MapRates, stalled: bool
) -> tuple[str, ...]:  # fmt: skip
    faults = events.faults[:20]
    if events.stuck:
        faults.append(f"nothing moved any more after {len(events.data)} of {frames * cells} cells, cycle {events.end}")
    if len(events.data) > frames * cells:
        faults.append(f"{len(events.data) - frames * cells} cells too many")
    clocks = rates.cycles_per_frame
    if not stalled and frames >= 3 and clocks is not None and clocks > manifest.cycles_per_frame:
        faults.append(
            f"a frame takes {clocks:g} clocks and not {manifest.cycles_per_frame}, as was promised: a FIFO is too small"
        )
    return tuple(faults)


def _look_into(
    bench: Bench, network: IntegerNetwork, images: NDArray[np.uint8], scores: Ints, found: _Comparison
) -> CellMismatch | None:
    """Run the first wrong frame again alone, with taps, and return where it differs first; None when none was wrong."""
    if not found.wrong.any():
        return None
    cells, columns = found.wrong.shape[1], bench.manifest.cells[1]
    frame, cell = divmod(int(np.argmax(found.wrong)), cells)
    picture, (row, column) = frame % len(images), divmod(cell, columns)
    place = frame * cells + cell
    got = tuple(found.scores[place].tolist()) if place < len(found.scores) else None
    expected = tuple(scores[picture, :, row, column].tolist())
    point = found.points[frame]
    _, tensors = network.run(planes(images[picture : picture + 1]), taps=True)
    flat = scores[picture].reshape(len(expected), -1).T
    tensors["class"] = decide(flat, point).classes.reshape(1, 1, *scores.shape[2:])
    with work_folder() as temporary:
        work = Path(temporary)
        words = [point_word(point, bench.manifest.output)]
        bench.run(images[picture : picture + 1], tap_skip=0, work=work, points=words)
        where = first_difference(bench.manifest, tensors, work, last=True) or behind_the_streams(bench.manifest)
    return CellMismatch(frame, row, column, expected, got, where)
