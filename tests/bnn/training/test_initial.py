"""--init: leading blocks that fit are copied, the rest is as a fresh network has it, and what fits nowhere is told."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from bnn.errors import UserError
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.training.config import TrainConfig
from bnn.training.initial import begin_with
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


def begun(spec: NetworkSpec, run, shape=(1, 16, 16), classes=3) -> tuple[int, Network, Network]:
    """Return how many blocks were copied, the network, and the fresh one of the same seed."""
    networks = []
    for _ in range(2):
        torch.manual_seed(5)
        networks.append(Network(spec, shape, classes))
    return begin_with(networks[0], run), *networks


def test_blocks_are_copied_as_far_as_they_fit(run):
    weights = load_file(run / "weights.safetensors")
    wider = replace(SPEC, blocks=(SPEC.blocks[0], Block(7, pool=2), Block(5)))
    for spec, shape, expected in ((SPEC, (1, 16, 16), 3), (SPEC, (1, 24, 40), 3), (wider, (1, 16, 16), 1)):
        taken, network, fresh = begun(spec, run, shape)
        assert taken == expected
        for i, (block, other) in enumerate(zip(network.blocks, fresh.blocks, strict=True)):
            state = block.state_dict()
            if i < taken:
                assert all(torch.equal(state[name], weights[f"blocks.{i}.{name}"]) for name in state)
            else:
                assert same(block, other)
        assert same(network.classifier, fresh.classifier)


def test_other_forms_stop_it(run):
    binary = replace(SPEC, blocks=(SPEC.blocks[0], Block(6, pool=2, form="constrained"), SPEC.blocks[2]))
    assert begun(binary, run)[0] == 1
    for spec, shape, words in (
        (SPEC.with_layer("binary", None), (1, 16, 16), "in block 0 the layer is binary here and jets there"),
        (SPEC, (3, 16, 16), r"in block 0 conv\.\S+ is \[4, 3, .*\] here and \[4, 1, .*\] there"),
    ):
        with pytest.raises(UserError, match=words):
            begun(spec, run, shape)


def test_a_training_begins_there(run):
    trainer = Trainer(DATA, SPEC, replace(CONFIG, init=str(run), seed=1))
    assert trainer.begun_with == 3 and not same(
        trainer.network.classifier, Trainer(DATA, SPEC, CONFIG).network.classifier
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
