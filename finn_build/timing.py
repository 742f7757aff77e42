"""Find when every pixel passes every layer in steady state, and so how deep the FIFOs between layers must be.

Pixels enter evenly at the requested rate. That is the slowest schedule of interest: processes that communicate through
FIFOs are never slower than any schedule for which their FIFOs have room. So depths that suffice here also keep the rate
when pixels come faster and wait. This is a model; sim.fifos measures instead, and takes longer.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from bnn.integer.reference import Ints
from finn_build.graph import Instance
from finn_build.manifest import PIXEL_STREAM, input_name
from hw.schedule import Schedule

FRAMES = 3
FIFO_CLOCKS = 2  # from a beat that enters an empty nj_fifo to the clock in which it can be taken, at the most
SLACK = 2  # further beats, for registers that the model leaves out


def fifo_depths(nodes: Sequence[Instance], operators: Mapping[str, Any], period: int) -> dict[str, int]:
    """Return the depth of the FIFO in front of each input that needs one, by its name (manifest.input_name).

    nodes: in topological order, without FIFOs. period: clocks per frame at the input. An input that takes beats as they
    come needs no FIFO. Where results come in bursts, the FIFO holds at least one burst. A layer with several inputs
    takes their beats together, so that the beats of the faster branch wait. Depths are powers of two, as of nj_fifo.
    """
    flow = _Flow(nodes, operators, period)
    for node in nodes:
        flow.schedule(node)
    return {name: 1 << (depth - 1).bit_length() for name, depth in flow.depths.items()}


class _Flow:
    """When beats pass, from node to node."""

    def __init__(self, nodes: Sequence[Instance], operators: Mapping[str, Any], period: int) -> None:
        self.nodes = {node.name: node for node in nodes}
        self.readers = Counter(name for node in nodes for name in node.inputs)
        self.operators, self.period = operators, period
        beats = prod(nodes[0].source.shape[:2])  # the first node reads the pixels
        self.results = {PIXEL_STREAM: np.arange(FRAMES * beats, dtype=np.int64) * period // beats}  # of each stream
        self.registers = {PIXEL_STREAM: 0}  # of the longest pipeline to each stream; schedules leave registers out
        self.depths: dict[str, int] = {}

    def schedule(self, node: Instance) -> None:
        """Find when the node takes its beats and gives its results, and the FIFOs in front of it."""
        operator = self.operators[node.name]
        fewest = min(self.registers[name] for name in node.inputs)
        arrivals = [self.results[name] + self.registers[name] - fewest for name in node.inputs]
        known = min(map(len, arrivals))  # the padding's results come with a further frame
        arrivals = [came[:known] for came in arrivals]
        found: Schedule = operator.schedule(*arrivals)
        self.results[node.name] = found.results
        self.registers[node.name] = fewest + operator.pipeline_depth()
        if len(node.inputs) == 1 and prod(node.source.shape[:2]) == 1:
            return  # a beat per frame
        for i, (name, came, taken) in enumerate(zip(node.inputs, arrivals, found.taken, strict=True)):
            if name != PIXEL_STREAM and _stalls(self.operators[name], came, taken):
                coupled = self._coupled(node, name, came)
                if coupled is not None:
                    self.results[node.name] = coupled
                else:
                    depth = _occupancy(came, taken) + SLACK
                    self.depths[input_name(node.name, i)] = max(depth, self.operators[name].burst())
            elif name == PIXEL_STREAM and len(node.inputs) > 1 and (taken > came).any():
                self.depths[input_name(node.name, i)] = _occupancy(came, taken) + SLACK
        self._even_out(node, arrivals, found.taken)

    def _even_out(self, node: Instance, arrivals: Sequence[Ints], taken: Sequence[Ints]) -> None:
        """Put a FIFO in front of every input of a join where one that needed it would come late through its own."""
        inputs = [input_name(node.name, i) for i in range(len(node.inputs))]
        waits = [int((t - a).min()) for name, a, t in zip(inputs, arrivals, taken, strict=True) if name in self.depths]
        if waits and min(waits) < FIFO_CLOCKS:
            for name in inputs:
                self.depths.setdefault(name, FIFO_CLOCKS + SLACK)

    def _coupled(self, node: Instance, name: str, arrivals: Ints) -> Ints | None:
        """Return the results of a node with no FIFO in front. The FIFO of the node before is deepened for what waits.

        None where that node has no FIFO, or has other readers or inputs, or where that costs time.
        """
        before = self.nodes[name]
        if name not in self.depths or len(before.inputs) > 1 or self.readers[name] > 1 or len(node.inputs) > 1:
            return None
        coupled = _coupled(self.operators[name], self.operators[node.name], arrivals, self.period)
        if coupled is None:
            return None
        held = np.concatenate([arrivals[:1], coupled.taken[0][:-1]])
        self.depths[name] = max(self.depths[name], _occupancy(self.results[before.inputs[0]], held) + SLACK)
        return coupled.results


def _coupled(before: Any, operator: Any, arrivals: Ints, period: int) -> Schedule | None:
    """Return the schedule of an operator with no FIFO in front; None if that costs time or is not modelled.

    The operator in front always finds its input waiting, and takes its own clocks from one taken result to the next.
    """
    pace = before.pace()
    found: Schedule | None = None if pace is None else operator.schedule_at_need(arrivals, pace)
    if found is None:
        return None
    frame = prod(operator.get_normal_output_shape()[1:-1])
    late = found.results[-frame:] - found.results[-2 * frame : -frame] > period
    return None if late.any() else found


def _stalls(before: Any, arrivals: Ints, taken: Ints) -> bool:
    """Return whether an operator would be held up by the times at which the next one takes its results.

    An operator that collects a result in its output register may not wait at all. In others a waiting result stops all
    that follows it. That costs nothing as long as only gaps follow.
    """
    late = taken[:-1] > arrivals[:-1]
    if before.collects():
        return bool(late.any())
    return bool((late & (taken[:-1] + before.pipeline_depth() + 2 > arrivals[1:])).any())


def _occupancy(arrivals: Ints, taken: Ints) -> int:
    """Return the most beats that have arrived and are not taken yet."""
    gone = np.searchsorted(taken, arrivals, side="right")  # when beat i arrives
    return int((np.arange(1, len(arrivals) + 1) - gone).max())
