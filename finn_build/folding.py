"""How far each layer is folded: the least hardware that keeps the frame rate.

Layers are chosen one by one, and that is exact but for the FIFOs that come between them later: each layer has the
frame's clocks to itself. What a layer takes at every folding is kept in the cache by content, since it is the writing
of its sums that takes time.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, prod
from pathlib import Path
from typing import Any

import hw
from bnn import jets
from bnn.cache import cache_folder
from bnn.errors import UserError
from bnn.files import write_file
from bnn.records import parse_json
from finn_build.graph import DEFAULT_PART, Design
from hw.sums.matvec import RAMB18_SITES

LATENCY_CLOCKS = 8  # clocks from the last pixel to the class that are worth a LUT
FIFO_SITES, FIFO_CONTROL = 0.7, 10  # of a FIFO of up to 64 beats: of a bit, and what counts


@dataclass(frozen=True)
class Choice:
    """A way to build a layer."""

    variant: str  # in a few words
    folding: Mapping[str, int]  # the attributes that say it
    fold: int  # clocks per output pixel
    cycles_per_frame: int
    lut: int  # LUT sites, estimated
    bram18: int
    latency: int  # clocks from the last beat of a frame to its result that folding decides on
    waiting: int  # clocks that a frame of one beat stays at the input
    interval: int  # clocks from a beat of several to the next, where folding decides on it

    def cost(self) -> tuple[float, int]:
        """Less is better: area, block RAM and latency weighed as above, then the clocks."""
        return self.lut + RAMB18_SITES * self.bram18 + self.latency / LATENCY_CLOCKS, self.cycles_per_frame


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


def fold(design: Design, clocks: int, part: str | None) -> tuple[int, dict[str, Chosen]]:
    """Fold every node the cheapest way that takes at most `clocks` per frame.

    Returns the slowest node's clocks, and by node name what was chosen.
    """
    chosen, collecting, apart = {}, 0, clocks
    for node in design.nodes:
        operator = design.operators[node.name]
        one_beat = prod(node.source.shape[:2]) == 1
        chosen[node.name] = choose(operator, clocks, part, collecting if one_beat else 0, clocks if one_beat else apart)
        collecting, apart = operator.collecting(), operator.apart() or clocks
    height, width, _ = design.pixels.shape
    return max(height * width, *(int(operator.get_exp_cycles()) for operator in design.operators.values())), chosen


def choose(
    operator: Any, clocks: int, part: str | None = None, collecting: int = 0, apart: int | None = None
) -> Chosen:  # fmt: skip
    """Fold one operator the cheapest way that takes at most `clocks` per frame.

    collecting: clocks of the frame in which the layer before collects its next result, so that it cannot wait.
    apart: clocks from one of its results to the next; what takes beats more slowly pays for the FIFO between them.
    """
    fifo = ceil(FIFO_SITES * operator.get_instream_width()) + FIFO_CONTROL

    def cost(found: Choice) -> tuple[float, int]:
        area, cycles = found.cost()
        return area + fifo * (apart is not None and found.interval > apart), cycles

    fitting = [
        found for found in choices(operator, clocks, part or DEFAULT_PART) if found.waiting + collecting <= clocks
    ]
    taken, *others = sorted(fitting, key=cost)
    operator.apply(taken.folding)
    return Chosen(taken, others[0] if others else None)


def choices(operator: Any, clocks: float, part: str) -> list[Choice]:
    """Every way to build the operator in so many clocks per frame, per folding the one it would take itself first."""
    path = cache_folder("plans") / f"{operator.onnx_node.op_type}-{_key(operator, part)}.json"
    kept = _kept(path)
    known = len(kept)
    foldings = operator.foldings(clocks)
    for folding in foldings:
        if _text(folding) not in kept:
            kept[_text(folding)] = [dataclasses.asdict(choice) for choice in _variants(operator, folding, part)]
    if len(kept) > known:
        write_file(path, json.dumps(kept))
    return [Choice(**row) for folding in foldings for row in kept[_text(folding)]]


def _kept(path: Path) -> dict[str, list[dict[str, Any]]]:
    """What the cache holds of an operator, by folding; nothing when that is damaged."""
    fields = {field.name for field in dataclasses.fields(Choice)}
    try:
        kept: dict[str, list[dict[str, Any]]] = parse_json(path.read_bytes())
        good = all(set(row) == fields for rows in kept.values() for row in rows)
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        good = False
    return kept if good else {}


def _variants(operator: Any, folding: Mapping[str, int], part: str) -> list[Choice]:
    operator.apply(folding)
    blocks, latency = int(operator.bram_estimation(part)), int(operator.latency())
    waiting, interval = int(operator.waiting()), int(operator.interval())
    return [
        Choice(variant, dict(folding), operator.fold, cycles, lut, blocks, latency, waiting, interval)
        for variant, lut, cycles in operator.variants()
    ]


def _text(folding: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(folding.items()))


def _key(operator: Any, part: str) -> str:
    """Of all that the estimates depend on: the node without its names and its folding, and the code."""
    node = type(operator.onnx_node)()
    node.CopyFrom(operator.onnx_node)
    for field in ("name", "input", "output"):
        node.ClearField(field)
    folding = operator.folding()
    kept = sorted(a.SerializeToString(deterministic=True) for a in node.attribute if a.name not in folding)
    return hashlib.sha256(repr((node.op_type, kept, part, _code())).encode()).hexdigest()[:20]


@lru_cache
def _code() -> str:
    """What estimates the operators."""
    room = Path(hw.__file__).parent
    files = (*room.glob("ops/*.py"), *room.glob("sums/*.py"), Path(jets.__file__))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in sorted(files))).hexdigest()
