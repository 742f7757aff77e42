"""Sum-pooling in software: integer function, torch and QONNX agree, and a file's Conv is recognised by its weights."""

import numpy as np
import pytest
import torch

from bnn.errors import UserError
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.integer.layers import Bias, Conv, Dense, Misfit, Threshold
from bnn.integer.layers.sum_pool import SumPool
from bnn.integer.network import IntegerNetwork
from bnn.model.layers import Norm
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from bnn.training.check import check_links
from bnn.training.evaluation import estimate_statistics, predict
from tests.support.networks import Random, images_for, sum_pool_network
from tests.support.rewritten import rewritten


def plain(maps, size):
    """Return sums over windows of maps [N, C, H, W], computed one by one."""
    rows, columns = maps.shape[2] // size[0], maps.shape[3] // size[1]
    found = np.zeros((*maps.shape[:2], rows, columns), np.int64)
    for y, x in np.ndindex(rows, columns):
        window = maps[:, :, y * size[0] : (y + 1) * size[0], x * size[1] : (x + 1) * size[1]]
        found[:, :, y, x] = window.sum(axis=(2, 3))
    return found


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 2), (16, 16), (17, 19)])
def test_sums_over_windows(size):
    maps = np.random.default_rng(0).choice(np.array([-1, 1]), (3, 4, 17, 19))
    expected = plain(maps, size)
    assert np.array_equal(SumPool(size).run(maps), expected)
    factors = np.array([1, -1, 3, -2, 1, 1, -1, 5])
    pool = SumPool(size, factors, copies=2)
    twice = np.repeat(expected, 2, axis=1) * factors.reshape(-1, 1, 1)
    assert np.array_equal(pool.run(maps), twice)
    assert np.array_equal(pool.torch(torch.from_numpy(maps).float()).numpy(), twice)
    assert pool.shape((4, 17, 19)) == twice.shape[1:]
    low, high = pool.interval((-1, 1))
    assert (low, high) == (-5 * size[0] * size[1], 5 * size[0] * size[1])
    assert SumPool(size, np.array([2, 3])).interval((-1, 2)) == (-3 * size[0] * size[1], 6 * size[0] * size[1])


def test_copies_and_factors_of_what_follows():
    maps = np.random.default_rng(1).choice(np.array([-1, 1]), (2, 3, 4, 4))
    pool = SumPool((2, 2), np.array([1, -1, 1])).copied(2).multiplied(np.array([1, -1, 1, 1, -1, 1]))
    signs = np.array([1, -1, -1, -1, -1, 1]).reshape(-1, 1, 1)
    assert np.array_equal(pool.run(maps), np.repeat(plain(maps, (2, 2)), 2, axis=1) * signs)


@pytest.mark.parametrize(
    ("pool", "why"),
    [
        (SumPool((0, 2)), "windows of 0x2"),
        (SumPool((2, 2), np.ones(3, int)), "3 factors do not fit 4 outputs"),
        (SumPool((2, 2), flat=True), "has 2x2 windows, where one is needed"),
    ],
)
def test_what_does_not_fit_is_refused(pool, why):
    with pytest.raises(Misfit, match=why):
        pool.shape((4, 5, 5))


@pytest.mark.parametrize("seed", range(8))
def test_torch_and_qonnx_give_the_same(seed, tmp_path):
    network = sum_pool_network(seed)
    write_qonnx(network, tmp_path / "model.onnx")
    again = read_qonnx(tmp_path / "model.onnx")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in network.layers]
    pools = [(a.size, a.copies, a.flat) for a in again.layers if isinstance(a, SumPool)]
    assert pools == [(a.size, a.copies, a.flat) for a in network.layers if isinstance(a, SumPool)]
    links = check_links(network, FrozenNetwork(network), tmp_path / "model.onnx", images_for(network, 12))
    assert (links.torch_mismatches, links.qonnx_mismatches) == (0, 0)
    assert np.array_equal(again.run(images_for(network, 12)), links.scores)


def written(tmp_path, change):
    """Return a network of one SumPool, read from its file after `change(node, weight) -> weight`."""
    r = Random(0)
    layers = (
        Conv(r.signs(4, 1, 1, 1)), Threshold(np.full(4, 100)), SumPool((2, 2)), Threshold(np.zeros(4, int)),
        Dense(r.signs(16, 2)), Bias(np.zeros(2, int)),
    )  # fmt: skip

    def changed_there(nodes, constants):
        node = next(node for node in nodes if node.name == "SumPool_0")
        constants[node.input[1]] = change(node, constants[node.input[1]])

    network = IntegerNetwork.chain((1, 4, 4), layers, ("a", "b"))
    return rewritten(network, tmp_path / "model.onnx", changed_there).layers[2]


def attribute(node, name):
    return next(a for a in node.attribute if a.name == name)


def test_a_conv_is_a_sum_pool_by_its_weights(tmp_path):
    def scaled(node, weight):
        return weight * np.array([1, -1, 3, 1], np.float32).reshape(-1, 1, 1, 1)

    def other(node, weight):
        weight[2, 0, 1, 1] = -1
        return weight

    found = written(tmp_path, scaled)
    assert isinstance(found, SumPool) and found.factors.tolist() == [1, -1, 3, 1]
    assert isinstance(written(tmp_path, other), Conv)


def test_windows_that_overlap_are_convolutions(tmp_path):
    def overlapping(node, weight):
        attribute(node, "strides").ints[:] = [1, 1]
        return weight

    with pytest.raises(UserError, match="rows of weights"):  # the map is larger then
        written(tmp_path, overlapping)


@pytest.mark.parametrize("pool", [0, 3])
def test_freezing_is_exact(pool, tmp_path):
    """Scales of both signs behind the sums; 0 pools the whole map."""
    torch.manual_seed(pool)
    blocks = (Block(6, form="constrained", pool=2), Block(5, form="bottleneck", maps=2, pool=pool, pooling="sum"))
    network = Network(NetworkSpec("test", blocks), (1, 14, 12), 3)
    for norm in (m for m in network.modules() if isinstance(m, Norm)):
        torch.nn.init.uniform_(norm.weight, 0.5, 2)
        norm.weight.data[::2] *= -1
        torch.nn.init.normal_(norm.bias, std=0.3)
    estimate_statistics(network, torch.randint(0, 256, (64, 1, 14, 12), dtype=torch.uint8))
    network.classifier.bias.data.normal_(0, 2)
    frozen = freeze(network.eval(), ("a", "b", "c"))
    pools = [layer for layer in frozen.layers if isinstance(layer, SumPool)]
    assert [pool.size for pool in pools] == [(pool, pool) if pool else (7, 6)]
    assert pools[0].factors is not None and set(pools[0].factors) == {-1, 1}
    write_qonnx(frozen, tmp_path / "model.onnx")
    images = np.random.default_rng(3).integers(0, 256, (70, 1, 14, 12)).astype(np.uint8)
    links = check_links(frozen, FrozenNetwork(frozen), tmp_path / "model.onnx", images)
    assert (links.torch_mismatches, links.qonnx_mismatches) == (0, 0)
    assert np.array_equal(predict(network, torch.from_numpy(images)).numpy(), links.classes)
    assert len({tuple(row) for row in links.scores.tolist()}) > 3
