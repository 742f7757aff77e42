"""Comparing a file with its network excuses what float32 may round, and finds every other difference."""

import dataclasses

import brevitas.nn as qnn
import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from torch import nn

import bnn.qonnx.foreign.walk as walk
from bnn.errors import UserError
from bnn.integer.layers import Bias, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.compare import compare
from bnn.qonnx.foreign.scores import solve
from bnn.qonnx.foreign.steps import elementwise
from bnn.qonnx.foreign.values import rounding
from tests.support.foreign import Block, Centred, Recipe, export, frames, network, shake, sign, weights

SHAPE = (1, 9, 8)
TENTH = weights(False) | {"weight_scaling_const": 0.1}


def small(bias=False, end=None, middle=None):
    """Return a network of one convolution. end, middle: options of the last layer's and the convolution's weights."""
    generator = torch.Generator().manual_seed(2)
    model = nn.Sequential(
        qnn.QuantConv2d(1, 4, 3, bias=False, **(middle or weights(False))), shake(nn.BatchNorm2d(4), 700.0, generator),
        sign(), nn.Flatten(), qnn.QuantLinear(4 * 7 * 6, 4, bias=bias, **(end or weights(False))),
    )  # fmt: skip
    return randomised(model, generator)


def randomised(model, generator):
    for module in model.modules():
        if isinstance(module, (qnn.QuantConv2d, qnn.QuantLinear)):
            nn.init.uniform_(module.weight, -1, 1, generator=generator)
            if module.bias is not None:
                nn.init.uniform_(module.bias, -2, 2, generator=generator)
    return model.eval()


def in_tenths():
    """Return a network with weights +-0.1 and a sign without an offset: float32 decides about sums of zero."""
    model = nn.Sequential(
        Centred(), sign(), qnn.QuantConv2d(1, 4, 4, bias=False, **TENTH), sign(), nn.Flatten(),
        qnn.QuantLinear(4 * 6 * 5, 3, bias=False, **weights(False)),
    )  # fmt: skip
    return randomised(model, torch.Generator().manual_seed(1))


def agreement(model, folder, network_of=lambda imported: imported.network, byte=True, count=20):
    path = export(model, SHAPE, folder / "model.onnx", byte=byte)
    found = import_model(load_model(path), str(path), None if byte else "unit")
    return compare(network_of(found), found, load_model(path), frames(SHAPE, count)), found


def test_integers_agree_without_any_rounding(tmp_path):
    report, _ = agreement(small(), tmp_path)
    assert (report.frames, report.mismatches, report.bound, report.largest_difference) == (20, 0, 0.0, 0.0)
    assert report.decisions_open == report.classes_tied == report.scores_indistinct == 0


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("scales", ["one", "per channel"])
def test_float_scales_of_the_scores_stay_within_the_bound(bias, scales, tmp_path):
    """Rounding makes differences of some 1e-7; a step from one sum to the next is far above the bound."""
    report, found = agreement(small(bias, end=TENTH if scales == "one" else weights(True)), tmp_path, count=70)
    assert (report.mismatches, report.classes_differ, report.scores_beyond, report.decisions_beyond) == (0, 0, 0, 0)
    assert found.notes and 0 < report.largest_difference <= report.bound and report.frames == 70
    steps = np.abs(np.diff(found.scores.floats, axis=0)).min()
    assert report.bound < steps / 10 and report.scores_indistinct == 0


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("move", [4, -90])
def test_a_wrong_import_is_found_whether_it_left_a_note_or_not(bias, move, tmp_path, monkeypatch):
    right = elementwise.decide

    def wrong(*arguments):
        found = right(*arguments)
        return dataclasses.replace(found, thresholds=found.thresholds + move)

    monkeypatch.setattr(elementwise, "decide", wrong)
    report, found = agreement(small(bias, end=TENTH), tmp_path)
    assert found.notes and report.mismatches > 0 and report.decisions_beyond > 0


