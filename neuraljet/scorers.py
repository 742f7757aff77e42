"""What computes the scores of pictures: the integer network, its circuit in simulation, or a board."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from bnn.data.frames import Frame
from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.integer.reference import Ints
from neuraljet.accelerator import Accelerator, Latency
from neuraljet.opened import Opened

INTEGER, SIMULATED, BOARD = "integer network", "simulated circuit", "board"


@dataclass(frozen=True, eq=False)
class Result:
    """What came out for a frame."""

    class_index: int
    scores: Ints  # [classes]
    margin: int  # how far the largest score, with its offset, is above the second largest
    unsure: bool  # is the margin less than the operating point's least one?
    latency: Latency | None  # from the last pixel to the class; None when nobody measured it
    broken: bool = False  # the frame was cut on its way, and the rest means nothing


class Scorer(Protocol):
    """Computes the results of frames, in order."""

    name: str

    def run(self, frames: Sequence[Frame]) -> Iterator[Result]:
        """Yield the result of each frame, uint8 [H, W, C]."""


class IntegerScorer:
    """The integer network, with the latency that `verify` measured of its circuit, where there is one."""

    name = INTEGER

    def __init__(self, opened: Opened, point: OperatingPoint) -> None:
        self._network, self._point, clocks = opened.network, point, opened.latency()
        known = clocks is not None and opened.manifest is not None
        self._latency = Latency(clocks, opened.manifest.clock_mhz) if known else None  # type: ignore[union-attr,arg-type]

    def run(self, frames: Sequence[Frame]) -> Iterator[Result]:
        """See Scorer."""
        if not frames:
            return
        scores = self._network.run(np.ascontiguousarray(np.stack(frames).transpose(0, 3, 1, 2)))
        for row, *decided in zip(scores, *decide(scores, self._point), strict=True):
            index, margin, unsure = decided
            yield Result(int(index), row, int(margin), bool(unsure), self._latency)


class AcceleratorScorer:
    """A circuit, frame by frame as from a camera, so that each result has a latency of its own."""

    def __init__(self, name: str, accelerator: Accelerator) -> None:
        self.name, self._accelerator = name, accelerator

    def run(self, frames: Sequence[Frame]) -> Iterator[Result]:
        """See Scorer."""
        for result in self._accelerator.stream(frames, on_broken="mark"):
            yield Result(result.class_index, result.scores, result.margin, result.unsure, result.latency, result.broken)


@contextmanager
def scorer(
    opened: Opened,
    point: OperatingPoint,
    *,
    simulated: bool = False,
    on_board: str | Path | None = None,
    trust: bool = False,
) -> Iterator[Scorer]:
    """Yield the integer network, or its circuit in simulation or on a board with the bitstream in that folder.

    point: the operating point that it decides at, whatever the folder of the circuit says.
    UserError when both are asked for, when there is no circuit to simulate, and as of `Accelerator`.
    """
    if simulated and on_board is not None:
        raise UserError(f"--simulated and --on-board {on_board} both say what classifies; give one of them")
    if not simulated and on_board is None:
        yield IntegerScorer(opened, point)
        return
    if on_board is not None:
        accelerator, name = Accelerator.on_board(on_board, model=opened.folder), BOARD
    else:
        if opened.manifest is None:
            raise UserError(
                f"--simulated: {opened.folder} is a run and has no circuit; make one with `neuraljet build "
                f"{opened.folder} --out ACC`, and give that folder"
            )
        opened.manifest.require_rtl("simulation")
        accelerator, name = Accelerator.simulated(opened.folder, trust=trust), SIMULATED
    with accelerator:
        accelerator.operating_point = point
        yield AcceleratorScorer(name, accelerator)
