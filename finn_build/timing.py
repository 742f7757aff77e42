"""When every pixel passes every layer, in steady state: how deep the FIFOs in front of folded layers must be.

Pixels enter evenly at the rate asked for. That is the slowest schedule of interest: a stream of processes
that communicate through FIFOs is never slower than any schedule its FIFOs have room for, so what suffices
here keeps the rate when pixels come faster and wait. This is a model: sim.fifos measures, and takes longer.
"""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from bnn.integer.reference import Ints
from finn_build.graph import Node
from hw.schedule import Schedule

FRAMES = 3
SLACK = 2  # beats more than the model says, for the registers it does not know


def fifo_depths(nodes: Sequence[Node], operators: Mapping[str, Any], period: int) -> dict[str, int]:
    """Return the depth of the FIFO in front of each node that needs one, by node name.

    period: clocks per frame at the input. A node that takes beats as they come needs none; where results come in a
    burst the depth is at least that of one. Powers of two, as nj_fifo has them.
    """
    height, width, _ = nodes[0].source.shape
    beats = height * width
    arrivals = np.arange(FRAMES * beats, dtype=np.int64) * period // beats
    depths: dict[str, int] = {}
    entering = arrivals  # of the node before
    for before, node, following in zip([None, *nodes], nodes, [*nodes[1:], None], strict=False):
        operator = operators[node.name]
        found: Schedule = operator.schedule(arrivals)
        results = found.results
        if before is not None and _stalls(operators[before.name], arrivals, found.taken[0]):
            coupled = _coupled(operators[before.name], operator, arrivals, period)
            if before.name in depths and coupled is not None:  # its FIFO has room for what waits in `before` then
                held = np.concatenate([arrivals[:1], coupled.taken[0][:-1]])
                depths[before.name] = max(depths[before.name], _occupancy(entering, held) + SLACK)
                results = coupled.results
            else:
                depth = _occupancy(arrivals, found.taken[0]) + SLACK
                depths[node.name] = max(depth, operators[before.name].burst())
        entering, arrivals = arrivals, results
        if following is None or prod(following.source.shape[:2]) == 1:
            break  # a beat per frame
    return {name: 1 << (depth - 1).bit_length() for name, depth in depths.items()}


def _coupled(before: Any, operator: Any, arrivals: Ints, period: int) -> Schedule | None:
    """Return the schedule of an operator with no FIFO in front; None if that costs time or is not modelled.

    The operator before it is fed at need, and takes its own clocks from one result being taken to the next.
    """
    pace = before.pace()
    found: Schedule | None = None if pace is None else operator.schedule_at_need(arrivals, pace)
    if found is None:
        return None
    frame = prod(operator.get_normal_output_shape()[1:-1])
    late = found.results[-frame:] - found.results[-2 * frame : -frame] > period
    return None if late.any() else found


def _stalls(before: Any, arrivals: Ints, taken: Ints) -> bool:
    """Would an operator be held up by the time at which the next one takes its results?

    One that collects a result in the register it hands it out from may not wait at all. In others a result that waits
    stops all behind it, whether results or gaps, which costs nothing while only gaps follow as far as that.
    """
    late = taken[:-1] > arrivals[:-1]
    if before.collects():
        return bool(late.any())
    return bool((late & (taken[:-1] + before.pipeline_depth() + 2 > arrivals[1:])).any())


def _occupancy(arrivals: Ints, taken: Ints) -> int:
    """Return the most beats that have arrived and are not taken yet."""
    gone = np.searchsorted(taken, arrivals, side="right")  # when beat i arrives
    return int((np.arange(1, len(arrivals) + 1) - gone).max())
