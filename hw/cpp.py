"""A layer in C++ for Vitis HLS, and for g++ with the ap_types headers: hw/hls does the work, this writes the constants.

table, conv, dense, max_pool, affine and argmax give the text of a header, name.hpp, with `name_layer::frame(in0_V,
out0_V)`; the tops are Vitis HLS' entry, `void name(in0_V, out0_V)`. A call is a frame. Beats are those of the RTL:
element 0 in the low bits, widths rounded up to bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from bnn import jets
from hw.bits import Ints, dot_range, signed_bits
from hw.text import fill

PER_LINE = 40  # elements of a table in a line of text


@dataclass(frozen=True)
class Geometry:
    """What a convolution reads, and how."""

    height: int
    width: int
    kernel: int
    stride: int
    pad: int


def conv(
    name: str, summary: str, geometry: Geometry, weight: Ints, constant: Ints | None, in_bits: int,
    signed: bool, grouped: bool, fold: int, out_bits: int, plane: bool = False,
) -> str:  # fmt: skip
    """Convolution of bits (in_bits 1) or integers; `constant`: thresholds [O] on the sums, None to put out sums.

    weight [O, C, K, K] of +-1, of jets (+-) and zeros ([O, 1, K, K] when grouped), or of any small integers. plane: of
    bits, the last map is 1 inside of the frame and not in the stream.
    """
    outputs, reads, kernel, _ = weight.shape
    channels = outputs if grouped else reads
    low, high = (-(1 << in_bits - 1), (1 << in_bits - 1) - 1) if signed else (0, (1 << in_bits) - 1)
    least, most = dot_range(weight, low, high)
    matches = in_bits == 1 and not grouped and not plane and bool(np.isin(weight, (-1, 1)).all())
    moved = (weight < 0).sum((1, 2, 3)) if matches else np.zeros(outputs, np.int64)
    limits = -moved if constant is None else np.clip(constant, least, most + 1) + moved
    if matches:
        kind, table = "nj_match_sums", (weight.reshape(outputs, -1) > 0).astype(np.int64)
    elif not grouped and not plane and bool(np.isin(weight, (-1, 1)).all()):
        kind, table = "nj_signed_sums", (weight.reshape(outputs, -1) > 0).astype(np.int64)
    elif plane or (jet_table := _jet_table(weight)) is None:
        kind, table = "nj_weighted_sums", weight.reshape(outputs, -1)
    else:
        kind, table = "nj_jet_sums", jet_table
    sum_bits = signed_bits(int(min(least.min(), 0)), int(max(most.max(), channels * kernel**2)))
    constants = {
        "Height": geometry.height, "Width": geometry.width, "Channels": channels, "Kernel": kernel,
        "Stride": geometry.stride, "Pad": geometry.pad, "Outputs": outputs, "Fold": fold, "InBits": in_bits,
        "OutBits": out_bits, "InWidth": _bytes((channels - plane) * in_bits), "OutWidth": _bytes(outputs * out_bits),
        "SumBits": sum_bits, "JetBits": in_bits + 2 * (kernel - 1) + 1,
        "Thresholded": int(constant is not None), "Grouped": int(grouped), "Plane": int(plane),
    }  # fmt: skip
    element = f"ap_{'int' if signed else 'uint'}<{in_bits}>"
    element_type = {"nj_jet_sums": "signed char", "nj_weighted_sums": "short"}.get(kind, "unsigned char")
    limit_bits = signed_bits(int(limits.min()), int(limits.max()))
    return _layer(
        name, summary, "nj_conv.hpp", constants, f"nj_conv<Layer, {kind}<Layer> >",
        {f"const {element_type} weight": table, f"const ap_int<{limit_bits}> constant": limits},
        {"Element": element},
    )  # fmt: skip


def table(name: str, summary: str, height: int, width: int, values: Ints, out_bits: int) -> str:
    """Tables of pixels; values [C, 256], bits (out_bits 1) or integers."""
    channels = len(values)
    constants = {
        "Height": height, "Width": width, "Channels": channels, "OutBits": out_bits, "InWidth": _bytes(8 * channels),
        "OutWidth": _bytes(channels * out_bits),
    }  # fmt: skip
    return _layer(name, summary, "nj_table.hpp", constants, "nj_table<Layer>", {"const short table": values})


def affine(name: str, summary: str, multiplier: Ints, bias: Ints, in_bits: int, out_bits: int) -> str:
    """Scores on a common scale; multiplier and bias [O]."""
    classes = len(bias)
    constants = {
        "Classes": classes, "InBits": in_bits, "OutBits": out_bits, "InWidth": _bytes(classes * in_bits),
        "OutWidth": _bytes(classes * out_bits),
    }  # fmt: skip
    element = f"const ap_int<{out_bits}>"
    tables = {f"{element} multiplier": multiplier, f"{element} bias": bias}
    return _layer(name, summary, "nj_affine.hpp", constants, "nj_affine<Layer>", tables)


def dense(
    name: str, summary: str, weight: Ints, beats: int, thresholds: Ints | None, bias: Ints | None, fold: int,
    out_bits: int, times: tuple[int, int] = (1, 1),
) -> str:  # fmt: skip
    """Dense layer of +-1 inputs; weight +-1 [F, O], F in C, H, W order. With thresholds [O] bits, else scores.

    times: how many copies of an input F has, and how many inputs in a row are copied as one.
    """
    inputs, outputs = weight.shape
    channels = inputs // beats
    if thresholds is not None:  # sum = 2 * matches - inputs
        constant = np.clip(-((-thresholds - inputs) // 2), 0, inputs + 1)
    else:
        constant = (np.zeros(outputs, np.int64) if bias is None else bias) - inputs
    constants = {
        "Beats": beats, "Channels": channels, "Outputs": outputs, "Fold": fold, "OutBits": out_bits,
        "Copies": times[0], "Together": times[1],
        "InWidth": _bytes(channels // times[0]), "OutWidth": _bytes(outputs * out_bits),
        "CountBits": inputs.bit_length(),
        "Thresholded": int(thresholds is not None),
    }  # fmt: skip
    table = (weight.reshape(channels, beats, outputs).transpose(1, 2, 0) > 0).astype(np.int64)  # [beat, O, C]
    bits = signed_bits(int(constant.min()), int(constant.max()))
    return _layer(
        name, summary, "nj_dense.hpp", constants, "nj_dense<Layer>",
        {"const unsigned char weight": table, f"const ap_int<{bits}> constant": constant},
    )  # fmt: skip


def max_pool(name: str, summary: str, height: int, width: int, size: int, minimum: Ints) -> str:
    """Max-pooling of bits; the minimum of the maps where `minimum` [C] is 1."""
    constants = {
        "Height": height, "Width": width, "Channels": len(minimum), "Size": size,
        "InWidth": _bytes(len(minimum)), "OutWidth": _bytes(len(minimum)),
    }  # fmt: skip
    tables = {"const unsigned char minimum": minimum}
    return _layer(name, summary, "nj_max_pool.hpp", constants, "nj_max_pool<Layer>", tables)


def argmax(name: str, summary: str, classes: int, score_bits: int, class_bits: int, out_score_bits: int) -> str:
    """Class and scores."""
    constants = {
        "Classes": classes, "ScoreBits": score_bits, "ClassBits": class_bits, "OutScoreBits": out_score_bits,
        "InWidth": _bytes(classes * score_bits), "OutWidth": _bytes(class_bits + classes * out_score_bits),
    }  # fmt: skip
    return _layer(name, summary, "nj_argmax.hpp", constants, "nj_argmax<Layer>", {})


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
        body += fill("hls_stream.in", {"width": _bytes(width), "name": stream, "depth": depth})
    for layer, source, target in zip(layers, ["in0_V", *streams], [*streams, "out0_V"], strict=True):
        body += f"  {layer}_layer::frame({source}, {target});\n"
    return _top(name, summary, layers, bits[0], bits[-1], body)


def _top(name: str, summary: str, layers: Sequence[str], in_bits: int, out_bits: int, body: str) -> str:
    values = {
        "name": name, "summary": summary, "includes": "\n".join(f'#include "{layer}.hpp"' for layer in layers),
        "in_width": _bytes(in_bits), "out_width": _bytes(out_bits), "body": body,
    }  # fmt: skip
    return fill("hls_top.cpp.in", values)


def _jet_table(weight: Ints) -> Ints | None:
    """[O, C]: 0 or +-(1 + index of the jet); None where a kernel is none."""
    side = weight.shape[2]
    kernels, inverse = np.unique(weight.reshape(-1, side, side), axis=0, return_inverse=True)
    chosen = []
    for kernel in kernels:
        found = jets.factorise(kernel)
        if found is None:
            return None
        sign, down, across = found
        chosen.append(sign * (1 + down * side + across))
    return np.array(chosen)[inverse.reshape(-1)].reshape(weight.shape[:2])


def _bytes(bits: int) -> int:
    return 8 * ceil(bits / 8)


def _layer(
    name: str, summary: str, header: str, constants: Mapping[str, int], call: str, tables: Mapping[str, Ints],
    types: Mapping[str, str] | None = None,
) -> str:  # fmt: skip
    lines = [f"  static const int {key} = {value};" for key, value in constants.items()]
    lines += [f"  typedef {value} {key};" for key, value in (types or {}).items()]
    arguments = "".join(f", {declared.split()[-1]}" for declared in tables)
    texts = [f"static {declared}{_shape(table.shape)} = {_braces(table)};" for declared, table in tables.items()]
    values = {
        "name": name, "summary": summary, "header": header, "constants": "\n".join(lines), "tables": "\n".join(texts),
        "call": call, "arguments": arguments,
    }  # fmt: skip
    return fill("hls_layer.hpp.in", values)


def _shape(sizes: Iterable[int]) -> str:
    return "".join(f"[{size}]" for size in sizes)


def _braces(table: Ints) -> str:
    if table.ndim > 1:
        return "{" + ",\n".join(_braces(row) for row in table) + "}"
    values = [str(int(value)) for value in table]
    rows = [",".join(values[i : i + PER_LINE]) for i in range(0, len(values), PER_LINE)]
    return "{" + ",\n".join(rows) + "}"
