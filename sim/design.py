"""What the bench simulates: an accelerator's RTL, or the netlist of Xilinx cells that synthesis makes of it."""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from finn_build.manifest import Manifest
from finn_build.synthesis import cell_library, write_netlist
from hw.text import packages_first
from sim.runner import SimulationError

CELLS = Path(__file__).resolve().parent / "benches" / "cells"  # those that Yosys has no behaviour for
BLOCK_RAM = CELLS / "nj_block_ram.sv"

# Modules stay functions of their own (-fno-inline). That halves the code to compile and is a third faster than one
# flat function: 17 s to build and 580,000 clocks per second of processor time, measured on four jet layers at 64x64.
RTL_ARGS = ("--timing", "-CFLAGS", "-std=gnu++20 -O2", "--x-assign", "fast", "--x-initial", "fast")
# A function per cell would be slow, so everything is inlined. Cells that nothing initialises start as noise.
NETLIST_ARGS = ("--timing", "-CFLAGS", "-std=gnu++20 -O1", "--x-assign", "unique", "--x-initial", "unique")


@dataclass(frozen=True)
class Design:
    """Sources with the accelerator's top module, and how to simulate them."""

    sources: tuple[Path, ...]
    top: Path  # the one with the top module, whose streams have the manifest's names
    build_args: tuple[str, ...]
    noise: bool  # what nothing resets or initialises starts at random
    slowest: int  # clocks per second that any machine reaches, for the outer time limit
    cells: dict[str, int] = field(default_factory=dict)  # of a netlist: how many of each type
    family: str | None = None
    map_seconds: float = 0.0


def rtl(acc: Path, manifest: Manifest) -> Design:
    """Return the design of the accelerator's own (System)Verilog files."""
    names = sorted(name for name in manifest.files if name.startswith("rtl/") and name.endswith((".sv", ".v")))
    sources = [acc / name for name in packages_first(names)]
    return Design(tuple(sources), acc / "rtl" / f"{manifest.top}.v", RTL_ARGS, noise=False, slowest=10_000)


def link_memories(acc: Path, place: Path) -> None:
    """Let a design that runs in the folder `place` find its memory files, which it names relative to that folder."""
    if (acc / "mem").is_dir():
        (place / "mem").unlink(missing_ok=True)
        (place / "mem").symlink_to((acc / "mem").resolve())


def netlist(acc: Path, manifest: Manifest, family: str, folder: Path) -> Design:
    """Synthesise the accelerator for `family` and write netlist.v and cells.v into `folder`."""
    started = time.perf_counter()
    cells = write_netlist(acc, manifest, family, folder / "netlist.v")
    models = write_cells(cells, folder / "cells.v")
    return Design(
        (folder / "netlist.v", *models), folder / "netlist.v", NETLIST_ARGS, noise=True, slowest=200, cells=cells,
        family=family, map_seconds=time.perf_counter() - started,
    )  # fmt: skip


def write_cells(kinds: Iterable[str], target: Path) -> list[Path]:
    """Write what Yosys knows of the cell types `kinds` to `target`; return that file and our models of the other types.

    Raise SimulationError, which names the cells that neither Yosys nor we describe.
    """
    modules = dict(re.findall(r"^module (\w+)\b(.*?)^endmodule", cell_library().read_text(), re.DOTALL | re.MULTILINE))
    ours = {path.stem: path for path in CELLS.glob("*.sv")}
    texts, files, unknown = [], [target], []
    for kind in sorted(kinds):
        text = re.sub(r"^\s*specify\b.*?^\s*endspecify\b", "", modules.get(kind, ""), flags=re.DOTALL | re.MULTILINE)
        if kind in ours:
            files += [path for path in (BLOCK_RAM, ours[kind]) if path not in files]
        elif re.search(r"\b(assign|always)\b", re.sub(r"//.*", "", text)):
            texts.append(f"module {kind}{text}endmodule\n")
            files += [path for path in (CELLS / f"{kind}.vlt",) if path.is_file()]
        else:
            unknown.append(kind)
    if unknown:
        raise SimulationError(f"there is no behaviour to simulate for the cell type(s) {', '.join(unknown)}")
    target.write_text("\n".join(texts))
    return files
