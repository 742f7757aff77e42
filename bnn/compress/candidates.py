"""What may be removed of a network: items in groups, one group a block, the least important first.

A plan of removals is how many items of each group go. So methods differ in the numbers alone: one ranks all items
(`bnn.compress.ranked`), another evolves the numbers (`bnn.compress.evolved`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from bnn.compress.channels import layout, narrowed, removable
from bnn.compress.importance import jet_saliency
from bnn.compress.zeros import Pair, pruned
from bnn.errors import UserError
from bnn.model.network import Network


class Candidates(Protocol):
    """Items of a network that may be removed."""

    @property
    def network(self) -> Network: ...

    @property
    def groups(self) -> tuple[tuple[float, ...], ...]:
        """Importance of each item, by group, rising."""

    def without(self, counts: Sequence[int]) -> Network:
        """Return the network without the first so many items of each group."""


@dataclass(frozen=True, eq=False)
class ChannelCandidates:
    """The channels of each block; of each block `least` stay, and as many as a multiple of `step` asks for.

    Layers fold by numbers that divide their channels, so a number such as 37 may cost more than 40.
    """

    network: Network
    importance: Mapping[int, float]
    step: int = 4
    least: int = 4

    @property
    def items(self) -> tuple[tuple[int, ...], ...]:
        """Channels that may go, by the block that makes them first, rising in importance."""
        found, may_go = layout(self.network.spec), set(removable(self.network))
        groups: list[tuple[int, ...]] = []
        for block, made in enumerate(found.made):
            own = [channel for channel in made if channel in may_go and found.maker(channel) == block]
            groups.append(tuple(sorted(own, key=lambda channel: (self.importance[channel], channel))))
        return tuple(group for group in groups if group)

    @property
    def groups(self) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(self.importance[c] for c in group[: self._most(len(group))]) for group in self.items)

    def without(self, counts: Sequence[int]) -> Network:
        removed: list[int] = []
        for group, count in zip(self.items, counts, strict=True):
            left = len(group) - min(count, self._most(len(group)))
            if left < len(group):
                left = min(len(group), -(-left // self.step) * self.step)
            removed += group[: len(group) - left]
        return narrowed(self.network, removed)

    def _most(self, channels: int) -> int:
        return max(0, channels - self.least)


@dataclass(frozen=True, eq=False)
class JetCandidates:
    """The selected jets of each block; each output keeps its most important one."""

    network: Network
    importance: Mapping[Pair, float]

    @property
    def items(self) -> tuple[tuple[Pair, ...], ...]:
        """Pairs that may go, by block, rising in importance."""
        best: dict[tuple[int, int], Pair] = {}
        for pair, value in self.importance.items():
            other = best.get(pair[:2])
            if other is None or value > self.importance[other]:
                best[pair[:2]] = pair
        free = sorted(set(self.importance) - set(best.values()), key=lambda pair: (self.importance[pair], pair))
        return tuple(tuple(p for p in free if p[0] == block) for block in sorted({pair[0] for pair in self.importance}))

    @property
    def groups(self) -> tuple[tuple[float, ...], ...]:
        return tuple(tuple(self.importance[pair] for pair in group) for group in self.items)

    def without(self, counts: Sequence[int]) -> Network:
        return pruned(self.network, [p for group, n in zip(self.items, counts, strict=True) for p in group[:n]])


def jets_of(network: Network, images: Tensor) -> JetCandidates:
    """Return the jets of a network that may go. UserError when it has none."""
    importance = jet_saliency(network, images)
    if not importance:
        raise UserError(
            f"network '{network.spec.name}' has no block whose outputs select several jets; take the method slim, or "
            "the form jets or bottleneck (--layer)"
        )
    return JetCandidates(network, importance)
