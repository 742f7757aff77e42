"""Find in simulation how deep the FIFOs between layers must be, without a vendor's tools.

The accelerator is built with a place for a FIFO in front of every layer but the first and compiled by Verilator once,
with FIFOs whose depths are set when a run begins (benches/gauged). Then it runs on whole frames again and again:

1. Frames come evenly, at the rate asked for, and every FIFO has room without end. What each held at most is enough:
   a network of processes that communicate through FIFOs is never slower than a schedule that its FIFOs have room for.
2. Frames come back to back. FIFOs are taken away and halved, dearest first, as long as the rate stays what it is.

Layers take the same clocks whatever the pixels are, so a few frames tell. Where streams fork and meet again, a FIFO
that is too small lets everything stand still; a run in which nothing moves any more counts as too slow.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnn.errors import ToolError, UserError
from bnn.storage.records import Record
from bnn.storage.work import work_folder
from finn_build.build import build
from finn_build.manifest import FIFO, Manifest, input_name, load
from sim import design as designs
from sim.bench import Bench, measure
from sim.localise import BENCHES
from sim.pictures import choose_pictures

FRAMES = 6  # the first and the last gap between results belong to filling and draining
GAUGED = BENCHES / "gauged" / "nj_fifo.sv"
MOST = 4096  # beats of an nj_fifo
SAID = re.compile(r"^FIFO \S*\.u_(fifo_\d+)\.u_layer (\d+) (\d+)$", re.MULTILINE)


@dataclass
class Place:
    """A place where a FIFO may stand."""

    layer: str  # it stands in front of; with a number, of its second input
    fifo: str  # the instance of the gauged accelerator
    bits: int  # of a beat
    held: int = 0  # the most beats that it held with room without end
    stalled: int = 0  # the most clocks that a beat waited for `layer` then
    depth: int = 0  # 0 where none is needed


@dataclass(frozen=True)
class Gauged(Record):
    """What a place for a FIFO needed; see Place."""

    layer: str
    bits: int
    held: int
    stalled: int
    depth: int


@dataclass(frozen=True)
class Depths(Record):
    """The FIFOs that an accelerator needs, and how they were found."""

    depths: dict[str, int]  # by the layer behind, for `build`'s fifos
    places: tuple[Gauged, ...]  # every one where a FIFO may stand
    data: str  # what was simulated
    frames: int
    runs: int
    build_seconds: float
    seconds: float


class Gauge:
    """An accelerator whose FIFOs' depths are set run by run."""

    def __init__(self, acc: Path, images: NDArray[np.uint8]) -> None:
        """acc: built with `fifos=0`. images: uint8 [N, H, W, C], sent in every run."""
        self.manifest = load(acc)
        self.manifest.require_rtl("sizing FIFOs by simulation")
        self._images = images
        plain = designs.rtl(acc, self.manifest)
        sources = tuple(GAUGED if source.name == GAUGED.name else source for source in plain.sources)
        self._bench = Bench(acc, self.manifest, replace(plain, sources=sources))
        self.runs, self.build_seconds = 0, 0.0

    def run(self, depths: Mapping[str, int], period: int = 0) -> tuple[float | None, dict[str, tuple[int, int]]]:
        """Run once: clocks per frame (None when a result is missing), and what each FIFO held and how long it stood.

        depths: by instance; what is not named has room without end. period: clocks per frame in which pixels come, 0
        for a pixel whenever there is room.
        """
        with work_folder() as temporary:
            work = Path(temporary)
            depths_set = [f"+depth.{_path(fifo)}={depth}" for fifo, depth in depths.items()]
            run = self._bench.run(self._images, work=work, more=[f"+period={period}", *depths_set])
            said = SAID.findall((work / "simulation.log").read_text(errors="replace"))
        self.runs += 1
        self.build_seconds += run.build_seconds
        clocks = measure(run.events, self.manifest.clock_mhz).cycles_per_frame
        if run.events.stuck or run.events.faults or len(run.events.data) != len(self._images):
            clocks = None
        return clocks, {fifo: (int(held), int(stalled)) for fifo, held, stalled in said}

    def keeps_rate(self, places: list[Place]) -> bool:
        """Is a frame done every `cycles_per_frame` clocks with these depths, when frames come back to back?"""
        clocks, _ = self.run({place.fifo: place.depth for place in places})
        return clocks == self.manifest.cycles_per_frame


