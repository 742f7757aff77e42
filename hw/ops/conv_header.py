"""The C++ header of a convolution: constants for nj_conv.hpp."""

from dataclasses import dataclass

import numpy as np

from bnn import jets
from bnn.integer.intervals import signed_bits
from hw.bits import Ints, dot_range
from hw.cpp import layer_header, whole_bytes
from hw.jets.folding import JetFolding
from hw.jets.layer import SelectedJets


@dataclass(frozen=True)
class Geometry:
    """What a convolution reads, and how."""

    height: int
    width: int
    kernel: int
    stride: int
    pad: int


def conv_header(
    name: str, summary: str, geometry: Geometry, weight: Ints, constant: Ints | None, in_bits: int,
    signed: bool, grouped: bool, fold: int, out_bits: int, inside_map: bool = False,
) -> str:  # fmt: skip
    """Return the header of a convolution of bits (in_bits 1) or integers.

    constant: thresholds [O] on the sums, None to put out sums.

    weight [O, C, K, K] of +-1, of jets (+-) and zeros, or of any small integers; [O, 1, K, K] when grouped.
    inside_map: of bits, the last map is 1 inside of the frame and not in the stream.
    """
    if grouped and _jet_table(weight) is None:  # any kernels: all maps are read, all but one with a weight of 0
        weight, grouped = np.eye(len(weight), dtype=np.int64)[..., None, None] * weight[:, 0], False
    outputs, reads, kernel, _ = weight.shape
    channels = outputs if grouped else reads
    low, high = (-(1 << in_bits - 1), (1 << in_bits - 1) - 1) if signed else (0, (1 << in_bits) - 1)
    least, most = dot_range(weight, low, high)
    matches = in_bits == 1 and not grouped and not inside_map and bool(np.isin(weight, (-1, 1)).all())
    moved = (weight < 0).sum((1, 2, 3)) if matches else np.zeros(outputs, np.int64)
    limits = -moved if constant is None else np.clip(constant, least, most + 1) + moved
    if matches:
        kind, table = "nj_match_sums", (weight.reshape(outputs, -1) > 0).astype(np.int64)
    elif not grouped and not inside_map and bool(np.isin(weight, (-1, 1)).all()):
        kind, table = "nj_signed_sums", (weight.reshape(outputs, -1) > 0).astype(np.int64)
    elif inside_map or (jet_table := _jet_table(weight)) is None:
        kind, table = "nj_weighted_sums", weight.reshape(outputs, -1)
    else:
        kind, table = "nj_jet_sums", jet_table
    sum_bits = signed_bits(int(min(least.min(), 0)), int(max(most.max(), channels * kernel**2)))
    constants = {
        "Height": geometry.height, "Width": geometry.width, "Channels": channels, "Kernel": kernel,
        "Stride": geometry.stride, "Pad": geometry.pad, "Outputs": outputs, "Fold": fold, "InBits": in_bits,
        "OutBits": out_bits, "InWidth": whole_bytes((channels - inside_map) * in_bits),
        "OutWidth": whole_bytes(outputs * out_bits), "SumBits": sum_bits, "JetBits": in_bits + 2 * (kernel - 1) + 1,
        "Thresholded": int(constant is not None), "Grouped": int(grouped), "InsideMap": int(inside_map),
    }  # fmt: skip
    element = f"ap_{'int' if signed else 'uint'}<{in_bits}>"
    element_type = {"nj_jet_sums": "signed char", "nj_weighted_sums": "short"}.get(kind, "unsigned char")
    limit_bits = signed_bits(int(limits.min()), int(limits.max()))
    return layer_header(
        name, summary, "nj_conv.hpp", constants, f"nj_conv<Layer, {kind}<Layer> >",
        {f"const {element_type} weight": table, f"const ap_int<{limit_bits}> constant": limits},
        {"Element": element},
    )  # fmt: skip


def jets_header(
    name: str, summary: str, geometry: Geometry, weight: Ints, layer: SelectedJets, folding: JetFolding
) -> str:
    """Return the header of jets that a memory selects; weight [O, C, 3, 3]."""
    outputs, channels = weight.shape[:2]
    constants = {
        "Height": geometry.height, "Width": geometry.width, "Channels": channels, "Kernel": geometry.kernel,
        "Stride": geometry.stride, "Pad": geometry.pad, "Outputs": outputs, "Slots": folding.slots,
        "Words": folding.words, "Lanes": folding.lanes, "InBits": layer.in_bits, "OutBits": layer.out_bits,
        "InWidth": whole_bytes(channels * layer.in_bits), "OutWidth": whole_bytes(outputs * layer.out_bits),
        "SumBits": layer.sum_bits, "JetBits": layer.jet_bits, "Thresholded": int(layer.thresholded), "Grouped": 0,
    }  # fmt: skip
    table = _jet_table(weight)
    assert table is not None
    return layer_header(
        name, summary, "nj_jets.hpp", constants, "nj_jets<Layer>",
        {"const signed char weight": table, f"const ap_int<{layer.constant_bits}> constant": layer.constants},
        {"Element": f"ap_{'int' if layer.signed else 'uint'}<{layer.in_bits}>"},
    )  # fmt: skip


def _jet_table(weight: Ints) -> Ints | None:
    """Return [O, C]: 0 or +-(1 + index of the jet); None where a kernel is no jet."""
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
