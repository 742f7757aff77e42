"""Sum-pooling of accelerators is proved against model.onnx, and changed constants are found."""

import re

import numpy as np
import pytest

from bnn.integer.layers import Bias, Conv, Threshold
from bnn.integer.layers.sum_pool import SumPool
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from sim.proofs.layers import sum_pool
from sim.proofs.prove import prove
from tests.support.sealing import reseal

FIRST, LAST = "", r"\w*(?=\w\))"  # digits in front: the first digit is the third output's, which is compared alone


@pytest.fixture
def acc(tmp_path):
    """Build an accelerator with sums over windows that leave a column over (sum_pool_0), and over maps (scores)."""
    layers = (
        Conv(np.array([[[[1]]], [[[-1]]], [[[1]]]])), Threshold(np.array([90, -150, 40])),
        SumPool((2, 2), np.array([1, -1, 1])), Threshold(np.array([0, 1, -2])), SumPool((2, 2), flat=True),
        Bias(np.array([3, -2, 1])),
    )  # fmt: skip
    write_qonnx(IntegerNetwork.chain((1, 4, 5), layers, ("a", "b", "c")), tmp_path / "model.onnx")
    build(tmp_path / "model.onnx", tmp_path / "acc")
    return tmp_path / "acc"


def verdicts(acc):
    return {row.name: row.verdict for row in prove(acc).layers if row.operator.startswith("SumPool")}


def test_sums_of_windows_are_proved_and_each_fault_refuted(acc, monkeypatch):
    monkeypatch.setattr(sum_pool, "TOGETHER", 6)  # bits: two of the three outputs of sum_pool_0, one of the scores
    proved = {"sum_pool_0": "proved", "scores": "proved"}
    assert verdicts(acc) == proved
    faults = [("sum_pool_0", LAST, "Negative"), ("scores", LAST, "Constant"), ("sum_pool_0", FIRST, "Constant")]
    for layer, digit, constant in faults:
        file = acc / "rtl" / f"{layer}.v"
        right = file.read_text()
        wrong, count = re.subn(
            rf"(\.{constant}\(\d+'h{digit})(\w)", lambda found: f"{found[1]}{int(found[2], 16) ^ 2:x}", right
        )
        assert count == 1 and wrong != right
        file.write_text(wrong)
        reseal(acc)
        assert verdicts(acc) == proved | {layer: "refuted"}
        file.write_text(right)
