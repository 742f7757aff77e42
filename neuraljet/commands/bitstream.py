"""neuraljet bitstream: an accelerator folder in, a file that configures a board out."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from neuraljet.commands.numbers import natural, positive
from neuraljet.commands.train import add_trust, whole

if TYPE_CHECKING:
    from finn_build.bitstream.flow import BoardBitstream
    from finn_build.vivado import VivadoReport, WaitingForVivado

    AnyBitstream = BoardBitstream | VivadoReport | WaitingForVivado

NAME = "bitstream"
HELP = "Place and route an accelerator for a board and write the bitstream"
EXAMPLE = "neuraljet bitstream accelerator --board ulx3s-85f"


def bitstream(
    accelerator: str | Path,
    *,
    board: str,
    out: str | Path | None = None,
    clock_mhz: float | None = None,
    baud: int | None = None,
    trust: bool = False,
    reject: Sequence[str] | None = None,
    gate_delay: int | None = None,
    gate_length: int | None = None,
    gate_steps: bool = False,
) -> "AnyBitstream":
    """Write the bitstream for `board` into `out` (default: in the accelerator folder); see finn_build.bitstream.

    ulx3s-85f, tang-nano-9k and others: the accelerator on the board's serial line, by open tools alone. `clock_mhz`:
    the board's oscillator when None; `baud`: the fastest of the board when None. pynq-z2 and other Zynq boards: for
    PYNQ, by Vivado, or without it the folder to take to a machine that has it; see finn_build.vivado.
    reject: classes whose parts the board's pin `reject` throws out, `gate_delay` clocks behind its pin `trigger`, for
    `gate_length` clocks; with gate_steps both are steps of its pin `encoder`. Parts without a decision, with an unsure
    one, or with one on a broken frame go too. None: no gate.
    """
    from bnn.errors import UserError
    from finn_build.bitstream import make
    from finn_build.bitstream.reject import Rejecting
    from finn_build.folders import require_elsewhere

    if out is not None:
        require_elsewhere(Path(out), Path(accelerator), "bitstream")
    rejecting = None
    if reject is not None:
        if gate_delay is None or gate_length is None:
            raise UserError("--reject needs --gate-delay and --gate-length, in clocks, or in steps with --gate-steps")
        rejecting = Rejecting(tuple(reject), gate_delay, gate_length, gate_steps)
    elif gate_delay is not None or gate_length is not None or gate_steps:
        raise UserError("--gate-delay, --gate-length and --gate-steps need --reject, the classes that are thrown out")
    return make(Path(accelerator), board, None if out is None else Path(out), clock_mhz, baud, trust, rejecting)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("accelerator", metavar="ACC", help="folder that build made")
    add_trust(parser)
    parser.add_argument(
        "--board", required=True, metavar="NAME",
        help="tang-nano-9k, ulx3s-25f, colorlight-i5, ... or pynq-z2, zcu104, ... with Vivado",
    )  # fmt: skip
    parser.add_argument("--out", metavar="FOLDER", help="folder to make (default: ACC/bitstream-NAME)")
    parser.add_argument(
        "--clock-mhz", type=positive, metavar="F", help="clock rate, from the chip's PLL (default: the oscillator)"
    )
    parser.add_argument("--baud", type=whole, metavar="N", help="rate of the serial line (default: the fastest)")
    parser.add_argument(
        "--reject", metavar="CLASS,...", type=lambda text: text.split(","),
        help="throw out parts of these classes, and parts without a sure decision, at the board's pin reject",
    )  # fmt: skip
    parser.add_argument("--gate-delay", type=natural, metavar="N", help="clocks from the pin trigger to the gate")
    parser.add_argument("--gate-length", type=natural, metavar="N", help="clocks that the pin reject stays high")
    parser.add_argument("--gate-steps", action="store_true", help="both are steps of the pin encoder")


def main(options: argparse.Namespace) -> tuple[bool, "AnyBitstream"]:
    result = bitstream(
        options.accelerator, board=options.board, out=options.out, clock_mhz=options.clock_mhz, baud=options.baud,
        trust=options.trust, reject=options.reject, gate_delay=options.gate_delay, gate_length=options.gate_length,
        gate_steps=options.gate_steps,
    )  # fmt: skip
    from finn_build.bitstream.flow import BoardBitstream

    if not isinstance(result, BoardBitstream):
        print(vivado_summary(result))
        return True, result
    print(summary(result))
    folder = options.out or Path(options.accelerator) / f"bitstream-{result.board}"
    print(f"bitstream: {Path(folder) / result.file}   next: openFPGALoader --board {result.loader} {result.file}")
    return True, result


def summary(result: "BoardBitstream") -> str:
    """Return cells used, clocks and rates, for people."""
    lines = [f"{result.part:24} {'used':>8} {'there are':>10} {'share':>7}"]
    for name, entry in result.cells.items():
        share = 100 * entry["used"] / entry["available"]
        lines.append(f"{name:24} {entry['used']:8d} {entry['available']:10d} {share:6.1f}%")
    if result.estimate:
        counts = ", ".join(f"{value:,.0f} {name.upper()}" for name, value in result.estimate.items() if value)
        lines.append(f"estimated for {result.estimated_for}: {counts}")
    for name, found in result.clocks.items():
        lines.append(f"clock {name}: reaches {found['achieved']:.1f} MHz, runs at {found['constraint']:g} MHz")
    rates = result.pictures_per_second
    lines.append(
        f"{rates.line:.0f} pictures/s over the line at {result.baud} baud (the accelerator alone: "
        f"{rates.accelerator:.0f}); {result.bytes / 1024:.0f} KiB in {result.seconds:.0f} s"
    )
    return "\n".join(lines)


def vivado_summary(result: "VivadoReport | WaitingForVivado") -> str:
    """Return what Vivado reported beside the estimates, or what to do without it."""
    from finn_build.vivado import WaitingForVivado

    if isinstance(result, WaitingForVivado):
        return result.next
    used, estimate = result.utilisation, result.estimate or {}
    lines = [f"{result.board} ({result.part}), Vivado {result.vivado}"]
    for name, number in used.items():
        guess = f"   estimated {estimate[name]}" if name in estimate else ""
        lines.append(f"  {name:10} {number:8g}{guess}")
    lines.append(
        f"{result.clock_mhz:g} MHz, slack {result.timing.setup_slack_ns} ns: {result.frames_per_second:,.0f} frames/s"
    )
    lines.append(f"bitstream folder: {result.folder}   next, on the board: Accelerator.on_board(folder)")
    return "\n".join(lines)
