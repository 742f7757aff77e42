"""A layer in C++ for Vitis HLS, and for g++ with the ap_types headers: hw/hls does the work, this writes the constants.

Each operator's module gives the text of its header, name.hpp, with `name_layer::frame(in0_V, out0_V)`, or of in0_V and
in1_V, which `layer_header` puts together; the tops are Vitis HLS' entry, `void name(in0_V, out0_V)`. A call is a frame.
Beats are those of the RTL: element 0 in the low bits, widths rounded up to bytes. hw.dataflow connects layers.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from hw.bits import Ints
from hw.text import fill

PER_LINE = 40  # elements of a table in a line of text
POINT = "operating_point"  # the argument, and the port, of what is added to the scores (nj_argmax)


def whole_bytes(bits: int) -> int:
    """Return `bits` rounded up to whole bytes."""
    return 8 * ceil(bits / 8)


def layer_header(
    name: str, summary: str, header: str, constants: Mapping[str, int], call: str, tables: Mapping[str, Ints],
    types: Mapping[str, str] | None = None, point: bool = False,
) -> str:  # fmt: skip
    """Return the text of name.hpp: a struct Layer with `constants` and `types`, tables, and frame(), calling `call`.

    header: the file of hw/hls with the code. constants: with the widths of beats, OutWidth and InWidth, or, of two
    inputs, In0Width and In1Width. tables: by their C++ declaration without sizes; the call gets them as arguments
    behind the streams. point: the layer takes the operating point too, of Layer::PointBits, behind the streams.
    """
    lines = [f"  static const int {key} = {value};" for key, value in constants.items()]
    lines += [f"  typedef {value} {key};" for key, value in (types or {}).items()]
    arguments = "".join(f", {declared.split()[-1]}" for declared in tables)
    texts = [f"static {declared}{_shape(table.shape)} = {_braces(table)};" for declared, table in tables.items()]
    widths = [key for key in constants if key.startswith("In") and key.endswith("Width")]
    arguments += f", {POINT}" if point else ""
    values = {
        "name": name, "summary": summary, "header": header, "constants": "\n".join(lines), "tables": "\n".join(texts),
        "point": f", const ap_uint<Layer::PointBits> &{POINT}" if point else "",
        "inputs": ", ".join(f"hls::stream<ap_uint<Layer::{key}> > &in{i}_V" for i, key in enumerate(widths)),
        "call": call, "arguments": ", ".join(f"in{i}_V" for i in range(len(widths))) + ", out0_V" + arguments,
    }  # fmt: skip
    return fill("hls_layer.hpp.in", values)


def layer_top(name: str, summary: str, in_bits: Sequence[int], out_bits: int, point_bits: int = 0) -> str:
    """Return the .cpp of one layer, whose frame() is in name.hpp. in_bits: of a beat of each input.

    point_bits: of the operating point, of a layer that takes one.
    """
    streams = ", ".join([f"in{i}_V" for i in range(len(in_bits))])
    point = f", {POINT}" if point_bits else ""
    body = f"  {name}_layer::frame({streams}, out0_V{point});\n"
    return top(name, summary, [name], in_bits, out_bits, body, point_bits)


def top(
    name: str, summary: str, headers: Sequence[str], in_bits: Sequence[int], out_bits: int, body: str,
    point_bits: int = 0,
) -> str:  # fmt: skip
    """Return the .cpp of a function with AXI4-Stream ports. headers: that it includes. body: C++.

    point_bits: of the operating point, a port of its own beside the streams; 0 where there is none.
    """
    inputs = [f"hls::stream<ap_uint<{whole_bytes(bits)}> > &in{i}_V" for i, bits in enumerate(in_bits)]
    ports = [*(f"in{i}_V" for i in range(len(in_bits))), "out0_V"]
    pragmas = [f"#pragma HLS INTERFACE axis port = {port}" for port in ports]
    if point_bits:
        pragmas += [f"#pragma HLS INTERFACE ap_none port = {POINT}", f"#pragma HLS STABLE variable = {POINT}"]
    values = {
        "name": name, "summary": summary, "includes": "\n".join(f'#include "{header}.hpp"' for header in headers),
        "inputs": ", ".join(inputs), "out_width": whole_bytes(out_bits), "body": body,
        "ports": ", ".join([*(f"{port}_TDATA" for port in ports), *([POINT] if point_bits else [])]),
        "interfaces": "\n".join(pragmas),
        "point": f", ap_uint<{point_bits}> {POINT}" if point_bits else "",
    }  # fmt: skip
    return fill("hls_top.cpp.in", values)


def _shape(sizes: Iterable[int]) -> str:
    return "".join(f"[{size}]" for size in sizes)


def _braces(table: Ints) -> str:
    if table.ndim > 1:
        return "{" + ",\n".join(_braces(row) for row in table) + "}"
    values = [str(int(value)) for value in table]
    rows = [",".join(values[i : i + PER_LINE]) for i in range(0, len(values), PER_LINE)]
    return "{" + ",\n".join(rows) + "}"
