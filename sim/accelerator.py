"""Does the hardware equal the network? An accelerator folder is simulated and compared to the bit.

What is simulated is its RTL, or the netlist of Xilinx cells that synthesis makes of the RTL.
"""

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.compare import compare
from bnn.qonnx.read import read_qonnx
from bnn.storage.files import require_room
from bnn.storage.work import work_folder
from bnn.system.threads import threads
from finn_build.manifest import PIXELS, SOURCE, Manifest, write_report
from finn_build.trust import opened
from sim import design as designs
from sim.design import Design
from sim.frames import Events, pack_frames, read_events, unpack_result
from sim.localise import BENCHES, first_difference, write_taps
from sim.pictures import Pictures, choose_pictures, planes
from sim.runner import noise, simulate

REPLAY_AFTER = 2  # frames sent after the one looked into, so that a pipeline sees what it saw
NETLIST_FRAMES = 20  # when no number is given: a netlist is simulated much slower than RTL
SOURCE_FRAMES = 20  # that the file which was imported is executed on, slowly
REPORT = "verification.json"
NETLIST_REPORT = "netlist_verification.json"


@dataclass(frozen=True)
class Run:
    """One simulation of the bench."""

    events: Events
    build_seconds: float
    seconds: float  # of simulated clocks alone, without starting the simulator


def verify(
    acc: Path,
    data: str | Path | None = None,
    frames: str | int | None = None,
    backpressure: float = 0.0,
    resize: bool = False,
    vcd: Path | None = None,
    seed: int = 1,
    netlist: str | None = None,
    source_frames: int = SOURCE_FRAMES,
    trust: bool = False,
) -> dict[str, Any]:
    """Simulate the accelerator in folder `acc` on pictures and compare every score and class with its model.onnx.

    data: a set's name or folder, "random", or None for the pictures the network was tested on (random ones when it
        names none).
    frames: "all" or how many of the test pictures, from the first; None for all, of a netlist at most 20.
    backpressure: probability, below 1, that the source has no pixel in a cycle and that the sink makes a
        result wait (for up to two frames' time).
    resize: scale pictures of another size instead of refusing them.
    vcd: where to leave a wave file of the first differing frame, or of frame 0 when none differs.
    netlist: a family of `finn_build.synthesis` ("xc7" or "xcup") to map the design to; the mapped cells are then
        simulated in place of the RTL.
    source_frames: of an accelerator that was imported from another program's file: on how many of the pictures, from
        the first, that file is executed too (a tenth of a second each, and more for large networks).
    trust: run RTL that `build` would not write of the network (see finn_build.trust).

    Writes verification.json into the folder, or netlist_verification.json for a netlist, and returns it. A frame
    that differs is run again with a tap on every stream, and the first layer and element that differ are named.
    UserError for a damaged folder or unfit pictures; SynthesisError or SimulationError when a tool itself fails.
    """
    started = time.perf_counter()
    acc = Path(acc)
    if not 0 <= backpressure < 1:
        raise UserError(f"backpressure {backpressure} is out of range; give a probability from 0 to below 1")
    require_room(acc, NETLIST_REPORT if netlist else REPORT)
    if vcd is not None:
        vcd = Path(vcd).absolute()
        if not vcd.parent.is_dir():
            raise UserError(f"{vcd}: there is no folder {vcd.parent}; make it first")
        require_room(vcd.parent, vcd.name)
    with opened(acc, trust=trust) as manifest:
        manifest.require_rtl("simulation")
        return _verify(
            acc, manifest, data, frames, backpressure, resize, vcd, seed, netlist, source_frames, started
        )  # fmt: skip


def _verify(
    acc: Path,
    manifest: Manifest,
    data: str | Path | None,
    frames: str | int | None,
    backpressure: float,
    resize: bool,
    vcd: Path | None,
    seed: int,
    netlist: str | None,
    source_frames: int,
    started: float,
) -> dict[str, Any]:
    """What `verify` does in a folder that may be run."""
    network = read_qonnx(acc / "model.onnx")
    shape = (manifest.input.channels, manifest.input.height, manifest.input.width)
    if network.input_shape != shape:
        raise UserError(f"{acc}: model.onnx takes {network.input_shape} and manifest.json says {shape}; build it again")
    pictures = choose_pictures(manifest, data, "all" if frames is None else frames, resize, seed)
    if netlist is not None and frames is None:
        pictures = pictures.first(NETLIST_FRAMES)
    stall = round(backpressure * 65536)
    with work_folder() as temporary:
        design = designs.netlist(acc, manifest, netlist, Path(temporary)) if netlist else designs.rtl(acc, manifest)
        report = _check(acc, manifest, network, pictures, design, stall, seed, vcd)
    if SOURCE in manifest.files:
        report["source"] = _check_source(acc, network, pictures.first(source_frames))
        report["passed"] &= not report["source"]["mismatches"]
    report |= {
        "data": pictures.name,
        "backpressure": backpressure,
        "seed": seed,
        "model_sha256": manifest.model_sha256,
        "seconds": round(time.perf_counter() - started, 3),
    }
    write_report(acc, manifest, NETLIST_REPORT if netlist else REPORT, report)
    return report


