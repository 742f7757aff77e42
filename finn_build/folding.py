"""How far each layer is folded: the least hardware that keeps the frame rate."""

from typing import Any

from bnn.errors import UserError
from finn_build.graph import DEFAULT_PART, Design


def frame_clocks(design: Design, fps: float | None, clock_mhz: float) -> int:
    """Clocks that a frame may take: one per pixel without `fps`, else clock / fps.

    UserError with the maximum when the rate is beyond what one pixel per clock gives.
    """
    height, width, _ = design.pixels.shape
    least = max(height * width, *(cycles(operator, 1) for operator in design.operators.values()))
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
    """Set Fold of every node to the cheapest that takes at most `clocks` per frame; the slowest node's clocks.

    Cheapest by the operators' LUT estimates, the smaller folding where they are equal: it has the lower latency.
    """
    for operator in design.operators.values():
        best = min(
            (n for n in operator.folds() if cycles(operator, n) <= clocks),
            key=lambda n, operator=operator: (_luts(operator, n, part or DEFAULT_PART), n),  # type: ignore[misc]
        )
        operator.set_nodeattr("Fold", best)
    height, width, _ = design.pixels.shape
    return max(height * width, *(int(operator.get_exp_cycles()) for operator in design.operators.values()))


def cycles(operator: Any, fold: int) -> int:
    """Clocks per frame of an operator folded so."""
    operator.set_nodeattr("Fold", fold)
    return int(operator.get_exp_cycles())


def _luts(operator: Any, fold: int, part: str) -> int:
    operator.set_nodeattr("Fold", fold)
    return int(operator.lut_estimation(part))
