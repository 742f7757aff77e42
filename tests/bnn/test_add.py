"""Add: integer function, interval, torch twin, and its form in a file, written and read."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from bnn.errors import UserError
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.integer.layers import Bias, Conv, Dense, Misfit, Threshold
from bnn.integer.layers.add import Add
from bnn.integer.network import IMAGE, GraphBuilder, IntegerNetwork
from bnn.model.layers import Norm
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec, load_spec
from bnn.qonnx.file import load_model
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from bnn.training.check import check_links, execute
from bnn.training.evaluation import estimate_statistics, predict
from tests.support.networks import images_for
from tests.support.residual import random_residual


def test_is_the_sum_of_both_times_their_factors():
    rng = np.random.default_rng(0)
    a, b = rng.integers(-9, 10, (2, 5, 3, 4, 4))
    left, right = np.array([1, 2, 3]), np.array([-1, 5, 0])
    assert np.array_equal(Add().run(a, b), a + b)
    assert np.array_equal(Add(None, right).run(a, b), a + right.reshape(-1, 1, 1) * b)
    both = left.reshape(-1, 1, 1) * a + right.reshape(-1, 1, 1) * b
    assert np.array_equal(Add(left, right).run(a, b), both)
    twin = Add(left, right).torch(torch.from_numpy(a).float(), torch.from_numpy(b).float())
    assert np.array_equal(twin.numpy(), both)
    assert np.array_equal(Add(left, right).run(a[:, :, 0, 0], b[:, :, 0, 0]), both[:, :, 0, 0])


def test_interval_is_that_of_all_corners():
    rng = np.random.default_rng(1)
    for _ in range(20):
        left, right = rng.integers(-4, 5, (2, 3))
        (low, high), (least, most) = np.sort(rng.integers(-9, 10, (2, 2)))
        ends = [[f * x + g * y for x in (low, high) for y in (least, most)] for f, g in zip(left, right, strict=True)]
        assert Add(left, right).interval((low, high), (least, most)) == (np.min(ends), np.max(ends))
    assert Add().interval((-3, 4), (-1, 1)) == (-4, 5)


def test_refuses_shapes_that_differ():
    assert Add().shape((3, 4, 5), (3, 4, 5)) == (3, 4, 5)
    with pytest.raises(Misfit, match=r"adds \[3, 4, 5\] and \[3, 4, 4\]; both must have the same shape"):
        Add().shape((3, 4, 5), (3, 4, 4))
    with pytest.raises(Misfit, match="2 factors do not fit 3 channels"):
        Add(None, np.ones(2, np.int64)).shape((3, 4, 5), (3, 4, 5))


@pytest.mark.parametrize("seed", range(4))
def test_every_form_is_the_same_in_torch_and_in_a_file(seed, tmp_path):
    network = random_residual(seed)
    assert any(isinstance(layer, Add) for layer in network.layers)
    images = images_for(network, 12)
    scores = network.run(images)
    assert np.array_equal(FrozenNetwork(network)(torch.from_numpy(images)).numpy(), scores)
    path = tmp_path / "model.onnx"
    write_qonnx(network, path)
    again = read_qonnx(path)
    assert [(n.inputs, n.output, type(n.layer)) for n in again.nodes] == [
        (n.inputs, n.output, type(n.layer)) for n in network.nodes
    ]
    assert np.array_equal(again.run(images), scores)
    assert np.array_equal(execute(load_model(path), images)[0], scores)


def test_what_is_not_read_is_refused(tmp_path):
    builder = GraphBuilder()
    x = builder.add(Threshold(np.full(2, 7)), builder.add(Conv(np.ones((2, 1, 1, 1), np.int64)), IMAGE))
    sums = builder.add(Conv(np.ones((2, 2, 1, 1), np.int64)), x)
    y = builder.add(Threshold(np.zeros(2, np.int64)), builder.add(Add(None, np.array([2, -3])), sums, x))
    builder.add(Bias(np.zeros(2, np.int64)), builder.add(Dense(np.ones((2 * 4, 2), np.int64)), y))
    path = tmp_path / "model.onnx"
    write_qonnx(IntegerNetwork((1, 2, 2), builder.finished(), ("a", "b")), path)
    model = onnx.load(path)
    factors = next(tensor for tensor in model.graph.initializer if tensor.name.endswith("factors1"))
    factors.CopyFrom(onnx.numpy_helper.from_array(np.float32([[[[2]], [[-2.5]]]]), factors.name))
    onnx.save(model, path)
    with pytest.raises(UserError, match=r"node Add_0_times1 \(Mul\): 'Add_0_factors1' holds float values such as -2.5"):
        read_qonnx(path)
    factors.CopyFrom(onnx.numpy_helper.from_array(np.float32([[[[2]], [[-2]]]]), factors.name))
    nodes = list(model.graph.node)
    times = next(node for node in nodes if node.op_type == "Mul")
    nodes.remove(times)
    nodes.insert([times.input[0] in node.output for node in nodes].index(True) + 1, times)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, path)
    with pytest.raises(UserError, match=r"node Add_0 \(Add\): 'Conv_1_out' is made behind the Mul of its other input"):
        read_qonnx(path)


def residual_network(seed):
    """Return a network of blocks with shortcuts, with random weights and statistics; some scales are negative."""
    torch.manual_seed(seed)
    blocks = (
        Block(6, pool=2), Block(6, shortcut="add", maps=3), Block(6, form="binary", shortcut="add", pool=2),
        Block(5, form="binary", stride=2), Block(5, form="separable", kernel=5, shortcut="add"),
    )  # fmt: skip
    network = Network(NetworkSpec("test", blocks), (1, 16, 14), 3)
    for norm in (m for m in network.modules() if isinstance(m, Norm)):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias, std=0.3)
    estimate_statistics(network, torch.randint(0, 256, (64, *network.input_shape), dtype=torch.uint8))
    return network.eval()


def test_trained_blocks_freeze_exactly(tmp_path):
    network = residual_network(1)
    images = images_for(network, 70)
    frozen = freeze(network, ("a", "b", "c"))
    adds = [layer for layer in frozen.layers if isinstance(layer, Add)]
    assert [add.left for add in adds] == [None] * 3 and any((add.right == -1).any() for add in adds)
    write_qonnx(frozen, tmp_path / "model.onnx")
    links = check_links(frozen, FrozenNetwork(frozen), tmp_path / "model.onnx", images)
    assert (links.frames, links.torch_mismatches, links.qonnx_mismatches) == (70, 0, 0)
    assert np.array_equal(predict(network, torch.from_numpy(images)).numpy(), links.classes)
    floats = network(torch.from_numpy(images)) / network.classifier.log_scale.exp()
    assert np.array_equal(floats.round().detach().numpy(), links.scores)


def test_a_shortcut_has_a_gradient_and_is_kept_in_the_file_of_a_network(tmp_path):
    network = residual_network(2).train()
    network(torch.randint(0, 256, (4, *network.input_shape), dtype=torch.uint8)).sum().backward()
    assert network.blocks[0].conv.jets.weight.grad.abs().sum() > 0
    (tmp_path / "net.toml").write_text('[[block]]\nchannels = 4\n[[block]]\nchannels = 4\nshortcut = "add"\n')
    assert [block.shortcut for block in load_spec(tmp_path / "net.toml").blocks] == ["none", "add"]


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (Block(8, shortcut="add"), r"channels = 8 behind 4; allowed: the channels of the block in front, stride 1"),
        (Block(4, shortcut="add", stride=2), "channels = 4 behind 4, kernel = 3, stride = 2, padding = True; allowed"),
        (Block(4, shortcut="add", padding=False), "kernel = 3, stride = 1, padding = False; allowed"),
        (Block(4, form="binary", kernel=2, shortcut="add"), "kernel = 2, stride = 1, padding = True; allowed"),
    ],
)
def test_a_shortcut_that_fits_nothing_is_refused(block, why):
    with pytest.raises(UserError, match=f"network 'test', block 1: shortcut = 'add' needs a map of .*{why}"):
        Network(NetworkSpec("test", (Block(4), block)), (1, 12, 12), 2)


def test_pixels_are_no_shortcut():
    with pytest.raises(UserError, match=r"block 0: shortcut = 'add' needs .*; it reads pixels; allowed"):
        Network(NetworkSpec("test", (Block(1, shortcut="add"),)), (1, 12, 12), 2)
