"""Does the hardware equal the network? Simulate an accelerator folder and compare every result to the bit.

What is simulated is its RTL, or the netlist of Xilinx cells that synthesis makes of the RTL.
"""

import shutil
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.engines import Engine, opened
from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint
from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.compare import compare
from bnn.storage.files import require_room
from bnn.storage.work import work_folder
from bnn.system.threads import threads
from finn_build.manifest import PIXELS, SOURCE, Manifest
from finn_build.operating import point_in
from finn_build.results import point_word
from sim import design as designs
from sim.bench import Bench, BenchRun, measure
from sim.camera import verify_camera
from sim.farmed import simulate_in_slices
from sim.frames import Events, unpack_result
from sim.localise import behind_the_streams, first_difference
from sim.pictures import Pictures, choose_pictures, planes
from sim.points import POINTS, expected_results, points_to_check, taken_in_turn
from sim.slices import compared, simulate_frames
from sim.subject import Subject, opened_subject
from sim.verification import AtPoint, Mismatch, Netlist, Points, Rates, SourceAgreement, Verification

REPLAY_AFTER = 2  # frames sent after the wrong one, so that the pipeline is as full as it was
NETLIST_FRAMES = 20  # when no number is given, because simulating a netlist is slow
SOME = 64  # pictures, from the first, whose margins say at which operating points the accelerator is checked
SOURCE_FRAMES = 20  # pictures on which the imported file is executed, which is slow
REPORT = "verification.json"
NETLIST_REPORT = "netlist_verification.json"


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
    points: int = 1,
    engine: str | None = None,
    camera_frames: int | None = None,
) -> Verification:
    """Simulate the accelerator in folder `acc` on pictures and compare every result with its model.onnx.

    A result is class, scores, margin and unsure, at the operating point of the folder (finn_build.operating).

    data: a set's name or folder, "random", or None for the pictures that the network was tested on (random ones when it
        names none).
    frames: "all" or how many of the test pictures, from the first; None for all, of a netlist at most 20.
    backpressure: probability, below 1, that the source has no pixel in a cycle and that the sink makes a
        result wait (for up to two frames' time).
    resize: scale pictures of another size instead of refusing them.
    vcd: where to leave a wave file of the first frame that differs, or of frame 0 when none does.
    netlist: a family of `finn_build.synthesis` ("xc7" or "xcup") to map the design to; the mapped cells are then
        simulated in place of the RTL.
    source_frames: of an accelerator that was imported from another program's file: on how many of the pictures, from
        the first, that file is executed too (a tenth of a second each, and more for large networks).
    trust: run RTL that `build` would not write of the network (see finn_build.trust).
    points: passes over the pictures behind the first one, in which the operating point changes from frame to frame
        among POINTS (see sim.points). After POINTS passes each picture has met each of them.
    engine: which processes simulate slices of the frames (see bnn.engines and sim.slices); None: all frames in one
        simulation. What is found is the same, but for seconds, and for clocks where `backpressure` makes frames wait.

    camera_frames: of an accelerator with a camera in front, how many of its frames to send besides, a part of them
        disturbed (sim.camera); None: 20, and none with a netlist, which has no camera.

    Write verification.json into the folder, or netlist_verification.json for a netlist, and return what it says. A
    frame that differs is run again with a tap on every stream, and the first layer and element that differ are named.
    Raise UserError for a damaged folder or unfit pictures, SynthesisError or SimulationError when a tool itself fails.
    """
    started = time.perf_counter()
    if not 0 <= points <= POINTS:
        raise UserError(f"points {points} is out of range; give a number of passes from 0 to {POINTS}")
    if not 0 <= backpressure < 1:
        raise UserError(f"backpressure {backpressure} is out of range; give a probability from 0 to below 1")
    if vcd is not None:
        vcd = Path(vcd).absolute()
        if not vcd.parent.is_dir():
            raise UserError(f"{vcd}: there is no folder {vcd.parent}; make it first")
        require_room(vcd.parent, vcd.name)
    with (
        opened_subject(acc, NETLIST_REPORT if netlist else REPORT, trust=trust) as subject,
        nullcontext() if engine is None else opened(engine) as workers,
        work_folder(None if workers is None or workers.here else subject.acc.resolve().parent) as temporary,
    ):
        manifest = subject.manifest
        manifest.require_rtl("simulation")
        pictures = choose_pictures(manifest, data, "all" if frames is None else frames, resize, seed)
        if netlist is not None and frames is None:
            pictures = pictures.first(NETLIST_FRAMES)
        if netlist is None:
            design = designs.rtl(subject.acc, manifest)
        else:
            design = designs.netlist(subject.acc, manifest, netlist, temporary)
        bench = Bench(subject.acc, manifest, design, round(backpressure * 65536), seed)
        own = point_in(subject.acc, manifest.output, manifest.model_sha256)
        comparison = _compare(bench, subject.network, pictures, own, points, workers, temporary)
        camera = verify_camera(bench, subject.network, pictures, camera_frames) if netlist is None else None
        agreement = _agreement(subject, pictures.first(source_frames)) if SOURCE in manifest.files else None
        verification = Verification(
            format="neuraljet-verification" if netlist is None else "neuraljet-netlist-verification",
            version=1,
            passed=comparison.right
            and (agreement is None or not agreement.agreement.mismatches)
            and (camera is None or camera.right),
            frames=len(pictures.images),
            mismatches=len({frame % len(pictures.images) for frame in comparison.wrong}),
            faults=comparison.faults,
            accuracy=None if pictures.labels is None else float((comparison.classes == pictures.labels).mean()),
            rates=comparison.rates,
            cycles=comparison.run.events.end,
            cycles_per_second=round(comparison.run.events.end / comparison.run.seconds),
            build_seconds=round(comparison.run.build_seconds, 3),
            first_mismatch=_look_into(bench, subject.network, pictures.images, comparison, vcd),
            operating_points=comparison.summary(points),
            data=pictures.name,
            backpressure=backpressure,
            seed=seed,
            model_sha256=manifest.model_sha256,
            seconds=round(time.perf_counter() - started, 3),
            camera=camera,
            source=agreement,
            netlist=Netlist(netlist, design.cells, round(design.map_seconds, 3)) if netlist else None,
        )
        subject.write(verification)
    return verification


