"""Removing jets: the selection of a pair of an output and an input becomes none, which the hardware leaves out.

A pruned pair has no kernel above all kernels in its scores, by HELD. Its gradient is nearly nothing then, so it stays
pruned in further training.
"""

from collections.abc import Iterable
from dataclasses import replace

import torch

from bnn.compress.channels import renamed, untrained
from bnn.model.forms.selected import Selection
from bnn.model.network import Network

HELD = 4.0  # by which the score of none lies above the others: softmax(2 scores) is below 0.04 % for each of those
Pair = tuple[int, int, int]  # block, output, input of its selection


def selections(network: Network) -> dict[int, Selection]:
    """Return the selections of the blocks whose outputs have several inputs, by block.

    Where an output has one input, none would remove the output: that is a channel (bnn.compress.channels).
    """
    found = {i: getattr(block.conv, "jets", None) for i, block in enumerate(network.blocks)}
    return {i: jets for i, jets in found.items() if isinstance(jets, Selection) and jets.weight.shape[1] > 1}


def with_zeros(network: Network) -> Network:
    """Return the network with none among the choices of each selection that may be pruned, which no pair takes."""
    chosen = selections(network)
    blocks = tuple(
        replace(block, zeros=True) if i in chosen else block for i, block in enumerate(network.spec.blocks)
    )  # fmt: skip
    wider = untrained(network, renamed(network.spec, blocks))
    old = network.state_dict()
    for name, value in wider.state_dict().items():
        theirs = old[name]
        if value.shape != theirs.shape:  # the scores of a selection, one choice longer
            none = theirs.amin(-1, keepdim=True) - 1.0
            theirs = torch.cat([theirs, none], -1)
        value.copy_(theirs)
    return wider.eval()


def pruned(network: Network, pairs: Iterable[Pair]) -> Network:
    """Return the network with none selected for some pairs. ValueError when an output would be left without a jet."""
    smaller = with_zeros(network)
    chosen = selections(smaller)
    with torch.no_grad():
        for block, output, source in pairs:
            scores = chosen[block].weight[output, source]
            scores[-1] = scores[:-1].max() + HELD
    for block, jets in chosen.items():
        empty = zero(jets).all(1).nonzero()
        if len(empty):
            raise ValueError(f"output {int(empty[0])} of block {block} would be left without a jet")
    return smaller


def zero(jets: Selection) -> torch.Tensor:
    """Return which pairs [outputs, inputs] of a selection have none."""
    return ~jets.table[jets.weight.detach().argmax(-1)].flatten(-2).any(-1)
