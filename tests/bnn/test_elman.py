"""Elman layers in software: integer function, torch and QONNX agree, and training's network freezes exactly."""

import numpy as np
import onnx
import pytest
import torch

from bnn.errors import UserError
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.integer.layers import Bias, Conv, Dense, Misfit, Threshold
from bnn.integer.layers.elman import Elman
from bnn.integer.network import IntegerNetwork
from bnn.model.layers import Norm
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec, parse_spec
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from bnn.training.check import check_links
from bnn.training.evaluation import estimate_statistics, predict
from neuraljet.reporting.again import network_text
from tests.support.networks import Random, elman_network, images_for
from tests.support.rewritten import rewritten


def plain(layer: Elman, maps: np.ndarray) -> np.ndarray:
    """Return the last states of maps [N, C, H, W], computed one by one."""
    found = []
    for frame in maps:
        state = [-1] * layer.weight.shape[1]
        for y in range(frame.shape[1]):
            row = [int(frame[c, y, x]) for c in range(frame.shape[0]) for x in range(frame.shape[2])]
            sums = [
                sum(value * int(layer.weight[i, o]) for i, value in enumerate(row))
                + sum(value * int(layer.recurrent[i, o]) for i, value in enumerate(state))
                for o in range(len(state))
            ]
            state = [1 if total >= limit else -1 for total, limit in zip(sums, layer.thresholds, strict=True)]
        found.append(state)
    return np.array(found)


def layer(channels: int, columns: int, outputs: int, seed: int = 0) -> Elman:
    r = Random(seed)
    weight, recurrent = r.signs(channels * columns, outputs), r.signs(outputs, outputs)
    return Elman(weight, recurrent, r.thresholds(outputs, 3))


@pytest.mark.parametrize(("shape", "outputs"), [((1, 1, 1), 1), ((3, 4, 2), 5), ((2, 7, 3), 9), ((4, 1, 5), 3)])
def test_a_row_at_a_time(shape, outputs):
    maps = Random(1).signs(6, *shape)
    elman = layer(shape[0], shape[2], outputs)
    expected = plain(elman, maps)
    assert np.array_equal(elman.run(maps), expected)
    assert np.array_equal(elman.torch(torch.from_numpy(maps).float()).numpy(), expected)
    assert elman.shape(shape) == expected.shape[1:] and elman.interval((-1, 1)) == (-1, 1)


@pytest.mark.parametrize(("threshold", "states"), [(0, [-1, -1, 1, 1, 1]), (1, [-1, -1, -1, -1, -1])])
def test_the_state_is_passed_on_and_begins_at_minus_one(threshold, states):
    """One input, one output, both weights 1: the state remembers a +1, unless it needs two of them at once."""
    one = np.ones((1, 1), np.int64)
    column = np.array([-1, -1, 1, -1, -1]).reshape(1, 1, 5, 1)
    elman = Elman(one, one, np.array([threshold]))
    assert [int(elman.run(column[:, :, : n + 1])[0, 0]) for n in range(5)] == states


def changed(**fields: np.ndarray) -> Elman:
    good = layer(2, 3, 4)
    return Elman(**{name: fields.get(name, getattr(good, name)) for name in ("weight", "recurrent", "thresholds")})


@pytest.mark.parametrize(
    ("elman", "why"),
    [
        (layer(2, 4, 4), "8 rows of weights do not fit 6 elements of a row"),
        (changed(weight=np.zeros((6, 4), int)), "weights that are no matrix of"),
        (changed(recurrent=np.ones((4, 3), int)), r"recurrent weights \[4, 3\] for 4 outputs"),
        (changed(recurrent=2 * np.ones((4, 4), int)), "recurrent weights that are no matrix"),
        (changed(thresholds=np.zeros(3, int)), "3 thresholds do not fit 4 outputs"),
    ],
)
def test_what_does_not_fit_is_refused(elman, why):
    with pytest.raises(Misfit, match=why):
        elman.shape((2, 5, 3))
    with pytest.raises(Misfit, match="stands behind a dense layer"):
        elman.shape((6,))


