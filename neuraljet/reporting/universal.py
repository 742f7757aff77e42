"""Universal adversarial perturbations: one noise of a few grey levels that, added to any picture, misleads the network.

    Moosavi-Dezfooli, Fawzi, Fawzi, Frossard: Universal adversarial perturbations, CVPR 2017. Here by the sign of the
    mean gradient with momentum (Dong et al., CVPR 2018) over batches of training pictures.

The gradients are those of the network before freezing, straight through its signs; the frozen network judges. Random
noise of the same strength is judged beside it, because any noise costs some accuracy. A perturbation that was found is
a bound from one side: a stronger one may exist.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from bnn.integer.rates import Share
from bnn.integer.reference import Ints
from bnn.model.network import Network
from neuraljet.reporting.judged import Judge

STRENGTHS = (4, 8)  # grey levels
STEPS, BATCH, MOMENTUM = 20, 32, 0.9


@dataclass(frozen=True, eq=False)
class Perturbation:
    """One noise, and what it does to the test pictures."""

    strength: int  # grey levels that it adds or takes at most
    target: str | None  # the class that it is to make of every picture; None: any wrong one
    noise: NDArray[np.int16]  # [H, W, C]
    accuracy: Share  # of the pictures with it
    reached: Share | None  # pictures of other classes that become the target
    random: Share  # accuracy with random noise of the same strength, -strength or +strength at each place
    random_reached: Share | None


def perturbations(
    network: Network,
    judge: Judge,
    training: tuple[NDArray[np.uint8], Ints],
    test: tuple[NDArray[np.uint8], Ints],
    targets: Sequence[int | None],
    seed: int,
    step: Callable[[int], object] = lambda done: None,
) -> tuple[Perturbation, ...]:
    """Compute a noise for each target (a class index; None: away from the right class) and strength, and judge it.

    training, test: pictures [N, H, W, C] and labels. step: is told how many steps were done.
    """
    made = []
    images, labels = test
    for target in targets:
        for strength in STRENGTHS:
            found = perturbation(network, training, target, strength, seed, step)
            drawn = np.random.default_rng(seed).choice((-strength, strength), found.shape).astype(np.int16)
            results = []
            for noise in (found, drawn):
                called = judge.classes(added(images, noise))
                others = labels != target
                reached = None
                if target is not None and others.any():
                    reached = Share(int((called[others] == target).sum()), int(others.sum()))
                results.append((Share(int((called == labels).sum()), len(labels)), reached))
            name = None if target is None else judge.network.classes[target]
            made.append(Perturbation(strength, name, found, *results[0], *results[1]))
    return tuple(made)


def perturbation(
    network: Network,
    training: tuple[NDArray[np.uint8], Ints],
    target: int | None,
    strength: int,
    seed: int,
    step: Callable[[int], object] = lambda done: None,
) -> NDArray[np.int16]:
    """Return one noise [H, W, C] of whole grey levels from -strength to strength, computed from training pictures."""
    images = torch.from_numpy(np.ascontiguousarray(training[0].transpose(0, 3, 1, 2))).float()
    labels = torch.from_numpy(training[1])
    random = torch.Generator().manual_seed(seed)
    noise = strength * (torch.randint(2, images.shape[1:], generator=random) * 2.0 - 1)
    momentum = torch.zeros_like(noise)
    pace = 2.5 * strength / STEPS
    for _ in range(STEPS):
        chosen = torch.randint(len(images), (BATCH,), generator=random)
        gradient = _gradient(network, images[chosen], labels[chosen], noise, target)
        momentum = MOMENTUM * momentum + gradient / gradient.abs().mean().clamp_min(1e-12)
        noise = (noise + pace * momentum.sign()).clamp_(-strength, strength)
        step(1)
    return noise.round().permute(1, 2, 0).to(torch.int16).numpy()


def _gradient(network: Network, images: Tensor, labels: Tensor, noise: Tensor, target: int | None) -> Tensor:
    """Return where the noise [C, H, W] is to go: up the loss of the right classes, or down that of the target."""
    noise = noise.detach().requires_grad_()
    scores = network((images + noise).clamp(0, 255))
    if target is None:
        aim = F.cross_entropy(scores, labels)
    else:
        aim = -F.cross_entropy(scores, torch.full_like(labels, target))
    (gradient,) = torch.autograd.grad(aim, noise)
    return gradient


def added(images: NDArray[np.uint8], noise: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Return pictures [N, H, W, C] with the noise [H, W, C] added, kept from 0 to 255."""
    return np.clip(images + noise, 0, 255).astype(np.uint8)
