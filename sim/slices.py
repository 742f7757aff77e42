"""Simulate an accelerator's frames in slices, several at once, and put together what one simulation would have said.

A slice begins some frames before the frames that are its own, so that these come back to back as in one simulation.
The clocks of the last frame that two slices share must differ by one shift alone: then the second slice was as full
there as the first one, and goes on as one simulation does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bnn.integer.decision import OperatingPoint
from finn_build.manifest import Output
from finn_build.results import Result, point_word, unpack_results, words_as_bytes
from sim.bench import Bench, BenchRun
from sim.frames import Events

FEWEST = 20  # own frames of a slice: below that, starting a simulator is most of the work


@dataclass(frozen=True)
class Slice:
    """Some of the frames, in the order in which all passes over the pictures send them, and what came of them."""

    begin: int
    end: int
    run: BenchRun
    wrong: tuple[int, ...]  # frames of which a part of the result differs, or that gave none

    @property
    def right(self) -> bool:
        """Did all frames go in, and as many right results come out, as the protocol wants?"""
        events, count = self.run.events, self.end - self.begin
        counts = {len(events.first), len(events.last), len(events.cycles), count}
        return len(counts) == 1 and not (self.wrong or events.faults or events.stuck)


def simulate_frames(
    bench: Bench, images: NDArray[np.uint8], own: Sequence[OperatingPoint], begin: int, end: int
) -> BenchRun:
    """Simulate the frames from `begin` to before `end`.

    images: uint8 [N, H, W, C], which the frames are in turn. own: the points of these frames alone.
    """
    some = images[np.arange(begin, min(end, begin + len(images))) % len(images)] if begin else images[:end]
    return bench.run(some, points=[point_word(point, bench.manifest.output) for point in own])


def compared(run: BenchRun, output: Output, expected: Sequence[Result], begin: int, end: int) -> Slice:
    """Compare the results of the frames from `begin` to before `end` with those that are expected, of all frames."""
    results, came = unpack_results(words_as_bytes(run.events.data, output), output), len(run.events.data)
    wrong = [
        begin + place
        for place, result in enumerate(expected[begin:end])
        if place >= came or results.of(place) != result
    ]
    return Slice(begin, end, run, tuple(wrong))


def cuts(total: int, pieces: int, overlap: int) -> list[tuple[int, int]]:
    """Return begin and end of each slice of `total` frames; neighbours share `overlap` frames.

    There are fewer than `pieces` when slices would become too short.

    >>> cuts(100, 2, 3)
    [(0, 50), (47, 100)]
    """
    count = max(1, min(pieces, total // max(FEWEST, 2 * overlap)))
    ends = [round(total * number / count) for number in range(1, count + 1)]
    return [(max(0, begin - overlap), end) for begin, end in zip([0, *ends], ends, strict=False)]


def joined(slices: Sequence[Slice], stalled: bool) -> Slice | None:
    """Return right slices as one; None when one is wrong, or when one simulation might have said something else.

    stalled: the sides wait at random, so that clocks differ anyway. A single slice is returned as it is.
    """
    if len(slices) > 1 and not all(each.right for each in slices):
        return None
    whole = slices[0]
    for later in slices[1:]:
        skip = whole.end - later.begin  # frames that both have
        mine, theirs = whole.run.events, later.run.events
        both = ((mine.cycles, theirs.cycles), (mine.first, theirs.first), (mine.last, theirs.last))
        shift, *others = (ours[-1] - others[skip - 1] for ours, others in both)
        if others != [shift, shift] and not stalled:
            return None
        whole = Slice(whole.begin, later.end, _continued(whole.run, later.run, skip, shift), ())
    return whole


def _continued(first: BenchRun, later: BenchRun, skip: int, shift: int) -> BenchRun:
    """Return a run that goes on with the later one's frames from `skip` on, `shift` clocks later than there."""
    one, two = first.events, later.events
    return BenchRun(
        Events(
            first=one.first + [clock + shift for clock in two.first[skip:]],
            last=one.last + [clock + shift for clock in two.last[skip:]],
            data=one.data + two.data[skip:],
            cycles=one.cycles + [clock + shift for clock in two.cycles[skip:]],
            end=two.end + shift,
        ),
        max(first.build_seconds, later.build_seconds),  # one of them waited while the other one built
        first.seconds + later.seconds,
    )
