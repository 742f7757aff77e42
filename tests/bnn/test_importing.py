"""Networks exported from Brevitas become integer networks whose classes and scores equal QONNX execution."""

import brevitas.nn as qnn
import numpy as np
import onnx
import pytest
import torch
from brevitas.quant.scaled_int import Int8WeightPerTensorFloat
from brevitas_examples.bnn_pynq.models.common import CommonWeightQuant
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper
from torch import nn

from bnn.errors import UserError
from bnn.integer.layers import Levels, MaxPool, Pad, Threshold
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.scores import solve
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from tests.support.foreign import Block, Recipe, execute, export, frames, network, random_recipe, shake, sign, weights

FRAMES = 12


def imported(recipe, folder, dynamo=False):
    path = export(network(recipe), recipe.shape, folder / "model.onnx", recipe.input == "byte", dynamo)
    return path, import_model(load_model(path), str(path), None if recipe.input == "byte" else recipe.pixels)


def check(recipe, folder, dynamo=False):
    path, found = imported(recipe, folder, dynamo)
    images = frames(recipe.shape, FRAMES, recipe.seed)
    expected = execute(path, images, recipe.input != "byte")
    scores, tensors = found.network.run(images, taps=True)
    assert np.array_equal(found.network.classify(scores), expected.argmax(1))
    assert np.array_equal(found.float_scores(scores), expected)
    write_qonnx(found.network, folder / "integer.onnx")
    again = read_qonnx(folder / "integer.onnx")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in found.network.layers]
    assert np.array_equal(again.run(images), scores)
    return found, tensors


RECIPES = [
    Recipe(),
    Recipe(input="q8", shape=(3, 10, 9), end="common"),
    Recipe(input="sign", shape=(2, 7, 7), end="bias"),
    Recipe(input="affine", hidden=(9,), end="norm"),
    Recipe(blocks=(Block(padding=1, bias=True), Block(padding=1, outputs=9, clip=True)), end="common"),
    Recipe(blocks=(Block(pool=2, outputs=12, pool_first=True), Block(padding=1, pad_value=-1)), end="bias"),
    Recipe(
        shape=(3, 14, 15), hidden=(7,), end="bias",
        blocks=(Block(pool=2, pool_first=True, norm_first=True, outputs=12, per_channel=True),
                Block(kernel=2, stride=2, scale=0.5), Block(kernel=1)),
    ),
    Recipe(blocks=(Block(kernel=5, padding=2, pool=2, outputs=8), Block(kernel=4, padding=1, per_channel=True)),
           shape=(1, 13, 12), input="q8"),
    Recipe(blocks=(Block(norm=False), Block(norm=False, padding=1)), input="sign", shape=(3, 8, 8)),
]  # fmt: skip


@pytest.mark.parametrize("recipe", RECIPES, ids=range(len(RECIPES)))
def test_equals_qonnx_execution(recipe, tmp_path):
    check(recipe, tmp_path)


