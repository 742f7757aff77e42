"""Estimate what a network costs as an accelerator, without making it: LUT sites, block RAMs and clocks per frame.

The layers are folded as `build` folds them, and counted instead of written. This generates nothing and reads and writes
no file, so that a search can ask for thousands of networks.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bnn.integer.network import IntegerNetwork
from finn_build import adapter
from finn_build.manifest import input_name
from finn_build.recognise import recognise
from hw.block_ram import RAMB18_SITES

if TYPE_CHECKING:
    from finn_build.folding import Chosen
    from finn_build.graph import Design


@dataclass(frozen=True)
class LayerEstimate:
    """What one layer takes."""

    name: str
    variant: str  # how it is built, in a few words
    fold: int  # clocks per output pixel
    cycles_per_frame: int
    lut: int  # LUT sites
    bram18: int


@dataclass(frozen=True)
class Estimate:
    """What a network takes."""

    lut: int  # LUT sites, including the FIFOs and forks between layers, and what checks frames
    bram18: int
    cycles_per_frame: int
    fps: float  # at this clock
    layers: tuple[LayerEstimate, ...]
    notes: tuple[str, ...]  # about the rate


def estimate(
    network: IntegerNetwork, fps: float | None = None, *, clock_mhz: float = 200.0, part: str | None = None
) -> Estimate:  # fmt: skip
    """Return what `build` would say about the network, in SystemVerilog and with FIFO depths that it finds itself.

    Both say the same, but for a few LUT sites in a thousand where serial sums share pairs (StreamOperator.counted).
    fps: frames per second to reach with the least hardware; without it a pixel per clock, or the fastest there is.
    UserError as from `build`: for what cannot be built, and with the largest rate when the rate is out of range.
    """
    return next(estimates(network, fps, (RAMB18_SITES,), clock_mhz=clock_mhz, part=part))


def estimates(
    network: IntegerNetwork,
    fps: float | None,
    worths: Sequence[int],
    *,
    clock_mhz: float = 200.0,
    part: str | None = None,
) -> Iterator[Estimate]:
    """Yield what `estimate` returns, where a RAMB18 is worth so many LUT sites each; all but the first take no time."""
    adapter.require()
    adapter.register_operators()
    from finn_build import folding
    from finn_build.graph import make_design

    source, stages = recognise(network)
    plain = make_design(source, stages, {})
    design = replace(plain, operators={name: operator.counted() for name, operator in plain.operators.items()})
    for worth in worths:
        cycles, chosen, notes = folding.plan_to_rate(design, fps, clock_mhz, part, worth)
        yield _of(design, cycles, chosen, notes, clock_mhz)


def _of(
    design: "Design", cycles: int, chosen: Mapping[str, "Chosen"], notes: tuple[str, ...], clock_mhz: float
) -> Estimate:  # fmt: skip
    from finn_build.frame_sites import frame_sites
    from finn_build.graph import fork_sites
    from finn_build.timing import fifo_depths
    from hw.ops.stream_fifo import fifo_sites

    folded = {name: operator.folded(chosen[name].taken.folding) for name, operator in design.operators.items()}
    depths = fifo_depths(design.nodes, folded, cycles)
    widths = {
        input_name(node.name, i): folded[node.name].get_instream_width(i)
        for node in design.nodes
        for i in range(len(node.inputs))
    }
    fifos = sum(fifo_sites(depth, widths[name]) for name, depth in depths.items())
    frames = frame_sites(replace(design, operators=folded), cycles)
    layers = tuple(
        LayerEstimate(name, taken.variant, taken.fold, taken.cycles_per_frame, taken.lut, taken.bram18)
        for name, taken in ((name, found.taken) for name, found in chosen.items())
    )
    return Estimate(
        lut=fifos + fork_sites(design.nodes) + frames + sum(layer.lut for layer in layers),
        bram18=sum(layer.bram18 for layer in layers),
        cycles_per_frame=cycles,
        fps=clock_mhz * 1e6 / cycles,
        layers=layers,
        notes=notes,
    )
