"""How far each layer is folded: the least hardware that keeps the frame rate.

Layers are chosen one by one, and that is exact but for the FIFOs that come between them later: each layer has the
frame's clocks to itself. What a layer takes at every folding is kept in the cache by content, since it is the writing
of its sums that takes time.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import hw
from bnn import jets
from bnn.cache import cache_folder
from bnn.errors import UserError
from bnn.files import write_file
from finn_build.graph import DEFAULT_PART, Design


@dataclass(frozen=True)
class Choice:
    """A way to build a layer."""

    variant: str  # in a few words
    fold: int  # clocks per output pixel
    cycles_per_frame: int
    lut: int  # LUT sites, estimated

    def cost(self) -> tuple[int, int]:
        """Less is better: area, then the folding, which is latency."""
        return self.lut, self.fold


@dataclass(frozen=True)
class Chosen:
    """What was taken, and the best of what else keeps the rate; None when there is nothing else."""

    taken: Choice
    instead_of: Choice | None


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


def fold(design: Design, clocks: int, part: str | None) -> tuple[int, dict[str, Chosen]]:
    """Set Fold of every node to the cheapest that takes at most `clocks` per frame.

    Cheapest by the operators' LUT estimates, the smaller folding where they are equal: it has the lower latency.
    Returns the slowest node's clocks, and by node name what was chosen.
    """
    chosen = {}
    for name, operator in design.operators.items():
        fitting = [choice for choice in choices(operator, part or DEFAULT_PART) if choice.cycles_per_frame <= clocks]
        taken, *others = sorted(fitting, key=Choice.cost)
        operator.set_nodeattr("Fold", taken.fold)
        chosen[name] = Chosen(taken, others[0] if others else None)
    height, width, _ = design.pixels.shape
    return max(height * width, *(found.taken.cycles_per_frame for found in chosen.values())), chosen


def cycles(operator: Any, fold: int) -> int:
    """Clocks per frame of an operator folded so."""
    operator.set_nodeattr("Fold", fold)
    return int(operator.get_exp_cycles())


def choices(operator: Any, part: str) -> list[Choice]:
    """Every way to build the operator, per folding the one it would take itself first."""
    kept = cache_folder("plans") / f"{operator.onnx_node.op_type}-{_key(operator, part)}.json"
    if kept.is_file():
        return [Choice(**row) for row in json.loads(kept.read_text())]
    found = []
    for n in operator.folds():
        operator.set_nodeattr("Fold", n)
        found += [Choice(variant, n, clocks, lut) for variant, lut, clocks in operator.variants()]
    write_file(kept, json.dumps([dataclasses.asdict(choice) for choice in found]))
    return found


def _key(operator: Any, part: str) -> str:
    """Of all that the estimates depend on: the node without its names and its folding, and the code."""
    node = type(operator.onnx_node)()
    node.CopyFrom(operator.onnx_node)
    for field in ("name", "input", "output"):
        node.ClearField(field)
    kept = sorted(a.SerializeToString(deterministic=True) for a in node.attribute if a.name != "Fold")
    return hashlib.sha256(repr((node.op_type, kept, part, _code())).encode()).hexdigest()[:20]


@lru_cache
def _code() -> str:
    """What estimates the operators."""
    room = Path(hw.__file__).parent
    files = (*room.glob("ops/*.py"), *room.glob("sums/*.py"), Path(jets.__file__))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in sorted(files))).hexdigest()
