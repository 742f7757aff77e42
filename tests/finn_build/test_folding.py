"""Each layer takes the least area that keeps the rate. The second best choice is reported, and plans are kept."""

import re
from typing import Any

import numpy as np
import pytest

from bnn.errors import UserError
from bnn.integer.layers import Bias, Conv, Dense, Pad, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.write import write_qonnx
from finn_build import adapter
from finn_build.build import build
from finn_build.manifest import load
from finn_build.recognise import recognise
from finn_build.trust import check_made_here
from sim.accelerator import verify
from tests.hw.test_ops import operator as make_operator
from tests.support.networks import random_network


@pytest.fixture
def design(tmp_path, monkeypatch):
    """Return a network as FINN's graph, with a cache of its own."""
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path / "cache"))
    from finn_build.graph import make_design

    network = random_network("constrained", height=16, width=16, outputs=32)
    with adapter.workspace():
        yield make_design(*recognise(network), network.metadata)


@pytest.mark.parametrize("clocks", [256, 600, 4096, 100_000])
def test_the_least_area_of_all_foldings_that_keep_the_rate(design, clocks):
    from finn_build.folding import choices, fold
    from finn_build.graph import DEFAULT_PART

    slowest, chosen = fold(design, clocks, None)
    assert slowest <= clocks and chosen.keys() == design.operators.keys()
    assert {name: operator.fold for name, operator in design.operators.items()} == {
        name: found.taken.fold for name, found in chosen.items()
    }
    for name, operator in design.operators.items():
        taken, second = chosen[name].taken, chosen[name].instead_of
        fitting = choices(operator, clocks, DEFAULT_PART)
        assert taken in fitting and all(taken.cost() <= other.cost() for other in fitting)
        operator.apply(taken.folding)
        assert (taken.lut, taken.cycles_per_frame) == (operator.lut_estimation(""), operator.get_exp_cycles())
        if second is not None:
            assert second.cycles_per_frame <= clocks and second.cost() >= taken.cost()
        else:
            assert len(fitting) == 1


def test_a_plan_is_found_again_until_the_layer_changes(design, monkeypatch):
    from finn_build.folding import choices, fold
    from finn_build.graph import DEFAULT_PART
    from hw.ops.conv import RtlConv

    first = fold(design, 4096, None)
    written = []
    original = RtlConv.variants
    monkeypatch.setattr(RtlConv, "variants", lambda op: written.append(op.fold) or original(op))
    assert fold(design, 4096, None) == first and fold(design, 1024, None)[0] <= 1024  # the plan is known already
    assert not written
    operator = design.operators["jet_conv_1"]
    operator.set_nodeattr("Pad", 0)
    choices(operator, 4096, DEFAULT_PART)
    assert written == [folding["Fold"] for folding in operator.foldings(4096)]


def test_what_a_layer_is_called_is_how_it_is_written(design):
    """A layer has a lane for each output that its adder graph serves at once, and digits only with nj_digits."""
    operator = design.operators["jet_conv_1"]
    for fold in operator.folds():
        operator.set_nodeattr("Fold", fold)
        text, made = operator.written(), operator.made()
        assert made.method.startswith("adder graph" if fold == 1 else "weights by round")
        assert ("nj_leaf" in text) == (fold > 1) and "nj_digits" not in text
        assert operator.variants()[0] == (made.method, operator.lut_estimation(""), operator.get_exp_cycles())


def test_the_rows_tell_variant_share_and_the_second_best(tmp_path):
    write_qonnx(random_network("bottleneck", height=16, width=16, outputs=32), tmp_path / "model.onnx")
    result = build(tmp_path / "model.onnx", tmp_path / "acc", fps=200e6 / 4096)
    rows = {row["name"]: row for row in result["layers"]}
    total = result["estimate"]["lut"]  # with what checks frames, which is no layer
    assert all(row["share"] == round(row["lut"] / total, 4) for row in rows.values())
    jets = rows["jet_conv_1"]
    assert jets["variant"].startswith("digit-serial") and jets["fold"] > 1
    assert jets["instead_of"]["lut"] >= jets["lut"] and jets["instead_of"]["cycles_per_frame"] <= 4096
    assert rows["max_pool_0"]["instead_of"] is None
    assert 0 <= result["search_seconds"] < result["seconds"]


