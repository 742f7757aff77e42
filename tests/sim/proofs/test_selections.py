"""The memory of selected jets is compared with model.onnx, and each changed bit that counts is found."""

import re

import numpy as np
import pytest

from bnn import jets
from bnn.errors import UserError
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from hw.adders.layer import ConvLayer, jets_of
from hw.jets.folding import JetFolding
from sim.proofs.layers.selections import _read
from sim.proofs.prove import prove
from tests.support.networks import random_network
from tests.support.sealing import reseal


@pytest.fixture(scope="module")
def acc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("selections")
    write_qonnx(random_network("bottleneck", seed=3, height=12, width=13, outputs=16), folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc", fps=200e6 / 14000)
    assert "nj_jets #(" in (folder / "acc" / "rtl" / "jet_conv_1.v").read_text()
    return folder / "acc"


def row(acc):
    reseal(acc)
    return next(row for row in prove(acc).layers if row.name == "jet_conv_1")


def test_the_folder_selects_the_jets_of_the_network(acc):
    assert row(acc).verdict == "not covered" and "selects the layer's jets" in row(acc).why


@pytest.mark.parametrize("line", [1, 13])
def test_another_selection_is_refuted(acc, line):
    file = acc / "mem" / "jet_conv_1.mem"
    right = file.read_text()
    lines = right.split("\n")
    lines[line] = f"{int(lines[line], 16) ^ 16:0{len(lines[line])}x}"  # added, not subtracted
    if int(lines[line], 16) & 3 == 3:
        lines[line] = f"{0:0{len(lines[line])}x}"
    file.write_text("\n".join(lines))
    found = row(acc)
    file.write_text(right)
    assert found.verdict == "refuted" and "selects another jet" in found.why


def test_another_threshold_is_refuted(acc):
    file = acc / "rtl" / "jet_conv_1.v"
    right = file.read_text()
    wrong, count = re.subn(r"(\.Constant\(\d+'h\w*?)(\w)\)", lambda m: f"{m[1]}{int(m[2], 16) ^ 1:x})", right)
    assert count == 1
    file.write_text(wrong)
    found = row(acc)
    file.write_text(right)
    assert found.verdict == "refuted" and "another threshold of output 0" in found.why


def test_what_stands_in_block_ram_is_read_back():
    rng = np.random.default_rng(0)
    weight = jets.group(2)[rng.integers(0, 9, (5, 4))] * rng.integers(-1, 2, (5, 4, 1, 1))
    constants, found = rng.integers(-30, 31, 5), jets_of(ConvLayer(weight, None, 1))
    folding = JetFolding(4, 5, 2, 2, block=True, constant_bits=6)
    assert folding.joined and found is not None
    words = [int(line, 16) for line in folding.rows(found, constants)]
    for one, other in zip(_read(folding, words, True), (weight, constants), strict=True):
        assert np.array_equal(one, other)


def test_other_modules_are_refused(acc):
    file = acc / "rtl" / "nj_jet_sums.sv"
    right = file.read_text()
    file.write_text(right + "// changed\n")
    with pytest.raises(UserError, match="not the nj_jet_sums of this version"):
        row(acc)
    file.write_text(right)
