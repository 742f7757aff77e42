"""Put an accelerator on a serial line, which connects a board that has no camera."""

import shutil
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.records import NAMED, Record
from finn_build.bitstream.reject import Rejecting
from finn_build.bitstream.reject import values as constants
from finn_build.manifest import Manifest
from finn_build.operating import point_in
from finn_build.results import point_word
from hw.text import fill, packages_first, sources_of

TOP = "nj_serial_accelerator"
LEAST_CLOCKS = 6  # clocks of a bit that nj_uart_rx needs
PHASE = 1 << 16  # of a bit
MOST_OFF = 0.02  # of a bit; the other end may be off as much, and at 5 % in all the stop bit is missed
PAUSE_S = 0.1  # silence of this length ends a picture; USB holds bytes back for at most 16 ms
BITS = 10  # of a byte on the line


def write_serial(
    acc: Path, manifest: Manifest, clock_mhz: float, baud: int, folder: Path, rejecting: Rejecting | None = None
) -> list[str]:
    """Copy the accelerator into `folder` and write nj_serial_accelerator there. Return the sources, packages first.

    Ports of the module: clk_i, rst_i, rx_i, tx_o, led_o, trigger_i, encoder_i, reject_o. UserError
    when the line is too fast for the clock or for the accelerator.
    """
    exact = PHASE * baud / (clock_mhz * 1e6)
    step = round(exact)
    if step > PHASE // LEAST_CLOCKS:
        most = int(clock_mhz * 1e6 / LEAST_CLOCKS)
        raise UserError(f"{baud} baud do not go with a clock of {clock_mhz:g} MHz; give --baud at most {most}")
    if abs(step - exact) > MOST_OFF * exact:
        least = ceil(clock_mhz * 1e6 / PHASE / (2 * MOST_OFF))
        raise UserError(
            f"{baud} baud cannot be made of a clock of {clock_mhz:g} MHz to within {MOST_OFF:.0%}, so bytes would be "
            f"misread; give --baud at least {least}"
        )
    pixels, channels = manifest.input.beats_per_frame, manifest.input.tdata_bits // 8
    clocks = pixels * channels * BITS * PHASE // step
    if manifest.cycles_per_frame > clocks:
        most = int(pixels * channels * BITS * clock_mhz * 1e6 / manifest.cycles_per_frame)
        raise UserError(
            f"at {baud} baud a picture comes in {clocks} clocks and the accelerator takes {manifest.cycles_per_frame}; "
            f"give --baud at most {most}, or build with more frames per second"
        )
    output = manifest.output
    point = point_word(point_in(acc, output, manifest.model_sha256), output)
    gate = "serial_gate_none.sv.in" if rejecting is None else "serial_gate.sv.in"
    values = {
        "gate": fill(gate, {} if rejecting is None else constants(rejecting, output)),
        "operating_point": f"{output.point_bits}'h{point:x}",
        "baud": baud, "clock_mhz": f"{clock_mhz:g}", "in_bits": manifest.input.tdata_bits,
        "out_bits": manifest.output.tdata_bits, "beats": pixels, "channels": channels,
        "result_bytes": manifest.output.tdata_bits // 8, "step": step, "pause": round(PAUSE_S * clock_mhz * 1e6),
        "top": manifest.top,
    }  # fmt: skip
    for name in manifest.files:
        if name.startswith(("rtl/", "mem/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(acc / name, folder / name)
    for path in [*sources_of("nj_uart_frames"), *(sources_of("nj_gate") if rejecting is not None else ())]:
        shutil.copy(path, folder / "rtl" / path.name)
    (folder / "rtl" / f"{TOP}.sv").write_text(fill("serial_accelerator.sv.in", values))
    names = sorted(f"rtl/{path.name}" for path in (folder / "rtl").iterdir() if path.suffix in (".v", ".sv"))
    return packages_first(names)


def pictures_per_second(manifest: Manifest, baud: int) -> float:
    """Return how many pictures per second the line carries at `baud`."""
    return baud / BITS / (manifest.input.beats_per_frame * manifest.input.tdata_bits // 8)


@dataclass(frozen=True)
class ReplyFormat(Record):
    """The bytes of a reply: status, class, then signed scores and the margin with the lowest byte first."""

    status: int
    class_bytes: int = field(metadata={NAMED: "class"})
    broken_bit: int  # of the class: 1 when the picture had another length; the status says so too, see nj_uart_frames
    unsure_bit: int  # of the class: 1 when the margin is less than the least one
    score: int
    scores: int  # how many
    margin: int


def reply_format(manifest: Manifest) -> ReplyFormat:
    """Return the format of the accelerator's replies."""
    output = manifest.output
    return ReplyFormat(
        1, output.class_bits // 8, output.broken_bit, output.unsure_bit, output.score_bits // 8, len(output.classes),
        output.margin_bits // 8,
    )  # fmt: skip
