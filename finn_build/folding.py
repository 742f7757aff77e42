"""Choose how far each layer is folded: the least hardware that keeps the frame rate.

Each layer is chosen by itself. It may use all clocks of a frame, less those that a dense layer behind it needs to take
its result. So this choice is the best one, but for the FIFOs that are put between layers later. Writing a layer's sums
takes time, so the cache keeps by content what the layer takes at every folding.
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

LATENCY_CLOCKS = 8  # as many clocks from the last pixel to the class are worth a LUT
GROWTH = 16  # the clocks of a frame grow by a sixteenth until all layers fit
MOST_SITES = 20_000  # limit of all layers when no rate is given: above it tools take minutes and small chips are full
SLOWER = 16  # to keep MOST_SITES, up to so many times the clocks of a frame are tried
FIFO_SITES, FIFO_CONTROL = 0.7, 10  # LUT sites of a FIFO of up to 64 beats: per bit, and of its counters


@dataclass(frozen=True)
class Choice:
    """A way to build a layer."""

    variant: str  # in a few words
    folding: Mapping[str, int] = field(hash=False)  # its attributes
    fold: int  # clocks per output pixel
    cycles_per_frame: int
    lut: int  # LUT sites, estimated
    bram18: int
    latency: int  # clocks from a frame's last beat to its result, where folding decides them
    input_occupancy: int  # clocks that a frame of one beat stays at the input
    beat_interval: int  # clocks from one beat to the next, where folding decides them

    def cost(self, ramb18_sites: int = RAMB18_SITES) -> tuple[float, int]:
        """Return the cost to minimise: area, block RAM and latency weighed as above, then the clocks."""
        return self.lut + ramb18_sites * self.bram18 + self.latency / LATENCY_CLOCKS, self.cycles_per_frame


@dataclass(frozen=True)
class Chosen:
    """The choice that was taken, and the best other one that keeps the rate (None when there is none)."""

    taken: Choice
    instead_of: Choice | None


def frame_clocks(design: Design, fps: float | None, clock_mhz: float) -> int:
    """Return the clocks that a frame may take: one per pixel without `fps`, else clock / fps.

    UserError with the largest rate when one pixel per clock does not give the rate.
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
    design: Design, fps: float | None, clock_mhz: float, part: str | None, ramb18_sites: int = RAMB18_SITES
) -> tuple[int, dict[str, Chosen], tuple[str, ...]]:
    """Fold for `fps` frames per second. Without it, fold for a pixel per clock, or as fast as possible with a note.

    Without it and above MOST_SITES, fold for the fastest rate within that limit, if there is one, with a note.
    ramb18_sites: LUT sites that a RAMB18 is worth. UserError with the largest rate when the rate cannot be kept.
    """
    cycles, chosen, notes = plan_to_rate(design, fps, clock_mhz, part, ramb18_sites)
    _apply(design, chosen)
    return cycles, chosen, notes


def plan_to_rate(
    design: Design, fps: float | None, clock_mhz: float, part: str | None, ramb18_sites: int = RAMB18_SITES
) -> tuple[int, dict[str, Chosen], tuple[str, ...]]:
    """Return what `fold_to_rate` does, without folding anything."""
    height, width, _ = design.pixels.shape
    clocks = least = frame_clocks(design, fps, clock_mhz)
    while True:
        try:
            cycles, chosen = planned(design, clocks, part, ramb18_sites)
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
        return _within_limit(design, clocks, clock_mhz, part, ramb18_sites, cycles, chosen)
    if fps is None and cycles > height * width:
        slowest = max(design.nodes, key=lambda node: chosen[node.name].taken.cycles_per_frame).name
        note = (
            f"a frame takes {cycles} clocks, more than its {height * width} pixels: {slowest} is built no faster; "
            f"--fps below {rate} takes less area"
        )
        return cycles, chosen, (note,)
    return cycles, chosen, ()


def _area(chosen: Mapping[str, Chosen]) -> int:
    return sum(found.taken.lut for found in chosen.values())