@pytest.mark.parametrize("seed", [0, 1, 3, 8])
def test_torch_and_qonnx_give_the_same(seed, tmp_path):
    network = elman_network(seed)
    write_qonnx(network, tmp_path / "model.onnx")
    again = read_qonnx(tmp_path / "model.onnx")
    assert [type(layer) for layer in again.layers] == [type(layer) for layer in network.layers]
    for mine, read in zip(network.layers, again.layers, strict=True):
        if isinstance(mine, Elman):
            assert all(np.array_equal(getattr(mine, name), getattr(read, name)) for name in vars(mine))
    images = images_for(network, 70)
    links = check_links(network, FrozenNetwork(network), tmp_path / "model.onnx", images)
    assert (links.torch_mismatches, links.qonnx_mismatches) == (0, 0)
    assert len({tuple(row) for row in links.scores.tolist()}) > 1


def written(tmp_path, change):
    """Return the Elman layer of a file, read after `change(nodes, constants)`."""
    r = Random(0)
    layers = (
        Conv(r.signs(2, 1, 1, 1)), Threshold(np.full(2, 100)), layer(2, 3, 4), Dense(r.signs(4, 2)),
        Bias(np.zeros(2, int)),
    )  # fmt: skip

    def changed_there(nodes, constants):
        change({node.op_type: node for node in nodes if node.name.startswith("Elman")}, constants)

    network = IntegerNetwork.chain((1, 5, 3), layers, ("a", "b"))
    return rewritten(network, tmp_path / "model.onnx", changed_there).layers[2]


def test_an_index_may_count_from_the_end(tmp_path):
    def from_the_end(nodes, constants):
        constants["Elman_0_index"] = np.array([-1])

    assert isinstance(written(tmp_path, from_the_end), Elman)


def first_row(nodes, constants):
    constants["Elman_0_index"] = np.array([0])


def zero_weight(nodes, constants):
    constants["Elman_0_weight"][0, 0, 0] = 0


def odd_recurrence(nodes, constants):
    constants["Elman_0_recurrent"][0, 0, 0] = 1


def tanh(nodes, constants):
    nodes["RNN"].attribute.remove(next(a for a in nodes["RNN"].attribute if a.name == "activations"))


def backwards(nodes, constants):
    nodes["RNN"].attribute.append(onnx.helper.make_attribute("direction", "reverse"))


def clipped(nodes, constants):
    nodes["RNN"].attribute.append(onnx.helper.make_attribute("clip", 1.0))


def columns(nodes, constants):
    nodes["Transpose"].attribute[0].ints[:] = [3, 0, 1, 2]


def other_sign(nodes, constants):
    constants["Elman_0_ones"][2] = 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (first_row, r"Elman_0_gather \(Gather\): index \[0\]; in an RNN over the rows of a map it is \[4\]"),
        (zero_weight, r"node Elman_0 \(RNN\): weights must all be"),
        (odd_recurrence, r"node Elman_0 \(RNN\): weights must all be"),
        (tanh, "only the activation HardSigmoid with alpha 1 and beta 1"),
        (backwards, "only one direction, forward"),
        (clipped, "without clip"),
        (columns, r"perm \[3, 0, 1, 2\]; in an RNN"),
        (other_sign, r"threshold \[0, 1\]; in an RNN"),
    ],
)
def test_an_rnn_that_is_something_else_is_refused(change, why, tmp_path):
    with pytest.raises(UserError, match=why):
        written(tmp_path, change)


def test_a_transpose_without_an_rnn_is_refused(tmp_path):
    def cut(nodes, constants):
        nodes["RNN"].op_type = "GRU"

    with pytest.raises(UserError, match=r"Elman_0_reshape \(Reshape\): must be followed by a RNN alone"):
        written(tmp_path, cut)


