"""neuraljet verify: the accelerator's RTL, or the netlist made of it, against the network, frame by frame."""

import argparse
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from neuraljet.commands.train import add_trust, whole

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
) -> dict[str, Any]:
    """Run the test set through the accelerator folder's RTL in Verilator (see sim.accelerator).

    `data` is what it was trained on when None (random frames when that is not known), "random" for random frames,
    else as for train. With `netlist`, a family as for synth, the cells that Yosys maps the RTL to are simulated
    instead; None `frames` is 20 then. With `cppsim` the C++ of an accelerator built with an HLS back-end runs instead
    (see sim.cppsim). `trust`: run RTL or C++ that `build` would not write of the network (see finn_build.trust).
    """
    if cppsim:
        if netlist or backpressure or vcd:
            raise UserError("--cppsim runs C++, which has no clocks: leave --netlist, --backpressure and --vcd away")
        from sim.cppsim import verify_cppsim

        return verify_cppsim(Path(accelerator), data=data, frames=frames, resize=resize, trust=trust)
    from sim.accelerator import verify as verify_accelerator

    return verify_accelerator(
        Path(accelerator), data=data, frames=frames, backpressure=backpressure, resize=resize,
        vcd=Path(vcd) if vcd else None, netlist=netlist, trust=trust,
    )  # fmt: skip


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
        "--data", metavar="DATA", help="pictures to use instead of the training set's test part; 'random'"
    )
    parser.add_argument(
        "--frames", type=_frames, metavar="N|all", help="how many, from the first; all, or 20 with --netlist"
    )
    parser.add_argument("--backpressure", type=_probability, default=0.0, metavar="P", help="stall both sides, 0 to 1")
    parser.add_argument("--resize", action="store_true", help="scale pictures of another size")
    parser.add_argument("--vcd", metavar="FILE", help="on a mismatch, leave the waveform of that frame here")
    parser.add_argument(
        "--netlist", action="store_true", help="simulate the mapped cells (Yosys) instead of the RTL; slower"
    )
    parser.add_argument(
        "--cppsim", action="store_true", help="run the C++ of HLS layers instead: each layer, then all as one"
    )
    parser.add_argument(
        "--family", choices=("xc7", "xcup"), help="of the netlist: 7-series (as if not given) or UltraScale+"
    )


def main(options: argparse.Namespace) -> tuple[bool, dict[str, Any]]:
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
    )
    print(cppsim_summary(result) if options.cppsim else summary(result))
    return result["passed"], result


def cppsim_summary(result: dict[str, Any]) -> str:
    """Layers, compile times and mismatches, for people."""
    lines = [f"{'C++ of':18} {'compiled in':>11} {'mismatches':>10}"]
    for unit in result["units"]:
        took = f"{unit['compile_seconds']:.1f} s" if unit["compile_seconds"] else "cached"
        lines.append(f"{unit['name']:18} {took:>11} {unit['mismatches']:10d}")
    lines.append(
        f"{counted(result['frames'], 'frame', 'frames')} of {result['data']}, "
        f"{counted(result['mismatches'], 'mismatch', 'mismatches')}, {result['seconds']:.1f} s"
    )
    where = result["first_mismatch"]
    if where:
        place = "the number of beats" if where["element"] is None else f"beat {where['element']}"
        lines.append(f"frame {where['frame']} differs first in layer {where['layer']}: {place}")
    return "\n".join(lines)


def counted(number: int, one: str, more: str) -> str:
    """A number and what is counted, such as "1 frame"."""
    return f"{number:,} {one if number == 1 else more}"


def source_summary(source: dict[str, Any]) -> list[str]:
    """The execution of the imported file against the network, as `bnn.qonnx.foreign.compare` reports it."""
    lines = [
        f"{counted(source['frames'], 'frame', 'frames')} by execution of source.onnx: "
        f"{counted(source['classes_differ'], 'class differs', 'classes differ')}, "
        f"{counted(source['scores_beyond'], 'score', 'scores')} beyond the rounding of float32 (largest difference "
        f"{source['largest_difference']:.2g}, bound {source['bound']:.2g})"
    ]
    if source["decisions_beyond"]:
        found = counted(source["decisions_beyond"], "sign or level differs", "signs or levels differ")
        lines.append(f"fault: {found} from source.onnx")
    if source["mismatches"]:
        lines.append(f"fault: {counted(source['mismatches'], 'frame is', 'frames are')} not what source.onnx computes")
    if source["decisions_taken"]:
        sums, frames = (
            counted(source["decisions_taken"], "sum", "sums"),
            counted(source["frames_taken"], "frame", "frames"),
        )
        changed = counted(source["classes_taken"], "frame", "frames")
        lines.append(f"float32 rounds {sums} of {frames} past a threshold, which changes the class in {changed}")
    if source["classes_tied"]:
        tied = counted(source["classes_tied"], "frame", "frames")
        lines.append(f"in {tied} the class differs because float32 rounds a tie apart")
    if source["scores_indistinct"]:
        classes = counted(source["scores_indistinct"], "class", "classes")
        lines.append(
            f"note: in {classes} float32 rounds by more than the step between two sums, so the scores tell little"
        )
    return [*lines, *(f"note: {note}" for note in source["notes"])]


def summary(result: dict[str, Any]) -> str:
    """Frames, mismatches and times, for people."""
    cycles = result["cycles_per_frame"]
    lines = [
        f"{counted(result['frames'], 'frame', 'frames')} of {result['data']}, "
        f"{counted(result['mismatches'], 'mismatch', 'mismatches')}",
        f"{'-' if cycles is None else f'{cycles:g}'} cycles per frame back to back, "
        f"{result['latency_cycles']} cycles from the last pixel to the result",
        f"{result['cycles_per_second']:,.0f} simulated cycles per second, {result['seconds']:.1f} s with the build",
    ]
    if "source" in result:
        lines += source_summary(result["source"])
    if "cells" in result:
        cells = ", ".join(f"{number} {kind}" for kind, number in result["cells"].items())
        lines.insert(0, f"netlist of {sum(result['cells'].values())} cells for {result['family']}: {cells}")
    lines += [f"fault: {fault}" for fault in result["faults"]]
    where = result["first_mismatch"]
    if where and where.get("layer"):
        lines.append(
            f"frame {where['frame']} differs first in layer {where['layer']} ({where['operator']}) at "
            f"[y, x, c] = {where['element']}: expected {where['expected']}, got {where['got']}"
        )
    elif where:
        lines.append(f"frame {where['frame']} differs, but not when it is run again")
    return "\n".join(lines)
