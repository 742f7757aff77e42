"""The Vivado flow without Vivado: stand-ins for its commands test our Tcl, one for the tool tests our control flow."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from bnn.drift.heldout import FILE, HeldOut
from bnn.errors import ToolError, UserError
from bnn.qonnx.write import write_qonnx
from bnn.storage.records import sha256
from finn_build import board_folder, vivado
from finn_build.boards import boards
from finn_build.build import build
from finn_build.manifest import load
from tests.support.networks import random_network
from tests.support.vivado_stub import HAS_TCL

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def acc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vivado")
    network = random_network("separable", height=10, width=10)
    write_qonnx(network, folder / "model.onnx")
    none = np.zeros(0, np.int64)
    held_out = HeldOut.of(sha256(folder / "model.onnx"), network.classes, 100, none, none.reshape(0, 3))
    (folder / FILE).write_text(held_out.to_json())
    build(folder / "model.onnx", folder / "acc")
    return folder / "acc"


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Return a function that puts the stand-in first on PATH and tells it how to behave."""
    if not HAS_TCL:
        pytest.skip("this Python comes without tkinter, whose Tcl stands in for Vivado's (Debian: python3-tk)")

    def install(mode):
        program = tmp_path / "bin" / "vivado"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tests.support.stand_in_vivado "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{Path('/usr/bin')}:/bin")
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.setenv("STAND_IN", mode)

    return install


@pytest.mark.parametrize("board", vivado.zynq_boards())
def test_whole_flow_for_each_board(acc, stand_in, tmp_path, board):
    stand_in("fine")
    report = vivado.make(acc, board.upper(), tmp_path / "out")
    assert report["built"] and (report["board"], report["part"]) == (board, boards()[board].part)
    assert report["timing"] == {"setup_slack_ns": 0.317, "hold_slack_ns": 0.024, "met": True}
    assert report["utilisation"] == {
        "lut": 2403, "lut_logic": 2290, "lutram": 72, "srl": 41, "ff": 3107, "bram36": 1, "bram18": 3, "dsp": 0,
    }  # fmt: skip
    assert report["estimate"] == json.loads((acc / "estimates.json").read_text())["total"]
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == report.entries()
    description = board_folder.load(tmp_path / "out")  # what the driver reads
    assert description.clock_mhz == pytest.approx(199.998) and description.model_sha256 == load(acc).model_sha256
    assert (description.input, description.output) == (load(acc).input, load(acc).output)
    assert (tmp_path / "out" / FILE).read_bytes() == (acc / FILE).read_bytes() and FILE in description.files
    calls = (tmp_path / "out" / "vivado_calls.log").read_text()
    assert f"create_project accelerator {tmp_path / 'out' / 'work'} -part {boards()[board].part}" in calls
    for cell in ("dma", "accelerator"):  # the driver's names
        assert any(line.startswith("create_bd_cell") and line.endswith(f" {cell}") for line in calls.splitlines())
    assert ("processing_system7" in calls) == (board in ("pynq-z1", "pynq-z2"))


def test_every_pin_of_the_ip_is_connected(acc, stand_in, tmp_path):
    stand_in("fine")
    vivado.make(acc, "zcu104", tmp_path / "out")
    connected = {word for line in (tmp_path / "out" / "vivado_calls.log").read_text().splitlines()
                 if line.startswith("connect_bd") for word in line.split()}  # fmt: skip
    for pin in ("aclk", "aresetn", "s_axis", "m_axis", "s_axi"):
        assert f"accelerator/{pin}" in connected
    for pin in ("s_axi_lite_aclk", "m_axi_mm2s_aclk", "m_axi_s2mm_aclk", "axi_resetn", "S_AXI_LITE", "M_AXI_MM2S",
                "M_AXI_S2MM", "M_AXIS_MM2S", "S_AXIS_S2MM"):  # fmt: skip
        assert f"dma/{pin}" in connected


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("synthesis", r"vivado: synth_1 failed \(synth_design ERROR\): see .*runme\.log"),
        ("implementation", r"vivado: impl_1 failed"),
        ("timing", r"timing is not met at 199\.998 MHz: the worst slack is -0\.412 ns .*--clock-mhz 179 or less"),
        ("hold", r"worst hold slack is -0\.021 ns"),
        ("board", r"lacks the board files of tul\.com\.tw:pynq-z2"),
        ("unfinished", r"left no accelerator\.hwh"),
        ("killed", r"vivado was killed \(signal 9"),
        ("crash", r"Fork failed: cannot allocate memory"),
    ],
)
def test_failures_are_told_and_leave_no_bitstream(acc, stand_in, tmp_path, mode, message):
    stand_in(mode)
    with pytest.raises(ToolError, match=message):
        vivado.make(acc, "pynq-z2", tmp_path / "out")
    assert (tmp_path / "out" / "vivado.out").is_file()  # for the user to read
    with pytest.raises(UserError, match="not a bitstream folder"):
        board_folder.load(tmp_path / "out")
    stand_in("fine")
    if mode in ("timing", "hold"):  # the answer is kept while the accelerator is the same
        with pytest.raises(ToolError, match=message):
            vivado.make(acc, "pynq-z2", tmp_path / "out")
    elif mode != "unfinished":
        assert vivado.make(acc, "pynq-z2", tmp_path / "out")["built"]


def test_without_vivado_the_folder_goes_to_a_machine_that_has_it(acc, stand_in, tmp_path, monkeypatch):
    import subprocess

    monkeypatch.setenv("PATH", str(tmp_path))
    waiting = vivado.make(acc, "pynq-z1", tmp_path / "out")
    assert not waiting["built"] and "Vivado is not on PATH: take the folder" in waiting["next"]
    assert vivado.make(acc, "pynq-z1", tmp_path / "out") == waiting
    away = tmp_path / "away"
    shutil.move(tmp_path / "out", away)
    stand_in("fine")
    command = ["vivado", "-mode", "batch", "-notrace", "-source", "build.tcl"]
    subprocess.run(command, cwd=away, check=True, capture_output=True)
    shutil.move(away, tmp_path / "out")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert vivado.make(acc, "pynq-z1", tmp_path / "out")["built"]
    assert board_folder.load(tmp_path / "out").board == "pynq-z1"


def test_mistakes(acc, tmp_path):
    with pytest.raises(UserError, match=r"'pynq-z9' is not known .*pynq-z2"):
        vivado.make(acc, "pynq-z9", tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("mine")
    with pytest.raises(UserError, match="not ours"):
        vivado.make(acc, "pynq-z1", tmp_path / "mine")
    assert set(vivado.zynq_boards()) <= set(boards())


def test_reports_of_another_kind_are_refused():
    with pytest.raises(ToolError, match="no lines of LUTs"):
        vivado.read_utilisation("| CARRY4 | 3 | 0 |")
    with pytest.raises(ToolError, match="no table of slacks"):
        vivado.read_timing("    WNS(ns)      TNS(ns)  WHS(ns)\n    -------\n     NA   NA   NA  NA  NA\n")