def test_the_present_exporter_of_torch(tmp_path):
    check(RECIPES[4], tmp_path, dynamo=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("number", range(len(RECIPES)))
def test_equals_qonnx_execution_sweep(number, seed, tmp_path):
    recipe = RECIPES[number]
    check(Recipe(recipe.shape, recipe.input, recipe.blocks, recipe.hidden, recipe.classes, recipe.end, seed), tmp_path)


def test_the_recipes_reach_what_they_are_for(tmp_path):
    """The recipes have negative scales in front of pools, constant channels, both paddings, and quantized pixels."""
    found, tensors = check(RECIPES[5], tmp_path)
    pool = next(layer for layer in found.network.layers if isinstance(layer, MaxPool))
    assert pool.signs is not None and {-1, 1} == set(pool.signs.tolist())
    bits = tensors["Threshold_0_out"]
    constant = (bits == bits[:1, :, :1, :1]).all((0, 2, 3))
    assert constant.any() and not constant.all()
    assert [layer.value for layer in found.network.layers if isinstance(layer, Pad)] == [-1]
    levels = imported(RECIPES[1], tmp_path)[1].network.layers[0]
    assert isinstance(levels, Levels) and (levels.low, levels.step) == (-128, 1)
    steps = np.unique(np.diff(levels.table()[0]))
    assert set(steps.tolist()) == {0, 1, 2}  # 256 values on 255 steps: no line through the pixels
    assert isinstance(imported(RECIPES[2], tmp_path)[1].network.layers[0], Threshold)


def test_sign_of_zero_is_plus_one(tmp_path):
    """Sums of 0 occur, also behind a batch norm without offset."""
    model = network(Recipe(blocks=(Block(kernel=2, norm=False), Block(kernel=2, norm=False)), input="sign"))
    path = export(model, (1, 9, 8), tmp_path / "model.onnx")
    found = import_model(load_model(path), str(path), "unit")
    scores, tensors = found.network.run(frames((1, 9, 8), 20), taps=True)
    assert (tensors["Conv_1_out"] == 0).any()
    assert np.array_equal(found.float_scores(scores), execute(path, frames((1, 9, 8), 20), True))


def test_unsigned_one_bit_activations(tmp_path):
    """A Quant of one bit gives 0 and 1 instead of +-1, so that padding with 0 pads with one of its values."""
    path = export(network(RECIPES[4]), RECIPES[4].shape, tmp_path / "model.onnx", byte=True)
    proto = onnx.load(path)
    for name, value in (("one", 1.0), ("none", 0.0), ("unit", 0.75)):
        proto.graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), name))
    norms = {node.output[0] for node in proto.graph.node if node.op_type == "Clip"} | {
        node.output[0] for node in proto.graph.node if node.op_type == "BatchNormalization"
    }
    for node in proto.graph.node:
        if node.op_type == "BipolarQuant" and node.input[0] in norms:
            quant = helper.make_node(
                "Quant", [node.input[0], "unit", "none", "one"], list(node.output), node.name, signed=0, narrow=0,
                rounding_mode="ROUND", domain=node.domain,
            )  # fmt: skip
            node.CopyFrom(quant)
    onnx.save(proto, path)
    found = import_model(load_model(path), str(path))
    images = frames(RECIPES[4].shape, FRAMES)
    assert [layer.value for layer in found.network.layers if isinstance(layer, Pad)] == [0, -1]
    assert np.array_equal(found.float_scores(found.network.run(images)), execute(path, images, False))


def test_a_sign_that_never_changes_is_told(tmp_path):
    """Brevitas 0.13 exports a QuantReLU of one bit as BipolarQuant behind Relu, which is +1 for every input."""
    model = middle(qnn.QuantReLU(bit_width=1), conv(), sign())
    path = export(model, (1, 9, 8), tmp_path / "model.onnx", byte=True)
    notes = import_model(load_model(path), str(path)).notes
    assert len(notes) == 1 and "BipolarQuant: gives the same for every picture in all 4 channels" in notes[0]


def test_float_sums_that_depend_on_their_order_are_told(tmp_path):
    """Ten weights 0.1 do not sum to 1 in float32. Without an offset the threshold is a sum of zero."""
    model = nn.Sequential(
        sign(), qnn.QuantConv2d(1, 4, 2, bias=False, **weights(False) | {"weight_scaling_const": 0.1}),
        sign(), nn.Flatten(), qnn.QuantLinear(4 * 8 * 7, 3, bias=False, **weights(False)),
    ).eval()  # fmt: skip
    path = export(model, (1, 9, 8), tmp_path / "model.onnx")
    found = import_model(load_model(path), str(path), "unit")
    assert len(found.notes) == 1 and "order of additions decides in 4 of 4 channels" in found.notes[0]


@given(st.integers(0, 2**32), st.sampled_from([2, 3, 10]), st.integers(1, 40), st.booleans())
@settings(max_examples=60, deadline=None, print_blob=True)
def test_integer_scores_compare_as_the_float_ones(seed, classes, inputs, common):
    r = np.random.default_rng(seed)
    slope = np.full(classes, r.normal()) if common else r.normal(size=classes)
    k = np.arange(-inputs, inputs + 1, 2)
    floats = (k[:, None].astype(np.float32) * slope.astype(np.float32)) + r.normal(size=classes).astype(np.float32)
    found = solve(k, floats)
    assert found is not None
    place = r.integers(0, len(k), (500, classes))
    chosen = floats[place, np.arange(classes)]
    scores = found.multiplier * k[place] + found.bias
    assert np.array_equal(scores.argmax(1), chosen.argmax(1))
    assert np.array_equal(found.of_integers(scores), chosen)


