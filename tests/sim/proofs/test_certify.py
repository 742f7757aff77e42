"""The proof of adder graphs finds the hardware's weights, and every single fault in the graphs."""

import json
import re
from dataclasses import dataclass

import numpy as np
import pytest

from bnn import jets
from bnn.errors import UserError
from bnn.integer.layers import Bias, Dense, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from hw.adders.convolution import write
from hw.adders.layer import ConvLayer
from hw.adders.module import Geometry, conv_module
from neuraljet.commands.prove import summary
from sim.proofs.certify import CertificateError, NotCovered, certify
from sim.proofs.prove import prove
from tests.support.networks import random_network
from tests.support.sealing import reseal


@dataclass(frozen=True)
class Case:
    """A layer with random weights, and thresholds near the middle or beyond all sums."""

    outputs: int
    inputs: int
    kernel: int
    fold: int = 1
    jets: bool = False
    grouped: bool = False
    bits: int = 1
    signed: bool = False
    out_bits: int = 1  # above 1: the layer gives sums
    most: int = 1  # largest magnitude of weights that are no jets

    def layer(self) -> ConvLayer:
        r = np.random.default_rng(7)
        reads = 1 if self.grouped else self.inputs
        if self.jets:
            group = jets.group(self.kernel - 1)
            weight = group[r.integers(len(group), size=(self.outputs, reads))]
            weight = weight * r.choice([1, -1, 0], (self.outputs, reads, 1, 1), p=[0.45, 0.45, 0.1])
        elif self.most > 1:
            weight = r.integers(-self.most, self.most + 1, (self.outputs, reads, self.kernel, self.kernel))
        else:
            weight = r.choice([-1, 1], (self.outputs, reads, self.kernel, self.kernel))
        middle = 0 if self.signed else (2**self.bits - 1) / 2
        limits = np.round(weight.sum((1, 2, 3)) * middle).astype(np.int64) + r.integers(-3, 4, self.outputs)
        limits[::7] = 10**6
        limits[3::7] = -(10**6)
        thresholds = limits if self.out_bits == 1 else None
        return ConvLayer(weight, thresholds, self.bits, self.signed, self.grouped, self.fold, self.out_bits)


CASES = [
    Case(1, 144, 1), Case(1, 576, 1), Case(32, 16, 3), Case(32, 16, 3, fold=4), Case(16, 8, 3, fold=16),
    Case(16, 16, 3, jets=True), Case(16, 16, 3, fold=4, jets=True), Case(16, 1, 3, jets=True, bits=8),
    Case(16, 1, 3, bits=8), Case(12, 4, 3, jets=True, bits=6, signed=True), Case(8, 2, 5, jets=True),
    Case(8, 8, 3, jets=True, grouped=True, bits=5, signed=True), Case(4, 16, 1, out_bits=6),
    Case(4, 16, 1, fold=4, out_bits=6),
    Case(12, 1, 1, bits=8, most=8), Case(12, 2, 3, bits=8, most=3), Case(12, 2, 3, bits=8, most=8, fold=4),
]  # fmt: skip


