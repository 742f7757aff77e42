"""Pruning as published, on float networks small enough to know the answer."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from bnn.compress import damage, layerwise, slimming
from bnn.compress.evolution import Evolution, evolve
from bnn.compress.floats import lenet_5, lenet_300_100, vgg
from bnn.compress.masks import Masks, connections


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def teacher(inputs=12, classes=3):
    """Return a dense layer of which four connections matter, and pictures [N, 1, 1, inputs] with its classes."""
    layer = nn.Linear(inputs, classes, bias=False)
    planted = torch.zeros(classes, inputs, dtype=torch.bool)
    planted[0, 0] = planted[1, 3] = planted[2, 5] = planted[2, 7] = True
    with torch.no_grad():
        layer.weight.copy_(torch.where(planted, 1.0, 0.02 * torch.randn(classes, inputs)))
    images = torch.randint(0, 256, (400, 1, 1, inputs), dtype=torch.uint8)
    network = nn.Sequential(nn.Flatten(), layer)
    with torch.no_grad():
        labels = F.linear((images.flatten(1).float() - 33) / 79, planted.float()).argmax(1)
    return network, planted, images, labels


def test_connections_of_the_networks_are_those_of_the_literature():
    count = {f.__name__: sum(w.numel() for w in connections(f()).values()) for f in (lenet_300_100, lenet_5)}
    assert count == {"lenet_300_100": 266_200, "lenet_5": 430_500}


def test_evolution_finds_the_minimum_within_its_bounds():
    asked = []

    def loss(x):
        asked.append(x.copy())
        return float(((x - np.array([0.5, -2.0, 9.0])) ** 2).sum())

    how = Evolution(population=10, generations=40)
    best, found = evolve(loss, [-1, -1, -1], [1, 1, 1], 0, how)
    assert np.allclose(best, [0.5, -1, 1], atol=1e-2) and found == loss(best)
    assert len(asked) == 10 * 41 + 1 and np.abs(asked).max() <= 1
    again, _ = evolve(loss, [-1, -1, -1], [1, 1, 1], 0, how)
    assert np.array_equal(again, best)
    with pytest.raises(ValueError, match="at least 4"):
        evolve(loss, [0], [1], 0, Evolution(population=3))


def test_evolution_finds_the_planted_mask():
    network, planted, images, labels = teacher()
    how = layerwise.LayerWise(rounds=1, tolerance=0.02, steps=0, evolution=Evolution(8, 15))
    masks = layerwise.prune(network, images, labels, (images, labels), 0, how)
    assert torch.equal(masks.kept["1.weight"], planted)
    assert torch.equal(network[1].weight != 0, planted) and masks.left == 4


def test_connections_are_recovered_while_fine_tuning_but_not_in_the_end():
    network, planted, images, labels = teacher()
    masks = Masks({"1.weight": planted})
    back = masks.recovered(0.25, torch.Generator().manual_seed(0)).kept["1.weight"]
    assert int(back.sum()) == 4 + 8 and bool(back[planted].all())
    how = layerwise.LayerWise(rounds=2, tolerance=0.02, recovery=0.25, steps=3, evolution=Evolution(6, 8))
    left = layerwise.prune(network, images, labels, (images, labels), 0, how)
    assert torch.equal(network[1].weight != 0, left.kept["1.weight"])


@pytest.mark.parametrize("shape", [(12,), (2, 6, 5)], ids=["dense", "convolution"])
def test_saliency_is_the_second_difference_of_a_quadratic_loss(shape):
    """The loss of scores that are linear in the weights, (scores - wanted)^2 / 2, at its minimum."""
    layer = nn.Linear(12, 3) if len(shape) == 1 else nn.Conv2d(2, 3, 3, stride=2, padding=1)
    network = nn.Sequential(layer, nn.Flatten()).double()
    inputs = torch.randn(7, *shape, dtype=torch.float64)
    wanted = network(inputs).detach()

    def loss():
        return float(((network(inputs).detach() - wanted) ** 2).sum(1).mean() / 2)

    def factors(scores):
        return torch.eye(scores.shape[1], dtype=scores.dtype)[:, None, :].expand(-1, len(scores), -1)

    found = damage.saliencies(network, inputs, factors, batch=3)["0.weight"].flatten()
    weight = network[0].weight.data.view(-1)
    for i in range(len(weight)):
        before, weight[i] = float(weight[i]), 0.0
        assert loss() == pytest.approx(float(found[i]), rel=1e-9)
        weight[i] = before


def test_factors_make_the_hessian_of_the_cross_entropy():
    scores = torch.randn(1, 4, dtype=torch.float64)
    factors = damage.cross_entropy_factors(scores)[:, 0]
    hessian = torch.autograd.functional.hessian(lambda s: F.cross_entropy(s, torch.tensor([2])), scores)
    assert torch.allclose(factors.T @ factors, hessian[0, :, 0, :])


def test_damage_leaves_the_share_that_is_asked_for_and_what_matters():
    network, planted, images, labels = teacher()
    how = damage.Damage(share=4 / 36, rounds=2, penalty=1e-3, steps=150, pictures=200)
    masks = damage.prune(network, images, labels, 0, how)
    assert masks.left == 4 and torch.equal(network[1].weight != 0, masks.kept["1.weight"])
    assert torch.equal(masks.kept["1.weight"].any(0), planted.any(0))


def test_least_never_takes_a_removed_connection_back():
    before = Masks({"a": torch.tensor([True, False, True]), "b": torch.tensor([True])})
    found = damage.least({"a": torch.tensor([0.1, 9.0, 0.3]), "b": torch.tensor([0.2])}, before, 2)
    assert found.kept["a"].tolist() == [False, False, True] and found.kept["b"].tolist() == [True]


WIDTHS = ((4, 6), (8,))


def test_size_counts_what_the_network_multiplies():
    network = vgg(WIDTHS)
    assert slimming.size_of(WIDTHS, 12).parameters == sum(w.numel() for w in connections(network).values())
    at = {name: side * side for name, side in (("0", 12), ("3", 12), ("7", 6), ("13", 1))}
    counted = sum(w.numel() * at[name.split(".")[0]] for name, w in connections(network).items())
    assert slimming.size_of(WIDTHS, 12).operations == counted


def test_a_channel_without_scale_goes_first_and_changes_nothing():
    network = vgg(WIDTHS).eval()
    norms = [m for m in network if isinstance(m, nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.weight.uniform_(0.5, 1.0)
            norm.running_mean.uniform_(-0.1, 0.1)
        for norm, channel in ((norms[0], 2), (norms[1], 0), (norms[1], 5), (norms[2], 7)):
            norm.weight[channel] = norm.bias[channel] = 0.0
    x = torch.randn(5, 1, 12, 12)
    wanted = network(x)
    target = slimming.size_of(((3, 4), (7,)), 12).parameters / slimming.size_of(WIDTHS, 12).parameters
    smaller, widths = slimming.slimmed(network, WIDTHS, 12, slimming.Slim(parameters=target))
    assert widths == ((3, 4), (7,))
    assert torch.allclose(smaller.eval()(x), wanted, atol=1e-5)
    same, widths = slimming.slimmed(network, WIDTHS, 12, slimming.Slim())
    assert widths == WIDTHS and torch.equal(same.eval()(x), wanted)


def test_the_target_of_operations_is_met_and_each_layer_keeps_some():
    network = vgg(WIDTHS)
    full = slimming.size_of(WIDTHS, 12).operations
    _, widths = slimming.slimmed(network, WIDTHS, 12, slimming.Slim(operations=0.24))
    assert slimming.size_of(widths, 12).operations <= 0.24 * full
    _, widths = slimming.slimmed(network, WIDTHS, 12, slimming.Slim(operations=0.0, least=3))
    assert widths == ((3, 3), (3,))
