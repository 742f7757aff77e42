"""Simulate slices of an accelerator's frames, and compute the reference in parts, as tasks of an engine."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnn.engines import Engine, Task, run
from bnn.integer.decision import OperatingPoint
from bnn.qonnx.read import read_qonnx
from bnn.storage.records import sha256
from finn_build.manifest import Manifest
from finn_build.results import Result
from sim.bench import Bench, BenchRun
from sim.design import Design
from sim.frames import Events
from sim.pictures import planes
from sim.points import expected_results
from sim.slices import Slice, compared, cuts, joined, simulate_frames
from sim.subject import changed, seen_by_worker, unseen

SIMULATE, SCORE = "sim.farmed:simulate_slice", "sim.farmed:score"
PARTS = 4  # of the pictures for each worker to compute the reference of, after the slices


def simulate_in_slices(
    bench: Bench,
    images: NDArray[np.uint8],
    points: Sequence[OperatingPoint],
    engine: Engine,
    place: Path,
) -> tuple[Slice, list[Result], list[str]]:
    """Return all frames as one simulation gives them, what is expected, and what only slices showed, in words.

    The engine's workers take a slice each, and then parts of the reference. place: a folder that they can read. When a
    slice is wrong, or its clocks do not go on from those of the slice before, all frames are simulated in one, here,
    and that is what is returned.
    """
    frames = place / "frames.npy"
    np.save(frames, images)
    given = {
        "accelerator": str(bench.acc.resolve()), "seal": bench.manifest.seal, "frames": str(frames),
        "frames_sha256": sha256(frames),
    }  # fmt: skip
    bench_given = {**given, "design": _design_entries(bench.design), "stall": bench.stall}
    parts = [
        (begin, end, Task(SIMULATE, {**bench_given, **_own(number, begin, end, points[begin:end], bench.seed)}))
        for number, (begin, end) in enumerate(cuts(len(points), engine.workers, overlap(bench.manifest)))
    ]
    scoring = [
        Task(SCORE, {**given, "begin": begin, "end": end})
        for begin, end in cuts(len(images), PARTS * engine.workers, 0)
    ]
    records = run([*(task for _, _, task in parts), *scoring], engine)
    scores = np.concatenate([np.array(records[task.key]["scores"], np.int64) for task in scoring])
    expected = expected_results(scores[np.arange(len(points)) % len(images)], points)
    output = bench.manifest.output
    slices = [compared(_run(records[task.key]), output, expected, begin, end) for begin, end, task in parts]
    whole = joined(slices, bool(bench.stall))
    if whole is not None:
        return whole, expected, []
    everything = simulate_frames(bench, images, points, 0, len(points))
    whole = compared(everything, output, expected, 0, len(points))
    return whole, expected, _only_in_slices(slices) if whole.right else []


def overlap(manifest: Manifest) -> int:
    """Return how many frames fill the accelerator as far as it is ever full, and one more."""
    return manifest.frames_in_flight + 2


def simulate_slice(description: dict[str, Any]) -> dict[str, Any]:
    """Simulate a slice, a task. UserError when the accelerator or the frames are others here."""
    acc, manifest, images = _given(description)
    kinds = [OperatingPoint(tuple(offsets), least) for offsets, least in description["kinds"]]
    found = simulate_frames(
        Bench(acc, manifest, _design(description["design"]), description["stall"], description["seed"]), images,
        [kinds[kind] for kind in description["points"]], description["begin"], description["end"],
    )  # fmt: skip
    return {
        "events": dataclasses.asdict(found.events), "build_seconds": found.build_seconds, "seconds": found.seconds,
    }  # fmt: skip


def score(description: dict[str, Any]) -> dict[str, Any]:
    """Return the network's scores of some pictures, a task. UserError as of `simulate_slice`."""
    acc, _, images = _given(description)
    some = planes(images[description["begin"] : description["end"]])
    return {"scores": read_qonnx(acc / "model.onnx").run(some).tolist()}


def _given(description: dict[str, Any]) -> tuple[Path, Manifest, NDArray[np.uint8]]:
    """Return accelerator, manifest and pictures of a description."""
    acc, frames = Path(description["accelerator"]), Path(description["frames"])
    if not frames.is_file():
        raise unseen(frames)
    manifest = seen_by_worker(acc, description["seal"])
    if sha256(frames) != description["frames_sha256"]:
        raise changed(acc)
    return acc, manifest, np.load(frames, mmap_mode="r", allow_pickle=False)


def _own(number: int, begin: int, end: int, points: Sequence[OperatingPoint], seed: int) -> dict[str, Any]:
    """Return what is a slice's own in its description; each slice of stalled frames stalls in its own way."""
    kinds = list(dict.fromkeys(points))
    return {
        "begin": begin, "end": end, "seed": seed + number,
        "kinds": [[kind.offsets, kind.least_margin] for kind in kinds],
        "points": [kinds.index(point) for point in points],
    }  # fmt: skip


def _run(record: dict[str, Any]) -> BenchRun:
    return BenchRun(Events(**record["events"]), record["build_seconds"], record["seconds"])


def _only_in_slices(slices: Sequence[Slice]) -> list[str]:
    """Say which slices are wrong."""
    said = []
    for each in (each for each in slices if not each.right):
        what = f"frame {each.wrong[0]} is wrong" if each.wrong else (each.run.events.faults or ["frames are lost"])[0]
        said.append(f"{what} in a simulation that begins with frame {each.begin}, and not in one of all frames")
    return said


def _design_entries(design: Design) -> dict[str, Any]:
    return {
        **dataclasses.asdict(design), "sources": [str(path.resolve()) for path in design.sources],
        "top": str(design.top.resolve()),
    }  # fmt: skip


def _design(entries: dict[str, Any]) -> Design:
    return Design(
        **{
            **entries, "sources": tuple(map(Path, entries["sources"])), "top": Path(entries["top"]),
            "build_args": tuple(entries["build_args"]),
        }
    )  # fmt: skip
