"""When every pixel passes every layer, in steady state: how deep the FIFOs in front of folded layers must be.

Pixels enter evenly at the rate asked for. That is the slowest schedule of interest: a stream of processes
that communicate through FIFOs is never slower than any schedule its FIFOs have room for, so what suffices
here keeps the rate when pixels come faster and wait. This is a model: sim.fifos measures, and takes longer.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from bnn.integer.reference import Ints
from finn_build.graph import Node
from hw.cycles import window_map
from hw.ops.conv import RtlConv

FRAMES = 3
SLACK = 2  # beats more than the model says, for the registers it does not know


def fifo_depths(nodes: Sequence[Node], operators: dict[str, Any], period: int) -> dict[str, int]:
    """Depth of the FIFO in front of each node that needs one, by node name.

    period: clocks per frame at the input. A node that takes beats as they come needs none; behind a pool the
    depth is at least a row, for a row of results comes in a burst. Powers of two, as nj_fifo has them.
    """
    height, width, _ = nodes[0].source.shape
    beats = height * width
    arrivals = np.arange(FRAMES * beats, dtype=np.int64) * period // beats
    depths: dict[str, int] = {}
    entering = arrivals  # of the node before
    for before, node, following in zip([None, *nodes], nodes, [*nodes[1:], None], strict=False):
        taken, arrivals_next = _pass(node, operators[node.name], arrivals)
        if before is not None and _stalls(operators[before.name], arrivals, taken):
            coupled = _coupled(operators[before.name], node, operators[node.name], arrivals, period)
            if before.name in depths and coupled is not None:  # its FIFO has room for what waits in `before` then
                held = np.concatenate([arrivals[:1], coupled[0][:-1]])
                depths[before.name] = max(depths[before.name], _occupancy(entering, held) + SLACK)
                arrivals_next = coupled[1]
            else:
                row = node.source.shape[1] if before.stage.layer == "BinaryMaxPool" else 0
                depths[node.name] = max(_occupancy(arrivals, taken) + SLACK, row)
        entering, arrivals = arrivals, arrivals_next
        if following is None or prod(following.source.shape[:2]) == 1:
            break  # a beat per frame
    return {name: 1 << (depth - 1).bit_length() for name, depth in depths.items()}


def _coupled(before: Any, node: Node, operator: Any, arrivals: Ints, period: int) -> tuple[Ints, Ints] | None:
    """As `_pass` when a layer like `before`, which is fed at need, has no FIFO behind it; None if that costs time.

    It needs its fold's clocks from one result being taken to the next. Layers with a memory of weights stand for longer
    than that, and what waits behind them is not modelled.
    """
    if node.stage.layer not in ("JetConv", "BinaryConv") or before.matrix is not None or operator.matrix is not None:
        return None
    taken, results = _convolution(operator.geometry(), operator.fold, arrivals, before.fold)
    frame = prod(window_map(*operator.geometry()))
    late = results[-frame:] - results[-2 * frame : -frame] > period
    return None if late.any() else (taken, results)


def _stalls(before: Any, arrivals: Ints, taken: Ints) -> bool:
    """Would a layer be held up by the time at which the next one takes its results?

    A folded one collects a result in the register it hands it out from, so it may not wait at all. In others a result
    that waits stops all behind it, whether results or gaps, which costs nothing while only gaps follow as far as that.
    """
    late = taken[:-1] > arrivals[:-1]
    if before.fold > 1:
        return bool(late.any())
    depth = before.made().latency if isinstance(before, RtlConv) else 0
    return bool((late & (taken[:-1] + depth + 2 > arrivals[1:])).any())


def _occupancy(arrivals: Ints, taken: Ints) -> int:
    """The most beats that have arrived and are not taken yet."""
    gone = np.searchsorted(taken, arrivals, side="right")  # when beat i arrives
    return int((np.arange(1, len(arrivals) + 1) - gone).max())


def _pass(node: Node, operator: Any, arrivals: Ints) -> tuple[Ints, Ints]:
    """When a node takes each beat, and when the next one gets its results."""
    kind = node.stage.layer
    if operator.matrix is not None:
        return operator.schedule(arrivals)
    if kind in ("JetConv", "BinaryConv"):
        return _convolution(operator.geometry(), operator.fold, arrivals)
    if kind == "BinaryMaxPool":
        _, height, width, _ = operator.get_normal_input_shape()
        size = operator.size
        rows, columns = np.divmod(np.arange(height * width), width)
        full = (rows % size == size - 1) & (columns % size == size - 1)
        full &= (rows < height // size * size) & (columns < width // size * size)
        return arrivals, arrivals[np.resize(full, len(arrivals))] + 1
    if kind == "PixelTable":
        return arrivals, arrivals + 1
    taken = _paced(arrivals, operator.fold)
    return taken, taken[operator.beats - 1 :: operator.beats] + operator.fold


def _paced(arrivals: Ints, interval: int) -> Ints:
    """taken[i] = max(arrivals[i], taken[i-1] + interval)."""
    steps = np.arange(len(arrivals)) * interval
    return np.maximum.accumulate(arrivals - steps) + steps


def _convolution(
    geometry: tuple[int, int, int, int, int], fold: int, arrivals: Ints, interval: int = 0
) -> tuple[Ints, Ints]:
    """nj_line_buffer and what follows it: one step per pixel, and a window ends with the pixel at its lower right.

    Windows that reach below the frame are flushed by the first steps of the next frame, or by steps without a
    pixel while none waits and the next frame has not begun. A step that completes a window waits until the
    window before was handed on, which takes its `fold` clocks.
    """
    height, width, kernel, stride, pad = geometry
    if kernel == 1 and stride == 1:  # no line buffer
        taken_at = _paced(arrivals, max(fold, interval))
        return taken_at, taken_at + fold
    rows, columns = window_map(*geometry)
    lead, steps, flush_steps = kernel - 1 - pad, height * width, pad * width + pad
    last = np.add.outer((lead + np.arange(rows) * stride) * width, lead + np.arange(columns) * stride)
    marks = np.zeros(steps + flush_steps, bool)
    marks[last] = True
    emits, flush_emits = marks[:steps].tolist(), marks[steps:].tolist()
    taken: list[int] = []
    results: list[int] = []
    time, moved, loaded, waiting, flushed = -1, 0, -fold, False, flush_steps
    for index, arrival in enumerate(arrivals.tolist()):
        place = index % steps
        arrival = max(arrival, taken[-1] + interval if taken else arrival)
        while True:
            ready = max(time + 1, moved)  # the column register is free
            dummy = ready + (fold > 1)  # a layer that is folded waits for it to be empty
            pixel = arrival <= dummy or flushed == flush_steps or place > 0
            time = max(ready, arrival) if pixel else dummy
            moved = max(time + 1, loaded if waiting else 0)  # to the window's registers
            waiting = emits[place] if flushed == flush_steps else flush_emits[flushed]
            flushed = min(flushed + 1, flush_steps)
            if waiting:
                loaded = max(moved + 1, loaded + fold)
                results.append(loaded + fold)
            if pixel:
                break
        taken.append(time)
        if place == steps - 1:
            flushed = 0
    return np.array(taken), np.array(results)
