"""Pruning layer by layer with thresholds found by differential evolution, and recovery of connections.

Wu et al., "Differential Evolution Based Layer-Wise Weight Pruning for Compressing Deep Neural Networks", Sensors 21(3)
880, 2021. Of it the abstract was at hand: an optimization model of the pruning sensitivity of each layer, solved by
differential evolution; pruning and fine-tuning in turns; some removed connections recovered, at random, while
fine-tuning. Ours is the rest: what a sensitivity is (Han et al. 2015), the loss of the evolution, and all numbers.

    kept = |w| >= sensitivity * standard deviation of the connections of the layer that are left
    loss = share of connections left + 10 * what accuracy falls below the accuracy before minus the tolerance
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bnn.compress.evolution import PLAIN, Evolution, Numbers, evolve
from bnn.compress.floats import accuracy, learn
from bnn.compress.masks import Masks, connections

STEEP = 10.0  # what accuracy counts for below the tolerance
MOST_SENSITIVITY = 3.0


@dataclass(frozen=True)
class LayerWise:
    """Settings of the method."""

    rounds: int = 4  # of pruning and fine-tuning
    tolerance: float = 0.01  # of accuracy, that a pruning may lose in front of its fine-tuning
    recovery: float = 0.02  # of the removed connections, that may learn again; none in the last round
    steps: int = 500  # of fine-tuning in a round
    evolution: Evolution = PLAIN


def masks_of(network: nn.Module, before: Masks, sensitivities: Sequence[float]) -> Masks:
    """Return which of the connections `before` stay; a sensitivity per layer."""
    kept = {}
    for (name, weight), sensitivity in zip(connections(network).items(), sensitivities, strict=True):
        left = weight.detach()[before.kept[name]]
        deviation = float(left.std()) if len(left) > 1 else 0.0
        kept[name] = before.kept[name] & (weight.detach().abs() >= sensitivity * deviation)
    return Masks(kept)


def prune(
    network: nn.Module, images: Tensor, labels: Tensor, judges: tuple[Tensor, Tensor], seed: int, how: LayerWise
) -> Masks:
    """Prune a trained network in place and return the connections that are left.

    images, labels: to fine-tune on. judges: pictures and labels on which accuracy counts in the evolution.
    """
    masks = Masks.full(network)
    wanted = accuracy(network, *judges) - how.tolerance
    for number in range(how.rounds):
        masks = _evolved(network, masks, judges, wanted, seed + number, how.evolution)
        masks.apply(network)
        last = number == how.rounds - 1
        if not last:
            masks = masks.recovered(how.recovery, torch.Generator().manual_seed(seed + number))
        learn(network, images, labels, how.steps * (2 if last else 1), seed + number, masks=masks)
    return masks


def _evolved(
    network: nn.Module, before: Masks, judges: tuple[Tensor, Tensor], wanted: float, seed: int, how: Evolution
) -> Masks:  # fmt: skip
    """Return the masks whose loss is smallest; the network is as it was."""
    weights = {name: weight.detach().clone() for name, weight in connections(network).items()}

    def restore() -> None:
        with torch.no_grad():
            for name, weight in connections(network).items():
                weight.copy_(weights[name])

    def loss(sensitivities: Numbers) -> float:
        masks = masks_of(network, before, sensitivities.tolist())
        masks.apply(network)
        found = masks.share + STEEP * max(0.0, wanted - accuracy(network, *judges))
        restore()
        return found

    layers = len(weights)
    best, _ = evolve(loss, [0.0] * layers, [MOST_SENSITIVITY] * layers, seed, how, start=([0.0] * layers,))
    return masks_of(network, before, best.tolist())
