"""Bitstreams for Zynq boards: the folder that Vivado builds from, its run where it is installed, and its reports.

The folder holds build.tcl, the IP and the settings; a machine with Vivado needs nothing else. FINN's own Zynq flow is
not used. Its DMA and its stitched layers exist as HLS and Vivado projects only, so it needs Vitis HLS too, and makes
again what `neuraljet build` made and `neuraljet verify` verified.
"""

import dataclasses
import json
import os
import re
import shutil
import signal
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnn.drift.heldout import FILE as HELD_OUT
from bnn.errors import ToolError, UserError
from bnn.storage.files import lock, new_folder, write_file
from bnn.storage.records import Record, parse_json, seal_of, sha256
from bnn.system import processes
from finn_build import board_folder
from finn_build.board_folder import BIT, HWH, Bitstream, padded
from finn_build.boards import boards
from finn_build.folders import ZYNQ
from finn_build.ip import CORE, write_ip
from finn_build.manifest import Manifest, estimates
from finn_build.operating import point_in
from finn_build.trust import opened
from hw.text import HW

KIT = ZYNQ.file
SCRIPT = "build.tcl"
OUTCOME = "outcome.json"  # the script writes it last
REPORT = "report.json"
TABLES = HW / "boards"
WIDEST = 1024  # bits of a DMA's stream
LOG_LINES = 15
RESOURCES = {  # of report_utilization, 7-series and UltraScale+
    "lut": ("Slice LUTs", "CLB LUTs"),
    "lut_logic": ("LUT as Logic",),
    "lutram": ("LUT as Distributed RAM",),
    "srl": ("LUT as Shift Register",),
    "ff": ("Slice Registers", "CLB Registers"),
    "bram36": ("RAMB36/FIFO*", "RAMB36/FIFO"),
    "bram18": ("RAMB18",),
    "uram": ("URAM",),
    "dsp": ("DSPs",),
}


def zynq_boards() -> dict[str, dict[str, str]]:
    """Return board_part and ps of each board that this flow knows, by the board's name in lower case."""
    return tomllib.loads((TABLES / "zynq.toml").read_text())


@dataclass(frozen=True)
class Timing(Record):
    """The worst slacks that report_timing_summary names."""

    setup_slack_ns: float
    hold_slack_ns: float
    met: bool


@dataclass(frozen=True)
class VivadoReport(Record):
    """report.json: what Vivado reported, beside the estimates."""

    format: str
    version: int
    built: bool  # True
    board: str
    part: str
    folder: str
    vivado: str
    clock_mhz: float
    frames_per_second: float
    timing: Timing
    utilisation: Mapping[str, float]
    estimate: Mapping[str, Any] | None


@dataclass(frozen=True)
class WaitingForVivado(Record):
    """A folder to take to a machine that has Vivado."""

    built: bool  # False
    board: str
    folder: str
    next: str  # what to do


def make(acc: Path, board: str, out: Path, trust: bool = False) -> VivadoReport | WaitingForVivado:
    """Make the bitstream of accelerator folder `acc` for `board`, in the folder `out`.

    Without Vivado on PATH the folder waits for a machine that has it, and the result says what to do. A folder of the
    same network and board in which build.tcl has run is finished.
    Raise UserError for an unknown board or a folder that is not ours, and ToolError when Vivado fails or timing is not
    met. `out` then holds its log and reports, and no bitstream.json, without which no driver takes the folder.
    """
    acc, out = Path(acc), Path(out)
    name = board.lower()
    if name not in zynq_boards():
        raise UserError(f"--board {board!r} is not known to the Vivado flow; choose one of {', '.join(zynq_boards())}")
    with opened(acc, trust=trust) as manifest, lock(out):
        return _make(acc, manifest, name, out)