def test_signs_that_float32_decides_are_followed_and_nothing_else_is_excused(tmp_path):
    report, found = agreement(in_tenths(), tmp_path, byte=False)
    assert "order of additions decides in 4 of 4 channels" in found.notes[0]
    assert report.mismatches == 0 and report.decisions_open > report.decisions_taken > 0 and report.frames_taken > 0

    def wrong(imported):  # sums of 2 are not near a threshold of 0
        layers = list(imported.network.layers)
        place = imported.network.tensor_names.index(imported.decided[-1].bits)
        layers[place] = Threshold(layers[place].thresholds + np.array([3, 0, 0, 0]))
        return imported.network.with_layers(layers)

    moved, _ = agreement(in_tenths(), tmp_path, wrong, byte=False)
    assert moved.mismatches > 0 and moved.decisions_beyond > 0


@pytest.mark.parametrize("place", [-1, -2], ids=["bias", "weights"])
def test_wrong_scores_are_found_among_ties_and_open_signs(place, tmp_path):
    def wrong(imported):
        layers = list(imported.network.layers)
        layer = layers[place]
        if isinstance(layer, Bias):
            layers[place] = Bias(layer.bias + np.eye(1, len(layer.bias), dtype=np.int64)[0])
        else:
            layers[place] = dataclasses.replace(layer, weight=np.roll(layer.weight, 1, axis=0))
        return imported.network.with_layers(layers)

    report, _ = agreement(in_tenths(), tmp_path, wrong, byte=False)
    assert report.mismatches > 0 and report.scores_beyond > 0


def test_a_tie_is_one_only_within_the_rounding(tmp_path):
    """With weights +-0.1 rounding may decide between equal sums; with exact weights the lower class has to win."""
    model = small(end=TENTH)
    with torch.no_grad():
        model[-1].weight[3] = model[-1].weight[0].flip(0)
        model[-1].weight[2] = model[-1].weight[0]
    path = export(model, SHAPE, tmp_path / "model.onnx", byte=True)
    proto = onnx.load(path)
    found = import_model(load_model(path), str(path))
    images = frames(SHAPE, 40)
    assert compare(found.network, found, load_model(path), images).classes_differ == 0

    class Last(IntegerNetwork):
        def classify(self, scores):
            return len(self.classes) - 1 - scores[:, ::-1].argmax(axis=1)

    last = Last(found.network.input_shape, found.network.nodes, found.network.classes)
    ties = np.sort(found.network.run(images), axis=1)
    assert (ties[:, -1] == ties[:, -2]).any()
    report = compare(last, found, load_model(path), images)
    assert report.classes_tied > 0 and report.classes_differ == report.mismatches == 0
    exact = export(small(), SHAPE, tmp_path / "exact.onnx", byte=True)
    plain = import_model(load_model(exact), str(exact))
    scores = np.sort(plain.network.run(frames(SHAPE, 200)), axis=1)
    assert (scores[:, -1] == scores[:, -2]).any()
    last = Last(plain.network.input_shape, plain.network.nodes, plain.network.classes)
    report = compare(last, plain, load_model(exact), frames(SHAPE, 200))
    assert report.classes_differ == report.mismatches > 0 and report.scores_beyond == 0
    assert proto.graph.node


def test_an_order_of_scores_that_is_wrong_is_found(tmp_path, monkeypatch):
    """Each score is right by itself, but the integers have another order than the floats."""

    def wrong(k, floats, bounds=None):
        found = solve(k, floats, bounds)
        return dataclasses.replace(found, bias=found.bias + 4 * np.arange(len(found.bias)))

    monkeypatch.setattr(walk, "solve", wrong)
    report, _ = agreement(small(), tmp_path)
    assert report.scores_beyond == 0 and report.classes_differ == report.mismatches > 0


