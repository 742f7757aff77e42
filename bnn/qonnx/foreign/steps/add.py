"""Add of two tensors: the sums of a layer and a +-1 map, or the sums of two layers, with a sign behind them.

The nodes of the file are executed on every pair of values that the two tensors can have. For each value r of the right
tensor the sign is a step at some sum k of the left one, at T(r). The layer gets integers for which

    left * k + right * r >= threshold   <=>   k >= T(r)          for all k and r

A +-1 map has two values, so there always are such integers, whatever stands in front of the addition. Sums of two
layers have them when their scales are to each other as small integers.
"""

from dataclasses import dataclass, replace
from itertools import product
from math import ceil, floor

import numpy as np
import onnx
from numpy.typing import NDArray

from bnn.integer.layers import Misfit, Threshold
from bnn.integer.layers.add import Add
from bnn.integer.reference import Ints
from bnn.qonnx.foreign.decisions import LIMIT, MONOTONE, Decisions
from bnn.qonnx.foreign.nodes import Array
from bnn.qonnx.foreign.state import DecidedAt, State, Undecided, Walk
from bnn.qonnx.foreign.values import Sums, Values

OPERATORS, INPUTS = ("Add",), (2,)
MOST_FACTOR = 16  # largest factor of the left sums
MOST_PAIRS = 1 << 26  # pairs of values of the two inputs, over all channels
ACCEPTED = "sums of one layer and a +-1 map, or sums of two layers, of one shape, with a sign behind the addition"


def step(walk: Walk, node: onnx.NodeProto, first: State, second: State) -> State:
    """Return the state of the sum, which is undecided until a sign follows."""
    graph = walk.graph
    swapped = isinstance(first.now, Values)  # sums on the left
    left, right = (second, first) if swapped else (first, second)
    bits = isinstance(right.now, Values) and right.now.levels == 1
    if not isinstance(left.now, Sums) or not (bits or isinstance(right.now, Sums)):
        kinds = " and ".join(_kind(state) for state in (first, second))
        raise graph.refuse(node, f"adds {kinds}", ACCEPTED)
    if len(set(graph.moving(node))) == 1:
        raise graph.refuse(node, "adds a tensor to itself", ACCEPTED)
    if left.shape != right.shape or left.flat != right.flat:
        raise graph.refuse(node, f"adds {list(first.shape)} and {list(second.shape)}", ACCEPTED)
    if any(each.op_type == "MaxPool" for state in (left, right) for each in state.pending):
        raise graph.refuse(node, "adds sums that are pooled", "pooling behind the sign")
    return replace(left, shared=False).settled(Joined(node, left, right, swapped), left.place)


def _kind(state: State) -> str:
    """Return what a tensor is, in words."""
    if state.now is None:
        return "pixels"
    if isinstance(state.now, Values):
        return "a +-1 map" if state.now.levels == 1 else "a map of several levels"
    return "sums" if isinstance(state.now, Sums) else "a sum of two branches"