def dense_network(hidden, features=4, size=8):
    """Return a convolution of bytes, then dense layers with these numbers of outputs."""
    r = np.random.default_rng(len(hidden))
    layers = [Pad(1, 0), Conv(r.choice(np.array([-1, 1]), (features, 1, 3, 3))), Threshold(np.zeros(features, int))]
    inputs = features * size * size
    for outputs in hidden:
        layers += [Dense(r.choice(np.array([-1, 1]), (inputs, outputs))), Threshold(r.integers(-5, 6, outputs))]
        inputs = outputs
    layers += [Dense(r.choice(np.array([-1, 1]), (inputs, 3))), Bias(r.integers(-3, 4, 3))]
    return IntegerNetwork.chain((1, size, size), tuple(layers), ("a", "b", "c"))


@pytest.mark.parametrize("hidden", [(60,), (150, 24)], ids=str)
def test_memories_of_weights_are_exact_and_keep_the_rate(hidden, tmp_path):
    write_qonnx(dense_network(hidden), tmp_path / "model.onnx")
    promised = build(tmp_path / "model.onnx", tmp_path / "acc", fps=200e6 / 640)["cycles_per_frame"]
    manifest = load(tmp_path / "acc")
    memories = [name for name in manifest.files if name.startswith("mem/")]
    assert memories
    moved = tmp_path / "elsewhere"
    (tmp_path / "acc").rename(moved)
    report = verify(moved, "random", frames=10)
    assert report["passed"] and report["cycles_per_frame"] <= promised
    assert verify(moved, "random", frames=10, backpressure=0.3)["passed"]


def test_a_block_ram_that_is_worth_less_is_taken_and_built_again(tmp_path):
    """The folder says what it was worth, so that another machine builds the same."""
    write_qonnx(random_network("binary", height=16, width=16, outputs=64), tmp_path / "m.onnx")
    dear, cheap = (build(tmp_path / "m.onnx", tmp_path / str(n), fps=2000, ramb18_sites=n) for n in (160, 1))
    assert cheap.estimate.lut < dear.estimate.lut and cheap.estimate.bram18 > dear.estimate.bram18
    manifest = load(tmp_path / "1")
    assert manifest.ramb18_sites == 1
    check_made_here(tmp_path / "1", manifest)
    with pytest.raises(UserError, match="--ramb18-sites -1 is not a whole number from 0 to 10000"):
        build(tmp_path / "m.onnx", tmp_path / "other", ramb18_sites=-1)


def test_convolutions_take_their_weights_from_memories_too(tmp_path, monkeypatch):
    """The test makes the constant form look too large, because this network is small."""
    from hw.ops import binary_conv

    monkeypatch.setattr(binary_conv, "MOST_TERMS", 0)
    network = random_network("binary", height=12, width=10, outputs=12, pool=2)
    write_qonnx(network, tmp_path / "model.onnx")
    promised = build(tmp_path / "model.onnx", tmp_path / "acc", fps=200e6 / 2000)["cycles_per_frame"]
    manifest = load(tmp_path / "acc")
    assert [name for name in manifest.files if name.startswith("mem/binary_conv")] == ["mem/binary_conv_1.mem"]
    report = verify(tmp_path / "acc", "random", frames=8)
    assert report["passed"] and report["cycles_per_frame"] == promised
    assert verify(tmp_path / "acc", "random", frames=8, backpressure=0.3)["passed"]