def certified(layer: ConvLayer, text: str, rounds: int) -> int:
    return certify(
        text, "graph", layer.dense(), layer.thresholds, layer.in_bits, layer.in_signed, rounds, layer.out_bits
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_way_of_writing_sums_but_the_serial_one(case):
    layer = case.layer()
    sums = write(layer, "graph")
    assert certified(layer, sums.text, sums.rounds) == case.outputs


SERIAL = [
    Case(8, 4, 3, fold=4, jets=True, bits=6, signed=True), Case(16, 4, 3, fold=16, jets=True, bits=6, signed=True),
    Case(16, 3, 3, fold=8, jets=True, bits=5), Case(6, 2, 5, fold=6, jets=True, bits=4, signed=True),
    Case(8, 8, 3, fold=8, jets=True, grouped=True, bits=5, signed=True),
]  # fmt: skip


def module(layer: ConvLayer, pad: int = 1) -> str:
    """Return the text of a whole convolution."""
    return conv_module("graph", layer, Geometry(12, 12, 1, pad), "a test").text


@pytest.mark.parametrize("pad", [0, 1])
@pytest.mark.parametrize("case", SERIAL, ids=str)
def test_digit_serial_sums(case, pad):
    """They are proved by windows, with padding at a high rate, and by columns."""
    layer = case.layer()
    text = module(layer, pad)
    rounds = re.search(r"nj_result #\(\.Bits\(\d+/\d+\), \.Fold\((\d+)\)", text)
    assert ("nj_digits" in text) == (rounds[1] == "1") and (pad == 0 or "nj_digits" in text)
    assert certified(layer, text, int(rounds[1])) == case.outputs


SERIAL_FAULTS = {
    "a word": (r"(nj_serial_add3? .*?\.x_i\(\{)(\w+), (\w+)", r"\1\2, \2"),
    "a sign": (r"(nj_serial_add #\(.*?\.Invert\()(\d)", lambda m: m[1] + str(1 - int(m[2]))),
    "a shift": (r"(nj_serial_add #\(.*?\.Shift\()0", r"\g<1>1"),
    "a mask": (r"(\.a_on_i\(\w+)\[0\]", r"\1[2]"),
    "a start": (r"(nj_serial_add #.*?\.start_i\()n\d+", r"\1start0"),
    "a round": (r"(nj_delay .*?\.round_i\()\w+", r"\1round_i"),
    "a constant": (r"(nj_serial_\w+ #\(.*?\.Start\()(\d)", lambda m: m[1] + str(int(m[2]) ^ 1)),
    "a clock": (r"(\.Latency\()(\d+)", lambda m: m[1] + str(int(m[2]) + 1)),
}


@pytest.mark.parametrize("fault", SERIAL_FAULTS)
def test_faults_in_serial_sums_are_found(fault):
    layer = SERIAL[0].layer()
    pattern, replacement = SERIAL_FAULTS[fault]
    text = module(layer)
    assert "nj_column" in text
    wrong, count = re.subn(pattern, replacement, text, count=1)
    assert count == 1 and wrong != text
    with pytest.raises(CertificateError, match=r"graph, output \d+: |graph has"):
        certified(layer, wrong, 1)


@pytest.mark.parametrize("case", [Case(8, 6, 3), Case(8, 6, 3, fold=4), Case(6, 1, 3, jets=True, bits=8)], ids=str)
def test_any_other_network_is_refuted(case):
    """When one weight or one threshold differs, the text is not that of the network."""
    layer = case.layer()
    sums = write(layer, "graph")
    weight = layer.weight.copy()
    weight[5, 0] *= -1
    with pytest.raises(CertificateError, match=r"output 5: bit .* of column .* weighs"):
        certified(ConvLayer(weight, layer.thresholds, case.bits, fold=case.fold), sums.text, sums.rounds)
    limits = layer.thresholds.copy()
    limits[4] += 1
    with pytest.raises(CertificateError, match="output 4: the weights are right; the limit"):
        certified(ConvLayer(layer.weight, limits, case.bits, fold=case.fold), sums.text, sums.rounds)


def flipped(found: re.Match[str]) -> str:
    """Invert the lowest bit of a hexadecimal digit."""
    return found[1] + format(int(found[2], 16) ^ 1, "x")


FAULTS = {
    "an input of a counter": (r"(nj_count7 .*?\.x_i\(\{)(\w+\[\d+\]), (\w+\[\d+\])", r"\1\2, \2"),
    "an inversion": (r"(nj_count[37] #\(\.N\(\d+\), \.Invert\(\d+'h)(\w)", flipped),
    "a register": (r"(\w+) <= (n\d+)\[(\d)\];", r"\1 <= \2[\3] & ce_i;"),
    "a clock too little": (r"\n +(n\d+) <= (n\d+)\[0\];", r"\n  assign \1 = \2[0];"),
    "a limit": (r"(\.Limit\(\d+'h)(\w)", flipped),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_found(fault):
    layer = Case(8, 6, 3).layer()
    text = write(layer, "graph").text
    pattern, replacement = FAULTS[fault]
    wrong, count = re.subn(pattern, replacement, text, count=1)
    assert count == 1 and wrong != text
    with pytest.raises(CertificateError):
        certified(layer, wrong, 1)


PLAIN, FOLDED, SUMS = Case(8, 6, 3), Case(8, 6, 3, fold=4), Case(4, 4, 1, out_bits=5)


def one_more(found: re.Match[str]) -> str:
    """Add 1 to the number in the second group."""
    return found[1] + str(int(found[2]) + 1)


UNDONE = {  # changes in the text of a whole convolution that the proof must find
    "a cell's ports": (FOLDED, r"(nj_leaf3? #\(\.N\(\d+\), \.RoundBits\()2", r"\g<1>1", "has ports"),
    "another round": (FOLDED, r"(\.Pass.*?\.round_i\()round_i\)", r"\1{round_i[0], round_i[1]})", "another round"),
    "the latency": (PLAIN, r"(\.Latency\()(\d+)", one_more, r"after (\d+) clocks, and is taken after"),
    "rounds": (FOLDED, r"(nj_result #.*?\.Fold\()4", r"\g<1>2", "rounds for 8 outputs"),
    "no enable": (PLAIN, r"    if \(ce_i\) begin\n((?:      \w+ <= .*\n)+)    end\n", r"\1", "not where it stands"),
    "two drivers": (PLAIN, r"(\n      n\d+ <= n\d+;)", r"\1\1", "driven twice"),
    "a loop": (PLAIN, r"\n      (n\d+) <= n\d+;", r"\n      \1 <= \1;", "made of itself"),
    "a narrow signal": (PLAIN, r"logic \[\d+:0\] (n\d+;\n.*nj_count7)", r"logic \1", "has ports"),
    "no lanes": (PLAIN, r"(nj_count7 #\(\.N\()\d+", r"\g<1>0", "has parameters"),
    "half a result": (SUMS, r"(nj_add3 .*), (n\d+)\[0\],(.*)\2\[1\]", r"\1, \2[1],\3\2[1]", "left out"),
    "a result's clock": (
        PLAIN, r"(    end\n(?: +if.*\n)*  end\n)  assign result_o = (.*);", r"      result_o <= \2;\n\1",
        "is taken after",
    ),
    "a digit": (SERIAL[2], r"(nj_serial_add3 #\(\.Digit\()2", r"\g<1>3", "has ports"),
    "the width of a delay": (SERIAL[0], r"(nj_delay #\(\.Bits\()(\d+)", one_more, "has ports"),
    "a flag of one bit": (SERIAL[0], r"(nj_digits .*?\.Signed\()1", r"\g<1>2", "has parameters"),
    "rounds told to a comparison": (SERIAL[2], r"(nj_serial_reach .*?\.RoundBits\()3", r"\g<1>2", "has ports"),
    "another clock": (SERIAL[0], r"(nj_serial_add .*?\.clk_i\()clk_i", r"\1ce_i", "another clock"),
}  # fmt: skip


@pytest.mark.parametrize("fault", UNDONE)
def test_no_part_of_a_sum_is_read_over(fault):
    case, pattern, replacement, words = UNDONE[fault]
    layer = case.layer()
    text = module(layer, 1 if case.kernel > 1 else 0)

    def proved(text: str) -> int:
        rounds, latency = (re.search(rf"nj_result #\(.*?\.{key}\((\d+)\)", text) for key in ("Fold", "Latency"))
        return certify(
            text, "graph", layer.dense(), layer.thresholds, layer.in_bits, layer.in_signed, int(rounds[1]),
            layer.out_bits, int(latency[1]),
        )  # fmt: skip

    assert proved(text) == case.outputs
    wrong, count = re.subn(pattern, replacement, text, count=1)
    assert count == 1 and wrong != text
    with pytest.raises(CertificateError, match=words):
        proved(wrong)


NO_SUM = """module graph_sums (
  output logic result_o
);
  logic n0;
  logic n1;
  nj_jet3 #() u1 (.x_i(n0), .sum_o(n1));
  assign result_o = n1;
endmodule
module graph_columns (
);
endmodule
"""


def test_what_is_no_sum_is_named():
    with pytest.raises(NotCovered, match="nj_jet3"):
        certify(NO_SUM, "graph", np.ones((1, 1, 1, 1), np.int64), np.zeros(1, np.int64), 1, False, 1, 1)


def test_an_accelerator_is_proved_and_a_changed_one_refuted(tmp_path):
    write_qonnx(random_network("binary", outputs=6), tmp_path / "model.onnx")
    acc = tmp_path / "acc"
    build(tmp_path / "model.onnx", acc)
    report = prove(acc)
    assert report["passed"] and report["outputs_proved"] == report["outputs"] == 12
    assert json.loads((acc / "proof.json").read_text()) == report.entries()
    name = "rtl/binary_conv_1_conv.sv"
    right = (acc / name).read_text()
    wrong = re.sub(r"(nj_\w+ #\(.*?\.x_i\(\{)~?(\w+)\[(\d+)\]", r"\1 ~\2[\3]", right, count=1)
    assert wrong != right
    (acc / name).write_text(wrong)
    with pytest.raises(UserError, match="does not match its hash"):
        prove(acc)
    reseal(acc)
    report = prove(acc)
    assert not report["passed"] and [row["verdict"] for row in report["layers"]] == ["proved", "refuted"]
    elsewhere = prove(acc, engine="local:2")
    assert elsewhere.entries() | {"seconds": 0} == report.entries() | {"seconds": 0}


def test_a_cell_that_was_never_proved_proves_nothing(tmp_path):
    """The folder holds copies of the cells, and the proof of the graphs holds only for cells that were proved."""
    write_qonnx(random_network("binary", outputs=6), tmp_path / "model.onnx")
    acc = tmp_path / "acc"
    build(tmp_path / "model.onnx", acc)
    name = "rtl/nj_count7.sv"
    (acc / name).write_text((acc / name).read_text().replace("x_i", "~x_i", 1))
    reseal(acc)
    with pytest.raises(
        UserError, match=r"nj_count7.sv is not the nj_count7 that this version has proved.*build the acc"
    ):
        prove(acc)


def test_nothing_proved_does_not_pass(tmp_path):
    network = IntegerNetwork.chain(
        (1, 6, 6),
        (Threshold(np.array([90])), Dense(np.ones((36, 2), np.int64) * [1, -1]), Bias(np.array([1, 0]))),
        ("a", "b"),
    )
    write_qonnx(network, tmp_path / "model.onnx")
    build(tmp_path / "model.onnx", tmp_path / "acc")
    report = prove(tmp_path / "acc")
    assert (report["passed"], report["outputs_proved"], report["outputs"], report["layers"]) == (False, 0, 0, [])
    words = summary(report)
    assert "nothing is proved: there is no convolution" in words and "simulation alone checks" in words
    assert "0 of 0" not in words
