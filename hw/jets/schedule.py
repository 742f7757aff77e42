"""When each pixel passes nj_jets, clock by clock, if results are taken at once; and the clocks of a frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np

from hw.bits import Ints
from hw.jets.folding import JetFolding

WINDOW_STEPS, OTHER_STEPS = 20, 14  # of a map, where a window is complete and where not


@dataclass(frozen=True)
class Raster:
    """Where the 3x3 windows are."""

    height: int
    width: int
    stride: int
    pad: int

    def positions(self) -> Iterator[tuple[bool, bool]]:
        """Yield of each position of the padded raster: is it a pixel, does it complete a window?"""
        for y in range(self.height + 2 * self.pad):
            for x in range(self.width + 2 * self.pad):
                inside = 0 <= y - self.pad < self.height and 0 <= x - self.pad < self.width
                yield inside, x >= 2 and y >= 2 and (x - 2) % self.stride == 0 and (y - 2) % self.stride == 0


class _Unit:
    """Makes jets word by word, two words ahead of their sums at the most."""

    def __init__(self, folding: JetFolding, raster: Raster) -> None:
        self.groups, self.words = folding.groups, folding.words
        self.made = -2 if raster.pad else -1  # the last clock of the steps so far; padding waits for no pixel
        self.used = [-1, -1]  # the last clocks of the sums of the last two words

    def word(self, window: bool, there: int | None = None) -> None:
        """Take a word of maps, of a pixel that is there from a clock on."""
        start = self.made + 1 if there is None else max(self.made + 1, there)
        if not window:
            self.made = start + OTHER_STEPS - 1
            return
        start = max(start, self.used[0] + 1)
        self.made = start + WINDOW_STEPS - 1
        self.used = [self.used[1], max(self.used[1] + 1, self.made + 1) + self.groups - 1]

    def run(self, window: bool, count: int) -> None:
        """Take so many words that are there."""
        if not window:
            self.made += OTHER_STEPS * count
            return
        while count:
            before = self.made, *self.used
            self.word(True)
            count -= 1
            steps = {after - earlier for after, earlier in zip((self.made, *self.used), before, strict=True)}
            if len(steps) == 1:  # as it goes on
                self.made += steps.copy().pop() * count
                self.used = [clock + steps.copy().pop() * count for clock in self.used]
                return


def schedule(raster: Raster, folding: JetFolding, arrivals: Sequence[int] | Ints) -> tuple[Ints, Ints]:
    """Return when each pixel is taken and when the result of each window is there; the last frame may end early."""
    positions, unit = list(raster.positions()), _Unit(folding, raster)
    taken: list[int] = []
    results: list[int] = []
    pixels = list(map(int, arrivals))
    latency, free = folding.stages + 1, 0  # when the register of a pixel takes the next one
    while True:
        for inside, window in positions:
            if inside and len(taken) == len(pixels):
                return np.array(taken), np.array(results)
            if inside:
                taken.append(max(pixels[len(taken)], free))
            for _ in range(folding.words):
                unit.word(window, taken[-1] + 1 if inside else None)
            if inside:
                free = unit.made
            if window:
                results.append(unit.used[1] + latency)


@lru_cache(maxsize=4096)
def frame_period(raster: Raster, folding: JetFolding) -> int:
    """Return the clocks per frame when pixels always wait."""
    runs = [(window, len(list(run)) * folding.words) for window, run in groupby(w for _, w in raster.positions())]
    unit, ends = _Unit(folding, raster), []
    for _ in range(4):
        for window, count in runs:
            unit.run(window, count)
        ends.append(unit.used[1])
    return ends[-1] - ends[-2]