@dataclass(frozen=True, eq=False)
class Joined(Undecided):
    """The sum of two tensors."""

    node: onnx.NodeProto
    left: State
    right: State
    swapped: bool  # the node reads the right tensor first

    def sign(self, walk: Walk, node: onnx.NodeProto, state: State, low: float, high: float) -> int:
        """Append an Add with the factors that solve the sign, and its Threshold; return the place of the +-1."""
        graph, left, right = walk.graph, self.left, self.right
        if any(each.op_type == "MaxPool" for each in state.pending):
            raise graph.refuse(node, "is the sign of pooled sums of two branches", "pooling behind the sign")
        if state.shared:
            raise walk.refuse_shared(state, node, "decides by a sum of two branches")
        table = _Table(walk, self, state, high)
        channels = range(state.shape[0])
        found = [table.steps(c, node) for c in channels]
        solved = [solve(*each) for each in found]
        for c in channels:
            if solved[c] is None:
                raise graph.refuse(
                    self.node,
                    f"the sums of channel {c} have no common integer scale, times {MOST_FACTOR} at the most",
                    "scales of both branches that are to each other as small integers",
                )
        lefts, rights, thresholds = np.array(solved, np.int64).T
        directions = np.array([table.directions[c] for c in channels])
        if (directions < 0).any():
            _turn(walk, left, node, directions)
        factors = (None if (values == 1).all() else values for values in (lefts, rights))
        place = walk.emit(Add(*factors), self.node, left.place, right.place)
        place = walk.emit(Threshold(thresholds), node, place)
        first_open, last_open = table.open_sums(lefts * directions, rights)
        decisions = Decisions(
            thresholds[:, None], np.ones_like(thresholds)[:, None], low, high - low, 0.0, table.constant(), first_open,
            last_open,
        )  # fmt: skip
        if decisions.open:
            walk.notes.append(
                f"{node.name}: float32 may round the sums in front of it so that the order of additions decides in "
                f"{decisions.open} of {len(thresholds)} channels; the accelerator decides by exact sums"
            )
        walk.decided.append(DecidedAt(node.output[0], place, place, decisions))
        return place


def _turn(walk: Walk, left: State, node: onnx.NodeProto, directions: Ints) -> None:
    """Multiply the sums of the left layer by directions [C], each +-1. UserError when the layer cannot."""
    if left.shared:
        raise walk.refuse_shared(left, node, "decides by sums")
    emitted = walk.layers[left.place]
    try:
        emitted.layer = emitted.layer.multiplied(directions)
    except Misfit as misfit:
        raise walk.graph.refuse(node, str(misfit), "a sign that rises with the sums") from misfit


