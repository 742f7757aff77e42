"""Checks that simulate, synthesise or prove: RTL, netlist and C++ against the network, and single modules."""

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from bnn.errors import ToolError
from bnn.qonnx.read import read_qonnx
from finn_build.bitstream import serial as serial_line
from finn_build.manifest import Manifest, load
from hw.text import sources_of
from sim import design
from sim.accelerator import verify
from sim.cppsim import verify_cppsim
from sim.frames import unpack_result
from sim.pictures import planes
from sim.proofs import formal
from sim.proofs.formal import ProofError, combinational_paths, equivalent
from sim.serial import run_serial
from sim.stress import LAST, run_beats
from sim.verification import Verification
from tests.benchmarks.planted.check import Check, Said, accelerator, changed_rtl, copied, outcome, planted
from tests.support.sealing import reseal
from tests.support.tiny import tiny_accelerator

POPCOUNT = {"count_o": "$countones(bits_i)"}
FIFO = {"Depth": 2}


# --- an accelerator against its network ---


def rtl(right: str, wrong: str, folder: Path, plant: bool, frames: int = 20, **options: Any) -> Said:
    """Change a piece of the layers of tests/sim's stand-in."""
    acc = tiny_accelerator(folder / "acc", {right: wrong} if plant else None)
    return told(verify(acc, "random", frames=frames, **options))


def told(report: Verification) -> Said:
    if report.passed:
        return None
    where = report.first_mismatch.where if report.first_mismatch else None
    layer = f", first in layer {where.layer}" if where else ""
    return "; ".join([f"{report.mismatches} mismatches{layer}", *report.faults[:1]])


def top(right: str, wrong: str, folder: Path, plant: bool) -> Said:
    """Change a piece of its top module."""
    acc = tiny_accelerator(folder / "acc")
    if plant:
        planted(acc / "rtl" / "nj_accelerator.v", right, wrong)
        reseal(acc)
    return told(verify(acc, "random", frames=20))


def memory(folder: Path, plant: bool) -> Said:
    acc = tiny_accelerator(folder / "acc")
    if plant:
        planted(acc / "mem" / "weights.mem", "^(.)", lambda found: f"{int(found[1], 16) ^ 1:x}")
        reseal(acc)
    return told(verify(acc, "random", frames=20))


def slower(folder: Path, plant: bool) -> Said:
    """Let the threshold take a pixel every second clock: all results are right, but late."""
    acc = tiny_accelerator(folder / "acc")
    if plant:
        layers = acc / "rtl" / "tiny_layers.sv"
        planted(layers, r"s_ready_o = !m_valid_o \|\| m_ready_i", "s_ready_o = !m_valid_o")
        planted(
            layers, r"    if \(s_ready_o\) begin\n", "    if (m_ready_i) m_valid_o <= 1'b0;\n    if (s_ready_o) begin\n"
        )
        reseal(acc)
    return told(verify(acc, "random", frames=20))


def network(folder: Path, plant: bool) -> Said:
    """Change a threshold of model.onnx, and not the RTL."""
    from bnn.integer.layers import Threshold
    from bnn.qonnx.write import write_qonnx
    from tests.benchmarks.planted.software import changed

    acc = tiny_accelerator(folder / "acc")
    if plant:
        write_qonnx(changed(read_qonnx(acc / "model.onnx"), Threshold), acc / "model.onnx")
        reseal(acc)
    return told(verify(acc, "random", frames=20))


def swapped(folder: Path, plant: bool) -> Said:
    """Swap two bits of the wires between two layers of an accelerator that `build` made."""
    acc = accelerator("binary")
    pattern = r"(\.in0_V_TDATA\s*\()(max_pool_0_tdata)(\))"
    return told(
        verify(
            changed_rtl(folder, acc, "nj_accelerator.v", pattern, r"\1{\2[7:2], \2[0], \2[1]}\3", plant),
            "random",
            frames=20,
        )
    )


def netlist(folder: Path, plant: bool) -> Said:
    """Let a LUT of the comparators read 0 instead of a bit, in the netlist that Yosys made."""
    write = design.write_netlist

    def broken(acc: Path, manifest: Manifest, family: str, path: Path) -> dict[str, int]:
        cells = write(acc, manifest, family, path)
        if plant:
            planted(path, r"(\.I\d\()s_data_i\[7\]", r"\g<1>1'b0")
        return cells

    acc = tiny_accelerator(folder / "acc")
    with mock.patch.object(design, "write_netlist", broken):
        return told(verify(acc, "random", frames=20, netlist="xc7"))


