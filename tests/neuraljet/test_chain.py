"""From pictures to a verified accelerator, for every form of the layer: no score differs on any test picture."""

import json

import pytest

import neuraljet
from bnn.training.metrics import LinkCounts

NETWORK = """
[[block]]
channels = 8
pool = 2
[[block]]
channels = 12
maps = 3
pool = 2
"""


@pytest.mark.parametrize(
    ("layer", "kernel"), [("bottleneck", 3), ("separable", 3), ("constrained", 5), ("binary", 3), ("bottleneck", 5)]
)
def test_from_biscuits_to_a_verified_accelerator(layer, kernel, tmp_path):
    (tmp_path / "network.toml").write_text(NETWORK)
    run, acc = tmp_path / "run", tmp_path / "accelerator"
    trained = neuraljet.train(
        "biscuits", run, network=tmp_path / "network.toml", layer=layer, kernel=kernel, size=(24, 24), epochs=1
    )
    assert trained.links == LinkCounts(frames=500, torch=0, qonnx=0)
    built = neuraljet.build(run, acc, tb=False)
    operators = {entry["operator"] for entry in built["layers"]}
    assert ("JetConv_rtl" in operators) == (layer != "binary")
    verified = neuraljet.verify(acc)
    assert (verified["passed"], verified["frames"], verified["mismatches"]) == (True, 500, 0)
    assert verified["cycles_per_frame"] == built["cycles_per_frame"] == 24 * 24
    assert verified["accuracy"] == trained.test_accuracy
    assert json.loads((acc / "verification.json").read_text())["mismatches"] == 0


SUMS = """
[[block]]
channels = 8
pool = 2
[[block]]
channels = 8
form = "binary"
pool = 3
pooling = "sum"
[[block]]
channels = 12
form = "binary"
pool = 0
pooling = "sum"
"""


def test_sums_of_windows_are_trained_and_verified(tmp_path):
    """Windows of 3x3, then the whole map."""
    (tmp_path / "network.toml").write_text(SUMS)
    run, acc = tmp_path / "run", tmp_path / "accelerator"
    trained = neuraljet.train("biscuits", run, network=tmp_path / "network.toml", size=(24, 24), epochs=1)
    assert trained.links == LinkCounts(frames=500, torch=0, qonnx=0)
    operators = [entry["operator"] for entry in neuraljet.build(run, acc, tb=False)["layers"]]
    assert operators.count("SumPool_rtl") == 2
    verified = neuraljet.verify(acc, frames=60)
    assert (verified["passed"], verified["frames"], verified["mismatches"]) == (True, 60, 0)