def test_scores_that_stand_still_have_no_integer_form():
    assert solve(np.arange(-4, 5, 2), np.clip(np.arange(-4, 5, 2), -1, 1)[:, None].astype(np.float32)) is None


# --- refusals, which name the node ---


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = qnn.QuantConv2d(4, 4, 3, padding=1, bias=False, **weights(False))

    def forward(self, x):
        return x + self.conv(x)


class Doubled(nn.Module):
    def forward(self, x):
        return torch.cat([x, -x], 1)


def middle(*layers, channels=4):
    """Return a network with a Conv in front of `layers` and a dense layer behind them."""
    features = channels * 7 * 6
    model = nn.Sequential(
        qnn.QuantConv2d(1, 4, 3, bias=False, **weights(False)), *layers, nn.Flatten(), nn.LazyLinear(3)
    )  # fmt: skip
    model.eval()(torch.zeros(1, 1, 9, 8))
    model[-1] = qnn.QuantLinear(model[-1].in_features or features, 3, bias=False, **weights(False))
    return model.eval()


def conv(**options):
    return qnn.QuantConv2d(4, 4, **{"kernel_size": 3, "bias": False, **weights(False), **options})


class Less(nn.Module):
    def forward(self, x):
        return x - 300.5


class Absolute(nn.Module):
    def forward(self, x):
        return x.abs()


def quantized(bits, signed, narrow=False, most=3.0):
    """Return a batch norm, which spreads the sums of pixels, and a quantizer."""
    norm = shake(nn.BatchNorm2d(4), 900.0, torch.Generator().manual_seed(bits))
    options = {"bit_width": bits, "scaling_impl_type": "const", "narrow_range": narrow}
    if signed:
        return nn.Sequential(norm, qnn.QuantIdentity(**options, min_val=-most, max_val=most))
    return nn.Sequential(norm, qnn.QuantReLU(**options, max_val=most))


def quantized_row(features):
    """Return the same for rows."""
    return nn.Sequential(nn.BatchNorm1d(features), qnn.QuantReLU(bit_width=2, scaling_impl_type="const", max_val=3.0))


FIVE_BITS = {"weight_quant": Int8WeightPerTensorFloat, "weight_bit_width": 5}
TWO_BITS = {"weight_quant": CommonWeightQuant, "weight_bit_width": 2}  # -1, 0 and 1
FLOAT = r" -> FLOAT32\): "
REFUSED = [
    (
        (sign(), conv(**FIVE_BITS), sign()),
        r"Conv, BIPOLAR, INT5" + FLOAT + r"its weights take \d+ v.*weights of 1 to 4 bits",
    ),
    (
        (qnn.QuantReLU(bit_width=5), conv(), sign()),
        r"Quant, FLOAT32 -> UINT5\): activations of more.*accepted: activations of 1 to 4 bits",
    ),
    ((quantized(3, True), conv(padding=1), sign()), r"Conv, INT3.*pads with 0, which no pixel means"),
    ((quantized(2, False), sign()), r"BipolarQuant, UINT2 -> BIPOLAR\): is the sign of quantized values"),
    ((nn.ReLU(), conv(), sign()), r"Conv, FLOAT32, BIPOLAR" + FLOAT + r"reads the sums of .*Conv.* without a sign"),
    (
        (sign(), Residual(), Residual(), sign()),
        r"Conv, FLOAT32, BIPOLAR" + FLOAT + r"reads the sums of .*Conv.* without a sign in between",
    ),
    (
        (sign(), Doubled()),
        r"Concat, BIPOLAR, FLOAT32 -> BIPOLAR\): joins values of 1 bits in steps of 1 and .* in steps of -1; accepted",
    ),
    ((sign(), nn.CELU()), r"Celu, BIPOLAR" + FLOAT + r"operator Celu has no.*accepted: .*Conv,"),
    ((nn.MaxPool2d(2, padding=1), sign()), r"MaxPool, FLOAT32" + FLOAT + r".*pads \[1, 1, 1, 1\].*not padded"),
    ((nn.MaxPool2d(3, stride=2), sign()), r"MaxPool, .*strides \[2, 2\].*do not overlap"),
    ((sign(), conv(kernel_size=(3, 1)), sign()), r"Conv, BIPOLAR, BIPOLAR" + FLOAT + r"kernel \[3, 1\].*square"),
    ((sign(), conv(dilation=2), sign()), r"Conv, .*dilations \[2, 2\].*dilation 1"),
    ((sign(), nn.ZeroPad2d((1, 0, 1, 0)), conv(), sign()), r"Pad, BIPOLAR -> BIPOLAR\): pads .*all sides"),
    ((sign(), nn.ConstantPad2d(1, 0.5), conv(), sign()), r"Pad, .*pads with 0.5, which no integer stands for"),
    ((Absolute(), sign()), r"Abs, FLOAT32" + FLOAT + r"operator Abs has no exact integer form"),
    ((sign(), nn.Softmax(1)), r"Softmax, BIPOLAR" + FLOAT + r"operator Softmax"),
    (
        (nn.LeakyReLU(-1.0), Less(), sign()),
        r"LeakyRelu, FLOAT32" + FLOAT + r"its slope in channel \d is -1, and the sign behind it changes 2 times",
    ),
    ((nn.LeakyReLU(-1.0), nn.MaxPool2d(2), sign()), r"MaxPool, .*what it pools rises and falls"),
]