@dataclass(frozen=True, eq=False)
class Comparison:
    """A run of all pictures beside the reference."""

    run: BenchRun
    rates: Rates
    classes: Ints  # [N], of the reference, at the accelerator's own operating point
    points: tuple[OperatingPoint, ...]  # of each frame of all passes
    wrong: tuple[int, ...]  # these frames of which a part of the result differs, or that gave none
    faults: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Is every frame right, and nothing else wrong?"""
        return not self.wrong and not self.faults

    def summary(self, passes: int) -> Points:
        """Return what was checked at which operating points."""
        wrong = set(self.wrong)
        found = []
        for point in dict.fromkeys(self.points):
            frames = [frame for frame, own in enumerate(self.points) if own == point]
            found.append(
                AtPoint(point.offsets, point.least_margin, len(frames), sum(frame in wrong for frame in frames))
            )
        return Points(passes, tuple(found))


def _compare(
    bench: Bench, network: IntegerNetwork, pictures: Pictures, own: OperatingPoint, passes: int,
    workers: Engine | None, place: Path,
) -> Comparison:  # fmt: skip
    """Simulate all pictures, in the first pass and in `passes` behind it, and compare with the reference's results."""
    manifest, images = bench.manifest, pictures.images
    some = network.run(planes(images[:SOME]))
    points = taken_in_turn(points_to_check(some, manifest.output, own, bench.seed), len(images), passes)
    odd: list[str] = []
    if workers is None:
        with threads(1) as pool:  # the reference on one core while the simulator has the other
            reference = pool.submit(network.run, planes(images))
            run = simulate_frames(bench, images, points, 0, len(points))
            scores = reference.result()
        expected = expected_results(np.tile(scores, (passes + 1, 1)), points)
        found = compared(run, manifest.output, expected, 0, len(points))
    else:
        found, expected, odd = simulate_in_slices(bench, images, points, workers, place)
    classes = np.array([result.label for result in expected[: len(images)]], np.int64)
    rates = measure(found.run.events, manifest.clock_mhz)
    slow = [] if bench.stall else _slow(manifest, rates, len(points))
    faults = [*_faults(found.run.events, len(points)), *slow, *odd]
    return Comparison(found.run, rates, classes, tuple(points), found.wrong, tuple(faults))


