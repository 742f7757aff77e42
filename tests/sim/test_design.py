"""The netlist on the bench equals the network, a wrong cell is found, and our block RAMs equal plain memories."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.netlist import cell_types
from finn_build.synthesis import map_design
from neuraljet.cli import main
from sim import design as designs
from sim.accelerator import verify
from sim.design import write_cells
from sim.modules import run_stream
from sim.runner import SimulationError
from tests.support.networks import random_network
from tests.support.tiny import tiny_accelerator

MEMORIES = Path(__file__).parent / "rtl" / "memories.sv"
CELL = re.compile(r"^  (\w+) #\(\n(.*?)^  \) \S+ \((.*?)^  \);", re.DOTALL | re.MULTILINE)  # type, parameters, pins


@pytest.fixture(scope="module")
def right(tmp_path_factory):
    return tiny_accelerator(tmp_path_factory.mktemp("right") / "acc")


def test_netlist_equals_the_network_and_leaves_the_other_report_alone(right):
    (right / "verification.json").write_text("{}")
    report = verify(right, "random", netlist="xc7")
    assert report["passed"] and report["mismatches"] == 0 and report["frames"] == 20 and report["faults"] == []
    assert report["cycles_per_frame"] == 64 and report["family"] == "xc7"
    cells = report["cells"]
    assert cells["FDRE"] >= 3 + 15 + 53 and sum(n for kind, n in cells.items() if kind.startswith("LUT")) > 50
    assert json.loads((right / "netlist_verification.json").read_text()) == report.entries()
    assert (right / "verification.json").read_text() == "{}"
    assert verify(right, "random", frames=30, backpressure=0.5, netlist="xc7")["frames"] == 30


def test_one_wrong_lut_is_found_in_its_layer(right, tmp_path, monkeypatch):
    map_and_write = designs.netlist

    def broken(acc, manifest, family, folder):
        design = map_and_write(acc, manifest, family, folder)
        text = design.top.read_text()
        start = text.index("module \\tiny_pool$")
        pool = text[start : text.index("endmodule", start)]
        register = next(pins for kind, _, pins in CELL.findall(pool) if kind[:2] == "FD" and "Q(m_data_o[0])" in pins)
        source = re.search(r"\.D\((.*?)\)", register)[1]
        lut = next(cell for cell in CELL.finditer(pool) if cell[1][:3] == "LUT" and f".O({source})" in cell[3])
        size, base, digits = re.search(r"(\d+)'([hd])([0-9a-f]+)", lut[2]).groups()
        table = f"{size}'h{int(digits, 16 if base == 'h' else 10) ^ (1 << int(size)) - 1:x}"
        at = start + lut.start(2)
        design.top.write_text(f"{text[:at]}.INIT({table})\n{text[start + lut.end(2) :]}")
        return design

    acc = tmp_path / "acc"
    shutil.copytree(right, acc)
    monkeypatch.setattr(designs, "netlist", broken)
    assert main(["verify", str(acc), "--data", "random", "--netlist"]) == 1
    report = json.loads((acc / "netlist_verification.json").read_text())
    assert not report["passed"] and report["mismatches"] > 0
    assert report["first_mismatch"]["layer"] == "pool" and report["first_mismatch"]["element"][2] == 0


@pytest.mark.slow
def test_netlist_with_a_block_ram_equals_the_network(tmp_path):
    """The weights of the last layer, for 196 beats and ten outputs, become a block RAM."""
    write_qonnx(random_network("bottleneck", height=28, width=28, classes=10), tmp_path / "model.onnx")
    build(tmp_path / "model.onnx", tmp_path / "acc", fps=0.9 * 200e6 / 28**2)
    report = verify(tmp_path / "acc", "random", netlist="xc7")
    assert any(kind.startswith("RAMB") for kind in report["cells"])
    assert report["passed"] and report["mismatches"] == 0 and report["frames"] == 20


def _questions(count, seed=0):
    """Return beats for memories.sv, with few addresses, so that ports meet, and never two writes to one word."""
    draw = random.Random(seed)
    addresses = [draw.randrange(64) for _ in range(4)] + [draw.randrange(1 << 14) for _ in range(3)]
    beats = []
    for _ in range(count):
        a, b = draw.choice(addresses), draw.choice(addresses)
        if draw.random() < 0.2:
            a = draw.randrange(1 << draw.choice((6, 14)))
        we = draw.getrandbits(8) & draw.getrandbits(8)
        if a % 1024 == b % 1024 and we >> 6 == 3:
            we &= 0x7F
        word = draw.getrandbits(3)  # read, write, clear
        for value, bits in ((we, 8), (draw.getrandbits(72), 72), (b, 14), (a, 14)):
            word = word << bits | value
        beats.append(word)
    return beats


@pytest.mark.parametrize("family", ["xc7", pytest.param("xcup", marks=pytest.mark.slow)])
def test_block_rams_answer_as_plain_memories(tmp_path, family):
    modules = map_design(MEMORIES.parent, [MEMORIES.name], "memories", family, verilog=tmp_path / "netlist.v")[
        "modules"
    ]
    kinds = cell_types("memories", modules)
    suffix = {"xc7": "E1", "xcup": "E2"}[family]
    assert kinds[f"RAMB18{suffix}"] >= 8 and kinds[f"RAMB36{suffix}"] >= 2
    netlist = [tmp_path / "netlist.v", *write_cells(kinds, tmp_path / "cells.v")]
    beats = _questions(3000)
    expected = run_stream("memories", {}, beats, len(beats), sources=[MEMORIES])
    assert run_stream("memories", {}, beats, len(beats), sources=netlist).beats == expected.beats
    assert len(set(expected.beats)) > 2000


def test_cells_without_behaviour_are_refused(tmp_path):
    with pytest.raises(SimulationError, match=r"cell type\(s\) DSP48E2, MYSTERY"):
        write_cells(["LUT3", "MYSTERY", "FDRE", "DSP48E2"], tmp_path / "cells.v")