@pytest.mark.parametrize(("layers", "words"), REFUSED, ids=range(len(REFUSED)))
def test_what_has_no_exact_form_is_refused_by_name(layers, words, tmp_path):
    model = middle(*layers)
    path = export(model, (1, 9, 8), tmp_path / "model.onnx", byte=True)
    with pytest.raises(UserError, match=r"model\.onnx: node \S+ \(" + words):
        import_model(load_model(path), "model.onnx")


def test_a_large_bias_is_one_that_the_file_keeps(tmp_path):
    """This batch norm needs multipliers of 17 bits to keep the order of scores. The file holds biases of 24 bits."""
    recipe = random_recipe(78)
    found, _ = check(recipe, tmp_path)
    assert np.abs(found.network.layers[-1].bias).max() > 1 << 24


FEW_BITS = [
    (quantized(2, False), conv(), sign()),
    (quantized(2, False), conv(padding=1), shake(nn.BatchNorm2d(4), 9.0, torch.Generator().manual_seed(3)), sign()),
    (quantized(3, True, narrow=True), conv(padding=1), sign()),
    (quantized(2, True), nn.MaxPool2d(2), conv(kernel_size=2), sign()),
    (nn.MaxPool2d(2), quantized(3, False, most=1.75), conv(kernel_size=2), sign()),
    (quantized(4, False, most=3.75),),
    (quantized(2, True, narrow=True, most=0.75), conv(), quantized(2, False, most=6.0), conv(bias=True), sign()),
]  # fmt: skip


@pytest.mark.parametrize("layers", FEW_BITS, ids=range(len(FEW_BITS)))
def test_activations_of_few_bits(layers, tmp_path):
    """An activation becomes one +-1 per threshold; the maps of a channel lie side by side."""
    model, generator = middle(*layers), torch.Generator().manual_seed(5)
    for module in model.modules():
        if isinstance(module, (qnn.QuantConv2d, qnn.QuantLinear)):
            nn.init.uniform_(module.weight, -1, 1, generator=generator)
    path = export(model, (1, 9, 8), tmp_path / "model.onnx", byte=True)
    found = import_model(load_model(path), "model.onnx")
    images = np.concatenate([frames((1, 9, 8), 40), np.linspace(0, 255, 40 * 72).astype(np.uint8).reshape(40, 1, 9, 8)])
    scores, tensors = found.network.run(images, taps=True)
    expected = execute(path, images, False)
    assert np.array_equal(found.network.classify(scores), expected.argmax(1))
    assert np.array_equal(found.float_scores(scores), expected)
    levels = tensors["Threshold_0_out"].shape[1] // 4
    together = tensors["Threshold_0_out"].reshape(len(images), 4, levels, -1).sum(2)
    assert levels > 1 and len(np.unique(together)) > 2  # several of its levels occur


