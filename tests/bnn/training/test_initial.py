"""--init: leading blocks that fit are copied, the rest is as a fresh network has it, and what fits nowhere is told."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from bnn.errors import UserError
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.training.config import TrainConfig
from bnn.training.initial import Begun, begin_with
from bnn.training.train import train
from bnn.training.trainer import Trainer
from tests.support.slopes import slopes

SPEC = NetworkSpec("tiny", (Block(4, pool=2), Block(6, pool=2), Block(5)))
CONFIG = TrainConfig(steps=6, batch=16)
DATA = slopes(40, 8)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("initial") / "run"
    train(DATA, SPEC, out, CONFIG, progress=False)
    return out


def same(one, other) -> bool:
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def begun(spec: NetworkSpec, run, shape=(1, 16, 16), classes=3) -> tuple[Begun, Network, Network]:
    """Return what was copied, the network, and the fresh one of the same seed."""
    networks = []
    for _ in range(2):
        torch.manual_seed(5)
        networks.append(Network(spec, shape, classes))
    return begin_with(networks[0], run), *networks


def test_blocks_are_copied_as_far_as_they_fit(run):
    weights = load_file(run / "weights.safetensors")
    other = replace(SPEC, blocks=(SPEC.blocks[0], Block(6, pool=2, form="constrained"), Block(5)))
    deeper = replace(SPEC, blocks=(*SPEC.blocks, Block(5)))
    heads = replace(SPEC, head="elman", head_width=4, hidden=(7,))
    for spec, shape, expected, left in (
        (SPEC, (1, 16, 16), 3, ("the scores",)),
        (SPEC, (1, 24, 40), 3, ("the scores",)),
        (other, (1, 16, 16), 1, ("block 1 to 2 (the layer is constrained here and bottleneck there)", "the scores")),
        (deeper, (1, 16, 16), 3, ("block 3 (there is none there)", "the scores")),
        (heads, (1, 16, 16), 3, ("the head", "hidden layer 0", "the scores")),
    ):
        told, network, fresh = begun(spec, run, shape)
        taken = len(told.taken)
        assert told.taken == tuple(f"block {i}" for i in range(expected)) and told.left == left
        for i, (block, other) in enumerate(zip(network.blocks, fresh.blocks, strict=True)):
            state = block.state_dict()
            if i < taken:
                assert all(torch.equal(state[name], weights[f"blocks.{i}.{name}"]) for name in state)
            else:
                assert same(block, other)
        assert same(network.classifier, fresh.classifier)


def test_of_other_channels_the_leading_ones_are_taken(run):
    weights = load_file(run / "weights.safetensors")
    spec = replace(SPEC, blocks=(Block(6, pool=2), Block(5, pool=2), Block(5)))
    told, network, fresh = begun(spec, run)
    assert told.taken == (
        "block 0 (4 of 6 channels)", "block 1 (5 of 6 channels, 4 of 6 maps that it reads)",
        "block 2 (5 of 6 maps that it reads)",
    )  # fmt: skip
    assert told.words("old") == f"as in old begin {', '.join(told.taken)}; at random the scores"
    here, random = network.state_dict(), fresh.state_dict()
    jets, mix = "blocks.0.conv.jets.weight", "blocks.1.conv.mix.weight"
    assert torch.equal(here[jets][:4], weights[jets]) and torch.equal(here[jets][4:], random[jets][4:])
    assert torch.equal(here[mix][:, :4], weights[mix]) and torch.equal(here[mix][:, 4:], random[mix][:, 4:])
    assert torch.equal(here["blocks.1.conv.jets.weight"], weights["blocks.1.conv.jets.weight"][:5])
    assert torch.equal(here["blocks.2.norm.bias"], weights["blocks.2.norm.bias"])
    assert torch.equal(here["blocks.0.norm.weight"][:4], weights["blocks.0.norm.weight"])
    assert torch.equal(here["blocks.0.norm.weight"][4:], random["blocks.0.norm.weight"][4:])


def test_heads_and_hidden_layers_of_the_same_shape_are_taken_behind_the_same_blocks(tmp_path):
    whole = replace(SPEC, head="elman", head_width=4, hidden=(6, 7))
    train(DATA, whole, tmp_path / "run", CONFIG, progress=False)
    told, network, fresh = begun(replace(whole, hidden=(6, 8, 3)), tmp_path / "run", classes=2)
    assert told.taken[-2:] == ("the head", "hidden layer 0")
    assert told.left == ("hidden layer 1", "hidden layer 2", "the scores")
    weights = load_file(tmp_path / "run" / "weights.safetensors")
    assert torch.equal(network.state_dict()["head.recurrent.binary.weight"], weights["head.recurrent.binary.weight"])
    assert torch.equal(network.hidden[0].norm.bias, weights["hidden.0.norm.bias"])
    assert same(network.hidden[1], fresh.hidden[1]) and same(network.classifier, fresh.classifier)
    narrower = replace(whole, blocks=(Block(3, pool=2), *whole.blocks[1:]))
    assert begun(narrower, tmp_path / "run")[0].left == ("the head", "hidden layer 0", "hidden layer 1", "the scores")


def test_maps_beside_others_are_not_taken_from_other_places(tmp_path):
    joined = Block(3, 1, "binary", shortcut="concat")
    spec = NetworkSpec("joined", (Block(4, form="binary", pool=2), joined, Block(5, form="binary")))
    train(DATA, spec, tmp_path / "run", CONFIG, progress=False)
    assert len(begun(spec, tmp_path / "run")[0].taken) == 3
    wider = replace(spec, blocks=(Block(6, form="binary", pool=2), *spec.blocks[1:]))
    told, network, fresh = begun(wider, tmp_path / "run")
    assert len(told.taken) == 2
    assert told.left[0] == "block 2 (the maps that it reads stand in another order there)"
    assert same(network.blocks[2], fresh.blocks[2])


def test_other_forms_on_pixels_are_refused(run):
    for spec, shape, words in (
        (SPEC.with_layer("binary", None), (1, 16, 16), "in block 0 the layer is binary here and jets there"),
        (SPEC, (3, 16, 16), r"in block 0 conv\.\S+ is \[4, 3, .*\] here and \[4, 1, .*\] there"),
    ):
        with pytest.raises(UserError, match=words):
            begun(spec, run, shape)


def test_a_training_begins_there(run):
    trainer = Trainer(DATA, SPEC, replace(CONFIG, init=str(run), seed=1))
    assert (
        trainer.begun_with is not None
        and len(trainer.begun_with.taken) == 3
        and not same(trainer.network.classifier, Trainer(DATA, SPEC, CONFIG).network.classifier)
    )
    weights = load_file(run / "weights.safetensors")
    assert torch.equal(trainer.network.state_dict()["blocks.1.norm.weight"], weights["blocks.1.norm.weight"])


def test_runs_that_are_none(run, tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        begun(SPEC, tmp_path)
    out = tmp_path / "run"
    train(DATA, SPEC, out, CONFIG, progress=False)
    save_file({"x": torch.zeros(1)}, out / "weights.safetensors")
    with pytest.raises(UserError, match=r"weights\.safetensors is not the file that training wrote"):
        begun(SPEC, out)