class _Table:
    """Where the file's value is `high`: for every sum k of the left layer and value r of the right one, by channel.

    UserError when there are too many pairs of values.
    """

    def __init__(self, walk: Walk, joined: Joined, state: State, high: float) -> None:
        self.graph, self.joined, self.state, self.high = walk.graph, joined, state, high
        left, right = joined.left.now, joined.right.now
        assert isinstance(left, Sums) and isinstance(right, (Sums, Values))
        self.left, self.right = left, right
        self.k = left.grid()
        self.r = right.grid() if isinstance(right, Sums) else np.array([-1, 1])
        if len(self.k) * len(self.r) * state.shape[0] > MOST_PAIRS:
            pairs = f"{len(self.k)} x {len(self.r)}"
            raise self.graph.refuse(joined.node, f"adds sums that have {pairs} pairs of values", "smaller layers")
        self.plus = self._plus(0.0, 0.0)  # [k, r, C]
        ends = [(-1.0, 1.0) if isinstance(x, Sums) and x.error.any() else (0.0,) for x in (left, right)]
        self.open = np.zeros_like(self.plus)  # where the rounding of float32 may decide
        for shifts in product(*ends):
            if any(shifts):
                self.open |= self._plus(*shifts) != self.plus
        self.directions: dict[int, int] = {}  # by channel: +1 where the sign rises with the left sum, -1 where it falls

    def steps(self, c: int, node: onnx.NodeProto) -> tuple[Ints, int, int, Ints]:
        """Return T(r) [r] of a channel, the least and largest of its left sums, and r.

        T and the sums are multiplied by the channel's direction. UserError names `node` when the sign changes twice.
        """
        inside, right_inside = self._inside(c)
        rows = self.plus[inside][:, right_inside, c].astype(np.int64)  # [k, r]
        change = np.diff(rows, axis=0)
        rises, falls = (change > 0).any(), (change < 0).any()
        if (np.abs(change).sum(axis=0) > 1).any() or (rises and falls):
            raise self.graph.refuse(node, f"its sign rises and falls with channel {c}'s sum", MONOTONE)
        low, high = int(self.left.low[c]), int(self.left.high[c])
        self.directions[c] = -1 if falls else 1
        if falls:
            low, high = -high, -low
        return low + len(rows) - rows.sum(axis=0), low, high, self.r[right_inside]

    def constant(self) -> bool:
        """Return whether the sign of every channel is constant."""
        inside = (self.plus[np.ix_(*self._inside(c))][..., c] for c in range(self.state.shape[0]))
        return all(rows.all() or not rows.any() for rows in inside)

    def open_sums(self, lefts: Ints, rights: Ints) -> tuple[Ints, Ints]:
        """Return the first and the last left * k + right * r [C, 1] at which float32 may decide.

        first > last where there is none.
        """
        first, last = np.ones((len(lefts), 1), np.int64), np.zeros((len(lefts), 1), np.int64)
        for c, (left, right) in enumerate(zip(lefts, rights, strict=True)):
            inside, right_inside = self._inside(c)
            rows = self.open[..., c] & inside[:, None] & right_inside
            if rows.any():
                sums = (left * self.k[:, None] + right * self.r)[rows]
                first[c], last[c] = sums.min(), sums.max()
        return first, last

    def _inside(self, c: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which values of the two grids a channel can have, [k] and [r]."""
        inside = (self.k >= self.left.low[c]) & (self.k <= self.left.high[c])
        if isinstance(self.right, Values):
            return inside, np.ones(len(self.r), bool)
        return inside, (self.r >= self.right.low[c]) & (self.r <= self.right.high[c])

    def _plus(self, shift: float, right_shift: float) -> NDArray[np.bool_]:
        """Return [k, r, C]: where the value is `high`, with both sums moved by the shifts times their rounding."""
        left, right = self.joined.left, self.joined.right
        a = self.graph.run(self.left.floats(self.k, shift), left.pending, left.pending_flat)
        if isinstance(self.right, Sums):
            x = self.right.floats(self.r, right_shift)
        else:
            x = np.tile((self.right.unit * (self.r - self.right.zero)).astype(np.float32)[:, None], (1, a.shape[1]))
        b = self.graph.run(x, right.pending, right.pending_flat)
        rows = max(1, LIMIT // b.size)
        return np.concatenate([self._sums(a[i : i + rows], b) for i in range(0, len(a), rows)]) == self.high

    def _sums(self, a: Array, b: Array) -> Array:
        """Return what the addition and the nodes behind it make of a [k, C] and b [r, C]: [k, r, C]."""
        flat, node = self.state.pending_flat, self.joined.node
        pairs = [np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1))]
        if self.joined.swapped:
            pairs.reverse()
        values = (x if flat else x[:, :, None, None] for x in pairs)
        total = self.graph.execute(node, dict(zip(self.graph.moving(node), values, strict=True)))[0]
        made = self.graph.run(total.reshape(len(a) * len(b), -1), self.state.pending, flat)
        return made.reshape(len(a), len(b), -1)


def solve(steps: Ints, low: int, high: int, r: Ints) -> tuple[int, int, int] | None:
    """Return left, right and threshold with left * k + right * r >= threshold <=> k >= T(r), for k in low..high.

    steps: T(r) [r], from low (always reached) to high + 1 (never). The smallest left factor that works is returned, and
    None when none up to MOST_FACTOR does.

    >>> solve(np.array([3, -1]), -9, 9, np.array([-1, 1])), solve(np.array([2, -1]), -9, 9, np.array([-1, 1]))
    ((1, 2, 1), (2, 3, 1))
    """
    known = np.flatnonzero((steps > low) & (steps <= high))
    known = known if len(known) > 1 else np.arange(len(r))
    first, last = known[0], known[-1]
    slope = (steps[last] - steps[first]) / (r[last] - r[first]) if first != last else 0.0
    for left in range(1, MOST_FACTOR + 1):
        far = left * (high - low + 1)
        guesses = (floor(-left * slope), ceil(-left * slope), 0, far, -far)
        for right in dict.fromkeys(sorted(map(int, guesses), key=lambda guess: abs(guess + left * slope))):
            most = (left * steps + right * r)[steps <= high]
            least = (left * (steps - 1) + right * r)[steps > low]
            if not len(most) or not len(least) or most.min() > least.max():
                return left, right, int(most.min() if len(most) else least.max() + 1)
    return None
