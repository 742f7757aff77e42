"""Residual additions of accelerators are proved against model.onnx, and each changed constant or wire is found."""

import re

import numpy as np
import pytest

from bnn.integer.layers import Bias, Conv, Dense, Threshold
from bnn.integer.layers.add import Add
from bnn.integer.network import IMAGE, GraphBuilder, IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from sim.proofs import formal
from sim.proofs.layers.prover import NOT_COVERED, PROVED, REFUTED, Answer
from sim.proofs.prove import prove
from tests.support.sealing import reseal


@pytest.fixture
def acc(tmp_path):
    """Build an accelerator that adds a +-1 map to sums (add_0), and sums to sums (add_1)."""
    b = GraphBuilder()
    signs = np.array([[[[1]], [[1]]], [[[1]], [[-1]]]])
    x = b.add(Threshold(np.array([150, 90])), b.add(Conv(signs), IMAGE))
    x = b.add(Add(None, np.array([-2, 3])), b.add(Conv(-signs), x), x)
    x = b.add(Threshold(np.array([0, 1])), x)
    x = b.add(Add(np.array([3, 1]), np.array([2, -1])), b.add(Conv(signs), x), b.add(Conv(-signs), x))
    x = b.add(Threshold(np.array([2, -1])), x)
    b.add(Bias(np.zeros(2, np.int64)), b.add(Dense(np.ones((2 * 12, 2), np.int64)), x))
    write_qonnx(IntegerNetwork((2, 3, 4), b.finished(), ("a", "b")), tmp_path / "model.onnx")
    build(tmp_path / "model.onnx", tmp_path / "acc")
    return tmp_path / "acc"


def answers(acc):
    return {row.name: Answer(row.verdict, row.why) for row in prove(acc).layers if row.operator == "Add_rtl"}


def flipped(found):
    """Invert the second bit of a hexadecimal digit."""
    return f"{found[1]}{int(found[2], 16) ^ 2:x})"


RESULT = "a result is not the network's: a factor, a threshold or the adder"
FAULTS = [  # in a wrapper: its layer, a pattern and what replaces it, the reason given
    ("add_0", r"(\.Threshold\(\d+'h\w*?)(\w)\)", flipped, RESULT),
    ("add_1", r"(\.Right\(\d+'h\w*?)(\w)\)", flipped, RESULT),
    ("add_1", r"in1_V_TVALID, in0_V_TVALID\}", "in1_V_TVALID, 1'b1}", "what is added to it is taken in another clock"),
]


def test_additions_are_proved_and_each_fault_refuted(acc):
    proved = {"add_0": Answer(PROVED), "add_1": Answer(PROVED)}
    assert answers(acc) == proved
    for layer, pattern, replacement, why in FAULTS:
        file = acc / "rtl" / f"{layer}.v"
        right = file.read_text()
        wrong, count = re.subn(pattern, replacement, right)
        assert count == 1 and wrong != right
        file.write_text(wrong)
        reseal(acc)
        assert answers(acc) == proved | {layer: Answer(REFUTED, f"{layer}: {why}")}
        file.write_text(right)


def test_a_proof_without_a_verdict_proves_nothing(acc, monkeypatch):
    def undecided(top, parameters, **options):
        raise formal.UndecidedError(top, parameters, "TIMEOUT", 120.0, "")

    monkeypatch.setattr(formal, "prove", undecided)
    assert {answer.verdict for answer in answers(acc).values()} == {NOT_COVERED}
    assert "TIMEOUT after 120 s" in answers(acc)["add_0"].why