def find_depths(model: Path, **options: Any) -> Depths:
    """Find the FIFOs that an accelerator of the QONNX file `model` needs; options: of `finn_build.build.build`.

    Raise ToolError when the rate is not reached whatever the FIFOs, or one would have to be deeper than nj_fifo can be;
    UserError as `build` does.
    """
    started = time.perf_counter()
    with work_folder() as temporary:
        acc = Path(temporary) / "gauged"
        build(model, acc, **{**options, "fifos": 0})
        manifest = load(acc)
        name, images = _pictures(manifest)
        gauge = Gauge(acc, images)
        places = _places(manifest)
        _hold(gauge, places)
        _shrink(gauge, places)
    return Depths(
        depths={place.layer: place.depth for place in places if place.depth},
        places=tuple(Gauged(p.layer, p.bits, p.held, p.stalled, p.depth) for p in places),
        data=name,
        frames=len(images),
        runs=gauge.runs,
        build_seconds=round(gauge.build_seconds, 3),
        seconds=round(time.perf_counter() - started, 3),
    )


def _hold(gauge: Gauge, places: list[Place]) -> None:
    """Run once with room without end, and set depths with which no FIFO is ever full."""
    cycles = gauge.manifest.cycles_per_frame
    clocks, gauges = gauge.run({}, cycles)
    if clocks != cycles:
        raise ToolError(
            f"with FIFOs of any depth a frame takes {clocks} clocks and not {cycles}: one of the "
            "layers is slower than its estimate says; please report this network"
        )
    for place in places:
        place.held, place.stalled = gauges[place.fifo]
        place.depth = max(2, 1 << place.held.bit_length())  # more than it held
        if place.depth > MOST:
            raise ToolError(f"{place.layer} would need a FIFO of {place.depth} beats, more than {MOST}")


def _shrink(gauge: Gauge, places: list[Place]) -> None:
    """Take FIFOs away and halve them while the rate stays."""
    if not gauge.keeps_rate(places):
        raise ToolError("FIFOs that were never full are too small: the model of FIFOs is wrong, please report this")
    passing = [place for place in places if place.held <= 1]  # those that beats only pass through
    if not _try(gauge, places, {place.fifo: 0 for place in passing}):
        for place in passing:
            _try(gauge, places, {place.fifo: 0})
    for place in sorted((p for p in places if p.depth), key=lambda p: p.depth * p.bits, reverse=True):
        if not _try(gauge, places, {place.fifo: 0}):
            while place.depth > 2 and _try(gauge, places, {place.fifo: place.depth // 2}):
                pass


def _try(gauge: Gauge, places: list[Place], depths: Mapping[str, int]) -> bool:
    """Set these depths if they keep the rate; return whether they do."""
    before = [place.depth for place in places]
    for place in places:
        place.depth = depths.get(place.fifo, place.depth)
    if gauge.keeps_rate(places):
        return True
    for place, depth in zip(places, before, strict=True):
        place.depth = depth
    return False


def _places(manifest: Manifest) -> list[Place]:
    fifos = {layer.stream: layer for layer in manifest.layers if layer.operator == FIFO}
    return [
        Place(input_name(layer.name, i), fifos[name].name, fifos[name].bits * fifos[name].shape[2])
        for layer in manifest.layers
        for i, name in enumerate(layer.inputs)
        if name in fifos
    ]


def _pictures(manifest: Manifest) -> tuple[str, NDArray[np.uint8]]:
    """Return test pictures of the network where this machine has them, else random ones."""
    try:
        pictures = choose_pictures(manifest, None, FRAMES, False, 1)
    except UserError:  # not on this machine, or fewer
        pictures = choose_pictures(manifest, "random", FRAMES, False, 1)
    return pictures.name, pictures.images


def _path(fifo: str) -> str:
    return f"nj_frame_bench.u_accelerator.u_{fifo}.u_layer"