def test_a_layer_waits_no_longer_than_the_one_in_front_can():
    """The second layer must have taken a result when the first has collected its next one."""
    from finn_build.folding import choose

    weight = np.random.default_rng(0).choice(np.array([-1, 1]), (60, 10))
    second = make_operator("BinaryDense_rtl", [1, 1, 1, 60], [1, 10], "BIPOLAR", "INT8", Weight=weight)
    choose(second, 640, output_occupancy=0)
    free = second.input_occupancy()
    choose(second, 640, output_occupancy=640 - free + 1)
    assert second.input_occupancy() < free


def test_a_layer_that_would_need_a_fifo_pays_for_it():
    """36 beats come 10 clocks apart. A folding of 14 clocks per beat saves fewer sites than its FIFO takes."""
    from finn_build.folding import choices, choose
    from finn_build.graph import DEFAULT_PART

    weight = np.random.default_rng(0).choice(np.array([-1, 1]), (36 * 80, 10))
    scores = make_operator("BinaryDense_rtl", [1, 6, 6, 80], [1, 10], "BIPOLAR", "INT13", Weight=weight)
    choose(scores, 740)
    assert scores.beat_interval() == 14
    least = min(choices(scores, 740, DEFAULT_PART), key=lambda found: found.cost())
    chosen = choose(scores, 740, result_interval=10).taken
    assert scores.beat_interval() <= 10 and least.cost()[0] < chosen.cost()[0] < least.cost()[0] + 0.7 * 80


def test_large_layers_of_small_pictures_fit_together(tmp_path, monkeypatch):
    """Memories give only 16 bits per clock here. The second layer takes its input while the first collects the next."""
    from hw.matvec import folding as matvec
    from hw.ops import binary_dense

    monkeypatch.setattr(binary_dense, "MOST_CONSTANTS", 0)
    monkeypatch.setattr(matvec, "MOST_SIMD", 16)
    write_qonnx(dense_network((48, 48), features=2), tmp_path / "model.onnx")
    result = build(tmp_path / "model.onnx", tmp_path / "acc")
    assert result["cycles_per_frame"] == 64 and not result["notes"]
    report = verify(tmp_path / "acc", "random", frames=8)
    assert report["passed"] and report["cycles_per_frame"] == 64


def test_what_cannot_take_a_pixel_per_clock_is_built_as_fast_as_it_can_be(tmp_path, monkeypatch):
    from hw.matvec import folding as matvec
    from hw.ops import binary_dense

    monkeypatch.setattr(binary_dense, "MOST_CONSTANTS", 0)
    monkeypatch.setattr(matvec, "MOST_SIMD", 16)
    monkeypatch.setattr(matvec, "MOST_WEIGHTS", 32)
    write_qonnx(dense_network((48, 48), features=2), tmp_path / "model.onnx")
    result = build(tmp_path / "model.onnx", tmp_path / "acc")
    clocks = result["cycles_per_frame"]
    assert 64 < clocks < 300 and f"a frame takes {clocks} clocks" in result["notes"][0]
    assert verify(tmp_path / "acc", "random", frames=8)["cycles_per_frame"] == clocks
    with pytest.raises(UserError, match=r"--fps 3e\+06 is beyond .* at most \d+ frames/s") as refused:
        build(tmp_path / "model.onnx", tmp_path / "fast", fps=3e6)
    rate = int(re.search(r"at most (\d+)", str(refused.value))[1])
    assert build(tmp_path / "model.onnx", tmp_path / "fast", fps=rate)["cycles_per_frame"] <= 200e6 / rate


def test_the_rate_is_that_of_two_layers_together(tmp_path, monkeypatch):
    """The first cannot collect while the second does not take its result, so both together take longer than either."""
    from hw.matvec import folding as matvec
    from hw.ops import binary_dense

    monkeypatch.setattr(binary_dense, "MOST_CONSTANTS", 0)
    monkeypatch.setattr(matvec, "MOST_SIMD", 8)
    write_qonnx(dense_network((24, 24), features=1, size=3), tmp_path / "model.onnx")
    result = build(tmp_path / "model.onnx", tmp_path / "acc", fps=200e6 / 144)
    assert result["cycles_per_frame"] > max(row["cycles_per_frame"] for row in result["layers"])
    assert verify(tmp_path / "acc", "random", frames=10)["cycles_per_frame"] == result["cycles_per_frame"]


