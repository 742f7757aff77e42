"""The benchmark of the cost model draws the kinds of layers that it names, and measures one from end to end."""

import pytest

from finn_build.adapter import workspace
from tests.benchmarks.cost_model import KINDS, MOST_SITES, Draw, errors, finn_estimate, measured, table


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


def test_errors_are_of_either_sign():
    assert errors([{"error": -0.3}, {"error": 0.1}, {"error": 0.0}]) == {"layers": 3, "median": 0.1, "worst": 0.3}