def cpp(folder: Path, plant: bool) -> Said:
    acc = copied(accelerator("binary", backend="hls"), folder)
    call = r"nj_max_pool<Layer>\(in0_V, out0_V, minimum\);"
    if plant:
        again = " ap_uint<Layer::OutWidth> first = out0_V.read(); out0_V.write(~first);"
        planted(acc / "hls" / "max_pool_0.hpp", call, lambda found: found[0] + again)
        reseal(acc)
    report = verify_cppsim(acc, "random", frames=3)
    return outcome(report, "mismatches", "first_mismatch")


# --- broken streams ---


def cut(pattern: str, replacement: str, folder: Path, plant: bool) -> Said:
    """Send a frame without its last row between whole ones."""
    acc = changed_rtl(folder, accelerator("binary"), "nj_frame_sync.sv", pattern, replacement, plant)
    manifest, images = load(acc), np.random.default_rng(5).integers(0, 256, (3, 8, 8, 1), np.uint8)
    beats = [images[0].reshape(64, 1), images[1].reshape(64, 1)[:56], images[2].reshape(64, 1)]
    flags = np.concatenate([np.eye(1, len(beat), len(beat) - 1, dtype=np.uint8)[0] * LAST for beat in beats])
    found = run_beats(acc, np.concatenate(beats), flags)
    (epoch,) = found.epochs
    model = read_qonnx(acc / "model.onnx")
    scores = model.run(planes(images))
    due = [(int(label), tuple(row.tolist())) for label, row in zip(model.classify(scores), scores, strict=True)]
    got = [unpack_result(word, manifest)[:2] for word in epoch.results]
    wrong = [*found.faults, *(["no frame_error"] if not epoch.frame_error else [])]
    wrong += ["the wrong results say that they are broken"] if epoch.broken != [False, True, False] else []
    wrong += [f"frame {i} differs" for i in (0, 2) if len(got) != 3 or got[i] != due[i]]
    return ", ".join(wrong) or None


def line(folder: Path, plant: bool) -> Said:
    """Send a picture over the serial line; with the fault a bit is a tenth too short on the chip's side."""
    acc = accelerator("binary")
    manifest, clock, baud = load(acc), 25.0, 3_000_000
    phase = serial_line.PHASE
    with mock.patch.object(serial_line, "PHASE", round(phase * 1.1) if plant else phase):
        names = serial_line.write_serial(acc, manifest, clock, baud, folder)
    image = np.random.default_rng(6).integers(0, 256, (1, 8, 8, 1), np.uint8)
    sent = [(0, int(byte), 1) for byte in image.reshape(-1)]
    (reply,) = run_serial(
        serial_line.TOP, [folder / name for name in names], [sent], clock * 1e6 / baud, 4000, work=folder
    )
    model = read_qonnx(acc / "model.onnx")
    scores = model.run(planes(image))
    size = manifest.output.score_bits // 8
    due = [0xA0, int(model.classify(scores)[0])]
    due += [byte for score in scores[0] for byte in int(score).to_bytes(size, "little", signed=True)]
    return None if reply == due else f"{len(reply)} bytes come back, {reply[:4]} ... and not {due[:4]} ..."


# --- modules against their properties ---


def property_of_fifo(folder: Path, plant: bool) -> Said:
    """Let the FIFO take a beat while it has no room."""
    sources = formal._property_sources("nj_fifo_properties")
    if plant:
        wrong = folder / "nj_fifo.sv"
        wrong.write_text(next(path for path in sources if path.stem == "nj_fifo").read_text())
        planted(wrong, r"s_ready_o = !\(same && filled_q\)", "s_ready_o = 1'b1")
        sources = [wrong if path.stem == "nj_fifo" else path for path in sources]
    verdict = formal.prove("nj_fifo_properties", FIFO, sources=sources, trace=False)
    return None if verdict else verdict.text


def assertions(folder: Path, plant: bool) -> Said:
    (folder / "nj_x.sv").write_text(
        "module nj_x (input logic clk_i, input logic x_i);\n"
        + ("" if plant else "  always_ff @(posedge clk_i) assert (x_i || !x_i);\n")
        + "endmodule\n"
    )
    return unproven(lambda: formal.prove("nj_x", {}, sources=[folder / "nj_x.sv"]))


def formula(folder: Path, plant: bool) -> Said:
    wrong = {"count_o": "$countones(bits_i) + (bits_i == 12'h5a5)"}
    verdict = equivalent("nj_popcount", {"Width": 12}, wrong if plant else POPCOUNT)
    return None if verdict else verdict.text


def condition(folder: Path, plant: bool) -> Said:
    assuming = "bits_i > 16" if plant else "bits_i > 7"
    return unproven(lambda: equivalent("nj_popcount", {"Width": 4}, POPCOUNT, assuming=assuming))