def _check(
    acc: Path,
    manifest: Manifest,
    network: IntegerNetwork,
    pictures: Pictures,
    design: Design,
    stall: int,
    seed: int,
    vcd: Path | None,
) -> dict[str, Any]:
    """Simulate, compare, look into the first difference; the report but for what `verify` was asked."""
    with threads(1) as pool:  # the reference on one core while the simulator has the other
        reference = pool.submit(network.run, planes(pictures.images))
        run = run_bench(acc, manifest, pictures.images, design, stall=stall, seed=seed)
        scores = reference.result()
    classes = network.classify(scores)
    wrong = _compare(run.events, manifest, scores, classes)
    measured = measure(run.events, manifest.clock_mhz)
    faults = [*_faults(run.events, scores), *([] if stall else _slow(manifest, measured, len(scores)))]
    report: dict[str, Any] = {
        "format": "neuraljet-verification" if design.family is None else "neuraljet-netlist-verification",
        "version": 1,
        "passed": not wrong and not faults,
        "frames": len(scores),
        "mismatches": len(wrong),
        "faults": faults,
        "accuracy": None if pictures.labels is None else float((classes == pictures.labels).mean()),
        **measured,
        "cycles": run.events.end,
        "cycles_per_second": round(run.events.end / run.seconds),
        "build_seconds": round(run.build_seconds, 3),
        "first_mismatch": None,
    }
    if design.family is not None:
        report |= {"family": design.family, "cells": design.cells, "map_seconds": round(design.map_seconds, 3)}
    if wrong or vcd is not None:
        frame = wrong[0] if wrong else 0
        report["first_mismatch"] = _look_into(
            acc, manifest, network, pictures.images, design, frame, bool(wrong), stall, seed, vcd
        )
    return report


def _check_source(acc: Path, network: IntegerNetwork, pictures: Pictures) -> dict[str, Any]:
    """The imported file, executed by qonnx, against the network: see bnn.qonnx.foreign.compare."""
    model = load_model(acc / SOURCE)
    imported = import_model(model, SOURCE, network.metadata.get(PIXELS))
    agreement = compare(network, imported, model, planes(pictures.images))
    return {**asdict(agreement), "notes": list(imported.notes)}


def run_bench(
    acc: Path,
    manifest: Manifest,
    images: NDArray[np.uint8],
    design: Design,
    *,
    stall: int = 0,
    seed: int = 1,
    tap_skip: int | None = None,
    waves: bool = False,
    work: Path | None = None,
    more: Sequence[str] = (),
) -> Run:
    """Send `images` uint8 [N, H, W, C] through the bench once.

    tap_skip: when given, every stream is tapped after that many frames; the tap files are left in `work`.
    more: plusargs for the bench, or for what is in the design.
    """
    with work_folder() as temporary:
        place = Path(work or temporary).absolute()
        sources = [*design.sources, BENCHES / "nj_frame_bench.sv"]
        if (acc / "mem").is_dir():  # memory files are named relative to the folder
            (place / "mem").unlink(missing_ok=True)
            (place / "mem").symlink_to((acc / "mem").resolve())
        if tap_skip is not None:
            sources += [BENCHES / "nj_tap.sv", write_taps(manifest, design.top, place)]
        (place / "frames.bin").write_bytes(pack_frames(images, manifest.input.tdata_bits))
        beats = manifest.input.beats_per_frame
        slowest = max([beats, manifest.cycles_per_frame, *(layer.cycles_per_frame for layer in manifest.layers)])
        silence = 8 * slowest + 10_000
        plusargs = [
            f"+frames={place / 'frames.bin'}", f"+log={place / 'events.log'}", f"+count={len(images)}",
            f"+stall={stall}", f"+stall_seed={seed}", f"+silence={silence}", f"+tap_skip={tap_skip or 0}",
            *(noise(seed) if design.noise else ()), *more,
        ]  # fmt: skip
        cycles = (len(images) + 2) * slowest * (1 + 4 * stall / (65536 - stall)) + 2 * silence
        simulation = simulate(
            "nj_frame_bench", sources, "sim.benches.frames",
            parameters={
                "InBits": manifest.input.tdata_bits, "OutBits": manifest.output.tdata_bits, "Beats": beats,
            },
            build_args=design.build_args, plusargs=plusargs, work=place, waves=waves,
            env={"NJ_FRAMES_OUTCOME": str(place / "outcome.json")}, timeout_s=120 + cycles / design.slowest,
        )  # fmt: skip
        seconds = json.loads((place / "outcome.json").read_text())["seconds"]
        return Run(read_events(place / "events.log"), simulation.build_seconds, seconds)


