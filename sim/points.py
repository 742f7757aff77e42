"""Operating points that an accelerator is checked at, and what the integer network decides there."""

from collections.abc import Sequence

import numpy as np

from bnn.integer.decision import OperatingPoint, Widths, decide
from bnn.integer.reference import Ints
from finn_build.manifest import Output
from finn_build.results import Result

POINTS = 5


def points_to_check(scores: Ints, output: Output, own: OperatingPoint, seed: int) -> tuple[OperatingPoint, ...]:
    """Return POINTS operating points for scores [N, classes]: the accelerator's own, and others that decide otherwise.

    Three have offsets of the size of the pictures' own margins, so that classes change and margins come close to the
    least one. In the last all registers are at an end.
    """
    r, classes, widths = np.random.default_rng(seed), len(output.classes), Widths(output.value_bits)
    margins = decide(scores, OperatingPoint.neutral(classes)).margins
    usual = max(1, int(np.median(margins))) if len(margins) else 1
    high = (1 << (widths.offset - 1)) - 1
    found = [own]
    for number in range(POINTS - 2):
        moved = r.integers(-usual, usual + 1, classes) if number else np.arange(classes) % 2 * usual
        relative = np.clip(moved - moved[0], -high - 1, high)
        found.append(OperatingPoint(tuple(relative.tolist()), min(number * usual, (1 << widths.least) - 1)))
    ends = [0, *(high if i % 2 else -high - 1 for i in range(1, classes))]
    return (*found, OperatingPoint(tuple(ends), (1 << widths.least) - 1))


def taken_in_turn(points: Sequence[OperatingPoint], pictures: int, passes: int) -> list[OperatingPoint]:
    """Return the point of each frame of some passes over the pictures, with the first point in all of the first pass.

    In the passes behind, the points take turns from frame to frame, so that no two frames in a row have the same one
    and after as many passes as there are points each picture has met each of them.
    """
    turns = [points[(frame + number) % len(points)] for number in range(passes) for frame in range(pictures)]
    return [points[0]] * pictures + turns


def expected_results(scores: Ints, points: Sequence[OperatingPoint]) -> list[Result]:
    """Return what the accelerator must say of frames with these scores [N, classes], each at its point."""
    found: list[Result | None] = [None] * len(scores)
    for point in dict.fromkeys(points):
        frames = [frame for frame, own in enumerate(points) if own == point]
        classes, margins, unsure = (part.tolist() for part in decide(scores[frames], point))
        for frame, *rest in zip(frames, classes, margins, unsure, strict=True):
            label, margin, doubtful = rest
            found[frame] = Result(label, tuple(scores[frame].tolist()), margin, doubtful)
    return [result for result in found if result is not None]
