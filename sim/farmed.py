"""Simulate slices of an accelerator's frames as tasks of an engine."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnn.engines import Engine, Task, run
from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.read import read_qonnx
from bnn.storage.records import sha256
from finn_build.manifest import Manifest, load
from sim.bench import Bench, BenchRun
from sim.design import Design
from sim.frames import Events
from sim.slices import Slice, cuts, joined, simulate_frames

FUNCTION = "sim.farmed:simulate_slice"


def simulate_in_slices(
    bench: Bench,
    network: IntegerNetwork,
    images: NDArray[np.uint8],
    points: Sequence[OperatingPoint],
    engine: Engine,
    place: Path,
) -> tuple[Slice, list[str]]:
    """Return all frames as one simulation gives them, and what slices showed that it does not, in words.

    The engine's workers take a slice each. place: a folder that they can read. When a slice is wrong, or its clocks do
    not go on from those of the slice before, all frames are simulated in one, here, and that is what is returned.
    """
    frames = place / "frames.npy"
    np.save(frames, images)
    shared = {
        "accelerator": str(bench.acc.resolve()), "seal": bench.manifest.seal, "design": _design_entries(bench.design),
        "frames": str(frames), "frames_sha256": sha256(frames), "stall": bench.stall,
    }  # fmt: skip
    tasks = [
        Task(FUNCTION, {**shared, **_own(number, begin, end, points[begin:end], bench.seed)})
        for number, (begin, end) in enumerate(cuts(len(points), engine.workers, overlap(bench.manifest)))
    ]
    records = run(tasks, engine)
    slices = [_slice(task, records[task.key]) for task in tasks]
    whole = joined(slices, bool(bench.stall))
    if whole is not None:
        return whole, []
    whole = simulate_frames(bench, network, images, points, 0, len(points))
    return whole, _only_in_slices(slices) if whole.right else []


def overlap(manifest: Manifest) -> int:
    """Return how many frames fill the accelerator as far as it is ever full, and one more."""
    return manifest.frames_in_flight + 2


def simulate_slice(description: dict[str, Any]) -> dict[str, Any]:
    """Simulate a slice: the function of the tasks. UserError when the accelerator or the frames are others here."""
    acc, frames = Path(description["accelerator"]), Path(description["frames"])
    for path in (acc, frames):
        if not path.exists():
            raise UserError(
                f"a worker does not see {path}: keep the accelerator in a folder that all nodes of the cluster share"
            )
    manifest = load(acc)
    if manifest.seal != description["seal"] or sha256(frames) != description["frames_sha256"]:
        raise UserError(f"{acc} was built again or changed while this ran; give the command again")
    kinds = [OperatingPoint(tuple(offsets), least) for offsets, least in description["kinds"]]
    begin, end = description["begin"], description["end"]
    found = simulate_frames(
        Bench(acc, manifest, _design(description["design"]), description["stall"], description["seed"]),
        read_qonnx(acc / "model.onnx"), np.load(frames, mmap_mode="r", allow_pickle=False),
        [kinds[kind] for kind in description["points"]], begin, end,
    )  # fmt: skip
    return {
        "events": dataclasses.asdict(found.run.events), "build_seconds": found.run.build_seconds,
        "seconds": found.run.seconds, "labels": found.labels.tolist(), "wrong": list(found.wrong),
    }  # fmt: skip


def _own(number: int, begin: int, end: int, points: Sequence[OperatingPoint], seed: int) -> dict[str, Any]:
    """Return what is a slice's own in its description; each slice of stalled frames stalls in its own way."""
    kinds = list(dict.fromkeys(points))
    return {
        "begin": begin, "end": end, "seed": seed + number,
        "kinds": [[kind.offsets, kind.least_margin] for kind in kinds],
        "points": [kinds.index(point) for point in points],
    }  # fmt: skip


def _slice(task: Task, record: dict[str, Any]) -> Slice:
    found = BenchRun(Events(**record["events"]), record["build_seconds"], record["seconds"])
    labels = np.array(record["labels"], np.int64)
    return Slice(task.description["begin"], task.description["end"], found, labels, tuple(record["wrong"]))


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
