"""A layer in C++ for Vitis HLS, and for g++ with the ap_types headers: hw/hls does the work, this writes the constants.

Each operator's module gives the text of its header, name.hpp, with `name_layer::frame(in0_V, out0_V)`, which
`layer_header` puts together; the tops are Vitis HLS' entry, `void name(in0_V, out0_V)`. A call is a frame. Beats are
those of the RTL: element 0 in the low bits, widths rounded up to bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from hw.bits import Ints
from hw.text import fill

PER_LINE = 40  # elements of a table in a line of text


def whole_bytes(bits: int) -> int:
    """Return `bits` rounded up to whole bytes."""
    return 8 * ceil(bits / 8)


def layer_header(
    name: str, summary: str, header: str, constants: Mapping[str, int], call: str, tables: Mapping[str, Ints],
    types: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    """Return the text of name.hpp: a struct Layer with `constants` and `types`, tables, and frame(), calling `call`.

    header: the file of hw/hls with the code. tables: by their C++ declaration without sizes; the call gets them as
    arguments behind the streams.
    """
    lines = [f"  static const int {key} = {value};" for key, value in constants.items()]
    lines += [f"  typedef {value} {key};" for key, value in (types or {}).items()]
    arguments = "".join(f", {declared.split()[-1]}" for declared in tables)
    texts = [f"static {declared}{_shape(table.shape)} = {_braces(table)};" for declared, table in tables.items()]
    values = {
        "name": name, "summary": summary, "header": header, "constants": "\n".join(lines), "tables": "\n".join(texts),
        "call": call, "arguments": arguments,
    }  # fmt: skip
    return fill("hls_layer.hpp.in", values)


def layer_top(name: str, summary: str, in_bits: int, out_bits: int) -> str:
    """The .cpp of one layer, whose frame() is in name.hpp."""
    return _top(name, summary, [name], in_bits, out_bits, f"  {name}_layer::frame(in0_V, out0_V);\n")


def network_top(
    name: str, summary: str, layers: Sequence[str], bits: Sequence[int], depths: Sequence[int]
) -> str:  # fmt: skip
    """The .cpp of a whole network, its layers working side by side.

    layers: modules in order. bits: of a beat of the input, then of what each layer puts out. depths: room for beats
    in the stream behind each layer but the last.
    """
    streams = [f"{layer}_stream" for layer in layers[:-1]]
    body = "#pragma HLS DATAFLOW\n"
    for stream, width, depth in zip(streams, bits[1:-1], depths, strict=True):
        body += fill("hls_stream.in", {"width": whole_bytes(width), "name": stream, "depth": depth})
    for layer, source, target in zip(layers, ["in0_V", *streams], [*streams, "out0_V"], strict=True):
        body += f"  {layer}_layer::frame({source}, {target});\n"
    return _top(name, summary, layers, bits[0], bits[-1], body)


def _top(name: str, summary: str, layers: Sequence[str], in_bits: int, out_bits: int, body: str) -> str:
    values = {
        "name": name, "summary": summary, "includes": "\n".join(f'#include "{layer}.hpp"' for layer in layers),
        "in_width": whole_bytes(in_bits), "out_width": whole_bytes(out_bits), "body": body,
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
