"""Measure the logic between registers by layer, against a 16-bit carry chain with three levels of LUTs.

    python -m tests.benchmarks.depth ACC [ACC ...]

Accelerators are mapped to 7 series as `neuraljet synth` does it; Yosys' `sta` then adds up the delays of cells from
registers and inputs to registers and outputs, setup included, wires left out. The delays are those that abc9 maps by
(of an Artix-7); a dual-output LUT counts as two LUTs of what each output depends on, with its pins as the RTL connects
them. Registers that are the only readers of a block RAM count as its own output registers, because Vivado uses those
and Yosys does not. The figure serves to compare, and is no clock rate. `ratio` is to the delay of depth_reference.sv,
found in the same way; a layer is meant to stay at or below 1. A layer's inputs are taken to come from registers. The
row "all" has no such borders, so that it includes paths through several layers.

Prints a table for people and one JSON line last.
"""

import argparse
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from finn_build.manifest import load
from finn_build.synthesis import cell_library, map_design, write_netlist
from finn_build.yosys import run_yosys

HERE = Path(__file__).resolve().parent
REFERENCE = "depth_reference"


def delays(netlist: Path, top: str) -> dict[str, tuple[int, list[str]]]:
    """Return for each module of a mapped netlist, and for "all" in one, picoseconds and cells of the longest path."""
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as temporary:
        work = Path(temporary)
        shutil.copy(netlist, work / "netlist.v")
        shutil.copy(HERE / "depth_cells.v", work)
        (work / "depth_ram.v").write_text(_registered_rams())
        read = [
            "read_verilog -lib -specify +/xilinx/cells_sim.v depth_ram.v",
            "read_verilog netlist.v",
            "select -set rams t:RAMB18E1 t:RAMB36E1 %u",
            "select -set loose @rams %co2 t:* %i @rams %d t:FDRE %d",  # logic reads them, and not only registers
            "select -set rams @rams @loose %ci2 %d",
            "chtype -set depth_register @rams %co2 t:FDRE %i",
            "chtype -set RAMB18E1_registered @rams t:RAMB18E1 %i",
            "chtype -set RAMB36E1_registered @rams t:RAMB36E1 %i",
            "techmap -map depth_cells.v",
            "opt_lut_ins -tech xilinx",
        ]
        found = _sta(work, read)
        (found["all"],) = _sta(work, [*read, f"hierarchy -top {top}", "flatten", "opt_clean"]).values()
        return found


def _registered_rams() -> str:
    """Return Yosys' description of block RAMs with the delays of their own output registers."""
    library = cell_library().read_text()
    text = ""
    for name in ("RAMB18E1", "RAMB36E1"):
        found = re.search(rf"^module {name} .*?^endmodule\n", library, re.MULTILINE | re.DOTALL)
        assert found
        kept = [line for line in found[0].splitlines() if not re.search(r"if \(&DO[AB]_REG\)", line)]
        text += "\n".join(kept).replace(f"module {name}", f"module {name}_registered") + "\n"
    return text


def _sta(work: Path, commands: list[str]) -> dict[str, tuple[int, list[str]]]:
    """Run `sta` on one module. It finds nothing when it runs a second time, so Yosys is started for each."""
    (work / "sta.ys").write_text("\n".join([*commands, "tee -o sta.txt sta"]) + "\n")
    run_yosys(work, ["-q", "-s", "sta.ys"])
    return _read((work / "sta.txt").read_text())


def _read(text: str) -> dict[str, tuple[int, list[str]]]:
    """Read what `sta` printed."""
    found = {}
    for part in re.split(r"^(?=Latest arrival time in )", text, flags=re.MULTILINE)[1:]:
        head = re.match(r"Latest arrival time in '(.*)' is (\d+):", part)
        assert head
        cells = re.findall(r"^ +\d+ \\?(\S+) \((\w+)\.(\S+)\)", part.split("Arrival histogram")[0], re.MULTILINE)
        path = [f"{name} {kind}.{pins}" for name, kind, pins in reversed(cells)]
        found[head[1].removeprefix("\\")] = int(head[2]), path
    return found


def reference() -> tuple[int, list[str]]:
    """Return the picoseconds of the reference circuit, and the cells of its longest path."""
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as temporary:
        work = Path(temporary)
        shutil.copy(HERE / f"{REFERENCE}.sv", work)
        map_design(work, [f"{REFERENCE}.sv"], REFERENCE, "xc7", verilog=work / "netlist.v")
        return delays(work / "netlist.v", REFERENCE)["all"]


def measure(acc: Path, base: int) -> list[dict[str, Any]]:
    """Return a row per layer of the accelerator in order, then the modules that are no layer, then all together."""
    manifest = load(acc)
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as temporary:
        netlist = Path(temporary) / "netlist.v"
        write_netlist(acc, manifest, "xc7", netlist)
        found = delays(netlist, manifest.top)
    layers = {layer.module: layer for layer in manifest.layers}
    order = [*layers, "nj_frame_sync", "all"]
    rows = []
    for name, (delay, path) in found.items():
        module = re.split(r"\$", name, maxsplit=1)[0]
        if module in order:
            layer = layers.get(module)
            rows.append(
                {"layer": layer.name if layer else module, "operator": layer.operator if layer else "", "ps": delay,
                 "ratio": round(delay / base, 2), "path": path}
            )  # fmt: skip
    names = {layer.module: layer.name for layer in manifest.layers}
    return sorted(rows, key=lambda row: [names.get(name, name) for name in order].index(row["layer"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("accelerator", metavar="ACC", type=Path, nargs="+", help="folder that build made")
    parser.add_argument("--paths", action="store_true", help="print the cells of every longest path")
    options = parser.parse_args()
    base, _ = reference()
    print(f"reference: {base} ps")
    results = {}
    for acc in options.accelerator:
        rows = measure(acc, base)
        results[str(acc)] = rows
        print(f"\n{acc}\n{'layer':18} {'operator':20} {'ps':>6} {'ratio':>6}")
        for row in rows:
            print(f"{row['layer']:18} {row['operator']:20} {row['ps']:6d} {row['ratio']:6.2f}", flush=True)
            if options.paths:
                print("".join(f"    {cell}\n" for cell in row["path"]), end="")
    print(json.dumps({"reference_ps": base, "accelerators": results}))


if __name__ == "__main__":
    main()
