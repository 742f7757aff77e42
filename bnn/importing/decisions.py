"""From integer sums to signs: every node in between is executed on every sum that there can be.

What they do is one step per channel, up or down, at an integer: the threshold. Nothing is solved for, so whatever
float32 makes of the numbers is what the hardware does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from bnn.importing.graph import Array, Graph
from bnn.importing.values import Sums
from bnn.reference import Ints

LIMIT = 1 << 23  # elements executed at a time
MONOTONE = "nodes that only rise or only fall with the sum (scale, offset, BatchNormalization, Clip, Relu, ...)"


@dataclass(frozen=True, eq=False)
class Decisions:
    """sign = +1 <=> direction * k >= threshold, per channel [C]."""

    thresholds: Ints
    directions: Ints
    open: int  # channels where the order in which float32 sums are added may decide
    constant: bool  # no channel's sign ever changes


def outputs(graph: Graph, nodes: Sequence[onnx.NodeProto], sums: Sums, k: Ints, flat: bool, shift: float = 0) -> Array:
    """[L, C]: what `nodes` make of the sums k of every channel."""
    rows = max(1, LIMIT // len(sums.unit))
    parts = [graph.run(sums.floats(k[i : i + rows], shift), nodes, flat) for i in range(0, len(k), rows)]
    return np.concatenate(parts)


def reachable(sums: Sums, k: Ints) -> NDArray[np.bool_]:
    """[L, C]: can the channel have that sum?"""
    return (k[:, None] >= sums.low) & (k[:, None] <= sums.high)


def decide(graph: Graph, nodes: Sequence[onnx.NodeProto], sums: Sums, flat: bool, low: float, high: float) -> Decisions:
    """Thresholds of what `nodes` make of the sums: `high` is +1, `low` is -1. UserError names the last node."""
    k = sums.grid()
    inside = reachable(sums, k)

    def plus(shift: float) -> NDArray[np.bool_]:
        made = outputs(graph, nodes, sums, k, flat, shift)
        if not np.isin(made[inside], (low, high)).all():
            raise graph.refuse(nodes[-1], f"has other outputs than {low:g} and {high:g}", "a sign of two values")
        return made == high

    found = plus(0)
    unclear = np.zeros(found.shape[1], bool)
    if sums.error.any():
        unclear = ((plus(-1) != found) | (plus(1) != found)).any(axis=0, where=inside)
    thresholds, directions, changing = [], [], 0
    for c in range(found.shape[1]):
        sequence = found[inside[:, c], c]
        switches = np.flatnonzero(np.diff(sequence))
        if len(switches) > 1:
            raise graph.refuse(
                nodes[-1], f"its sign changes {len(switches)} times as channel {c}'s sum rises", MONOTONE
            )
        first = int(sums.low[c])
        changing += len(switches)
        rises = len(switches) == 0 or not sequence[0]
        if rises:
            thresholds.append(first + int((~sequence).sum()))
        else:
            thresholds.append(-(first + int(sequence.sum()) - 1))
        directions.append(1 if rises else -1)
    return Decisions(np.array(thresholds), np.array(directions), int(unclear.sum()), not changing)


def slopes(graph: Graph, nodes: Sequence[onnx.NodeProto], sums: Sums, flat: bool, at: onnx.NodeProto) -> Ints:
    """[C]: +1 where what `nodes` make of a sum rises with it, -1 where it falls. UserError names node `at`."""
    k = sums.grid()
    inside = reachable(sums, k)
    made = outputs(graph, nodes, sums, k, flat)
    both = inside[1:] & inside[:-1]
    change = np.diff(made, axis=0)
    rises, falls = (change >= 0).all(axis=0, where=both), (change <= 0).all(axis=0, where=both)
    if not (rises | falls).all():
        channel = int(np.flatnonzero(~(rises | falls))[0])
        raise graph.refuse(at, f"what it pools rises and falls with channel {channel}'s sum", MONOTONE)
    return np.where(rises, 1, -1)
