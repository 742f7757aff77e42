"""neuraljet verify: compare the accelerator's RTL, or the netlist made of it, with the network, frame by frame."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from bnn.errors import UserError
from neuraljet.commands.train import add_trust, whole
from neuraljet.commands.workers import add_engine

if TYPE_CHECKING:
    from sim.cppsim import CppVerification
    from sim.maps import MapVerification
    from sim.verification import CameraCheck, Difference, Points, SourceAgreement, Verification

NAME = "verify"
HELP = "Simulate an accelerator on a test set and compare every score with the network"
EXAMPLE = "neuraljet verify accelerator --frames all --backpressure 0.3"


def verify(
    accelerator: str | Path,
    *,
    data: str | Path | None = None,
    frames: int | str | None = None,
    backpressure: float = 0.0,
    resize: bool = False,
    vcd: str | Path | None = None,
    netlist: str | None = None,
    cppsim: bool = False,
    trust: bool = False,
    points: int = 1,
    engine: str | None = None,
    camera_frames: int | None = None,
) -> "Verification | CppVerification | MapVerification":
    """Run the test set through the accelerator folder's RTL in Verilator (see sim.accelerator).

    `data` is what it was trained on when None (random frames when that is not known), "random" for random frames,
    else as for train. With `netlist`, a family as for synth, the cells that Yosys maps the RTL to are simulated
    instead; None `frames` is 20 then. With `cppsim` the C++ of an accelerator built with an HLS back-end runs instead
    (see sim.cppsim). `trust`: run RTL or C++ that `build` would not write of the network (see finn_build.trust).
    `points`: passes over the pictures in which five operating points take turns (see sim.points).
    An accelerator of whole pictures (`build --frame`) runs them from the folder `data`, or noise (see sim.maps).
    `engine`: which processes simulate slices of the frames, as --engine (see bnn.engines.words).
    `camera_frames`: of an accelerator with a camera in front, how many whole frames to send too, about half of them
    disturbed (see sim.camera); None: 20.
    """
    if cppsim and engine:
        raise UserError("--cppsim runs all layers in one program: leave out --engine")
    if cppsim:
        if netlist or backpressure or vcd:
            raise UserError("--cppsim runs C++, which has no clocks: leave out --netlist, --backpressure and --vcd")
        from sim.cppsim import verify_cppsim

        return verify_cppsim(Path(accelerator), data=data, frames=frames, resize=resize, trust=trust)
    if _makes_a_map(Path(accelerator)):
        if netlist or vcd or engine or resize:
            raise UserError(
                f"{accelerator} makes a map of cells, which is verified as RTL in one simulation, on pictures of its "
                "size: leave out --netlist, --vcd, --engine and --resize"
            )
        if camera_frames is not None:
            raise UserError(f"--camera-frames {camera_frames}: {accelerator} has no camera in front; leave it out")
        from sim.maps import verify_map

        return verify_map(
            Path(accelerator), data=data, frames=frames, backpressure=backpressure, trust=trust, points=points
        )
    from sim.accelerator import verify as verify_accelerator

    return verify_accelerator(
        Path(accelerator), data=data, frames=frames, backpressure=backpressure, resize=resize,
        vcd=Path(vcd) if vcd else None, netlist=netlist, trust=trust, points=points, engine=engine,
        camera_frames=camera_frames,
    )  # fmt: skip


def _makes_a_map(acc: Path) -> bool:
    """Tell whether an accelerator is of whole pictures; what cannot be read is left to who verifies it to tell."""
    from finn_build.manifest import load

    try:
        return load(acc).cells != (1, 1)
    except UserError:
        return False


def _frames(text: str) -> int | str:
    return text if text == "all" else whole(text)


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a probability from 0 to below 1")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("accelerator", metavar="ACC", help="folder that build made")
    add_trust(parser)
    parser.add_argument(
        "--data", metavar="DATA", help="pictures to use instead of the network's test pictures, or 'random'"
    )
    parser.add_argument(
        "--frames",
        type=_frames,
        metavar="N|all",
        help="how many pictures, from the first (default: all, or 20 with --netlist)",
    )
    parser.add_argument(
        "--backpressure", type=_probability, default=0.0, metavar="P", help="make both sides wait with this probability"
    )
    parser.add_argument("--resize", action="store_true", help="scale pictures of another size")
    parser.add_argument(
        "--vcd", metavar="FILE", help="leave the waveform of the first frame that differs here, or of frame 0"
    )
    parser.add_argument(
        "--netlist", action="store_true", help="simulate the cells that Yosys maps the RTL to, which is slower"
    )
    parser.add_argument(
        "--cppsim", action="store_true", help="run the C++ of HLS layers instead: every layer alone, then all as one"
    )
    parser.add_argument(
        "--points",
        type=int,
        choices=range(6),
        default=1,
        metavar="N",
        help="passes in which five operating points take turns; 5: every picture meets every one (default: 1)",
    )
    parser.add_argument(
        "--camera-frames",
        type=whole,
        metavar="N",
        help="whole frames of the camera in front, half of them disturbed (20)",
    )
    add_engine(parser, "simulate slices of the pictures")
    parser.add_argument(
        "--family", choices=("xc7", "xcup"), help="cells of the netlist: 7-series (default) or UltraScale+"
    )


def main(options: argparse.Namespace) -> tuple[bool, "Verification | CppVerification | MapVerification"]:
    if options.family and not options.netlist:
        raise UserError("--family chooses the cells of a netlist; add --netlist")
    result = verify(
        options.accelerator,
        data=options.data,
        frames=options.frames,
        backpressure=options.backpressure,
        resize=options.resize,
        vcd=options.vcd,
        netlist=(options.family or "xc7") if options.netlist else None,
        cppsim=options.cppsim,
        trust=options.trust,
        points=options.points,
        engine=options.engine,
        camera_frames=options.camera_frames,
    )
    from sim.maps import MapVerification
    from sim.verification import Verification

    if isinstance(result, MapVerification):
        print(map_summary(result))
    else:
        print(summary(result) if isinstance(result, Verification) else cppsim_summary(result))
    return result.passed, result


def counted(number: float, one: str, more: str = "") -> str:
    """Return a number and what is counted, such as "1 frame"; the plural adds an s unless `more` says it."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def cppsim_summary(result: "CppVerification") -> str:
    """Return layers, compile times and mismatches, for people."""
    lines = [f"{'C++ of':18} {'compiled in':>11} {'mismatches':>10}"]
    for unit in result.units:
        took = f"{unit.compile_seconds:.1f} s" if unit.compile_seconds else "cached"
        lines.append(f"{unit.name:18} {took:>11} {unit.mismatches:10d}")
    lines.append(
        f"{counted(result.frames, 'frame')} of {result.data}, "
        f"{counted(result.mismatches, 'mismatch', 'mismatches')}, {result.seconds:.1f} s"
    )
    where = result.first_mismatch
    if where:
        place = "the number of beats" if where.element is None else f"beat {where.element}"
        lines.append(f"frame {where.frame} differs first in layer {where.layer}: {place}")
    return "\n".join(lines)


