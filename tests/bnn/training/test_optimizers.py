"""Every optimizer goes on after an interruption as without one, and Bop does what its paper says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from bnn.errors import UserError
from bnn.model.layers import BinaryWeight
from bnn.model.spec import Block, NetworkSpec
from bnn.training.bop import GAMMA_OF_RATE, Bop, binary_places
from bnn.training.checkpoints import pack, unpack
from bnn.training.config import TrainConfig
from bnn.training.optimizers import OPTIMIZERS
from bnn.training.rates import RATES
from bnn.training.resume import checkpoint, restore
from bnn.training.trainer import Trainer
from neuraljet.commands.train import options
from tests.support.slopes import slopes

SPEC = NetworkSpec("tiny", (Block(3, pool=2), Block(4, pool=2, form="constrained")), (5,))
DATA = slopes(40, 8)


def begun(optimizer: str, **settings) -> Trainer:
    return Trainer(DATA, SPEC, TrainConfig(steps=4, batch=16, optimizer=optimizer, **settings))


def test_the_names_are_the_same_everywhere():
    assert tuple(RATES) == options.OPTIMIZERS and set(RATES) == set(OPTIMIZERS)


@pytest.mark.parametrize(("optimizer", "noise"), [*((name, 0) for name in RATES), ("adam", 8)])
def test_an_interrupted_training_ends_with_the_same_weights(optimizer, noise, tmp_path):
    whole = begun(optimizer, adversarial=noise)
    before = whole.parameters.values.detach().clone()
    for round in range(4):
        if round == 2:
            (tmp_path / "c").write_bytes(checkpoint(whole))
        list(whole.run_round())
    resumed = begun(optimizer, adversarial=noise)
    restore(resumed, tmp_path / "c")
    for _ in range(2):
        list(resumed.run_round())
    assert torch.equal(whole.parameters.values, resumed.parameters.values)
    assert not torch.equal(whole.parameters.values, before)
    assert checkpoint(whole) == checkpoint(resumed)


@pytest.mark.parametrize(
    ("optimizer", "name"), [("rmsprop", "square_avg"), ("adagrad", "sum"), ("amsgrad", "max_exp_avg_sq")]
)
def test_a_mean_of_squares_is_not_negative(optimizer, name, tmp_path):
    trainer = begun(optimizer)
    list(trainer.run_round())
    (tmp_path / "c").write_bytes(checkpoint(trainer))
    tensors, numbers = unpack(tmp_path / "c")
    tensors[f"{optimizer}.{name}"] -= 1
    (tmp_path / "c").write_bytes(pack(tensors, numbers))
    with pytest.raises(UserError, match="negative squares"):
        restore(begun(optimizer), tmp_path / "c")


def test_bop_flips_as_the_paper_says_and_adam_has_the_rest():
    """Against the formula in NumPy, number by number, and against torch's Adam, over thirty random gradients."""
    draw = np.random.default_rng(3)
    start, binary = draw.uniform(-1, 1, 40).astype(np.float32), draw.random(40) < 0.6
    values, plain = (nn.Parameter(torch.from_numpy(start.copy())) for _ in range(2))
    rate, threshold = 0.3, 0.02
    bop = Bop(values, torch.from_numpy(binary), rate, threshold)
    adam = torch.optim.Adam([plain], lr=rate, fused=True)
    weights, average, flips = np.where(start < 0, -1.0, 1.0), np.zeros(40), 0
    for _ in range(30):
        gradient = draw.normal(0, 0.1, 40).astype(np.float32)
        values.grad, plain.grad = torch.from_numpy(gradient.copy()), torch.from_numpy(gradient.copy())
        bop.step()
        adam.step()
        average = (1 - GAMMA_OF_RATE * rate) * average + GAMMA_OF_RATE * rate * gradient
        flip = (np.abs(average) > threshold) & (np.sign(average) == weights)
        weights, flips = np.where(flip, -weights, weights), flips + int(flip[binary].sum())
        found = values.detach().numpy()
        assert np.array_equal(found[binary], weights[binary])
        assert np.array_equal(found[~binary], plain.detach().numpy()[~binary])
    assert 10 < flips < 30 * binary.sum() / 2


def test_binary_weights_are_found_and_stay_binary():
    trainer = begun("bop")
    weights = [module.weight for module in trainer.network.modules() if isinstance(module, BinaryWeight)]
    assert binary_places(trainer.network).sum() == sum(weight.numel() for weight in weights) > 0
    for _ in range(3):
        list(trainer.run_round())
    assert all(bool((weight.abs() == 1).all()) for weight in weights)
    assert not bool((trainer.network.blocks[0].conv.jets.weight.abs() == 1).any())  # scores of jets are no bits


def test_settings_that_are_refused():
    with pytest.raises(UserError, match="optimizer 'sgdm' is unknown; choose one of adam, sgd"):
        TrainConfig(optimizer="sgdm")
    for rate in (-1.0, float("nan"), 1e9):
        with pytest.raises(UserError, match=r"learning_rate = .*; allowed: 0 to 1e"):
            TrainConfig(learning_rate=rate)
    assert TrainConfig(optimizer="sgd").learning_rate == RATES["sgd"]
    assert replace(TrainConfig(), optimizer="adam") == TrainConfig()
