"""Which connections of a float network are left: a mask for the weights of each dense layer and convolution."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn


def connections(network: nn.Module) -> dict[str, Tensor]:
    """Return the weights of all dense layers and convolutions by name. Biases are no connections."""
    return {
        f"{name}.weight": module.weight
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    }


@dataclass(frozen=True, eq=False)
class Masks:
    """True where a connection is left."""

    kept: Mapping[str, Tensor]

    @classmethod
    def full(cls, network: nn.Module) -> "Masks":
        """Return masks that keep all."""
        return cls({name: torch.ones_like(weight, dtype=torch.bool) for name, weight in connections(network).items()})

    def apply(self, network: nn.Module) -> None:
        """Set all other connections to zero, in place."""
        with torch.no_grad():
            for name, weight in connections(network).items():
                weight.mul_(self.kept[name])

    @property
    def left(self) -> int:
        """How many connections are left."""
        return sum(int(mask.sum()) for mask in self.kept.values())

    @property
    def share(self) -> float:
        """How many of all connections are left, 0 to 1."""
        return self.left / sum(mask.numel() for mask in self.kept.values())

    def recovered(self, share: float, generator: torch.Generator) -> "Masks":
        """Return the masks with `share` of the removed connections of each layer, drawn at random, back."""
        found = {}
        for name, mask in self.kept.items():
            removed = (~mask).flatten().nonzero().flatten()
            back = removed[torch.randperm(len(removed), generator=generator)[: round(share * len(removed))]]
            flat = mask.flatten().clone()
            flat[back] = True
            found[name] = flat.view_as(mask)
        return Masks(found)
