"""The adder graph of a whole output, without its registers, is proved equal to one line of arithmetic."""

import re

import numpy as np
import pytest

from hw.adders.convolution import write
from hw.adders.layer import ConvLayer
from hw.text import sources_in
from sim.proofs.formal import equivalent


def flat(layer: ConvLayer):
    """Return the text of the sums with wires instead of registers, and the columns' module: both combinational."""
    text = re.sub(r"^ +if \(rst_i\) \w+ <= '0;\n", "", write(layer, "graph").text, flags=re.MULTILINE)
    body = re.search(r"  always_ff.*?\n    end\n  end\n", text, re.DOTALL)
    assigns = re.sub(r"^ +(\w+) <= (.*;)$", r"  assign \1 = \2", body[0], flags=re.MULTILINE)
    kept = [line for line in assigns.splitlines() if line.startswith("  assign")]
    assert len(kept) == body[0].count("<=") > 0
    return text.replace(body[0], "\n".join(kept) + "\n")


@pytest.mark.parametrize("plain", [0, 1])
@pytest.mark.parametrize("bits", [9, 36])
def test_popcount_of_constant_weights_and_threshold(tmp_path, bits, plain):
    """With 1x1 kernels, sum(w x) >= T compares a count of ones with T + the number of weights -1."""
    weight = np.random.default_rng(bits).choice([-1, 1], (1, bits, 1, 1))
    minus = int((weight < 0).sum())
    limit = bits // 2 + 1
    text = flat(ConvLayer(weight, np.array([limit - minus]), 1))
    text = re.sub(r"(nj_count3|nj_count7|nj_add3|nj_reach) #\(", rf"\1 #(.Plain({plain}), ", text)
    file = tmp_path / "graph_sums.sv"
    file.write_text(text)
    signs = sum(int(w < 0) << i for i, w in enumerate(weight.ravel()))
    formula = {"result_o": f"$countones(window_i ^ {bits}'h{signs:x}) >= {limit}"}
    verdict = equivalent("graph_sums", {}, formula, sources=[*sources_in(text), file], timeout_s=120)
    assert verdict, verdict.text


def test_a_wrong_threshold_is_refuted(tmp_path):
    weight = np.ones((1, 20, 1, 1), np.int64)
    text = flat(ConvLayer(weight, np.array([9]), 1))
    file = tmp_path / "graph_sums.sv"
    file.write_text(text)
    verdict = equivalent(
        "graph_sums", {}, {"result_o": "$countones(window_i) >= 10"}, sources=[*sources_in(text), file]
    )
    assert not verdict and verdict.inputs["window_i"].bit_count() == 9
