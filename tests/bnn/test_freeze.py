"""Freezing is exact: trained float network, frozen torch, integer reference and QONNX give the same answers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from bnn.errors import UserError
from bnn.integer.freeze import FrozenNetwork, fold_norm, freeze
from bnn.integer.layers import Bias, Conv, Dense, Threshold
from bnn.integer.network import IntegerNetwork
from bnn.model.layers import Norm
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from bnn.training.check import check_links
from bnn.training.evaluation import estimate_statistics, predict

FORMS = ("bottleneck", "separable", "jets", "constrained", "binary")


def random_network(form, seed, *, kernel=3, channels=1, size=(12, 10), hidden=(), stride=1, padding=True, zeros=False):
    torch.manual_seed(seed)
    blocks = (
        Block(6, kernel=kernel, form=form, maps=3, pool=2, padding=padding, zeros=zeros),
        Block(5, kernel=3, form=form, maps=2, stride=stride, zeros=zeros),
    )
    network = Network(NetworkSpec("test", blocks, hidden), (channels, *size), 3)
    for norm in (m for m in network.modules() if isinstance(m, Norm)):
        nn.init.normal_(norm.weight)  # negative scales too
        nn.init.normal_(norm.bias, std=0.3)
    estimate_statistics(network, torch.randint(0, 256, (64, *network.input_shape), dtype=torch.uint8))
    network.classifier.bias.data.normal_(0, 3)
    return network.eval()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"kernel": 5, "channels": 3},
        {"hidden": (7,), "stride": 2},
        {"padding": False, "size": (13, 11)},
    ],
    ids=["plain", "5x5-rgb", "hidden-stride", "odd-unpadded"],
)
def test_every_link_agrees(form, options, tmp_path):
    network = random_network(form, 1, **options)
    images = np.random.default_rng(2).integers(0, 256, (70, *network.input_shape)).astype(np.uint8)
    frozen = freeze(network, ("a", "b", "c"))
    write_qonnx(frozen, tmp_path / "model.onnx")
    links = check_links(frozen, FrozenNetwork(frozen), tmp_path / "model.onnx", images)
    assert (links.frames, links.torch_mismatches, links.qonnx_mismatches) == (70, 0, 0)
    assert np.array_equal(predict(network, torch.from_numpy(images)).numpy(), links.classes)
    assert len({tuple(row) for row in links.scores.tolist()}) > 10  # the scores depend on the picture

    again = read_qonnx(tmp_path / "model.onnx")
    assert again.classes == ("a", "b", "c")
    assert np.array_equal(again.run(images), links.scores)


@pytest.mark.parametrize("form", ["bottleneck", "separable", "jets"])
def test_every_link_agrees_where_jets_are_left_out(form, tmp_path):
    network = random_network(form, 1, zeros=True)
    for block in network.blocks:
        block.conv.jets.weight.data[1, :, -1] = 9.0  # an output without any jet
    images = np.random.default_rng(2).integers(0, 256, (40, *network.input_shape)).astype(np.uint8)
    frozen = freeze(network, ("a", "b", "c"))
    assert any((layer.weight[1] == 0).all() for layer in frozen.layers if isinstance(layer, Conv))
    write_qonnx(frozen, tmp_path / "model.onnx")
    links = check_links(frozen, FrozenNetwork(frozen), tmp_path / "model.onnx", images)
    assert (links.frames, links.torch_mismatches, links.qonnx_mismatches) == (40, 0, 0)


def test_a_wrong_link_is_counted(tmp_path):
    network = random_network("bottleneck", 1)
    images = np.random.default_rng(2).integers(0, 256, (8, *network.input_shape)).astype(np.uint8)
    frozen = freeze(network, ("a", "b", "c"))
    write_qonnx(frozen, tmp_path / "model.onnx")
    other = FrozenNetwork(freeze(random_network("bottleneck", 2), ("a", "b", "c")))
    links = check_links(frozen, other, tmp_path / "model.onnx", images)
    assert links.torch_mismatches > 0
    assert links.qonnx_mismatches == 0


@settings(max_examples=60, deadline=None)
@given(
    st.floats(-3, 3, allow_subnormal=False), st.floats(-5, 5), st.floats(-40, 40), st.floats(0.01, 100),
    st.sampled_from([1.0, 2.0**-6]),
)  # fmt: skip
def test_fold_norm_is_the_sign_of_the_norm(gamma, beta, mean, variance, scale):
    norm = Norm(1).double().eval()
    with torch.no_grad():
        norm.weight.fill_(gamma)
        norm.bias.fill_(beta)
        norm.running_mean.fill_(mean)
        norm.running_var.fill_(variance)
    low, high = -50, 60
    threshold, sign = fold_norm(norm, scale, np.array([low]), np.array([high]))
    sums = np.arange(low, high + 1)
    exact = abs(gamma) * (sign * sums * scale - mean) / np.sqrt(variance + norm.eps) + beta
    clear = np.abs(exact) > 1e-9  # sums within the rounding of a threshold may decide either way
    assert np.array_equal((sign * sums >= threshold)[clear], (exact >= 0)[clear])
    edge = np.sort([low * sign[0], high * sign[0]])
    assert edge[0] <= threshold[0] <= edge[1] + 1


@pytest.mark.parametrize("beta", [-1.0, 0.0, 1.0])
def test_a_zero_scale_makes_a_constant(beta):
    norm = Norm(1).eval()
    with torch.no_grad():
        norm.weight.zero_()
        norm.bias.fill_(beta)
    threshold, sign = fold_norm(norm, 1.0, np.array([-4]), np.array([4]))
    sums = np.arange(-4, 5)
    assert set((sign * sums >= threshold).tolist()) == {beta >= 0}


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("blocks.1.norm.running_var", float("nan"), "blocks.1.norm.running_var, channel 2: nan"),
        ("blocks.1.norm.running_var", -1.0, "block 1, channel 2: the variance of its batch norm is -1"),
        ("blocks.0.norm.running_mean", float("inf"), "blocks.0.norm.running_mean, channel 2: inf"),
        ("blocks.0.conv.factors.weight", float("nan"), "blocks.0.conv.factors.weight, channel 2: nan"),
        ("hidden.0.norm.bias", float("-inf"), "hidden.0.norm.bias, channel 2: -inf"),
        ("classifier.bias", float("nan"), "classifier.bias, channel 2: nan"),
        (
            "classifier.bias",
            1e30,
            "bias of the classifier, channel 2: 1e\\+30 is no integer from -16777216 to 16777216",
        ),
        ("classifier.log_scale", float("inf"), "classifier.log_scale: inf"),
    ],
)
def test_what_is_no_number_is_refused_by_layer_and_channel(place, value, words):
    network = random_network("constrained", 5, hidden=(7,))
    names = dict(network.state_dict())
    with torch.no_grad():
        (names[place] if names[place].ndim == 0 else names[place][2]).fill_(value)
    with pytest.raises(UserError, match=words):
        freeze(network, ("a", "b", "c"))


def test_statistics_that_are_large_only_make_constants():
    """Thresholds far beyond the sum's range are clipped to it and never wrap around."""
    network = random_network("binary", 6)
    with torch.no_grad():
        network.blocks[0].norm.running_mean[:] = torch.tensor([1e30, -1e30, 3e38, -3e38, 0, 0])
        network.blocks[0].norm.weight[:2] = 1e-40
        network.blocks[0].norm.bias[:4] = 0
    frozen = freeze(network, ("a", "b", "c"))
    conv, threshold = (next(x for x in frozen.layers if isinstance(x, kind)) for kind in (Conv, Threshold))
    reach = 255 * np.abs(conv.weight).sum(axis=(1, 2, 3))
    assert (np.abs(threshold.thresholds) <= reach + 1).all()
    _, taps = frozen.run(np.random.default_rng(0).integers(0, 256, (5, 1, 12, 10)).astype(np.uint8), taps=True)
    signs = taps["Threshold_0_out"]
    assert (signs[:, [0, 2]] == -1).all() and (signs[:, [1, 3]] == 1).all()


