"""Optimal brain damage, with sparse regularisation: remove what the loss would miss least.

Le Cun, Denker and Solla, "Optimal Brain Damage", NIPS 1989: at a minimum, a weight w that is set to zero costs about

    saliency = h w^2 / 2,   h = d^2 loss / dw^2

Their h comes from a recursion that neglects how weights act together. Here h is the diagonal of the Gauss-Newton matrix
J' H J, exactly, by a backward pass for each factor f of the loss' Hessian H = sum of f f'. Before and between prunings
the network is trained with an l1 penalty on its connections, which drives the useless ones towards zero.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bnn.compress.floats import as_floats, learn
from bnn.compress.masks import Masks, connections
from bnn.compress.slopes import Factors, Watched, cross_entropy_factors


@dataclass(frozen=True)
class Damage:
    """Settings of the method."""

    share: float = 0.24  # of the connections, that is left
    rounds: int = 4  # in which as many times fewer connections are left
    penalty: float = 1e-5  # l1, for each connection
    steps: int = 500  # of training in a round
    pictures: int = 500  # that saliencies are measured on


def saliencies(
    network: nn.Module, inputs: Tensor, factors: Factors = cross_entropy_factors, batch: int = 50
) -> dict[str, Tensor]:  # fmt: skip
    """Return h w^2 / 2 of each connection of dense layers and convolutions, of the mean loss over inputs [N, ...]."""
    curvature = {name: torch.zeros_like(weight) for name, weight in connections(network).items()}
    layers = [(name, module) for name, module in network.named_modules() if f"{name}.weight" in curvature]
    watched = Watched(network, [module for _, module in layers], inputs, batch)
    for slopes in watched.slopes(factors):
        for number, ((name, module), slope) in enumerate(zip(layers, slopes, strict=True)):
            curvature[f"{name}.weight"] += _squares(module, watched.taken[number], slope)
    weights = connections(network)
    return {name: h / len(inputs) * weights[name].detach() ** 2 / 2 for name, h in curvature.items()}


def _squares(layer: nn.Module, inputs: Tensor, slopes: Tensor) -> Tensor:
    """Return the sum over pictures of the squared derivatives by each weight of a layer."""
    if isinstance(layer, nn.Linear):
        return (slopes**2).T @ inputs**2
    assert isinstance(layer, nn.Conv2d) and layer.groups == 1 and isinstance(layer.padding, tuple)
    patches = nn.functional.unfold(inputs, layer.kernel_size, layer.dilation, layer.padding, layer.stride)
    each = slopes.flatten(2) @ patches.transpose(1, 2)  # [N, O, I K K]
    return (each**2).sum(0).view_as(layer.weight)


def least(saliency: dict[str, Tensor], before: Masks, left: int) -> Masks:
    """Return masks with the `left` connections of largest saliency among those that are kept before."""
    names = list(saliency)
    flat = torch.cat([saliency[name].masked_fill(~before.kept[name], -1.0).flatten() for name in names])
    kept = torch.zeros_like(flat, dtype=torch.bool)
    kept[flat.topk(left).indices] = True
    parts = kept.split([saliency[name].numel() for name in names])
    return Masks(
        {n: part.view_as(saliency[n]) & before.kept[n] for n, part in zip(names, parts, strict=True)}
    )  # fmt: skip


def prune(network: nn.Module, images: Tensor, labels: Tensor, seed: int, how: Damage) -> Masks:
    """Prune a trained network in place, in rounds, and return the connections that are left; images uint8."""
    masks = Masks.full(network)
    every = masks.left

    def penalty() -> Tensor:
        return how.penalty * torch.stack([weight.abs().sum() for weight in connections(network).values()]).sum()

    learn(network, images, labels, how.steps, seed, penalty=penalty)
    chosen = torch.Generator().manual_seed(seed)
    for number in range(1, how.rounds + 1):
        sample = torch.randperm(len(images), generator=chosen)[: how.pictures]
        left = round(every * how.share ** (number / how.rounds))
        masks = least(saliencies(network, as_floats(images[sample])), masks, left)
        masks.apply(network)
        last = number == how.rounds
        learn(network, images, labels, how.steps * (2 if last else 1), seed + number, masks=masks,
              penalty=None if last else penalty)  # fmt: skip
    return masks
