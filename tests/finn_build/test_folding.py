"""The choice per layer: the least area that keeps the rate, what came second, and plans found again."""

import pytest

from bnn.export import write_qonnx
from finn_build import adapter
from finn_build.build import build
from finn_build.recognise import recognise
from tests.finn_build.networks import random_network


@pytest.fixture
def design(tmp_path, monkeypatch):
    """A network as FINN's graph, with a cache of its own."""
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path / "cache"))
    from finn_build.graph import make_design

    network = random_network("constrained", height=16, width=16, outputs=32)
    names = [f"node_{i}" for i in range(len(network.layers))]
    with adapter.workspace():
        yield make_design(*recognise(network, names), network.metadata)


def estimate(operator, fold):
    operator.set_nodeattr("Fold", fold)
    return operator.lut_estimation("")


@pytest.mark.parametrize("clocks", [256, 600, 4096, 100_000])
def test_the_least_area_of_all_foldings_that_keep_the_rate(design, clocks):
    from finn_build.folding import cycles, fold

    slowest, chosen = fold(design, clocks, None)
    assert slowest <= clocks and chosen.keys() == design.operators.keys()
    assert {name: operator.fold for name, operator in design.operators.items()} == {
        name: found.taken.fold for name, found in chosen.items()
    }
    for name, operator in design.operators.items():
        taken, second = chosen[name].taken, chosen[name].instead_of
        costs = {n: estimate(operator, n) for n in operator.folds() if cycles(operator, n) <= clocks}
        assert (taken.lut, taken.fold) == min((lut, n) for n, lut in costs.items())
        assert taken.cycles_per_frame == cycles(operator, taken.fold)
        if second is not None:
            assert second.cycles_per_frame <= clocks and second.cost() >= taken.cost()
            others = [lut for n, lut in costs.items() if n != taken.fold]
            assert second.lut <= min(others, default=second.lut)
        else:
            assert len(costs) == 1


def test_a_plan_is_found_again_until_the_layer_changes(design, monkeypatch):
    from finn_build.folding import choices, fold
    from finn_build.graph import DEFAULT_PART
    from hw.ops.conv import ConvOperator

    first = fold(design, 4096, None)
    written = []
    original = ConvOperator.variants
    monkeypatch.setattr(ConvOperator, "variants", lambda op: written.append(op.fold) or original(op))
    assert fold(design, 4096, None) == first and fold(design, 1024, None)[0] <= 1024
    assert not written
    operator = design.operators["jet_conv_1"]
    operator.set_nodeattr("Pad", 0)
    choices(operator, DEFAULT_PART)
    assert written == operator.folds()


def test_what_a_layer_is_called_is_how_it_is_written(design):
    """One lane per output the adder graph serves at once; digits only where nj_digits is."""
    operator = design.operators["jet_conv_1"]
    for fold in operator.folds():
        operator.set_nodeattr("Fold", fold)
        text, sums = operator.written()
        assert sums.way.startswith("adder graph" if fold == 1 else "weights by round")
        assert ("nj_leaf" in text) == (fold > 1) and "nj_digits" not in text
        assert operator.variants()[0] == (sums.way, operator.lut_estimation(""), operator.get_exp_cycles())


def test_the_rows_tell_variant_share_and_the_second_best(tmp_path):
    write_qonnx(random_network("bottleneck", height=16, width=16, outputs=32), tmp_path / "model.onnx")
    result = build(tmp_path / "model.onnx", tmp_path / "acc", fps=200e6 / 4096)
    rows = {row["name"]: row for row in result["layers"]}
    assert sum(row["share"] for row in rows.values()) == pytest.approx(1, abs=0.01)
    jets = rows["jet_conv_1"]
    assert jets["variant"].startswith("digit-serial") and jets["fold"] > 1
    assert jets["instead_of"]["lut"] >= jets["lut"] and jets["instead_of"]["cycles_per_frame"] <= 4096
    assert rows["max_pool_0"]["instead_of"] is None
    assert 0 <= result["search_seconds"] < result["seconds"]