def test_integers_that_float32_would_round_are_not_written(tmp_path):
    layers = (Dense(np.ones((4, 2), np.int64)), Bias(np.array([2**24 + 1, 0])))
    with pytest.raises(UserError, match="Bias_0_bias holds integers beyond 16777216"):
        write_qonnx(IntegerNetwork.chain((1, 2, 2), layers, ("a", "b")), tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
    wide = IntegerNetwork.chain((1, 2, 2), (layers[0], Bias(np.array([2**60, 0]))), ("a", "b"))
    with pytest.raises(UserError, match="too wide for an exact check"):
        FrozenNetwork(wide)


@pytest.mark.parametrize("form", FORMS)
def test_ranges_hold_for_extreme_pictures(form):
    network = freeze(random_network(form, 3), ("a", "b", "c"))
    r = np.random.default_rng(0)
    images = np.concatenate(
        [np.zeros((1, 1, 12, 10)), np.full((1, 1, 12, 10), 255), 255 * r.integers(0, 2, (30, 1, 12, 10))]
    ).astype(np.uint8)
    _, taps = network.run(images, taps=True)
    intervals = network.intervals()
    for name, tensor in taps.items():
        low, high = intervals[name]
        assert low <= tensor.min()
        assert tensor.max() <= high


def test_the_frozen_chain_has_only_what_hardware_has():
    network = freeze(random_network("bottleneck", 4), ("a", "b", "c"))
    assert all(
        np.isin(layer.weight, (-1, 1)).all()
        for layer in network.layers
        if isinstance(layer, Conv) and layer.weight.shape[2] == 1
    )
    assert sum(isinstance(layer, Threshold) for layer in network.layers) == 2
