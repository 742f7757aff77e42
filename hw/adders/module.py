"""A convolution layer as one SystemVerilog module with a stream in and a stream out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from bnn import jets
from bnn.integer.intervals import signed_bits
from hw.adders.convolution import write
from hw.adders.lanes import separable
from hw.adders.layer import ConvLayer
from hw.bits import dot_range, literal
from hw.block_ram import RAMB18_SITES, block_rams
from hw.cycles import column_cycles, conv_cycles
from hw.text import fill

CONTROL = (5, 12)  # LUT sites of nj_window or nj_column and nj_result, measured: at a window per clock, and folded


@dataclass(frozen=True)
class Geometry:
    """Where the windows are; padding reads as 0."""

    height: int
    width: int
    stride: int = 1
    pad: int = 0


@dataclass(frozen=True)
class Module:
    """Text of a module and of what it instantiates that is not in hw/rtl, and what is known of it."""

    text: str
    cycles: int  # clocks per frame
    latency: int  # registers from a window to its result
    sites: int  # LUT sites: what was written is counted, the line buffer and the control are measured
    ffs: int  # flip-flops
    blocks: int  # RAMB18, of the line buffer
    method: str  # how it is done, in a few words
    alternatives: tuple[tuple[str, int], ...] = ()  # what else could be done: method and sites, the fewest first


def conv_module(
    name: str, layer: ConvLayer, geometry: Geometry, summary: str, counting: bool = False
) -> Module:  # fmt: skip
    """Return module `name`, by the method that takes the fewest sites.

    Beats in: all maps of a pixel, element 0 lowest; beats out: all outputs of a window. Ports as in hw/rtl.
    counting: sites, blocks, cycles and latency are wanted; there is no text then, and no count of flip-flops.
    """
    possible = [_module(name, layer, geometry, summary, counting)]
    orders = separable(layer) if layer.fold == 1 else None
    if orders is not None:
        possible.append(_pair(name, layer, orders, geometry, summary, counting))
    best, *others = sorted(possible, key=lambda made: made.sites)
    return replace(best, alternatives=(*best.alternatives, *((made.method, made.sites) for made in others)))


def _module(name: str, layer: ConvLayer, geometry: Geometry, summary: str, counting: bool) -> Module:
    height, width = geometry.height, geometry.width
    cycles = conv_cycles(height, width, layer.kernel, geometry.stride, geometry.pad, layer.fold)
    sums = write(layer, name, cycles // (height * width), geometry.pad > 0, counting)
    if sums.period:
        cycles = column_cycles(height, width, sums.period)
    bits = 1 if layer.thresholds is not None else layer.out_bits
    values: dict[str, object] = {
        "name": name, "summary": summary, "columns": f"{name}_columns", "sums": f"{name}_sums",
        "height": height, "width": width, "stride": geometry.stride, "pad": geometry.pad,
        "in_bits": layer.maps * layer.in_bits,
        "port_bits": (layer.maps - layer.inside_map) * layer.in_bits,
        "pixel": "{1'b1, s_data_i}" if layer.inside_map else "s_data_i",
        "out_bits": len(layer.weight) * bits, "kernel": layer.kernel,
        "column_bits": sums.column_bits, "fold": layer.fold, "period": sums.period,
        "every": sums.period or layer.fold, "round_bits": max(1, ((sums.period or layer.fold) - 1).bit_length()),
        "held_bits": sums.column_bits * (1 if sums.period else layer.kernel), "all_bits": sums.width,
        "ordered": ", ".join(f"results[{i}]" for i in reversed(sums.order)) or "results",
        "masked": int(geometry.pad > 0), "outside": literal([sums.outside], sums.column_bits),
        "latency": sums.latency, "text": sums.text, "rounds": sums.rounds, "final": sums.final,
        "eager": int(layer.fold == 1),
    }  # fmt: skip
    line_luts, line_ffs, blocks = _line_buffer(layer, geometry)
    control = CONTROL[layer.fold > 1]
    around = line_luts + control
    alternatives = tuple((method, around + sites) for method, sites in sums.alternatives)
    if counting:
        return Module("", cycles, sums.latency, around + sums.sites, 0, blocks, sums.method, alternatives)
    values["hold"] = fill("conv_column.sv.in" if sums.period else "conv_window.sv.in", values).rstrip()
    values["front"] = fill("conv_pixels.sv.in" if layer.kernel == 1 else "conv_lines.sv.in", values).rstrip()
    kept = sums.width * (2 if sums.rounds > 1 else 1)  # collected, and put out
    return Module(
        fill("conv.sv.in", values), cycles, sums.latency, around + sums.sites, line_ffs + sums.ffs + kept + control,
        blocks, sums.method, alternatives,
    )  # fmt: skip


def _pair(
    name: str, layer: ConvLayer, orders: Sequence[tuple[int, int]], geometry: Geometry, summary: str, counting: bool
) -> Module:  # fmt: skip
    """Return a separable layer as two modules: the sums of a pixel's maps, made once, then jets of these sums."""
    kernels = np.stack([jets.kernel(2, *order) for order in orders])[:, None]  # [O, 1, K, K]
    signs = np.sign((layer.weight * kernels).sum((2, 3)))  # [O, C]
    low, high = dot_range(signs, 0, 1)
    bits = max(2, signed_bits(int(low.min()), int(high.max())))
    pixels = ConvLayer(signs[:, :, None, None], None, 1, out_bits=bits)
    across = replace(layer, weight=kernels, in_bits=bits, in_signed=True, grouped=True)
    first = _module(
        f"{name}_maps", pixels, Geometry(geometry.height, geometry.width), f"{summary}: sums of maps", counting
    )
    second = _module(f"{name}_jets", across, geometry, f"{summary}: jets of them", counting)
    values = {
        "name": name, "summary": summary, "in_bits": layer.maps, "sum_bits": len(signs) * bits,
        "out_bits": len(signs), "first": first.text, "second": second.text,
    }  # fmt: skip
    return Module(
        "" if counting else fill("conv_pair.sv.in", values),
        max(first.cycles, second.cycles), first.latency + second.latency + 2,
        first.sites + second.sites, first.ffs + second.ffs, first.blocks + second.blocks,
        "sums of maps, then a jet of each",
    )  # fmt: skip


def _line_buffer(layer: ConvLayer, geometry: Geometry) -> tuple[int, int, int]:
    """Return LUT sites, flip-flops and RAMB18 of nj_line_buffer or nj_skip; the control is fitted to measurements."""
    kernel, row, pad = layer.kernel, layer.maps * layer.in_bits, geometry.pad
    across, down = (geometry.width - 1).bit_length(), geometry.height.bit_length()
    if kernel == 1:
        return (2 * (across + down), across + down + 4, 0) if geometry.stride > 1 else (0, 0, 0)
    held = (kernel - 1) * row  # bits of a column that wait
    luts = ceil(geometry.width / 64)  # of a bit, and what chooses among them
    luts += luts // 4 + 1 if luts == 3 or luts > 4 else 0
    blocks = block_rams(geometry.width, held)
    in_block = held * luts > RAMB18_SITES * blocks  # as nj_line_buffer has it
    if in_block:
        memory = 0
    elif geometry.width <= 32:
        memory = 4 * ceil(held / 8)
    else:
        memory = held * luts
    control = 4.5 * across + 2.5 * down + 8 + 8 * pad if pad else 2 * (across + down)
    return memory + round(control), kernel * row + held * in_block + 40, blocks * in_block
