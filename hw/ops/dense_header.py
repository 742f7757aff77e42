"""The C++ header of a dense layer: constants for nj_dense.hpp."""

import numpy as np

from bnn.integer.intervals import signed_bits
from hw.bits import Ints
from hw.cpp import layer_header, whole_bytes


def dense_header(
    name: str, summary: str, weight: Ints, beats: int, thresholds: Ints | None, bias: Ints | None, fold: int,
    out_bits: int, times: tuple[int, int] = (1, 1),
) -> str:  # fmt: skip
    """Return the header of a dense layer; weight +-1 [F, O], F in C, H, W order. Bits with thresholds [O], else scores.

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
        "InWidth": whole_bytes(channels // times[0]), "OutWidth": whole_bytes(outputs * out_bits),
        "CountBits": inputs.bit_length(),
        "Thresholded": int(thresholds is not None),
    }  # fmt: skip
    table = (weight.reshape(channels, beats, outputs).transpose(1, 2, 0) > 0).astype(np.int64)  # [beat, O, C]
    bits = signed_bits(int(constant.min()), int(constant.max()))
    return layer_header(
        name, summary, "nj_dense.hpp", constants, "nj_dense<Layer>",
        {"const unsigned char weight": table, f"const ap_int<{bits}> constant": constant},
    )  # fmt: skip