def _make(acc: Path, manifest: Manifest, name: str, out: Path) -> VivadoReport | WaitingForVivado:
    """Make the bitstream of an accelerator whose files may be run."""
    if padded(manifest.output.tdata_bits) > WIDEST:
        raise UserError(
            f"results of {manifest.output.tdata_bits} bits are wider than the {WIDEST} of a DMA: "
            f"{len(manifest.output.classes)} classes are too many for this flow; take the IP (`neuraljet ip`)"
        )
    kit = _kit(acc, manifest, name)
    if not (_is_kit(out, kit) and (out / OUTCOME).is_file()):
        _write(acc, manifest, name, kit, out)
        vivado = shutil.which("vivado")
        if vivado is None:
            sentence = (
                f"Vivado is not on PATH: take the folder {out} to a machine that has it, run `vivado -mode batch "
                f"-source {SCRIPT}` in it, bring it back and give this command again"
            )
            return WaitingForVivado(False, name, str(out), sentence)
        run_vivado(vivado, out)
    return finish(out)


def run_vivado(vivado: str, folder: Path) -> None:
    """Run build.tcl in `folder`; its output goes to vivado.out. ToolError tells which step failed, or the signal."""
    log = folder / "vivado.out"
    with log.open("w") as output:
        command = [vivado, "-mode", "batch", "-notrace", "-source", SCRIPT]
        code = processes.run(command, cwd=folder, output=output).code
    lines = log.read_text(errors="replace").splitlines()
    if code in (128 + signal.SIGKILL, 128 + signal.SIGTERM):
        raise ToolError(f"vivado was killed (signal {code - 128}; too little memory is the common reason): see {log}")
    if code or not (folder / OUTCOME).is_file():
        reasons = [line.partition("neuraljet: ")[2] for line in lines if "neuraljet: " in line]
        reasons += [line for line in lines if line.startswith("ERROR:")]
        reasons.append(f"it ended with exit code {code}")
        raise ToolError(f"vivado: {reasons[0]}\n" + "\n".join(lines[-LOG_LINES:]) + f"\nthe whole of it: {log}")


def finish(folder: Path) -> VivadoReport:
    """Read the results of build.tcl in `folder`; write report.json and, if timing is met, bitstream.json."""
    missing = [name for name in (BIT, HWH, "utilisation.rpt", "timing.rpt") if not (folder / name).is_file()]
    if missing:
        raise ToolError(f"{folder}: {SCRIPT} left no {', '.join(missing)}; run it again")
    kit, outcome = _read(folder / KIT), _read(folder / OUTCOME)
    try:
        clock_mhz, version = float(outcome["clock_hz"]) / 1e6, str(outcome["vivado"])
        if not clock_mhz > 0:
            raise ValueError("clock_hz is not above 0")
    except (KeyError, TypeError, ValueError) as error:
        raise ToolError(f"{folder / OUTCOME} does not say what {SCRIPT} writes ({error}); run it again") from error
    timing = read_timing((folder / "timing.rpt").read_text())
    report = VivadoReport(
        format="neuraljet-vivado-report",
        version=1,
        built=True,
        board=kit["board"],
        part=kit["part"],
        folder=str(folder),
        vivado=version,
        clock_mhz=clock_mhz,
        frames_per_second=clock_mhz * 1e6 / kit["cycles_per_frame"],
        timing=timing,
        utilisation=read_utilisation((folder / "utilisation.rpt").read_text()),
        estimate=kit["estimate"],
    )
    write_file(folder / REPORT, report.to_json())
    if not timing.met:
        raise ToolError(_missed(timing, clock_mhz, folder))
    entries = {f.name: kit[f.name] for f in dataclasses.fields(Bitstream) if f.name in kit}
    described = {**entries, "format": board_folder.FORMAT, "version": board_folder.VERSION, "clock_mhz": clock_mhz}
    names = (BIT, HWH, *((HELD_OUT,) if (folder / HELD_OUT).is_file() else ()))  # what the driver reads
    described["files"] = {name: sha256(folder / name) for name in names}
    described["seal"] = seal_of(described)
    write_file(folder / board_folder.FILE, json.dumps(described, indent=2) + "\n")
    board_folder.load(folder)
    return report


def _read(path: Path) -> dict[str, Any]:
    try:
        content = parse_json(path.read_bytes())
    except ValueError as error:
        raise ToolError(f"{path} is damaged ({error}); give the command again") from error
    if not isinstance(content, dict):
        raise ToolError(f"{path} is damaged (no object); give the command again")
    return content