def shaken(spec: NetworkSpec, shape: tuple[int, int, int]) -> Network:
    """Return a network with random statistics, and scales of both signs."""
    torch.manual_seed(0)
    network = Network(spec, shape, 3)
    for norm in (m for m in network.modules() if isinstance(m, Norm)):
        torch.nn.init.uniform_(norm.weight, 0.5, 2)
        norm.weight.data[::2] *= -1
        torch.nn.init.normal_(norm.bias, std=0.3)
    estimate_statistics(network, torch.randint(0, 256, (64, *shape), dtype=torch.uint8))
    network.classifier.bias.data.normal_(0, 2)
    return network.eval()


BODY = (Block(6, form="constrained", pool=2), Block(5, form="bottleneck", maps=2))


@pytest.mark.parametrize(
    ("head", "width", "hidden"), [("elman", 9, ()), ("elman", 4, (7,)), ("pooled", 0, ()), ("pooled", 0, (7,))]
)
def test_freezing_is_exact(head, width, hidden, tmp_path):
    network = shaken(NetworkSpec("test", BODY, hidden, head, width), (1, 14, 10))
    frozen = freeze(network, ("a", "b", "c"))
    assert (head == "elman") == any(isinstance(layer, Elman) for layer in frozen.layers)
    write_qonnx(frozen, tmp_path / "model.onnx")
    images = np.random.default_rng(3).integers(0, 256, (70, 1, 14, 10)).astype(np.uint8)
    links = check_links(frozen, FrozenNetwork(frozen), tmp_path / "model.onnx", images)
    assert (links.torch_mismatches, links.qonnx_mismatches) == (0, 0)
    assert np.array_equal(predict(network, torch.from_numpy(images)).numpy(), links.classes)
    assert len({tuple(row) for row in links.scores.tolist()}) > 3


def test_a_pooled_head_adds_up_each_channel():
    network = shaken(NetworkSpec("test", BODY, (), "pooled"), (1, 14, 10))
    weight = next(layer.weight for layer in freeze(network, ("a", "b", "c")).layers if isinstance(layer, Dense))
    assert weight.shape == (5 * 7 * 5, 3) and network.classifier.linear.binary.weight.shape == (3, 5)
    assert (weight.reshape(5, 35, 3) == weight.reshape(5, 35, 3)[:, :1]).all()


def test_every_row_teaches_an_elman_head():
    """The gradient passes all steps: pixels of the first row change weights as those of the last row do."""
    torch.manual_seed(0)
    network = Network(NetworkSpec("test", (Block(4, form="binary"),), (), "elman", 6), (1, 8, 8), 2).train()
    maps = torch.empty(16, 4, 8, 8).uniform_(-1, 1).sign().requires_grad_()
    network.classifier(network.head(maps)).square().sum().backward()
    assert maps.grad is not None and (maps.grad.abs().sum((0, 1, 3)) > 0).all()
    assert network.head.recurrent.binary.weight.grad.abs().sum() > 0


def test_a_network_file_asks_for_a_head():
    block = "[[block]]\nchannels = 4\n"
    spec = parse_spec(f'head = "elman"\nhead_width = 12\n{block}', "mine")
    assert (spec.head, spec.head_width) == ("elman", 12) and parse_spec(network_text(spec), "mine") == spec
    assert parse_spec(block, "mine").head == "dense" and "head" not in network_text(parse_spec(block, "mine"))
    for text, why in (
        ('head = "lstm"', r"network 'mine': head = 'lstm'; allowed: dense, pooled, elman"),
        ('head = "elman"', r"network 'mine': head_width = 0; allowed: 1 to 1024"),
        ("head_width = 3", r"network 'mine': head_width = 3; allowed: 0"),
    ):
        with pytest.raises(UserError, match=why):
            parse_spec(f"{text}\n{block}", "mine")
