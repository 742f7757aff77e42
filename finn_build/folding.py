"""How far each layer is folded: the least hardware that keeps the frame rate."""

from math import prod
from typing import Any

from bnn.errors import UserError
from finn_build.graph import DEFAULT_PART, Design

RAMB18_SITES = 160  # what a block RAM is worth: LUTs there are to one on small chips (7z010 147, 7z020 190, ZU3EG 163)
LATENCY_CLOCKS = 8  # clocks from the last pixel to the class that are worth a LUT


def frame_clocks(design: Design, fps: float | None, clock_mhz: float) -> int:
    """Clocks that a frame may take: one per pixel without `fps`, else clock / fps.

    UserError with the maximum when the rate is beyond what one pixel per clock gives.
    """
    height, width, _ = design.pixels.shape
    least = max(height * width, *(operator.fastest() for operator in design.operators.values()))
    if fps is None:
        return least
    clocks = int(clock_mhz * 1e6 / fps)
    if clocks < least:
        raise UserError(
            f"--fps {fps:g} is beyond what a clock of {clock_mhz:g} MHz allows: at most "
            f"{int(clock_mhz * 1e6 / least)} frames/s, as a frame of {height}x{width} takes {least} clocks; "
            "ask for less, raise --clock-mhz or train on smaller pictures"
        )
    return clocks


def fold(design: Design, clocks: int, part: str | None) -> int:
    """Fold every node the cheapest way that takes at most `clocks` per frame; the slowest node's clocks."""
    collecting = 0
    for node in design.nodes:
        operator = design.operators[node.name]
        one_beat = prod(node.source.shape[:2]) == 1
        choose(operator, clocks, part, collecting if one_beat else 0)
        collecting = operator.collecting()
    height, width, _ = design.pixels.shape
    return max(height * width, *(int(operator.get_exp_cycles()) for operator in design.operators.values()))


def choose(operator: Any, clocks: int, part: str | None = None, collecting: int = 0) -> None:
    """Fold one operator the cheapest way that takes at most `clocks` per frame.

    Cheapest by its estimates, block RAM and latency weighed as above; of equal ones the fastest.
    collecting: clocks of the frame in which the layer before collects its next result, so that it cannot wait.
    """
    best: tuple[tuple[float, int], dict[str, int]] | None = None
    for choice in operator.foldings(clocks):
        key = _cost(operator, choice, part or DEFAULT_PART), operator.cycles(choice)
        if operator.waiting() + collecting <= clocks and (best is None or key < best[0]):
            best = key, choice
    assert best is not None
    operator.apply(best[1])


def _cost(operator: Any, folding: dict[str, int], part: str) -> float:
    operator.apply(folding)
    blocks = int(operator.bram_estimation(part))
    return int(operator.lut_estimation(part)) + RAMB18_SITES * blocks + operator.latency() / LATENCY_CLOCKS
