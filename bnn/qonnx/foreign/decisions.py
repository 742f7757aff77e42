"""From integer sums to signs or levels: the nodes in between are executed on every sum that is possible.

Their outcome is a step per channel and level, up or down, at an integer: the threshold. No equation is solved, so the
hardware does exactly what float32 makes of the numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray

from bnn.integer.reference import Ints
from bnn.qonnx.foreign.graph import Graph
from bnn.qonnx.foreign.nodes import Array, attributes
from bnn.qonnx.foreign.values import Sums

LIMIT = 1 << 23  # elements executed at once
MOST_LEVELS = 15  # thresholds of a quantizer of 4 bits
MONOTONE = "nodes that only rise or only fall with the sum (scale, offset, BatchNormalization, Clip, Relu, ...)"


@dataclass(frozen=True, eq=False)
class Decisions:
    """Thresholds of sums k: a level is +1 where direction * k >= threshold, else -1. Arrays are [C, L].

    An element of the file is start + unit * (the number of its L levels that are +1).
    """

    thresholds: Ints
    directions: Ints
    start: float
    unit: float
    error: float  # how far the file's float32 values are from that, in units
    constant: bool  # no level of any channel ever changes
    # the first and last sum k at which the order of float32 additions may decide; first > last where there is none
    first_open: Ints
    last_open: Ints

    @property
    def open(self) -> int:
        """The number of channels in which the order of float32 additions may decide."""
        return int((self.first_open <= self.last_open).any(axis=1).sum())


def outputs(graph: Graph, nodes: Sequence[onnx.NodeProto], sums: Sums, k: Ints, flat: bool, shift: float = 0) -> Array:
    """Return [L, C]: what `nodes` make of the sums k [L] in every channel. flat: see Graph.run; shift: Sums.floats."""
    rows = max(1, LIMIT // len(sums.unit))
    parts = [graph.run(sums.floats(k[i : i + rows], shift), nodes, flat) for i in range(0, len(k), rows)]
    return np.concatenate(parts)


def reachable(sums: Sums, k: Ints) -> NDArray[np.bool_]:
    """Return [L, C]: whether a channel can have the sum k [L]."""
    return (k[:, None] >= sums.low) & (k[:, None] <= sums.high)


def decide(graph: Graph, nodes: Sequence[onnx.NodeProto], sums: Sums, flat: bool, low: float, high: float) -> Decisions:
    """Return the thresholds of what `nodes` make of the sums, where `high` is +1 and `low` is -1.

    UserError names the last node when they make other values, or when its sign changes more than once.
    """
    k = sums.grid()
    inside = reachable(sums, k)

    def plus(made: Array) -> NDArray[np.bool_]:
        if not np.isin(made[inside], (low, high)).all():
            raise graph.refuse(nodes[-1], f"has other outputs than {low:g} and {high:g}", "a sign of two values")
        return (made == high)[:, :, None]

    made = outputs(graph, nodes, sums, k, flat)
    return _steps(graph, nodes, sums, flat, made, plus, (low, high - low, 0.0))


def decide_levels(
    graph: Graph, nodes: Sequence[onnx.NodeProto], sums: Sums, flat: bool, ends: tuple[float, float], step: float | None
) -> Decisions:
    """Return the thresholds of a quantizer, the last of `nodes`, whose values are evenly spaced.

    ends: its least and largest value, whether or not a sum reaches them. step: between its values, None when the file
    does not say. UserError names the quantizer when its values are too many or not evenly spaced.
    """
    k = sums.grid()
    made = outputs(graph, nodes, sums, k, flat)
    values = np.unique(np.append(made[reachable(sums, k)], ends)).astype(np.float64)
    if len(values) == 1:
        raise graph.refuse(
            nodes[-1], f"gives {values[0]:g} for every picture", "a quantizer whose value depends on the sum"
        )
    z = np.rint((values - values[0]) / (step or np.diff(values).min())).astype(np.int64)
    unit = float((values[-1] - values[0]) / z[-1]) if z[-1] else 1.0
    error = float(np.abs(values - (values[0] + unit * z)).max() / unit)
    if not 0 < z[-1] <= MOST_LEVELS or error > 1e-5:
        raise graph.refuse(nodes[-1], f"has {len(values)} values", "a quantizer of up to 4 bits, evenly spaced")
    starts = values[np.searchsorted(z, np.arange(1, z[-1] + 1))]  # the least value of each level

    def reached(made: Array) -> NDArray[np.bool_]:
        return made[:, :, None] >= starts

    return _steps(graph, nodes, sums, flat, made, reached, (float(values[0]), unit, error))


def _steps(
    graph: Graph, nodes: Sequence[onnx.NodeProto], sums: Sums, flat: bool, made: Array,
    reached: Callable[[Array], NDArray[np.bool_]], meaning: tuple[float, float, float],
) -> Decisions:  # fmt: skip
    """Return the sums at which the levels change, each once at most. UserError names the node where one changes again.

    made: `outputs` of the grid, [L, C]. reached: tells from these which levels are +1, [L, C, levels]. meaning: start,
    unit and error of the Decisions.
    """
    k = sums.grid()
    inside = reachable(sums, k)

    found = reached(made)
    _, channels, levels = found.shape
    first_open, last_open = np.ones((channels, levels), np.int64), np.zeros((channels, levels), np.int64)
    if sums.error.any():
        below, above = (reached(outputs(graph, nodes, sums, k, flat, shift)) for shift in (-1, 1))
        differs = ((below != found) | (above != found)) & inside[:, :, None]
        some = differs.any(axis=0)
        first_open = np.where(some, k[differs.argmax(axis=0)], first_open)
        last_open = np.where(some, k[len(k) - 1 - differs[::-1].argmax(axis=0)], last_open)
    thresholds, directions = np.zeros((channels, levels), np.int64), np.ones((channels, levels), np.int64)
    changing = 0
    for c in range(channels):
        sequences, first = found[inside[:, c], c], int(sums.low[c])  # [sums, levels]
        switches = (sequences[1:] != sequences[:-1]).sum(axis=0)
        if switches.max() > 1:
            slope = _falling(graph, nodes, c)
            if slope is not None:
                raise graph.refuse(
                    slope[0],
                    f"its slope in channel {c} is {slope[1]:g}, and the sign behind it changes {switches.max()} times "
                    "as the sum rises",
                    "slopes above 0",
                )
            raise graph.refuse(
                nodes[-1], f"its sign changes {switches.max()} times as channel {c}'s sum rises", MONOTONE
            )
        changing += int(switches.sum())
        falls = sequences[0] & (switches > 0)
        # a constant level may go in either direction; it takes that of the others, so that a channel has one weight
        falls |= falls.any() & (switches == 0)
        reaching = sequences.sum(axis=0)
        thresholds[c] = np.where(falls, -(first + reaching - 1), first + len(sequences) - reaching)
        directions[c] = np.where(falls, -1, 1)
    start, unit, error = meaning
    return Decisions(thresholds, directions, start, unit, error, not changing, first_open, last_open)


def slopes(graph: Graph, nodes: Sequence[onnx.NodeProto], sums: Sums, flat: bool, at: onnx.NodeProto) -> Ints:
    """Return [C]: +1 where what `nodes` make of a sum rises with it, -1 where it falls.

    UserError names node `at` when it does both.
    """
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


def _falling(graph: Graph, nodes: Sequence[onnx.NodeProto], channel: int) -> tuple[onnx.NodeProto, float] | None:
    """Return the first PRelu or LeakyRelu whose slope below 0 is negative in a channel, and that slope."""
    for node in nodes:
        if node.op_type in ("PRelu", "LeakyRelu"):
            given = graph.constant(node, 1)
            values = np.array(attributes(node).get("alpha", 0.01)) if given is None else given
            slope = float(values.reshape(-1)[channel if values.size > 1 else 0])
            if slope < 0:
                return node, slope
    return None
