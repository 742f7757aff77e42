"""Concat: integer function, torch twin, our files and files of other programs, training."""

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from bnn.errors import UserError
from bnn.integer.freeze import FrozenNetwork, freeze
from bnn.integer.layers import Misfit
from bnn.integer.layers.concat import Concat
from bnn.model.network import Network
from bnn.model.spec import parse_spec
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.compare import compare
from bnn.qonnx.read import read_qonnx
from bnn.qonnx.write import write_qonnx
from bnn.training.check import check_links
from tests.support.concatenated import random_concat
from tests.support.foreign import export, sign
from tests.support.networks import images_for
from tests.support.styles.style import conv, first, head, net, relu, shake

SPEC = """
[[block]]
channels = 5
form = "binary"
[[block]]
channels = 3
shortcut = "concat"
[[block]]
channels = 4
form = "binary"
shortcut = "concat"
"""


def test_shapes_that_differ_are_refused():
    assert Concat().shape((2, 4, 5), (3, 4, 5), (1, 4, 5)) == (6, 4, 5) and Concat().shape((2,), (3,)) == (5,)
    with pytest.raises(Misfit, match=r"maps of \[2, 4, 5\] and \[2, 4, 4\] have different sizes"):
        Concat().shape((2, 4, 5), (2, 4, 4))
    with pytest.raises(Misfit, match="at least two"):
        Concat().shape((2, 4, 5))
    assert Concat().interval((-1, 1), (0, 7)) == (-1, 7)


@pytest.mark.parametrize("seed", range(4))
def test_every_form_is_the_same_in_torch_and_in_a_file(seed, tmp_path):
    network = random_concat(seed)
    images, path = images_for(network, 12), tmp_path / "model.onnx"
    write_qonnx(network, path)
    links = check_links(network, FrozenNetwork(network), path, images)
    assert links.torch_mismatches == links.qonnx_mismatches == 0
    again = read_qonnx(path)
    assert [node.inputs for node in again.nodes] == [node.inputs for node in network.nodes]
    assert np.array_equal(again.run(images), links.scores)


def test_another_axis_is_refused(tmp_path):
    path = tmp_path / "model.onnx"
    write_qonnx(random_concat(0), path)
    model = onnx.load(path)
    node = next(node for node in model.graph.node if node.op_type == "Concat")
    node.attribute[0].i = 2
    onnx.save(model, path)
    with pytest.raises(UserError, match=r"\(Concat\): joins along axis 2; only channels, axis 1"):
        read_qonnx(path)


def test_a_block_that_puts_its_maps_beside_what_it_reads_is_frozen_exactly():
    torch.manual_seed(0)
    network = Network(parse_spec(SPEC, "beside"), (1, 8, 8), 3)
    images = torch.randint(0, 256, (40, 1, 8, 8), dtype=torch.uint8)
    network.train()(images)
    network.eval()
    frozen = freeze(network, ("a", "b", "c"))
    assert sum(isinstance(layer, Concat) for layer in frozen.layers) == 2
    assert frozen.shapes()[frozen.nodes[-2].inputs[0]] == (12, 8, 8)
    assert np.array_equal(frozen.classify(frozen.run(images.numpy())), network(images).argmax(1).numpy())
    with pytest.raises(UserError, match=r"shortcut = 'concat' needs a map of \+-1 in front of the same size; .*pool 1"):
        Network(parse_spec(SPEC + "pool = 2\n", "beside"), (1, 8, 8), 3)


class Beside(nn.Module):
    """Join the channels of a map with those of a convolution of it."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(4, 3, 1), nn.BatchNorm2d(3), activation)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.body(x)], dim=1)


@pytest.mark.parametrize("dynamo", [False, True])
def test_a_file_of_others_is_imported_exactly(dynamo, tmp_path):
    layers = [*first(), sign(), Beside(sign()), conv(7, 5), nn.BatchNorm2d(5), sign(), *head(5 * 6 * 6)]
    path = export(shake(net(*layers)).eval(), (1, 10, 10), tmp_path / "model.onnx", byte=True, dynamo=dynamo)
    found = import_model(load_model(path), str(path), "byte")
    assert any(isinstance(layer, Concat) for layer in found.network.layers)
    assert compare(found.network, found, load_model(path), images_for(found.network, 20)).mismatches == 0


def test_maps_that_mean_different_things_are_refused(tmp_path):
    beside = Beside(relu(2))
    layers = [*first(), sign(), beside, conv(7, 5), nn.BatchNorm2d(5), sign(), *head(5 * 6 * 6)]
    path = export(shake(net(*layers)).eval(), (1, 10, 10), tmp_path / "model.onnx", byte=True)
    with pytest.raises(
        UserError,
        match=r"joins values of 1 bits in steps of 1 and values of 3 bits in steps of .*; accepted: the same quantizer",
    ):
        import_model(load_model(path), str(path), "byte")