def map_summary(result: "MapVerification") -> str:
    """Return what was compared of a map of cells, and the clocks, for people."""
    lines = [
        f"{counted(result.frames, 'frame')} of {result.data}, {result.rows}x{result.columns} cells each, in "
        f"{counted(result.runs, 'pass', 'passes')}: {counted(result.cells, 'cell')} compared, "
        f"{counted(result.mismatches, 'mismatch', 'mismatches')}",
        f"{clocks(result.rates.cycles_per_frame)} per frame, {clocks(result.rates.latency_cycles)} from the last pixel "
        f"to the last cell; {result.cycles_per_second:,} cycles per second simulated, {result.seconds:.1f} s",
    ]
    lines += [f"fault: {fault}" for fault in result.faults]
    found = result.first_mismatch
    if found:
        lines.append(
            f"cell {found.row}, {found.column} of frame {found.frame} differs first: expected "
            f"{list(found.expected_scores)}, got {None if found.scores is None else list(found.scores)}"
        )
        if found.where:
            lines.append(_place(found.where))
    return "\n".join(lines)


def source_summary(source: "SourceAgreement") -> list[str]:
    """Return how executing the imported file agreed with the network; see `bnn.qonnx.foreign.compare`."""
    found = source.agreement
    lines = [
        f"{counted(found.frames, 'frame')} by execution of source.onnx: "
        f"{counted(found.classes_differ, 'class differs', 'classes differ')}, "
        f"{counted(found.scores_beyond, 'score')} beyond the rounding of float32 (largest difference "
        f"{found.largest_difference:.2g}, bound {found.bound:.2g})"
    ]
    if found.decisions_beyond:
        wrong = counted(found.decisions_beyond, "sign or level differs", "signs or levels differ")
        lines.append(f"fault: {wrong} from source.onnx")
    if found.mismatches:
        lines.append(f"fault: {counted(found.mismatches, 'frame is', 'frames are')} not what source.onnx computes")
    if found.decisions_taken:
        sums, frames = counted(found.decisions_taken, "sum"), counted(found.frames_taken, "frame")
        changed = counted(found.classes_taken, "frame")
        lines.append(f"float32 rounds {sums} of {frames} past a threshold, which changes the class in {changed}")
    if found.classes_tied:
        tied = counted(found.classes_tied, "frame")
        lines.append(f"in {tied} the class differs because float32 rounds a tie apart")
    if found.scores_indistinct:
        classes = counted(found.scores_indistinct, "class", "classes")
        lines.append(
            f"note: in {classes} float32 rounds by more than the step between two sums, so the scores tell little"
        )
    return [*lines, *(f"note: {note}" for note in source.notes)]


