"""When a layer takes its beats and when its results come, clock by clock, results being taken at once. Pure functions.

Matrices with a memory of weights have hw.matvec.schedule.
"""

from dataclasses import dataclass

import numpy as np

from hw.bits import Ints
from hw.cycles import window_map


@dataclass(frozen=True, eq=False)
class Schedule:
    """Clocks, counted from the same start as the arrivals they were found for."""

    taken: tuple[Ints, ...]  # of each input stream: when its beats are taken
    results: Ints  # when the results can be taken


def immediate(arrivals: Ints, latency: int) -> Schedule:
    """Return the schedule of a layer that takes a beat per clock and has a result `latency` clocks later."""
    return Schedule((arrivals,), arrivals + latency)


def paced(arrivals: Ints, interval: int) -> Ints:
    """Return when beats are taken that are at least `interval` clocks apart.

    taken[i] = max(arrivals[i], taken[i-1] + interval).
    """
    steps = np.arange(len(arrivals)) * interval
    return np.maximum.accumulate(arrivals - steps) + steps


def windows(geometry: tuple[int, int, int, int, int], fold: int, arrivals: Ints, interval: int = 0) -> Schedule:
    """Return the schedule of nj_line_buffer and of the sums behind it.

    geometry: height, width, kernel, stride, padding. interval: clocks from one pixel being taken to the next at least.

    A step per pixel, and a window ends with the pixel at its lower right. Windows that hang over the lower edge of the
    frame are flushed by the first steps of the next frame, or by steps without a pixel while none waits and the next
    frame has not begun. A step that completes a window waits until the window before was handed on, which takes its
    `fold` clocks.
    """
    height, width, kernel, stride, pad = geometry
    if kernel == 1 and stride == 1:  # no line buffer
        taken_at = paced(arrivals, max(fold, interval))
        return Schedule((taken_at,), taken_at + fold)
    if fold == 1 and pad == 0:  # no step waits but for its pixel; most of the pixels of a network come here
        taken_at = paced(arrivals, max(1, interval))
        row, column = (np.arange(side) - (kernel - 1) for side in (height, width))
        whole = np.logical_and.outer((row >= 0) & (row % stride == 0), (column >= 0) & (column % stride == 0))
        return Schedule((taken_at,), taken_at[np.resize(whole, len(taken_at))] + 3)
    return stepped_windows(geometry, fold, arrivals, interval)


def stepped_windows(
    geometry: tuple[int, int, int, int, int], fold: int, arrivals: Ints, interval: int = 0
) -> Schedule:  # fmt: skip
    """Return what `windows` does of kernels larger than a pixel, found step by step."""
    height, width, kernel, stride, pad = geometry
    rows, columns = window_map(*geometry)
    lead, steps, flush_steps = kernel - 1 - pad, height * width, pad * width + pad
    last = np.add.outer((lead + np.arange(rows) * stride) * width, lead + np.arange(columns) * stride)
    marks = np.zeros(steps + flush_steps, bool)
    marks[last] = True
    emits, flush_emits = marks[:steps].tolist(), marks[steps:].tolist()
    taken: list[int] = []
    results: list[int] = []
    time, moved, loaded, complete, flushed = -1, 0, -fold, False, flush_steps
    for index, arrival in enumerate(arrivals.tolist()):
        place = index % steps
        arrival = max(arrival, taken[-1] + interval if taken else arrival)
        while True:
            ready = max(time + 1, moved)  # the column register is free
            dummy = ready + (fold > 1)  # a layer that is folded waits for it to be empty
            pixel = arrival <= dummy or flushed == flush_steps or place > 0
            time = max(ready, arrival) if pixel else dummy
            moved = max(time + 1, loaded if complete else 0)  # to the window's registers
            complete = emits[place] if flushed == flush_steps else flush_emits[flushed]
            flushed = min(flushed + 1, flush_steps)
            if complete:
                loaded = max(moved + 1, loaded + fold)
                results.append(loaded + fold)
            if pixel:
                break
        taken.append(time)
        if place == steps - 1:
            flushed = 0
    return Schedule((np.array(taken),), np.array(results))


def pooled(height: int, width: int, size: tuple[int, int], arrivals: Ints) -> Schedule:
    """Return the schedule of pooling windows of size[0] x size[1]: a result a clock after the last pixel of each."""
    rows, columns = np.divmod(np.arange(height * width), width)
    full = (rows % size[0] == size[0] - 1) & (columns % size[1] == size[1] - 1)
    return Schedule((arrivals,), arrivals[np.resize(full, len(arrivals))] + 1)


def summed(beats: int, fold: int, arrivals: Ints) -> Schedule:
    """Return the schedule of nj_dense: `fold` clocks per beat, a result per frame of so many beats."""
    taken = paced(arrivals, fold)
    return Schedule((taken,), taken[beats - 1 :: beats] + fold)
