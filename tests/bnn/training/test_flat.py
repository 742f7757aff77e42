"""Training is fast without being another training: its scores and gradients are those of the slow form."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from brevitas.proxy import WeightQuantProxyFromInjector
from brevitas.quant.binary import SignedBinaryWeightPerTensorConst
from torch import Tensor, nn

from bnn.data import Dataset
from bnn.model.forms import FORMS
from bnn.model.forms.selected import SHARPNESS, Selection
from bnn.model.layers import BinaryWeight, Sign
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.training.config import TrainConfig
from bnn.training.flat import FlatParameters
from bnn.training.trainer import Trainer

STEPS = 20
CONFIG = TrainConfig(steps=STEPS, batch=8, learning_rate=0.1)


def slow_weight(self: BinaryWeight) -> Tensor:
    if not hasattr(self, "proxy"):
        quantizer = SignedBinaryWeightPerTensorConst.let(scaling_const=1.0)
        object.__setattr__(self, "proxy", WeightQuantProxyFromInjector(self, quantizer))
    return self.proxy(self.weight).value


def slow_selection(self: Selection) -> Tensor:
    soft = torch.softmax(SHARPNESS * self.weight, -1)
    hard = F.one_hot(self.weight.argmax(-1), len(self.table)).to(soft.dtype)
    kernels, blend = hard @ self.table.flatten(1), soft @ self.table.flatten(1)
    return (kernels + (blend - blend.detach())).unflatten(-1, self.table.shape[1:])


def slow_sign(self: Sign, x: Tensor) -> Tensor:
    clamped = F.hardtanh(x)
    return torch.where(x >= 0, 1.0, -1.0) + (clamped - clamped.detach())


def states(trainer: Trainer) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in trainer.network.state_dict().items()}


@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_those_of_the_slow_form(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores are sums of integers, equal to the bit. Gradients are added in another order, as each machine does."""
    draw = np.random.default_rng(0)
    images, labels = draw.integers(0, 256, (60, 12, 12, 1)).astype(np.uint8), np.arange(60) % 3
    data = Dataset("toy", ("a", "b", "c"), images, labels, images, labels)
    spec = NetworkSpec("n", (Block(6, form=form, pool=2), Block(9, form=form)), (7,))
    fast, slow = (Trainer(data, spec, replace(CONFIG, learning_rate=0.0)) for _ in range(2))
    gradients = []
    for _ in range(STEPS):
        list(fast.run_round())
        gradients.append(fast.parameters.gradient.clone())
    monkeypatch.setattr(BinaryWeight, "forward", slow_weight)
    monkeypatch.setattr(Selection, "forward", slow_selection)
    monkeypatch.setattr(Sign, "forward", slow_sign)
    for gradient in gradients:
        list(slow.run_round())
        torch.testing.assert_close(gradient, slow.parameters.gradient, rtol=1e-4, atol=1e-6)
    assert all(torch.equal(value, states(slow)[name]) for name, value in states(fast).items())
    assert all(bool((p.grad != 0).any()) for p in fast.network.parameters())


def test_one_flat_parameter_is_updated_as_many_are() -> None:
    spec = NetworkSpec("n", (Block(6, pool=2), Block(9)), (7,))
    torch.manual_seed(0)
    one, many = (Network(spec, (1, 12, 12), 3) for _ in range(2))
    many.load_state_dict(one.state_dict())
    flat = FlatParameters(one)
    optimizers = [torch.optim.Adam([flat.values], lr=0.1, fused=True), torch.optim.Adam(many.parameters(), lr=0.1)]
    assert flat.values.numel() == sum(p.numel() for p in many.parameters())
    for _ in range(STEPS):
        for mine, theirs in zip(one.parameters(), many.parameters(), strict=True):
            theirs.grad = torch.randn(theirs.shape)
            assert mine.grad is not None
            mine.grad.copy_(theirs.grad)
        for optimizer in optimizers:
            optimizer.step()
        for mine, theirs in zip(one.parameters(), many.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs)  # fused and single steps round differently
    assert isinstance(next(one.parameters()), nn.Parameter)


def test_gradients_and_loaded_states_reach_the_flat_tensor() -> None:
    torch.manual_seed(0)
    network = Network(NetworkSpec("n", (Block(2),)), (1, 6, 6), 2)
    flat = FlatParameters(network)
    network(torch.zeros(3, 1, 6, 6, dtype=torch.uint8)).sum().backward()
    gradients = torch.cat([p.grad.flatten() for p in network.parameters() if p.grad is not None])
    assert torch.equal(flat.gradient, gradients) and bool(gradients.any())
    network.load_state_dict({name: torch.ones_like(value) for name, value in network.state_dict().items()})
    assert bool((flat.values == 1).all())