def test_a_file_that_ends_in_the_class(tmp_path):
    path = export(small(end=TENTH), SHAPE, tmp_path / "model.onnx", byte=True)
    proto = onnx.load(path)
    scores = proto.graph.output[0].name
    proto.graph.node.append(helper.make_node("ArgMax", [scores], ["class"], axis=1, keepdims=1))
    del proto.graph.output[:]
    proto.graph.output.append(helper.make_tensor_value_info("class", onnx.TensorProto.INT64, [1, 1]))
    onnx.save(proto, path)
    found = import_model(load_model(path), str(path))
    report = compare(found.network, found, load_model(path), frames(SHAPE, 8))
    assert report.frames == 8 and report.mismatches == 0
    turned = dataclasses.replace(found.network.layers[-1], bias=found.network.layers[-1].bias[::-1] + 40)
    other = found.network.with_layers((*found.network.layers[:-1], turned))
    assert compare(other, found, load_model(path), frames(SHAPE, 8)).mismatches > 0


def test_levels_and_pools_are_compared_too(tmp_path):
    """The network has quantizers and weights of two bits, and pools before and after the sign."""
    blocks = (Block(outputs=4, bits=2, pool=2, pool_first=True, per_channel=True), Block(outputs=5, kernel=2, bits=2))
    recipe = Recipe(shape=SHAPE, blocks=blocks, hidden=(6,), end="norm")
    path = export(network(recipe), SHAPE, tmp_path / "model.onnx", byte=True)
    found = import_model(load_model(path), str(path))
    images = np.concatenate([frames(SHAPE, 10), np.linspace(0, 255, 720).astype(np.uint8).reshape(10, *SHAPE)])
    assert len(found.decided) == 3 and compare(found.network, found, load_model(path), images).mismatches == 0
    for decided in found.decided:
        layers = list(found.network.layers)
        place = found.network.tensor_names.index(decided.bits)
        layer = layers[place]
        layers[place] = Threshold(np.full_like(layer.thresholds, -(10**6)))  # always reached
        other = found.network.with_layers(layers)
        report = compare(other, found, load_model(path), images)
        assert report.mismatches > 0 and report.decisions_beyond > 0


def test_another_network_is_refused(tmp_path):
    path = export(small(), SHAPE, tmp_path / "model.onnx", byte=True)
    found = import_model(load_model(path), str(path))
    other = IntegerNetwork.chain(SHAPE, found.network.layers[1:], found.network.classes)
    with pytest.raises(UserError, match=r"other layers than source.onnx is imported as; build the accelerator again"):
        compare(other, found, load_model(path), frames(SHAPE, 2))
    with pytest.raises(UserError, match="0 frames; give 1 or more"):
        compare(found.network, found, load_model(path), frames(SHAPE, 2)[:0])


@given(st.integers(0, 2**32), st.integers(2, 400), st.sampled_from([0.1, 1 / 3, 0.7310586]), st.booleans())
@settings(max_examples=80, deadline=None, print_blob=True)
def test_no_order_of_additions_passes_the_bound(seed, terms, scale, biased):
    r = np.random.default_rng(seed)
    unit, bias = np.float32(scale), np.float32(r.normal() * 9 * biased)
    k = r.integers(-8, 9, terms)
    products = (k * unit).astype(np.float32)
    exact = float(unit) * int(k.sum()) + float(bias)
    bound = rounding(terms, np.array([np.abs(k).sum()]), np.array([float(unit)]), np.array([float(bias)]), 0.0)[0]
    orders = [products, np.sort(products), np.sort(products)[::-1], r.permutation(products)]
    for order in orders:
        first = np.float32(bias)
        last = np.float32(0)
        for term in order:
            first, last = np.float32(first + term), np.float32(last + term)
        pairs = order
        while len(pairs) > 1:
            pairs = np.append(pairs, np.float32(0)) if len(pairs) % 2 else pairs
            pairs = (pairs[::2] + pairs[1::2]).astype(np.float32)
        for made in (first, np.float32(last + bias), np.float32(pairs[0] + bias)):
            assert abs(float(made) - exact) <= bound
    if bound == 0:
        assert float(products.sum(dtype=np.float32)) == exact