def _within_limit(
    design: Design,
    clocks: int,
    clock_mhz: float,
    part: str | None,
    ramb18_sites: int,
    cycles: int,
    chosen: dict[str, Chosen],
) -> tuple[int, dict[str, Chosen], tuple[str, ...]]:  # fmt: skip
    """Return the fastest folding within MOST_SITES. If there is none, return the one chosen for `clocks`."""
    least, slower = clocks, clocks
    while slower < SLOWER * least:
        slower += max(1, slower // 4)
        try:
            found, within = planned(design, slower, part, ramb18_sites)
        except NothingFits:
            continue
        if _area(within) <= MOST_SITES:
            note = (
                f"{cycles} clocks a frame would take about {_area(chosen):,} LUT sites; without --fps an accelerator "
                f"has at most {MOST_SITES:,}, so it is built for {found}: {int(clock_mhz * 1e6 / found)} frames/s, and "
                f"--fps {int(clock_mhz * 1e6 / cycles)} is the most there is"
            )
            return found, within, (note,)
    return *planned(design, least, part, ramb18_sites), ()


def fold(design: Design, clocks: int, part: str | None) -> tuple[int, dict[str, Chosen]]:
    """Fold every node the cheapest way that takes at most `clocks` per frame.

    Return the slowest node's clocks, and the choices by node name. NothingFits when layers do not fit together.
    """
    cycles, chosen = planned(design, clocks, part)
    _apply(design, chosen)
    return cycles, chosen


def _apply(design: Design, chosen: Mapping[str, Chosen]) -> None:
    for name, found in chosen.items():
        design.operators[name].apply(found.taken.folding)


def planned(
    design: Design, clocks: int, part: str | None, ramb18_sites: int = RAMB18_SITES
) -> tuple[int, dict[str, Chosen]]:
    """Return what `fold` does, without folding anything."""
    try:
        chosen, together = _chosen(design, clocks, part, ramb18_sites, (clocks,))
    except NothingFits:  # layers that are faster than necessary leave others more clocks
        halved = [clocks >> k for k in range(clocks.bit_length())]
        chosen, together = _chosen(design, clocks, part, ramb18_sites, halved)
    height, width, _ = design.pixels.shape
    return max(height * width, together, *(found.taken.cycles_per_frame for found in chosen.values())), chosen


def _chosen(
    design: Design, clocks: int, part: str | None, ramb18_sites: int, budgets: Sequence[int]
) -> tuple[dict[str, Chosen], int]:
    """Return the choices, and the most clocks that two layers take together.

    budgets: the most clocks of each layer.
    """
    operators = [design.operators[node.name] for node in design.nodes]
    alone = [prod(node.source.shape[:2]) == 1 for node in design.nodes]  # one beat a frame
    possible = [
        list(dict.fromkeys(found for n in budgets for found in choices(operator, n, part))) for operator in operators
    ]
    order = {node.name: i for i, node in enumerate(design.nodes)}
    before = [[order[name] for name in node.inputs if name in order] for node in design.nodes]
    rooms = [0] * len(operators)  # the fewest clocks in which the layers behind take a result
    for i in range(len(operators) - 1, 0, -1):
        if alone[i]:
            fitting = _fitting(operators[i], possible[i], clocks, 0, rooms[i])
            if not fitting:
                raise NothingFits
            for source in before[i]:
                rooms[source] = max(rooms[source], min(found.input_occupancy for found in fitting))
    chosen: dict[str, Chosen] = {}
    occupied, intervals, together = [0] * len(operators), [clocks] * len(operators), 0
    for i, (node, operator) in enumerate(zip(design.nodes, operators, strict=True)):
        output_occupancy, result_interval = 0, clocks
        if alone[i]:
            output_occupancy = max((occupied[source] for source in before[i]), default=0)
        else:
            result_interval = max((intervals[source] for source in before[i]), default=clocks)
        fitting = _fitting(operator, possible[i], clocks, output_occupancy, rooms[i])
        if not fitting:
            raise NothingFits
        chosen[node.name] = _cheapest(operator, fitting, result_interval, ramb18_sites)
        taken = chosen[node.name].taken
        together = max(together, _together(taken.input_occupancy, output_occupancy))
        folded = operator.folded(taken.folding)
        occupied[i], intervals[i] = folded.output_occupancy(), folded.result_interval() or clocks
    return chosen, together


def _together(input_occupancy: int, output_occupancy: int) -> int:
    """Return the clocks that a layer holding its input and the one in front take together; 0 if they do not wait."""
    return input_occupancy + output_occupancy if input_occupancy else 0


def choose(
    operator: Any, clocks: int, part: str | None = None, output_occupancy: int = 0, result_interval: int | None = None
) -> Chosen:  # fmt: skip
    """Fold one operator the cheapest way that takes at most `clocks` per frame.

    output_occupancy: clocks in which a result of the layer in front must be taken. result_interval: clocks from one of
    its results to the next; a folding that takes beats more slowly pays for the FIFO between them. NothingFits when no
    folding is fast enough.
    """
    fitting = _fitting(operator, choices(operator, clocks, part), clocks, output_occupancy, 0)
    if not fitting:
        raise NothingFits
    chosen = _cheapest(operator, fitting, result_interval)
    operator.apply(chosen.taken.folding)
    return chosen


def _fitting(operator: Any, possible: Sequence[Choice], clocks: int, before: int, room: int) -> list[Choice]:
    """Return the choices that fit between two layers.

    before: clocks in which the layer in front cannot wait for its result to be taken. room: clocks that the layer
    behind needs to take a result.
    """
    found = [choice for choice in possible if _together(choice.input_occupancy, before) <= clocks]
    if not room:
        return found
    return [choice for choice in found if _together(room, operator.folded(choice.folding).output_occupancy()) <= clocks]


def _cheapest(
    operator: Any, fitting: Sequence[Choice], result_interval: int | None, ramb18_sites: int = RAMB18_SITES
) -> Chosen:
    """Return the choice that costs least. A choice that needs a FIFO in front pays for it."""
    fifo = ceil(FIFO_SITES * operator.get_instream_width()) + FIFO_CONTROL

    def cost(found: Choice) -> tuple[float, int]:
        area, cycles = found.cost(ramb18_sites)
        return area + fifo * (result_interval is not None and found.beat_interval > result_interval), cycles

    taken, *others = sorted(fitting, key=cost)
    return Chosen(taken, others[0] if others else None)


def choices(operator: Any, clocks: float, part: str | None) -> list[Choice]:
    """Return every choice of at most `clocks` per frame. Of each folding, the operator's own variant comes first."""
    part = part or DEFAULT_PART
    if operator.counting:
        return _counted(operator, clocks, part)
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


@lru_cache(maxsize=128)
def _counted(operator: Any, clocks: float, part: str) -> list[Choice]:
    """Return what `choices` does, of an operator that counts what it would write; what the choices cost may vary."""
    return [choice for folding in operator.foldings(clocks) for choice in _variants(operator, folding, part)]


def _kept(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the cached choices of an operator, by folding; nothing when the file is damaged."""
    fields = {field.name for field in dataclasses.fields(Choice)}
    try:
        kept: dict[str, list[dict[str, Any]]] = parse_json(path.read_bytes())
        good = all(set(row) == fields for rows in kept.values() for row in rows)
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        good = False
    return kept if good else {}


def _variants(operator: Any, folding: Mapping[str, int], part: str) -> list[Choice]:
    folded = operator.folded(folding)
    blocks, latency = int(folded.bram_estimation(part)), int(folded.latency())
    occupied, interval = int(folded.input_occupancy()), int(folded.beat_interval())
    return [
        Choice(variant, dict(folding), folded.fold, cycles, lut, blocks, latency, occupied, interval)
        for variant, lut, cycles in folded.variants()
    ]


def _text(folding: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(folding.items()))


def _key(operator: Any, part: str) -> str:
    """Return a hash of all that the estimates depend on: the node without names and folding, and the code."""
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
    """Return a hash of the code that estimates the operators."""
    room = Path(hw.__file__).parent
    files = (*room.rglob("*.py"), Path(jets.__file__))
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in sorted(files))).hexdigest()
