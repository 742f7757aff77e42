"""The noise stays within its strength, goes up the loss, and leaves half of each batch alone."""

import pytest
import torch
import torch.nn.functional as F

from bnn.errors import UserError
from bnn.model.spec import Block, NetworkSpec
from bnn.training.adversarial import PACE, UniversalNoise
from bnn.training.config import TrainConfig
from bnn.training.trainer import Trainer
from tests.support.slopes import slopes

CPU = torch.device("cpu")


def test_it_is_added_to_half_of_a_batch_and_kept_within_bytes():
    noise = UniversalNoise((1, 2, 2), 8, CPU)
    noise.restore({"noise": torch.tensor([[[8.0, -8.0], [3.0, 0.0]]])})
    images = torch.tensor([0, 250, 100, 255], dtype=torch.uint8).reshape(1, 1, 2, 2).repeat(5, 1, 1, 1)
    shown = noise.add(images)
    assert shown[:2].tolist() == [[[[8.0, 242.0], [103.0, 255.0]]]] * 2
    assert torch.equal(shown[2:], images[2:].float())


def test_it_goes_up_the_gradient_as_far_as_its_strength():
    noise = UniversalNoise((1, 1, 3), 8, CPU)
    for step in range(1, 41):
        (noise.add(torch.full((4, 1, 1, 3), 100, dtype=torch.uint8)) * torch.tensor([2.0, -1.0, 0.0])).sum().backward()
        noise.step()
        far = min(8.0, step * PACE * 8)
        torch.testing.assert_close(noise.noise.detach(), torch.tensor([[[far, -far, 0.0]]]))


def test_a_training_learns_a_noise_that_misleads_its_own_network():
    """Against the network as it is, the learned noise costs more than the same noise with its pixels shuffled."""
    data = slopes(80, 40)
    trainer = Trainer(
        data, NetworkSpec("n", (Block(4, pool=2), Block(4))), TrainConfig(steps=40, batch=16, adversarial=40)
    )
    for _ in range(40):
        list(trainer.run_round())
    assert trainer.adversary is not None and trainer.adversary.noise.abs().max() <= 40
    network, sides = trainer.network.eval(), trainer.sides
    noise = trainer.adversary.noise.detach()
    order = torch.randperm(noise.numel(), generator=torch.Generator().manual_seed(0))

    def loss(added):
        with torch.no_grad():
            return float(F.cross_entropy(network((sides.images + added).clamp(0, 255)), sides.labels))

    assert loss(noise) > loss(noise.flatten()[order].reshape(noise.shape))


@pytest.mark.parametrize("levels", [-1, 129, 2.0, True])
def test_levels_that_are_refused(levels):
    with pytest.raises(UserError, match=r"adversarial .* is not a whole number from 0 to 128"):
        TrainConfig(adversarial=levels)
