"""A convolution layer as one SystemVerilog module with a stream in and a stream out."""

from dataclasses import dataclass

from hw.ops.cycles import column_cycles, conv_cycles
from hw.ops.rtl import fill
from hw.sums.convolution import write
from hw.sums.layer import Layer, Sums


@dataclass(frozen=True)
class Geometry:
    """Where the windows are; padding reads as 0."""

    height: int
    width: int
    stride: int = 1
    pad: int = 0


def conv_module(name: str, layer: Layer, geometry: Geometry, summary: str) -> tuple[str, Sums]:
    """Text of module `name` and what it instantiates that is not in hw/rtl, and what is known of the sums.

    Beats in: all maps of a pixel, element 0 lowest; beats out: all outputs of a window. Ports as in hw/rtl.
    """
    height, width = geometry.height, geometry.width
    clocks = conv_cycles(height, width, layer.kernel, geometry.stride, geometry.pad, layer.fold) // (height * width)
    sums = write(layer, name, clocks)
    bits = 1 if layer.thresholds is not None else layer.out_bits
    values: dict[str, object] = {
        "name": name, "summary": summary, "columns": f"{name}_columns", "sums": f"{name}_sums",
        "height": geometry.height, "width": geometry.width, "stride": geometry.stride, "pad": geometry.pad,
        "in_bits": layer.maps * layer.in_bits, "out_bits": len(layer.weight) * bits, "kernel": layer.kernel,
        "column_bits": sums.column_bits, "fold": layer.fold, "period": sums.period,
        "round_bits": max(1, ((sums.period or layer.fold) - 1).bit_length()),
        "held_bits": sums.column_bits * (1 if sums.period else layer.kernel),
        "all_bits": sums.width,
        "ordered": ", ".join(f"results[{i}]" for i in reversed(sums.order)) or "results",
        "masked": int(geometry.pad > 0), "outside": f"{sums.column_bits}'h{sums.outside:x}",
        "latency": sums.latency, "text": sums.text, "rounds": sums.rounds, "final": sums.final,
    }  # fmt: skip
    values["hold"] = fill("conv_column.sv.in" if sums.period else "conv_window.sv.in", values).rstrip()
    values["front"] = fill("conv_pixels.sv.in" if layer.kernel == 1 else "conv_lines.sv.in", values).rstrip()
    return fill("conv.sv.in", values), sums


def cycles_of(layer: Layer, sums: Sums, geometry: Geometry) -> int:
    """Clocks per frame of a layer that was written so."""
    if sums.period:
        return column_cycles(geometry.height, geometry.width, sums.period)
    return conv_cycles(geometry.height, geometry.width, layer.kernel, geometry.stride, geometry.pad, layer.fold)