def test_a_frame_of_one_word_gives_way_as_it_is_taken(tmp_path, monkeypatch):
    """The first layer goes on in the clock in which the second takes its result, not a clock later."""
    from hw.matvec import folding as matvec
    from hw.ops import binary_dense

    monkeypatch.setattr(binary_dense, "MOST_CONSTANTS", 0)
    found = matvec.foldings
    monkeypatch.setattr(
        matvec, "foldings", lambda beats, *rest: (f for f in found(beats, *rest) if (f.words == 1) == (beats > 1))
    )
    r = np.random.default_rng(0)
    signs = np.array([-1, 1])
    layers = (Threshold(np.full(1, 128)), Dense(r.choice(signs, (12, 31))), Threshold(r.integers(-3, 4, 31)))
    layers += (Dense(r.choice(signs, (31, 3))), Bias(np.zeros(3, int)))
    write_qonnx(IntegerNetwork.chain((1, 3, 4), layers, ("a", "b", "c")), tmp_path / "model.onnx")
    result = build(tmp_path / "model.onnx", tmp_path / "acc", fps=200e6 / 48)
    assert result["cycles_per_frame"] > max(row["cycles_per_frame"] for row in result["layers"])
    assert verify(tmp_path / "acc", "random", frames=10)["cycles_per_frame"] == result["cycles_per_frame"]


def test_a_frame_stored_is_collected_between_its_first_and_its_last_group(tmp_path, monkeypatch):
    """A first layer that works row by row delays the second from its first result on, not from its first step."""
    from hw.matvec import folding as matvec
    from hw.ops import binary_dense

    monkeypatch.setattr(binary_dense, "MOST_CONSTANTS", 0)
    foldings = matvec.foldings
    monkeypatch.setattr(
        matvec, "foldings", lambda beats, *rest: (f for f in foldings(beats, *rest) if f.replay == (beats > 1))
    )
    monkeypatch.setattr(matvec, "MOST_SIMD", 6)
    write_qonnx(dense_network((10, 10), features=1, size=4), tmp_path / "model.onnx")
    result = build(tmp_path / "model.onnx", tmp_path / "acc", fps=200e6 / 60)
    assert "frames stored" in result["layers"][1]["variant"]
    assert result["cycles_per_frame"] > max(row["cycles_per_frame"] for row in result["layers"])
    assert verify(tmp_path / "acc", "random", frames=10)["cycles_per_frame"] == result["cycles_per_frame"]


def test_without_a_rate_area_has_a_limit(tmp_path, monkeypatch):
    """Build takes a pixel per clock if that is small enough, else the fastest rate that is. A given rate is kept."""
    from finn_build import folding

    write_qonnx(dense_network((24, 24), features=2), tmp_path / "model.onnx")

    def made(name: str, most: int, fps: float | None = None) -> dict[str, Any]:
        monkeypatch.setattr(folding, "MOST_SITES", most)
        return build(tmp_path / "model.onnx", tmp_path / name, fps=fps)

    def area(result: dict[str, Any]) -> int:
        return sum(row["lut"] for row in result["layers"])

    fast = made("fast", 20_000)
    limited = made("limited", area(fast) - 20)
    assert fast["cycles_per_frame"] == 64 < limited["cycles_per_frame"] and not fast["notes"]
    assert area(limited) <= area(fast) - 20 and f"built for {limited['cycles_per_frame']}" in limited["notes"][0]
    asked = made("asked", area(fast) - 20, fps=fast["fps"])
    none = made("none", 1)
    assert area(asked) == area(none) == area(fast) and none["cycles_per_frame"] == 64 and not none["notes"]
