"""The nodes between the picture and the first layer, executed on all 256 values of a pixel. They may be:

sign             y = +-1, by one threshold per channel
quantizer        an integer per pixel value, rising or falling with it, in units of the quantizer's scale
scale, offset    pixels stay pixels, which mean unit * (p - zero), the same in all channels
"""

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from qonnx.core.datatype import DataType

from bnn.errors import UserError
from bnn.integer.layers import Layer, Levels, Threshold
from bnn.integer.reference import Ints
from bnn.qonnx.foreign.graph import RESHAPING, Graph
from bnn.qonnx.foreign.nodes import QUANTIZERS, Array
from bnn.qonnx.foreign.values import MANTISSA, Values

PIXELS = ("unit", "byte")
LINE = "an input quantizer of up to 8 bits (Quant, BipolarQuant), or scale and offset that all channels share"


def takes_unit(graph: Graph, pixels: str | None) -> bool:
    """Return whether the file takes pixels / 255. UserError when neither the file nor the user says so.

    pixels: what the user says: "unit", "byte" or None.
    """
    kind = next(tensor for tensor in graph.model.graph.input if tensor.name == graph.input).type.tensor_type.elem_type
    bytes_only = kind != onnx.TensorProto.FLOAT
    if pixels is None and not bytes_only and graph.model.get_tensor_datatype(graph.input) != DataType["UINT8"]:
        raise UserError(
            f"{graph.where}: input '{graph.input}' is not annotated UINT8, so the file does not say what its pixels "
            "are; add --pixels unit when it was trained on pixels / 255 (as torchvision gives them), or --pixels byte "
            "when it was trained on 0..255"
        )
    if pixels is not None and pixels not in PIXELS:
        raise UserError(f"--pixels {pixels} is unknown; choose {' or '.join(PIXELS)}")
    if pixels == "unit" and bytes_only:
        raise UserError(f"{graph.where}: input '{graph.input}' takes bytes, not pixels / 255; leave --pixels away")
    return pixels == "unit"


def table(graph: Graph, nodes: Sequence[onnx.NodeProto], channels: int, flat: bool, unit: bool) -> Array:
    """Return [256, C]: what `nodes` make of each value of a pixel. unit: the model takes pixels / 255."""
    pixels = np.arange(256, dtype=np.float32)
    if unit:
        pixels = pixels / np.float32(255)
    tensor = next(tensor for tensor in graph.model.graph.input if tensor.name == graph.input)
    kind = onnx.helper.tensor_dtype_to_np_dtype(tensor.type.tensor_type.elem_type)
    return graph.run(np.tile(pixels.astype(kind)[:, None], (1, channels)), nodes, flat)


def quantized(graph: Graph, nodes: Sequence[onnx.NodeProto], x: Array) -> tuple[Values, list[Layer]]:
    """Return what integers mean that stand for the values x [256, C], and the layer that makes them, if one is needed.

    x: what `nodes` make of each value of a pixel, in front of a linear layer. UserError names the last of `nodes` when
    the values are neither quantized nor on a line.
    """
    nodes = [node for node in nodes if node.op_type not in RESHAPING] or nodes
    quantizers = [node for node in nodes if node.op_type in QUANTIZERS]
    scale = graph.constant(quantizers[-1], 1) if quantizers else np.ones(1, np.float32)
    if scale is not None and scale.size == 1 and nodes[-1:] == quantizers[-1:]:
        unit = float(abs(scale.item()))
        z = np.rint(x / np.float32(unit)).astype(np.int64)
        if np.array_equal((z * np.float32(unit)).astype(np.float32), x):
            values = Values(unit, 0.0, int(z.min()), int(z.max()))
            if (z == np.arange(256)[:, None]).all():
                return values, []
            return values, [_levels(graph, nodes[-1], z)]
    p = np.arange(256)[:, None]
    slope = (float(x[255].mean()) - float(x[0].mean())) / 255
    start = float(x[0].mean())
    error = float(np.abs(x - (slope * p + start)).max())
    if slope == 0 or error > 8 * 2.0**-MANTISSA * float(np.abs(x).max()):
        raise graph.refuse(nodes[-1], "what it makes of the pixels is neither integers nor on one line", LINE)
    return Values(slope, -start / slope, 0, 255, error / abs(slope)), []


def _levels(graph: Graph, node: onnx.NodeProto, z: Ints) -> Levels:
    """Return the layer that makes the integers z [256, C] of the pixel values. UserError unless they rise or fall."""
    rising, falling = (np.diff(z, axis=0) >= 0).all(), (np.diff(z, axis=0) <= 0).all()
    if not rising and not falling:
        raise graph.refuse(
            node, "what it makes of the pixels rises and falls", "a quantizer behind a scale and an offset"
        )
    step = 1 if rising else -1
    low = int((step * z[0]).min())
    steps = int((step * z[-1]).max()) - low
    wanted = low + 1 + np.arange(steps)  # [L]
    thresholds = (step * z[:, :, None] < wanted).sum(axis=0)  # [C, L]: the first pixel that reaches it
    return Levels(thresholds, step * low, step)


def signs(graph: Graph, node: onnx.NodeProto, plus: NDArray[np.bool_]) -> Layer:
    """Return the layer that makes +1 of the pixel values where plus [256, C] is set, else -1.

    UserError unless all channels rise, or all fall.
    """
    change = np.diff(plus.astype(np.int64), axis=0)
    if (change >= 0).all():
        return Threshold((~plus).sum(axis=0))
    if (change <= 0).all():
        return Levels(plus.sum(axis=0)[:, None], 1, -2)
    raise graph.refuse(node, "its sign rises with the pixel in one channel and falls in another", LINE)
