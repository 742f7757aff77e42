"""A small network passes through the benchmark of Brevitas' networks, and the benchmark reports faults."""

from tests.benchmarks import pynq
from tests.support.foreign import Block, Recipe, network

TINY = Recipe(shape=(1, 8, 8), input="q8", blocks=(Block(outputs=4, pool=2),), hidden=(8,), classes=3)


def test_a_network_goes_through_all_of_it(monkeypatch):
    monkeypatch.setattr(pynq, "random_network", lambda name, seed: network(TINY))
    row = pynq.measured("TINY", pynq.Network(pynq.ONE, (1, 8, 8), None, 24), 0)
    assert pynq.right(row) and row["mismatches"] == 0 and row["frames"] == 24  # more than `verify` takes by itself
    assert row["clocks"] == 64 and row["sites"] >= row["lut"] > 0
    layers = [unit["layer"] for unit in row["finn_units"]]
    assert layers == ["table_0", "binary_conv_0", "binary_conv_0", "max_pool_0", "dense_0", "scores"]
    assert sum(unit["lut"] for unit in row["finn_units"]) == row["finn_lut"]
    assert sum(layer["sites"] for layer in row["layers"]) == row["sites"]
    assert sum(layer["finn_lut"] for layer in row["layers"]) == row["finn_lut"]
    heading, line = pynq.table(pynq.COLUMNS, [row]).splitlines()
    assert heading.split()[:2] == ["network", "clocks/frame"] and line.split()[:2] == ["TINY", "64"]
    assert not pynq.right({**row, "exact": False}) and not pynq.right({**row, "clocks": 65})


def test_networks_are_those_of_brevitas():
    first, second = (pynq.random_network("TFC-1W1A", 0).state_dict() for _ in range(2))
    assert all((first[name] == second[name]).all() for name in first)
    other = pynq.random_network("TFC-1W1A", 1).state_dict()
    assert any((first[name] != other[name]).any() for name in first)