def read_utilisation(text: str) -> dict[str, float]:
    """Return the use of each of RESOURCES from a report of report_utilization. ToolError when the text is none."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        for name, titles in RESOURCES.items():
            if len(cells) > 3 and cells[1].rstrip("*") in {title.rstrip("*") for title in titles} and name not in found:
                found[name] = float(cells[2]) if "." in cells[2] else int(cells[2])
    if not {"lut", "ff"} <= found.keys():
        raise ToolError("utilisation.rpt has no lines of LUTs and registers: this program does not know that Vivado")
    return found


def read_timing(text: str) -> Timing:
    """Read the worst slacks in a report of report_timing_summary."""
    number, other = r"(-?\d+\.\d+)", r"\s+\S+"
    head = r"^\s*WNS\(ns\)\s+TNS\(ns\).*WHS\(ns\).*\n[\s-]*\n"
    table = re.search(rf"{head}\s*{number}{other * 3}\s+{number}", text, re.MULTILINE)
    if table is None:
        raise ToolError("timing.rpt has no table of slacks: nothing is constrained, or this program does not know it")
    setup, hold = float(table[1]), float(table[2])
    return Timing(setup, hold, setup >= 0 and hold >= 0)


def _missed(timing: Timing, clock_mhz: float, folder: Path) -> str:
    setup, hold = timing.setup_slack_ns, timing.hold_slack_ns
    where = f"({folder / 'timing.rpt'})"
    if setup >= 0:
        return f"timing is not met: the worst hold slack is {hold} ns, which no slower clock mends {where}"
    reach = 1000 / (1000 / clock_mhz - setup)
    return (
        f"timing is not met at {clock_mhz:g} MHz: the worst slack is {setup} ns {where}; build the accelerator again "
        f"with --clock-mhz {int(reach * 0.97)} or less"
    )


def _kit(acc: Path, manifest: Manifest, name: str) -> dict[str, Any]:
    point = point_in(acc, manifest.output, manifest.model_sha256)
    return {
        "format": ZYNQ.format,
        "version": 1,
        "board": name,
        "part": boards()[name].part,
        "input": dataclasses.asdict(manifest.input),
        "output": {**dataclasses.asdict(manifest.output), "classes": list(manifest.output.classes)},
        "asked_mhz": manifest.clock_mhz,
        "cycles_per_frame": manifest.cycles_per_frame,
        "operating_point": {"offsets": list(point.offsets), "least_margin": point.least_margin},
        "model_sha256": manifest.model_sha256,
        "estimate": estimates(acc).get("total"),
    }


def _is_kit(out: Path, kit: dict[str, Any]) -> bool:
    """Return whether `out` was made for the same network, board and clock."""
    try:
        found = parse_json((out / KIT).read_bytes())
        return bool({name: found.get(name) for name in kit} == kit)
    except (OSError, ValueError, AttributeError):
        return False


def _write(acc: Path, manifest: Manifest, name: str, kit: dict[str, Any], out: Path) -> None:
    settings = {
        **zynq_boards()[name],
        "part": kit["part"],
        "clock_mhz": f"{manifest.clock_mhz:g}",
        "in_bits": padded(manifest.input.tdata_bits),
        "out_bits": padded(manifest.output.tdata_bits),
        "vlnv": CORE.vlnv,
        "jobs": max(1, (os.cpu_count() or 2) // 2),
    }
    with new_folder(out, ZYNQ) as folder:
        write_ip(acc, manifest, folder / "ip")
        shutil.copyfile(TABLES / "zynq.tcl", folder / SCRIPT)
        (folder / "settings.tcl").write_text("".join(f"set {key} {{{value}}}\n" for key, value in settings.items()))
        if HELD_OUT in manifest.files:
            shutil.copyfile(acc / HELD_OUT, folder / HELD_OUT)
        files = {str(path.relative_to(folder)): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}
        (folder / KIT).write_text(json.dumps({**kit, "files": files}, indent=2) + "\n")
