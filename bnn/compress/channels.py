"""Removing channels of a trained network: what a channel is made of and who reads it, and the network without some.

A channel may be made by several blocks: where a block adds its sums to the map in front, output c belongs to channel c
of that map, and where it is joined to that map, later blocks read both. So channels have numbers of their own, over all
maps.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from bnn.model.network import Network
from bnn.model.shortcuts import SHORTCUTS
from bnn.model.spec import Block, NetworkSpec

Channels = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Which channels the blocks of a network read and make."""

    read: tuple[Channels, ...]  # by each block, in order; none by the first, which reads pixels
    made: tuple[Channels, ...]  # by the convolution of each block, in order
    last: Channels  # of the map behind the last block

    @property
    def channels(self) -> Channels:
        """All of them."""
        return tuple(sorted({channel for made in self.made for channel in made}))

    def maker(self, channel: int) -> int:
        """Return the first block that makes a channel."""
        return next(block for block, made in enumerate(self.made) if channel in made)


def layout(spec: NetworkSpec) -> Layout:
    """Return the channels of a network."""
    read: list[Channels] = []
    made: list[Channels] = []
    front: Channels = ()
    known = 0
    for block in spec.blocks:
        kind = SHORTCUTS[block.shortcut]
        own = front if kind.tied else tuple(range(known, known + block.channels))
        known = max(known, max(own) + 1)
        read.append(front)
        made.append(own)
        front = front + own if kind.outputs(len(front), block.channels) > block.channels else own
    return Layout(tuple(read), tuple(made), front)


def removable(network: Network) -> Channels:
    """Return the channels that may go: all, but for those of the last map where a head with weights reads it."""
    found = layout(network.spec)
    held = set(found.last) if list(network.head.parameters()) else set()
    return tuple(channel for channel in found.channels if channel not in held)


def narrowed(network: Network, removed: Iterable[int]) -> Network:
    """Return the network without some channels, with the weights of the others; batch norms keep their statistics.

    ValueError when a block would be left without any. Estimate the statistics anew: without a channel, sums have
    another mean.
    """
    gone, found = set(removed), layout(network.spec)
    blocks: list[Block] = []
    for block, own in zip(network.spec.blocks, found.made, strict=True):
        left = sum(channel not in gone for channel in own)
        if not left:
            raise ValueError(f"block {len(blocks)} would be left without a channel")
        blocks.append(replace(block, channels=left))
    smaller = untrained(network, renamed(network.spec, tuple(blocks)))
    old, new = network.state_dict(), smaller.state_dict()
    for name, value in new.items():
        value.copy_(_part(network, name, old[name], found, gone))
    return smaller.eval()


def renamed(spec: NetworkSpec, blocks: tuple[Block, ...]) -> NetworkSpec:
    """Return a network of other blocks, whose name says their channels and the name that it had at first."""
    first = spec.name.rpartition(" of ")[2]
    return replace(spec, name=f"{'-'.join(str(block.channels) for block in blocks)} of {first}", blocks=blocks)


def untrained(network: Network, spec: NetworkSpec) -> Network:
    """Return an untrained network of the same pictures and classes; random numbers of others stay as they were."""
    with torch.random.fork_rng(devices=()):
        return Network(spec, network.input_shape, len(network.classifier.bias))


def _part(network: Network, name: str, value: Tensor, found: Layout, gone: set[int]) -> Tensor:
    """Return what is left of an entry of the network's state."""
    kept = [[i for i, channel in enumerate(own) if channel not in gone] for own in (*found.made, *found.read)]
    made, read = kept[: len(found.made)], kept[len(found.made) :]
    words = name.split(".")
    if words[0] == "blocks":
        block, rest = int(words[1]), ".".join(words[2:])
        if rest.startswith("conv."):
            for dimension, axis in enumerate(network.blocks[block].conv.axes[rest.removeprefix("conv.")]):
                if axis == "o":
                    value = value.index_select(dimension, torch.tensor(made[block]))
                elif axis == "i" and block:
                    value = value.index_select(dimension, torch.tensor(read[block]))
            return value
        return value[made[block]] if value.ndim else value  # of a norm
    first = "hidden.0." if len(network.hidden) else "classifier."
    if name == f"{first}linear.binary.weight" and not list(network.head.parameters()):
        places = value.shape[1] // len(found.last)
        left = torch.tensor([channel not in gone for channel in found.last])
        return value[:, left.repeat_interleave(places)]
    return value