def measure(events: Events, clock_mhz: float) -> dict[str, Any]:
    """Rate and latency in clocks, as observed at the ports.

    cycles_per_frame: between results of back-to-back frames, without the first and the last gap when there
        are enough (they belong to filling and draining).
    latency_cycles: from the last pixel of a frame to its result, the longest seen.
    frame_latency_cycles: from the first pixel of the first frame to its result.
    """
    cycles = events.cycles[1:-1] if len(events.cycles) >= 4 else events.cycles
    per_frame = (cycles[-1] - cycles[0]) / (len(cycles) - 1) if len(cycles) > 1 else None
    waits = [result - last for result, last in zip(events.cycles, events.last, strict=False)]
    return {
        "cycles_per_frame": int(per_frame) if per_frame is not None and per_frame.is_integer() else per_frame,
        "frames_per_second": clock_mhz * 1e6 / per_frame if per_frame else None,
        "latency_cycles": max(waits, default=None),
        "frame_latency_cycles": events.cycles[0] - events.first[0] if events.cycles else None,
    }


def _compare(events: Events, manifest: Manifest, scores: NDArray[np.int64], classes: NDArray[np.int64]) -> list[int]:
    """The frames whose class or any score differs, or that gave no result."""
    wrong = []
    for frame in range(len(scores)):
        expected = (int(classes[frame]), scores[frame].tolist())
        if frame >= len(events.data) or unpack_result(events.data[frame], manifest) != expected:
            wrong.append(frame)
    return wrong


def _surplus(events: Events, scores: NDArray[np.int64]) -> int:
    return max(0, len(events.data) - len(scores))


def _slow(manifest: Manifest, measured: dict[str, Any], frames: int) -> list[str]:
    """A rate below what was promised; of a few frames filling and draining are too large a part to tell."""
    clocks = measured["cycles_per_frame"]
    if frames < 5 or clocks is None or clocks <= manifest.cycles_per_frame:
        return []
    return [
        f"a frame takes {clocks:g} clocks and not {manifest.cycles_per_frame}, as was promised: a FIFO is too small; "
        "build it with --fifos simulate"
    ]


def _faults(events: Events, scores: NDArray[np.int64]) -> list[str]:
    faults = events.faults[:20]
    if events.stuck:
        faults.append(
            f"nothing moved any more after {len(events.data)} of {len(scores)} results "
            f"({len(events.last)} frames were accepted), cycle {events.end}"
        )
    if _surplus(events, scores):
        faults.append(f"{_surplus(events, scores)} results too many")
    return faults


def _look_into(
    acc: Path,
    manifest: Manifest,
    network: IntegerNetwork,
    images: NDArray[np.uint8],
    design: Design,
    frame: int,
    differs: bool,
    stall: int,
    seed: int,
    vcd: Path | None,
) -> dict[str, Any] | None:
    """Run `frame` again with taps, alone; when it is right then, after all frames before it, as it was.

    Returns where it differs first, None when `differs` is False. With `vcd` the run told about is traced.
    """
    expected, tensors = network.run(planes(images[frame : frame + 1]), taps=True)
    tensors["class"] = network.classify(expected)[:, None]
    wanted = (int(tensors["class"][0, 0]), expected[0].tolist())
    ways = [("alone", frame, frame + 1)]
    if differs:
        ways.append(("in sequence", 0, min(frame + 1 + REPLAY_AFTER, len(images))))
    for way, begin, end in ways:
        place = frame - begin
        with work_folder() as temporary:
            work = Path(temporary)
            run = run_bench(
                acc,
                manifest,
                images[begin:end],
                design,
                stall=stall,
                seed=seed,
                tap_skip=place,
                waves=vcd is not None,
                work=work,
            )
            if vcd is not None:
                shutil.move(work / "dump.vcd", vcd)
            data = run.events.data
            result = unpack_result(data[place], manifest) if place < len(data) else None
            if result == wanted:
                continue
            return {
                "frame": frame,
                "reproduced": way,
                "expected_class": wanted[0],
                "expected_scores": wanted[1],
                "class": result[0] if result else None,
                "scores": result[1] if result else None,
                **(first_difference(manifest, tensors, work, last=begin + 1 == end) or _behind_the_streams(manifest)),
            }
    return {"frame": frame, "reproduced": None} if differs else None


def _behind_the_streams(manifest: Manifest) -> dict[str, Any]:
    """All tapped streams are right: what differs is made behind the last of them."""
    layer = manifest.layers[-1]
    return {"layer": layer.name, "operator": layer.operator, "onnx_tensor": layer.onnx_tensor, "element": None}
