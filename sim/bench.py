"""Run an accelerator's design on nj_frame_bench: pictures in, the log of what happened at its ports out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.storage.work import work_folder
from finn_build.manifest import Manifest
from sim.design import Design, link_memories
from sim.frames import Events, pack_frames, read_events
from sim.localise import BENCHES, write_taps
from sim.runner import noise, simulate
from sim.verification import Rates


@dataclass(frozen=True)
class BenchRun:
    """One simulation of the bench."""

    events: Events
    build_seconds: float
    seconds: float  # of simulated clocks alone, without starting the simulator


@dataclass(frozen=True)
class Bench:
    """nj_frame_bench round a design of the accelerator in folder `acc`."""

    acc: Path
    manifest: Manifest
    design: Design
    stall: int = 0  # in 1/65536: probability that the source has no pixel, and that the sink makes a result wait
    seed: int = 1

    def run(
        self,
        images: NDArray[np.uint8],
        *,
        tap_skip: int | None = None,
        waves: bool = False,
        work: Path | None = None,
        points: Sequence[int] = (),
        more: Sequence[str] = (),
    ) -> BenchRun:
        """Send `images` uint8 [N, H, W, C] through once, or as often as there are points for.

        points: what the port operating_point takes for each frame, of one pass over the images or of several; without
            it 0.

        tap_skip: when given, every stream is tapped after that many frames; the tap files are left in `work`.
        more: plusargs for the bench, or for what is in the design.
        """
        manifest, design = self.manifest, self.design
        with work_folder() as temporary:
            place = Path(work or temporary).absolute()
            sources = [*design.sources, BENCHES / "nj_frame_bench.sv"]
            link_memories(self.acc, place)
            if tap_skip is not None:
                sources += [BENCHES / "nj_tap.sv", write_taps(manifest, design.top, place)]
            (place / "frames.bin").write_bytes(pack_frames(images, manifest.input.tdata_bits))
            beats, slowest = manifest.input.beats_per_frame, slowest_cycles(manifest)
            silence = 8 * slowest + 10_000
            count = len(points) or len(images)
            (place / "points.hex").write_text("".join(f"{point:x}\n" for point in points or [0] * count))
            plusargs = [
                f"+frames={place / 'frames.bin'}", f"+log={place / 'events.log'}", f"+count={count}",
                f"+pictures={len(images)}", f"+points={place / 'points.hex'}",
                f"+stall={self.stall}", f"+stall_seed={self.seed}", f"+silence={silence}",
                f"+tap_skip={tap_skip or 0}", *(noise(self.seed) if design.noise else ()), *more,
            ]  # fmt: skip
            stalled = 1 + 4 * self.stall / (65536 - self.stall)
            cycles = (count + 2) * slowest * stalled + 2 * silence
            simulation = simulate(
                "nj_frame_bench", sources, "sim.benches.frames",
                parameters={
                    "InBits": manifest.input.tdata_bits, "OutBits": manifest.output.tdata_bits, "Beats": beats,
                    "PointBits": manifest.output.point_bits, "Cells": prod(manifest.cells),
                },
                build_args=design.build_args, plusargs=plusargs, work=place, waves=waves,
                env={"NJ_FRAMES_OUTCOME": str(place / "outcome.json")}, timeout_s=120 + cycles / design.slowest,
            )  # fmt: skip
            seconds = json.loads((place / "outcome.json").read_text())["seconds"]
            events = read_events(place / "events.log", *manifest.cells)
            return BenchRun(events, simulation.build_seconds, seconds)


def slowest_cycles(manifest: Manifest) -> int:
    """Return the clocks that the slowest part of the accelerator takes for a frame, its input included."""
    layers = (layer.cycles_per_frame for layer in manifest.layers)
    return max(manifest.input.beats_per_frame, manifest.cycles_per_frame, *layers)


def measure(events: Events, clock_mhz: float) -> Rates:
    """Return the rates of a run; the first and the last gap between results are left out when there are enough.

    These gaps belong to filling and draining.
    """
    cycles = events.cycles[1:-1] if len(events.cycles) >= 4 else events.cycles
    per_frame = (cycles[-1] - cycles[0]) / (len(cycles) - 1) if len(cycles) > 1 else None
    waits = [result - last for result, last in zip(events.cycles, events.last, strict=False)]
    return Rates(
        cycles_per_frame=int(per_frame) if per_frame is not None and per_frame.is_integer() else per_frame,
        frames_per_second=clock_mhz * 1e6 / per_frame if per_frame else None,
        latency_cycles=max(waits, default=None),
        frame_latency_cycles=events.cycles[0] - events.first[0] if events.cycles else None,
    )
