"""Two trainings are compared picture by picture, at the scale of scores that suits each."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bnn.training.plan.judge import SCALES, Judged, accuracy, calibrated_losses, gain, mean_loss


def judged(*losses):
    return Judged(np.array(losses), np.array(losses) < 0.7)


def test_gain_is_the_mean_of_paired_differences():
    found = gain([judged(1.0, 0.5, 0.2, 0.3)], [judged(0.8, 0.4, 0.1, 0.3)])
    differences = np.array([0.2, 0.1, 0.1, 0.0])
    assert found.mean == pytest.approx(0.1)
    assert found.noise == pytest.approx(differences.std(ddof=1) / 2)


def test_the_spread_from_split_to_split_is_noise_too():
    """Within each split the pictures agree, but the splits do not."""
    before = [judged(1.0, 1.0), judged(1.0, 1.0), judged(1.0, 1.0)]
    after = [judged(0.4, 0.4), judged(1.1, 1.1), judged(1.2, 1.2)]
    found = gain(before, after)
    assert found.mean == pytest.approx(0.1)
    assert found.noise == pytest.approx(np.std([0.6, -0.1, -0.2], ddof=1) / np.sqrt(3))


def test_one_picture_says_nothing():
    assert gain([judged(1.0)], [judged(0.0)]).noise == float("inf")


def test_loss_and_accuracy_are_over_all_pictures():
    pair = [judged(1.0), judged(0.2, 0.3)]
    assert mean_loss(pair) == pytest.approx(0.5) and accuracy(pair) == pytest.approx(2 / 3)


def test_how_sure_a_network_is_of_itself_does_not_count():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(60) % 3
    scores = F.one_hot(labels, 3) + torch.randn(60, 3, generator=generator)
    even = torch.ones(3)
    losses = calibrated_losses(scores, labels, even)
    assert torch.allclose(losses, calibrated_losses(scores * 8, labels, even))
    at_each = [float(F.cross_entropy(scores * scale, labels)) for scale in SCALES]
    assert float(losses.mean()) == pytest.approx(min(at_each))
    assert 0 < at_each.index(min(at_each)) < len(SCALES) - 1


def test_weights_of_classes_count():
    scores, labels = torch.zeros(4, 2), torch.tensor([0, 0, 0, 1])
    losses = calibrated_losses(scores, labels, torch.tensor([0.5, 2.5]))
    assert torch.allclose(losses, torch.log(torch.tensor(2.0)) * torch.tensor([0.5, 0.5, 0.5, 2.5]))
