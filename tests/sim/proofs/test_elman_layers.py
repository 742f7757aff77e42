"""Weights and thresholds of Elman layers are read back, rows and state proved, and each fault that counts is found."""

import re

import numpy as np
import pytest

from bnn.errors import UserError
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from hw.bits import literal
from sim.proofs import formal
from sim.proofs.layers.elman import _numbers
from sim.proofs.prove import prove
from tests.support.networks import elman_network
from tests.support.sealing import reseal

CHOICES = {"in LUTs": (2, None), "in memory": (7, None), "in pieces": (2, 200_000.0)}  # seed, frames a second


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folders = {}

    def one(name):
        if name not in folders:
            folder, (seed, fps) = tmp_path_factory.mktemp("elman"), CHOICES[name]
            write_qonnx(elman_network(seed), folder / "model.onnx")
            build(folder / "model.onnx", folder / "acc", fps=fps)
            folders[name] = folder / "acc"
        return folders[name]

    return one


def row(acc):
    reseal(acc)
    return next(row for row in prove(acc).layers if row.operator == "Elman_rtl")


@pytest.fixture
def rows_are_right(monkeypatch):
    """Leave the proof of the rows out, which is the same for all that is compared."""
    asked = []

    def prove_nothing(top, sizes, **_):
        asked.append((top, sizes))
        return formal.Verdict(True, 0.0)

    monkeypatch.setattr(formal, "prove", prove_nothing)
    return asked


def text_of(acc):
    files = [*(acc / "rtl").glob("elman_*_elman.sv"), *(acc / "rtl").glob("elman_*.v")]
    return next(file for file in files if "nj_steps #(" in file.read_text() or "nj_elman #(" in file.read_text())


def test_what_goes_round_the_matrix_is_proved(made):
    found = row(made("in LUTs"))
    assert found.verdict == "not covered"
    assert found.why == (
        "its weights and thresholds are the layer's, and rows and state are proved for all pixels; that the matrix "
        "adds them up is proved of small ones"
    )


@pytest.mark.parametrize("name", CHOICES)
def test_the_weights_are_those_of_the_layer(made, rows_are_right, name):
    acc = made(name)
    assert ("nj_elman #(" in text_of(acc).read_text()) == (name == "in LUTs")
    assert row(acc).why.startswith("its weights and thresholds are the layer's, and rows and state are proved")
    ((top, sizes),) = rows_are_right
    network = elman_network(CHOICES[name][0])
    elman = next(layer for layer in network.layers if hasattr(layer, "recurrent"))
    assert top == "nj_elman_rows_properties" and sizes["COut"] == len(elman.thresholds)
    assert sizes["CIn"] * sizes["Columns"] == len(elman.weight)


def changed(acc, file, text):
    """Return the row of the accelerator while one of its files is another."""
    right = file.read_text()
    assert text != right
    file.write_text(text)
    try:
        return row(acc)
    finally:
        file.write_text(right)
        reseal(acc)


def flipped(given, bit):
    """Return a hexadecimal literal of which a bit is another."""
    width, digits = re.fullmatch(r"(\d+)'h(\w+)", given).groups()
    return f"{width}'h{int(digits, 16) ^ 1 << bit:0{len(digits)}x}"


@pytest.mark.parametrize("name", ["in memory", "in pieces"])
def test_another_weight_in_the_memory_is_refuted(made, rows_are_right, name):
    acc = made(name)
    (file,) = (acc / "mem").glob("elman_*.mem")
    lines = file.read_text().split("\n")
    first = next(i for i, line in enumerate(lines) if line and not line.startswith("//"))
    lines[first] = f"{int(lines[first], 16) ^ 1:0{len(lines[first])}x}"
    found = changed(acc, file, "\n".join(lines))
    assert found.verdict == "refuted" and "another weight of output 0, of beat 0" in found.why and not rows_are_right


@pytest.mark.parametrize(
    ("name", "parameter", "why"),
    [
        ("in LUTs", "Weight", "another weight of output 0, of beat 0, channel 0"),
        ("in LUTs", "Threshold", "another threshold of output 0"),
        ("in memory", "Constant", "another threshold of output 0"),
        ("in memory", "Start", "another threshold of output"),
    ],
)
def test_another_constant_in_the_text_is_refuted(made, rows_are_right, name, parameter, why):
    acc = made(name)
    file = text_of(acc)
    text = file.read_text()
    (given,) = re.findall(rf"\.{parameter}\((\d+'h\w+)\)", text)
    found = changed(acc, file, text.replace(f"({given})", f"({flipped(given, 0)})"))
    assert found.verdict == "refuted" and why in found.why and not rows_are_right


def test_a_state_that_stays_behind_a_frame_is_refuted(made):
    acc = made("in LUTs")
    file = acc / "rtl" / "nj_elman_rows.sv"
    text = file.read_text().replace("if (rst_i || frame_end) state_q <= '0;", "if (rst_i) state_q <= '0;")
    found = changed(acc, file, text)
    assert found.verdict == "refuted" and "rows or state go wrong" in found.why


def test_other_modules_are_refused(made, rows_are_right):
    acc = made("in memory")
    file = acc / "rtl" / "nj_steps.sv"
    with pytest.raises(UserError, match="not the nj_steps of this version"):
        changed(acc, file, file.read_text() + "// changed\n")


def test_numbers_are_read_as_they_are_written():
    values = np.array([-8, 7, 0, -1])
    assert np.array_equal(_numbers(literal(values, 4), 4, 4, signed=True), values)