def _slow(manifest: Manifest, rates: Rates, frames: int) -> list[str]:
    """Say when the rate is below what was promised; of a few frames, filling and draining are too large a part."""
    clocks = rates.cycles_per_frame
    if frames < 5 or clocks is None or clocks <= manifest.cycles_per_frame:
        return []
    return [
        f"a frame takes {clocks:g} clocks and not {manifest.cycles_per_frame}, as was promised: a FIFO is too small; "
        "build it with --fifos simulate"
    ]


def _faults(events: Events, frames: int) -> list[str]:
    faults = events.faults[:20]
    if events.stuck:
        faults.append(
            f"nothing moved any more after {len(events.data)} of {frames} results "
            f"({len(events.last)} frames were accepted), cycle {events.end}"
        )
    if len(events.data) > frames:
        faults.append(f"{len(events.data) - frames} results too many")
    return faults


def _agreement(subject: Subject, pictures: Pictures) -> SourceAgreement:
    """Execute the imported file with qonnx and compare it with the network: see bnn.qonnx.foreign.compare."""
    model = load_model(subject.acc / SOURCE)
    imported = import_model(model, SOURCE, subject.network.metadata.get(PIXELS))
    return SourceAgreement(compare(subject.network, imported, model, planes(pictures.images)), tuple(imported.notes))


def _look_into(
    bench: Bench, network: IntegerNetwork, images: NDArray[np.uint8], compared: Comparison, vcd: Path | None
) -> Mismatch | None:
    """Run the first wrong frame again with taps, alone; when it is right then, after all frames before it, as it was.

    Each frame has the operating point that it had.

    Return where it differs first, None when no frame was wrong; frame 0 is run all the same then when `vcd` asks for
    its waves. With `vcd` the run that is told about is traced.
    """
    wrong, points = compared.wrong, compared.points
    if not wrong and vcd is None:
        return None
    frame = wrong[0] if wrong else 0
    picture, words = frame % len(images), [point_word(point, bench.manifest.output) for point in points]
    scores, tensors = network.run(planes(images[picture : picture + 1]), taps=True)
    (expected,) = expected_results(scores, points[frame : frame + 1])
    tensors["class"] = np.array([[expected.label]], np.int64)
    replays = [("alone", frame, frame + 1)]
    if wrong:
        replays.append(("in sequence", 0, min(frame + 1 + REPLAY_AFTER, len(points))))
    mismatch = Mismatch(picture, None, expected.label, expected.scores)
    for replay, begin, end in replays:
        place = frame - begin
        with work_folder() as temporary:
            work = Path(temporary)
            some = images[picture : picture + 1] if begin else images[:end]
            run = bench.run(some, tap_skip=place, waves=vcd is not None, work=work, points=words[begin:end])
            if vcd is not None:
                shutil.move(work / "dump.vcd", vcd)
            result = unpack_result(run.events.data[place], bench.manifest) if place < len(run.events.data) else None
            if result == expected:
                continue
            where = first_difference(bench.manifest, tensors, work, last=begin + 1 == end)
            return replace(
                mismatch,
                reproduced=replay,
                result_class=result.label if result else None,
                scores=result.scores if result else None,
                where=where or behind_the_streams(bench.manifest),
            )
    return mismatch if wrong else None
