"""The benchmark of the cost model draws the kinds of layers that it names, and measures one from end to end."""

import numpy as np
import pytest

from finn_build.adapter import workspace
from tests.benchmarks.cost_model import (
    KINDS,
    MOST_SITES,
    Draw,
    Layer,
    errors,
    finn_estimate,
    measured,
    node,
    table,
)


@pytest.fixture
def finn():
    with workspace():
        yield


def test_a_seed_gives_the_same_layers_of_all_kinds(finn):
    first, second = list(Draw(3).layers(20)), list(Draw(3).layers(20))
    assert [layer.text for layer in first] == [layer.text for layer in second]
    assert [layer.text for layer in first] != [layer.text for layer in Draw(4).layers(20)]
    assert tuple(layer.kind for layer in first) == KINDS
    assert all(layer.operator.lut_estimation("") <= MOST_SITES for layer in first)
    for layer in first:
        compared = layer.operator.onnx_node.op_type in ("JetConv_rtl", "BinaryConv_rtl", "BinaryDense_rtl")
        assert (finn_estimate(layer) is not None) == compared


def test_a_layer_goes_through_all_of_it(finn):
    layer = next(layer for layer in Draw(5).layers(3) if layer.kind == "sums")
    row = measured(layer, simulated=True)
    assert row["exact"] and row["simulated"] == row["clocks"] and row["sites"] > 0
    assert row["error"] == pytest.approx(row["estimate"] / row["sites"] - 1)
    assert layer.text in table([row]) and "WRONG" not in table([row])
    assert "WRONG" in table([{**row, "simulated": row["clocks"] + 1}])


@pytest.mark.parametrize(
    ("inputs", "outputs", "lanes", "simd"),
    [(24, 40, 1, 120), (8, 40, 1, 40), (40, 80, 3, 10)],  # in LUTs, words of whole banks; in block RAM, counted through
)
def test_a_folded_layer_takes_what_is_estimated(finn, inputs, outputs, lanes, simd):
    """The first was once mapped to half as many sites again: its weights were spread over small LUTs."""
    rng = np.random.default_rng(0)
    operator = node(
        "BinaryConv_rtl", [1, 9, 9, inputs], [1, 7, 7, outputs], "BIPOLAR", "BIPOLAR", Kernel=3,
        Weight=rng.choice(np.array([-1, 1]), (outputs, inputs, 3, 3)),
        Threshold=np.rint(rng.normal(0, np.sqrt(9 * inputs) / 2, outputs)).astype(np.int64),
    )  # fmt: skip
    operator.apply({"Fold": -(-outputs // lanes), "PE": lanes, "SIMD": simd, "Replay": 0})
    row = measured(Layer("binary", "", operator), simulated=False)
    assert "memory of weights" in row["variant"]
    assert abs(row["error"]) < 0.04 and row["ramb18"] == operator.bram_estimation("")


def test_errors_are_of_either_sign():
    assert errors([{"error": -0.3}, {"error": 0.1}, {"error": 0.0}]) == {"layers": 3, "median": 0.1, "worst": 0.3}