@pytest.mark.parametrize("between", [(sign(),), (quantized(2, False), nn.MaxPool2d(2)), (quantized(2, True, True),)])
def test_weights_of_two_bits(between, tmp_path):
    """On pixels they stay unchanged; on bits they become +-1 on copies of the maps."""
    few = {"bias": False, **TWO_BITS}
    padded = qnn.QuantConv2d(4, 5, 3, padding=1, **few)
    model = nn.Sequential(qnn.QuantConv2d(1, 4, 3, **few), *between, padded, sign(), nn.Flatten(), nn.LazyLinear(7))
    model.eval()(torch.zeros(1, 1, 9, 8))
    model[-1] = qnn.QuantLinear(model[-1].in_features, 7, **few)
    model = nn.Sequential(*model, quantized_row(7), qnn.QuantLinear(7, 3, **few)).eval()
    generator = torch.Generator().manual_seed(6)
    for module in model.modules():
        if isinstance(module, (qnn.QuantConv2d, qnn.QuantLinear)):
            nn.init.uniform_(module.weight, -1.4, 1.4, generator=generator)
    path = export(model, (1, 9, 8), tmp_path / "model.onnx", byte=True)
    found = import_model(load_model(path), "model.onnx")
    images = frames((1, 9, 8), 60)
    expected = execute(path, images, False)
    scores, tensors = found.network.run(images, taps=True)
    assert np.array_equal(found.network.classify(scores), expected.argmax(1))
    assert np.array_equal(found.float_scores(scores), expected)
    assert len(np.unique(expected)) > 3 and tensors["Threshold_0_out"].shape[1] % 8 == 0
    assert set(np.unique(found.network.layers[0].weight)) == {-1, 0, 1}


def test_batch_norm_behind_a_sign_that_does_the_same_to_all_channels(tmp_path):
    """Here it is a scale that float32 rounds. The next layer has an offset, so that the rounding decides nothing."""
    behind = shake(nn.BatchNorm2d(4), 6.0, torch.Generator().manual_seed(1))
    model = middle(sign(), nn.BatchNorm2d(4), conv(), behind, sign())
    path = export(model, (1, 9, 8), tmp_path / "model.onnx", byte=True)
    found = import_model(load_model(path), "model.onnx")
    images = frames((1, 9, 8), FRAMES)
    assert found.notes == ()
    assert np.array_equal(found.float_scores(found.network.run(images)), execute(path, images, False))


def test_batch_norm_behind_a_sign_is_refused_where_channels_differ(tmp_path):
    norm = nn.BatchNorm2d(4)
    nn.init.uniform_(norm.bias)
    path = export(middle(sign(), norm, conv(), sign()), (1, 9, 8), tmp_path / "model.onnx", byte=True)
    with pytest.raises(UserError, match=r"\(BatchNormalization, BIPOLAR -> FLOAT32\): makes other values of \+-1"):
        import_model(load_model(path), "model.onnx")


def test_pixels_must_be_told(tmp_path):
    path = export(network(Recipe()), (1, 9, 8), tmp_path / "model.onnx")
    with pytest.raises(UserError, match=r"not annotated UINT8.*--pixels unit.*--pixels byte"):
        import_model(load_model(path), "model.onnx")
    with pytest.raises(UserError, match=r"--pixels float is unknown; choose unit or byte"):
        import_model(load_model(path), "model.onnx", "float")
    assert import_model(load_model(path), "model.onnx", "byte").network.layers


def test_padding_with_a_grey_that_is_no_pixel_is_refused(tmp_path):
    path = export(network(Recipe(input="affine", blocks=(Block(padding=1),))), (1, 9, 8), tmp_path / "model.onnx")
    with pytest.raises(UserError, match=r"\(Conv.*pads with 0, which no pixel means"):
        import_model(load_model(path), "model.onnx", "unit")