def camera_summary(found: "CameraCheck") -> list[str]:
    """Return what came of whole frames of a camera."""
    kinds = ", ".join(f"{number} {kind}" for kind, number in found.events.items())
    return [
        f"{counted(found.frames, 'frame')} of the camera ({kinds}), with gaps: {found.ended:,} passed on, of which "
        f"{found.broken:,} broken, {counted(found.pixels, 'pixel')} of the network, "
        f"{counted(found.results, 'result')}, {counted(found.mismatches, 'mismatch', 'mismatches')}",
        *(f"fault: {fault}" for fault in found.faults),
    ]


def summary(result: "Verification") -> str:
    """Return frames, mismatches and times, for people."""
    rates = result.rates
    lines = []
    if result.netlist:
        cells = result.netlist.cells
        kinds = ", ".join(f"{number} {kind}" for kind, number in cells.items())
        lines.append(f"netlist of {counted(sum(cells.values()), 'cell')} for {result.netlist.family}: {kinds}")
    lines += [
        f"{counted(result.frames, 'frame')} of {result.data}, {counted(result.mismatches, 'mismatch', 'mismatches')}",
        *_points(result.operating_points),
        f"{clocks(rates.cycles_per_frame)} per frame back to back, "
        f"{clocks(rates.latency_cycles)} from the last pixel to the result",
        f"{result.cycles_per_second:,.0f} simulated cycles per second, {result.seconds:.1f} s with the build",
    ]
    if result.camera:
        lines += camera_summary(result.camera)
    if result.source:
        lines += source_summary(result.source)
    lines += [f"fault: {fault}" for fault in result.faults]
    mismatch = result.first_mismatch
    if mismatch and mismatch.where:
        lines.append(f"frame {mismatch.frame} differs first in {_place(mismatch.where)}")
    elif mismatch:
        lines.append(f"frame {mismatch.frame} differs, but not when it is run again")
    return "\n".join(lines)


def _points(found: "Points") -> list[str]:
    """Return what was compared at other operating points than that of the accelerator."""
    others = found.points[1:]
    if not others:
        return []
    results, wrong = sum(at.results for at in found.points), sum(at.mismatches for at in found.points)
    return [
        f"{counted(results, 'result')} at {counted(len(found.points), 'operating point')}, which take turns, "
        f"{counted(wrong, 'mismatch', 'mismatches')}"
    ]


def clocks(number: float | None) -> str:
    """Return a number of clock cycles in words."""
    return "- cycles" if number is None else f"{number:g} cycle{'s' * (number != 1)}"


def _place(where: "Difference") -> str:
    layer = f"layer {where.layer} ({where.operator})"
    if where.element is not None:
        return f"{layer} at [y, x, c] = {list(where.element)}: expected {where.expected}, got {where.got}"
    if where.beats != where.beats_expected:
        return f"{layer}: {where.beats} beats and not {where.beats_expected}"
    return f"what is made behind {layer}, whose values are right"
