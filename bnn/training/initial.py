"""Beginning with the layers of a network that other pictures trained: edges and corners look alike everywhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from bnn.errors import UserError
from bnn.model.network import ConvBlock, Network
from bnn.training.trained import load_trained


@dataclass(frozen=True)
class Begun:
    """What a network begins with, in words for people."""

    taken: tuple[str, ...]
    left: tuple[str, ...]  # and why

    def words(self, run: str) -> str:
        """Return both as a sentence."""
        return f"as in {run} begin {', '.join(self.taken)}; at random {', '.join(self.left)}"


class _Differs(Exception):
    """Two layers have no weights in common; the text says why."""


def begin_with(network: Network, run: Path) -> Begun:
    """Copy the layers of a finished run into `network` as far as they fit; return which these are.

    A block fits when it is of the same form and its kernels are of the same size. Where it has other channels, or
    reads others, the leading ones that both have are copied. The first block that does not fit ends the copying. Where
    all blocks are the same, head and hidden layers of the same shapes follow. What is not copied keeps its random
    weights; so do the scores. UserError when not even the first block fits, or when `run` is no finished run.
    """
    theirs = load_trained(run).network
    taken, left, whole = _begin_blocks(network, theirs, run)
    for name, here, there in _behind(network, theirs):
        whole = whole and there is not None and _shapes(here) == _shapes(there)
        if whole and there is not None:
            here.load_state_dict(there.state_dict())
        (taken if whole else left).append(name)
    return Begun(tuple(taken), (*left, "the scores"))


def _begin_blocks(network: Network, theirs: Network, run: Path) -> tuple[list[str], list[str], bool]:
    """Copy the blocks; return which were taken, which were not, and whether all are as they were there."""
    taken: list[str] = []
    whole = aligned = True
    last = len(network.blocks) - 1
    for i, mine in enumerate(network.blocks):
        try:
            if i == len(theirs.blocks):
                raise _Differs("there is none there")
            if not aligned:
                raise _Differs("the maps that it reads stand in another order there")
            part = _copy_block(mine, theirs.blocks[i], reads_pixels=i == 0)
        except _Differs as difference:
            if i == 0:
                raise UserError(
                    f"no layer of {run} fits this network: in block 0 {difference}; give a run whose pictures have as "
                    "many colours and whose network begins alike, or leave --init out"
                ) from None
            return taken, [f"block {i}{f' to {last}' if i < last else ''} ({difference})"], False
        # Where its maps stand beside those in front, the next block finds them at other places when these are more.
        aligned = whole or mine.outputs == mine.norm.num_features
        whole = whole and not part
        taken.append(f"block {i} ({part})" if part else f"block {i}")
    return taken, [], whole and len(network.blocks) == len(theirs.blocks)


def _behind(network: Network, theirs: Network) -> Iterator[tuple[str, nn.Module, nn.Module | None]]:
    """Yield the layers between blocks and scores that have weights: their names, and what they are in both networks."""
    if list(network.head.parameters()):
        yield "the head", network.head, theirs.head
    for i, layer in enumerate(network.hidden):
        yield f"hidden layer {i}", layer, theirs.hidden[i] if i < len(theirs.hidden) else None


def _copy_block(mine: ConvBlock, other: ConvBlock, reads_pixels: bool) -> str:
    """Copy what two blocks have in common; return how much that is where it is not all, for people.

    Raise _Differs, before anything is copied, when they are of other kinds.
    """
    if type(mine.conv) is not type(other.conv):
        raise _Differs(f"the layer is {mine.conv.form} here and {other.conv.form} there")
    own, found = mine.state_dict(), other.state_dict()
    for name in sorted(own.keys() | found.keys()):
        here, there = (list(state[name].shape) if name in state else "missing" for state in (own, found))
        axes = mine.conv.axes.get(name.removeprefix("conv."), "") if name.startswith("conv.") else "o"
        free = len(axes) - (reads_pixels and axes.endswith("i"))  # leading dimensions in which they may differ
        if "missing" in (here, there) or here[free:] != there[free:]:
            raise _Differs(f"{name} is {here} here and {there} there")
    with torch.no_grad():
        for name, value in own.items():
            common = tuple(slice(min(sizes)) for sizes in zip(value.shape, found[name].shape, strict=True))
            value[common] = found[name][common]
    counts = (
        ("channels", mine.norm.num_features, other.norm.num_features),
        ("maps that it reads", _reads(mine), _reads(other)),
    )
    return ", ".join(
        f"{min(here, there)} of {max(here, there)} {what}" for what, here, there in counts if here != there
    )


def _reads(block: ConvBlock) -> int:
    """Return how many maps the convolution of a block reads."""
    name, axes = next((name, axes) for name, axes in block.conv.axes.items() if "i" in axes)
    return int(block.conv.state_dict()[name].shape[axes.index("i")])


def _shapes(layer: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in layer.state_dict().items()}
