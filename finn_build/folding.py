"""How far each layer is folded: the least hardware that keeps the frame rate.

Layers are chosen one by one, and that is exact but for the FIFOs that come between them later: each layer has the
frame's clocks to itself, less what a dense layer behind it needs to take its result. What a layer takes at every
folding is kept in the cache by content, since it is the writing of its sums that takes time.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, prod
from pathlib import Path
from typing import Any

import hw
from bnn import jets
from bnn.errors import UserError
from bnn.storage.cache import cache_folder
from bnn.storage.files import write_file
from bnn.storage.records import parse_json
from finn_build.graph import DEFAULT_PART, Design
from hw.block_ram import RAMB18_SITES

LATENCY_CLOCKS = 8  # clocks from the last pixel to the class that are worth a LUT
GROWTH = 16  # clocks of a frame grow by a part of so many until all layers fit
MOST_SITES = 20_000  # of all layers, where no rate is asked for: beyond it tools take minutes and small chips do not do
SLOWER = 16  # times the clocks of a frame that are looked at for it
FIFO_SITES, FIFO_CONTROL = 0.7, 10  # of a FIFO of up to 64 beats: of a bit, and what counts


@dataclass(frozen=True)
class Choice:
    """A way to build a layer."""

    variant: str  # in a few words
    folding: Mapping[str, int] = field(hash=False)  # the attributes that say it
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


class NothingFits(Exception):
    """No folding of all layers keeps the rate, though each has one that does."""


def fold_to_rate(
    design: Design, fps: float | None, clock_mhz: float, part: str | None
) -> tuple[int, dict[str, Chosen], tuple[str, ...]]:  # fmt: skip
    """`fold` for `fps` frames per second; without it for a pixel per clock, or the fastest there is, and then a note.

    Without it and beyond MOST_SITES the fastest within these, if there is one, and a note with the rate.
    UserError with the maximum when the rate is out of reach.
    """
    height, width, _ = design.pixels.shape
    clocks = least = frame_clocks(design, fps, clock_mhz)
    while True:
        try:
            cycles, chosen = fold(design, clocks, part)
            break
        except NothingFits:
            clocks += max(1, clocks // GROWTH)
    rate = int(clock_mhz * 1e6 / cycles)
    if fps is not None and clocks > least:
        raise UserError(
            f"--fps {fps:g} is beyond what the layers allow together at a clock of {clock_mhz:g} MHz: at most {rate} "
            f"frames/s, {cycles} clocks a frame; ask for less or raise --clock-mhz"
        )
    if fps is None and _area(chosen) > MOST_SITES:
        return _within_limit(design, clocks, clock_mhz, part, cycles, chosen)
    if fps is None and cycles > height * width:
        slowest = max(design.nodes, key=lambda node: int(design.operators[node.name].get_exp_cycles())).name
        note = (
            f"a frame takes {cycles} clocks, more than its {height * width} pixels: {slowest} is built no faster; "
            f"--fps below {rate} takes less area"
        )
        return cycles, chosen, (note,)
    return cycles, chosen, ()


def _area(chosen: Mapping[str, Chosen]) -> int:
    return sum(found.taken.lut for found in chosen.values())


def _within_limit(
    design: Design, clocks: int, clock_mhz: float, part: str | None, cycles: int, chosen: dict[str, Chosen]
) -> tuple[int, dict[str, Chosen], tuple[str, ...]]:  # fmt: skip
    """The fastest folding within MOST_SITES instead of what was chosen for `clocks`; that where there is none."""
    least, slower = clocks, clocks
    while slower < SLOWER * least:
        slower += max(1, slower // 4)
        try:
            found, ways = fold(design, slower, part)
        except NothingFits:
            continue
        if _area(ways) <= MOST_SITES:
            note = (
                f"{cycles} clocks a frame would take about {_area(chosen):,} LUT sites; without --fps an accelerator "
                f"has at most {MOST_SITES:,}, so it is built for {found}: {int(clock_mhz * 1e6 / found)} frames/s, and "
                f"--fps {int(clock_mhz * 1e6 / cycles)} is the most there is"
            )
            return found, ways, (note,)
    return *fold(design, least, part), ()


def fold(design: Design, clocks: int, part: str | None) -> tuple[int, dict[str, Chosen]]:
    """Fold every node the cheapest way that takes at most `clocks` per frame.

    Returns the slowest node's clocks, and by node name what was chosen. NothingFits when layers do not fit together.
    """
    try:
        chosen, together = _fold(design, clocks, part, (clocks,))
    except NothingFits:  # layers that are faster than they need to be leave more room
        chosen, together = _fold(design, clocks, part, [clocks >> k for k in range(clocks.bit_length())])
    height, width, _ = design.pixels.shape
    cycles = (int(operator.get_exp_cycles()) for operator in design.operators.values())
    return max(height * width, together, *cycles), chosen


def _fold(design: Design, clocks: int, part: str | None, budgets: Sequence[int]) -> tuple[dict[str, Chosen], int]:
    """What is chosen, and the clocks that two layers take together at the most.

    budgets: the clocks that each layer is folded for, to choose from.
    """
    operators = [design.operators[node.name] for node in design.nodes]
    alone = [prod(node.source.shape[:2]) == 1 for node in design.nodes]  # one beat a frame
    ways = [
        list(dict.fromkeys(found for n in budgets for found in choices(operator, n, part))) for operator in operators
    ]
    rooms = [0] * len(operators)  # that the next layer needs, at the least, to take a result
    for i in range(len(operators) - 1, 0, -1):
        if alone[i]:
            fitting = _fitting(operators[i], ways[i], clocks, 0, rooms[i])
            if not fitting:
                raise NothingFits
            rooms[i - 1] = min(found.waiting for found in fitting)
    chosen, collecting, apart, together = {}, 0, clocks, 0
    for i, (node, operator) in enumerate(zip(design.nodes, operators, strict=True)):
        before, pace = (collecting, clocks) if alone[i] else (0, apart)
        fitting = _fitting(operator, ways[i], clocks, before, rooms[i])
        if not fitting:
            raise NothingFits
        chosen[node.name] = _cheapest(operator, fitting, pace)
        together = max(together, _together(chosen[node.name].taken.waiting, before))
        collecting, apart = operator.collecting(), operator.apart() or clocks
    return chosen, together


def _together(waiting: int, collecting: int) -> int:
    """Clocks a frame of a layer that waits at its input and the one in front; 0: each goes on by itself."""
    return waiting + collecting if waiting else 0


def choose(
    operator: Any, clocks: int, part: str | None = None, collecting: int = 0, apart: int | None = None
) -> Chosen:  # fmt: skip
    """Fold one operator the cheapest way that takes at most `clocks` per frame.

    collecting: clocks of the frame in which the layer before collects its next result, so that it cannot wait.
    apart: clocks from one of its results to the next; what takes beats more slowly pays for the FIFO between them.
    NothingFits when no way is fast enough.
    """
    fitting = _fitting(operator, choices(operator, clocks, part), clocks, collecting, 0)
    if not fitting:
        raise NothingFits
    return _cheapest(operator, fitting, apart)


def _fitting(operator: Any, ways: Sequence[Choice], clocks: int, before: int, room: int) -> list[Choice]:
    """The ways that wait no longer than the layer in front allows, and collect results with room for what comes."""
    found = [way for way in ways if _together(way.waiting, before) <= clocks]
    if not room:
        return found
    kept = []
    for way in found:
        operator.apply(way.folding)
        if _together(room, operator.collecting()) <= clocks:
            kept.append(way)
    return kept


def _cheapest(operator: Any, fitting: Sequence[Choice], apart: int | None) -> Chosen:
    """Fold the operator so; a FIFO is paid by what needs one."""
    fifo = ceil(FIFO_SITES * operator.get_instream_width()) + FIFO_CONTROL

    def cost(found: Choice) -> tuple[float, int]:
        area, cycles = found.cost()
        return area + fifo * (apart is not None and found.interval > apart), cycles

    taken, *others = sorted(fitting, key=cost)
    operator.apply(taken.folding)
    return Chosen(taken, others[0] if others else None)


def choices(operator: Any, clocks: float, part: str | None) -> list[Choice]:
    """Every way to build the operator in so many clocks per frame, per folding the one it would take itself first."""
    part = part or DEFAULT_PART
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
    for name in ("name", "input", "output"):
        node.ClearField(name)
    folding = operator.folding()
    kept = sorted(a.SerializeToString(deterministic=True) for a in node.attribute if a.name not in folding)
    found = hashlib.sha256(repr((node.op_type, [len(each) for each in kept], part, _code())).encode())
    for each in kept:
        found.update(each)
    return found.hexdigest()[:20]


@lru_cache
def _code() -> str:
    """What estimates the operators."""
    room = Path(hw.__file__).parent
    files = (*room.rglob("*.py"), Path(jets.__file__))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in sorted(files))).hexdigest()
