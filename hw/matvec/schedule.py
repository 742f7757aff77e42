"""When each beat passes a folded matrix (hw.matvec.folding), clock by clock, if results are taken at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hw.bits import Ints
from hw.cycles import window_map
from hw.schedule import paced

if TYPE_CHECKING:
    from hw.matvec.folding import Folding
    from hw.matvec.module import Patches

PIPELINE = 3  # clocks from the last step to the result, beside those that counting matches takes


class _Matrix:
    """nj_words, nj_frame_store or the register of nj_steps, and the steps."""

    def __init__(self, folding: "Folding", latency: int) -> None:
        self.folding = folding
        self.latency = latency
        self.beat = 0  # of the frame
        self.handed = 0  # when the word in front moved on
        self.free = 0  # when the register behind takes a word
        self.ends: list[int] = []  # of the frames' last steps
        self.results: list[int] = []

    def take(self, offered: int) -> int:
        """Return the clock in which the next beat is taken, which is offered from clock `offered` on."""
        f = self.folding
        if f.held:
            self.ends.append(max(offered, self.ends[-1] + 1 if self.ends else 0) + f.cycles - 1)
            self.results.append(self.ends[-1] + self.latency + PIPELINE)
            return self.ends[-1]
        first, end = self.beat % f.packed == 0, self.beat == f.beats - 1
        last = end or (self.beat + 1) % f.packed == 0
        hold = 1 if f.replay else f.groups  # clocks that a word takes
        if f.packed > 1:
            taken = max(offered, self.handed) if first else offered
            if last:
                self.handed = max(taken + 1, self.free)
                self.free = self.handed + hold
        else:
            taken = max(offered, self.free) + (f.pieces - 1) * hold
            self.handed = taken
            self.free = taken + hold
        self.beat = 0 if end else self.beat + 1
        if end:
            self._frame()
        return taken

    def state(self, time: int) -> tuple[int, ...]:
        """Return all that decides about the beats after a whole frame whose last beat is taken at `time`."""
        return self.handed - time, self.free - time, *(end - time for end in self.ends[-2:])

    def repeat(self, frames: int, period: int) -> None:
        """Take so many more frames, each `period` clocks after the one in front."""
        shifts = range(period, (frames + 1) * period, period)
        for times in (self.ends, self.results):
            last = times[-1]
            times += [last + shift for shift in shifts]
        self.handed += frames * period
        self.free += frames * period

    def _frame(self) -> None:
        f = self.folding
        if f.replay:
            start = max(self.handed + 1, self.ends[-1] + 1 if self.ends else 0)
            self.ends.append(start + f.words * f.groups - 1)
            if len(self.ends) > 1:  # two frames are kept
                self.free = max(self.free, self.ends[-2] + 1)
        else:
            self.ends.append(self.handed + f.groups)
        self.results.append(self.ends[-1] + self.latency + PIPELINE)


def dense(folding: "Folding", arrivals: Sequence[int] | Ints, latency: int) -> tuple[Ints, Ints]:
    """Return when each beat is taken, and when the result of each frame is there."""
    matrix, taken = _Matrix(folding, latency), []
    time = -1
    for arrival in map(int, arrivals):
        time = matrix.take(max(arrival, time + 1))
        taken.append(time)
    return np.array(taken), np.array(matrix.results)


def convolution(
    patches: "Patches", folding: "Folding", arrivals: Sequence[int] | Ints, latency: int
) -> tuple[Ints, Ints]:
    """Return the same behind nj_patches: pixels arrive, perhaps not all of the last frame; a result per window."""
    p, matrix = patches, _Matrix(folding, latency)
    out_rows, out_width = window_map(p.height, p.width, p.kernel, p.stride, p.pad)
    pixels = np.asarray(arrivals, np.int64)
    taken = np.empty_like(pixels)
    gone: list[int] = []  # from when on each row of pixels has given way
    done = 0  # pixels that are taken

    def write(rows: int) -> None:
        """Take pixels until so many rows of them are there."""
        nonlocal done
        while done < min(rows * p.width, len(pixels)):
            place = done // p.width - p.rows  # the row that was where this one goes
            free = gone[place] if 0 <= place < len(gone) else 0
            end = min((place + p.rows + 1) * p.width, rows * p.width, len(pixels))
            offered = np.maximum(pixels[done:end], max(free, taken[done - 1] + 1 if done else 0))
            taken[done:end] = paced(offered, 1)
            done = end

    time, row = -1, 0
    while True:
        need, leave = p.need(row % out_rows)
        if (len(gone) + need) * p.width > len(pixels):
            break
        write(len(gone) + need)
        ready = int(taken[(len(gone) + need) * p.width - 1]) + 1
        state: tuple[int, ...] = ()
        for window in range(out_width):
            before, began = state, time
            for _ in range(p.kernel**2):
                time = matrix.take(max(ready, time + 1))
            state = matrix.state(time)
            if state == before:  # so all windows of the row that are left take as long as this one
                left = out_width - 1 - window
                matrix.repeat(left, time - began)
                time += left * (time - began)
                break
        gone += [time + 1] * leave
        row += 1
    write(len(pixels))
    return taken, np.array(matrix.results)


@lru_cache(maxsize=1024)
def conv_period(patches: "Patches", folding: "Folding", latency: int) -> int:
    """Return the clocks per frame when pixels always wait."""
    frames = 4
    _, results = convolution(patches, folding, [0] * (frames * patches.height * patches.width), latency)
    ends = results.reshape(frames, -1)[:, -1]
    return int(ends[-1] - ends[-2])


@dataclass(frozen=True)
class Recurrent:
    """A matrix whose frames are the rows of a map, each with the last result behind it (nj_elman_rows)."""

    matrix: "Folding | int"  # how it is folded, or the clocks that nj_dense takes for a beat
    latency: int  # clocks that counting matches takes in a folded one
    rows: int
    columns: int  # pixels of a row
    pieces: int  # beats of the last result


class _Dense:
    """nj_dense, in place of `_Matrix`."""

    def __init__(self, fold: int, beats: int) -> None:
        self.fold, self.beats, self.beat, self.free = fold, beats, 0, 0
        self.results: list[int] = []

    def take(self, offered: int) -> int:
        """Return the clock in which the next beat is taken, which is offered from clock `offered` on."""
        taken = max(offered, self.free)
        self.free = taken + self.fold
        self.beat = (self.beat + 1) % self.beats
        if self.beat == 0:
            self.results.append(self.free + 2)
        return taken


def recurrent(layer: Recurrent, arrivals: Sequence[int] | Ints) -> tuple[Ints, Ints]:
    """Return when each pixel is taken, and when the result of each frame is there; the last frame may lack pixels."""
    matrix: _Matrix | _Dense
    if isinstance(layer.matrix, int):
        matrix = _Dense(layer.matrix, layer.columns + layer.pieces)
    else:
        matrix = _Matrix(layer.matrix, layer.latency)
    taken: list[int] = []
    results: list[int] = []
    time, known = -1, 0  # from when on the state is there
    for i, arrival in enumerate(map(int, arrivals)):
        time = matrix.take(max(arrival, time + 1))
        taken.append(time)
        row, column = divmod(i, layer.columns)
        if column < layer.columns - 1:
            continue
        for _ in range(layer.pieces):
            time = matrix.take(max(known, time + 1))
        known = matrix.results[-1] + 1
        if row % layer.rows == layer.rows - 1:
            results.append(matrix.results[-1])
            known = 0
    return np.array(taken), np.array(results)


@lru_cache(maxsize=4096)
def recurrent_cycles(layer: Recurrent) -> int:
    """Return the clocks per frame when pixels always wait."""
    _, results = recurrent(layer, [0] * (4 * layer.rows * layer.columns))
    return int(results[-1] - results[-2])