def unproven(call: Any) -> Said:
    try:
        return None if call() else "refuted"
    except ProofError as error:
        lines = str(error).splitlines()
        return next((line for line in lines if "Assertion failed" in line), lines[0])


def path(folder: Path, plant: bool) -> Said:
    """Let a valid depend on the ready of the same port."""
    sources = list(sources_of("nj_fifo"))
    if plant:
        wrong = folder / "nj_fifo.sv"
        wrong.write_text(sources[[source.stem for source in sources].index("nj_fifo")].read_text())
        planted(wrong, "m_valid_o = valid_q", "m_valid_o = valid_q && m_ready_i")
        sources = [wrong if source.stem == "nj_fifo" else source for source in sources]
    found = combinational_paths("nj_fifo", FIFO, sources) & {("m_ready_i", "m_valid_o")}
    return f"a path {found}" if found else None


def bench(folder: Path, plant: bool) -> Said:
    """Run a bench whose design never gives its result."""
    from sim.modules import run_stream

    try:
        run_stream("nj_fifo", {"Depth": 2, "Bits": 4}, [1, 2, 3], 4 if plant else 3)
    except ToolError as error:
        return str(error).splitlines()[0]
    return None


def row(name: str, fault: str, run: Any, *arguments: Any, **options: Any) -> Check:
    return Check(name, fault, lambda folder, plant: run(*arguments, folder, plant, **options), slow=True)


ARGMAX = "s0 >= v1 && s0 >= v2", "s0 >= v2"
LOST = "m_valid_o <= odd_q && x_q[0]", "m_valid_o <= odd_q && x_q[0] && s_data_i != 2'b00"
WITHDRAWN = (
    "if (s_ready_o) m_valid_o <= 1'b0;\n    if (s_valid_i && s_ready_o) begin\n      sum_q",
    ("m_valid_o <= 1'b0;\n    if (s_valid_i && s_ready_o) begin\n      sum_q"),
)
FLOOD = "if (s_ready_o) begin\n      m_valid_o <= s_valid_i;", "begin\n      m_valid_o <= 1'b1;"
LATER = "beat_q == 0 ? 16'(3 * o - 2)", "beat_q == 0 ? 16'(3 * o - 2 + (frame_q == 8'd5 ? 1 : 0))"
CHECKS = [
    row("verify", "a threshold in the RTL", rtl, "s_data_i <= 8'd60", "s_data_i <= 8'd70"),
    row("verify", "the arg-max in the RTL", rtl, *ARGMAX, frames=400),
    row("verify, operating point", "an offset that is not added", rtl, "v1 = s1 + 16'(o1)", "v1 = s1"),
    row("verify, operating point", "unsure at the least margin", rtl, "margin < least", "margin <= least", frames=400),
    row("verify", "a score of the sixth frame alone", rtl, *LATER),
    row("verify", "a beat lost between layers", rtl, *LOST),
    row("verify", "no TLAST at the output", top, "m_axis_tlast = 1'b1", "m_axis_tlast = 1'b0"),
    row("verify", "frame_error on whole frames", top, "frame_error = 1'b0", "frame_error = 1'b1"),
    row("verify", "TUSER on whole frames", top, "m_axis_tuser = 1'b0", "m_axis_tuser = 1'b1"),
    row("verify", "results without end", rtl, *FLOOD),
    row("verify", "a word of a memory file", memory),
    row("verify", "a threshold of model.onnx", network),
    row("verify", "two wires between layers", swapped),
    row("verify, rate", "a layer at half the rate", slower),
    row("verify --backpressure", "a result withdrawn", rtl, *WITHDRAWN, backpressure=0.5),
    row("verify --netlist", "an input of a LUT", netlist),
    row("verify --cppsim", "bits of a layer inverted", cpp),
    row("stress, cut frame", "the error is not kept", cut, r"error_q <= 1'b1", "error_q <= 1'b0"),
    row("stress, cut frame", "its result does not say so", cut, r"end_broken_o = .*;", "end_broken_o = 1'b0;"),
    row("stress, cut frame", "a frame that is cut is not filled", cut, r"fill_q <= !frame_end", "fill_q <= 1'b0"),
    row("serial line", "bits a tenth too short", line),
    row("formal: property", "a FIFO that takes what it cannot hold", property_of_fifo),
    row("formal: property", "no assertion", assertions),
    row("formal: formula", "one count of 4,096 wrong", formula),
    row("formal: formula", "a condition that nothing fulfils", condition),
    row("formal: paths", "valid waits for ready", path),
    row("bench of a module", "a beat that does not come", bench),
]
