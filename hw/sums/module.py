"""A convolution layer as one SystemVerilog module with a stream in and a stream out."""

from dataclasses import dataclass

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
    sums = write(layer, name)
    bits = 1 if layer.thresholds is not None else layer.out_bits
    values: dict[str, object] = {
        "name": name, "summary": summary, "columns": f"{name}_columns", "sums": f"{name}_sums",
        "height": geometry.height, "width": geometry.width, "stride": geometry.stride, "pad": geometry.pad,
        "in_bits": layer.maps * layer.in_bits,
        "port_bits": (layer.maps - layer.plane) * layer.in_bits,
        "pixel": "{1'b1, s_data_i}" if layer.plane else "s_data_i",
        "out_bits": len(layer.weight) * bits, "kernel": layer.kernel,
        "column_bits": sums.column_bits, "fold": layer.fold, "round_bits": max(1, (layer.fold - 1).bit_length()),
        "masked": int(geometry.pad > 0), "outside": f"{sums.column_bits}'h{sums.outside:x}",
        "latency": sums.latency, "text": sums.text, "rounds": sums.rounds, "final": sums.final,
        "eager": int(layer.fold == 1),
    }  # fmt: skip
    values["front"] = fill("conv_pixels.sv.in" if layer.kernel == 1 else "conv_lines.sv.in", values).rstrip()
    return fill("conv.sv.in", values), sums
