"""AveragePool, GlobalAveragePool, ReduceMean and ReduceSum over the map: averages and sums over windows of bits."""

from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from bnn.integer.layers import Conv, Dense, Layer, Pad
from bnn.integer.layers.sum_pool import SumPool
from bnn.limits import MOST_KERNEL
from bnn.qonnx.foreign.graph import Graph
from bnn.qonnx.foreign.last import last_layer
from bnn.qonnx.foreign.meaning import values_of
from bnn.qonnx.foreign.nodes import attributes
from bnn.qonnx.foreign.state import PICTURE, State, Walk
from bnn.qonnx.foreign.values import MANTISSA, Sums, Values, odd_part, rounding

OPERATORS, INPUTS = ("AveragePool", "GlobalAveragePool", "ReduceMean", "ReduceSum"), (1,)
WINDOWS = "windows that do not overlap and are not padded, incomplete ones dropped"


def step(walk: Walk, node: onnx.NodeProto, state: State) -> State:
    """Append a SumPool; return the state of its sums. A mean is the same sum with another meaning."""
    graph = walk.graph
    if state.flat:
        raise graph.refuse(node, "averages a flattened map", "pooling in front of Flatten")
    size, flat = _window(graph, node, state.shape)
    channels, height, width = state.shape
    shape = (channels, height // size[0], width // size[1])
    if min(shape) < 1:
        raise graph.refuse(node, f"its window of {size[0]}x{size[1]} is larger than the map", "smaller windows")
    graph.check_shape(node, shape)
    if isinstance(state.now, Sums):
        return replace(_of_sums(walk, node, state, state.now, size), shape=shape, flat=flat, pending_flat=flat)
    state, values = values_of(walk, node, state)
    if (values.low, values.high, values.levels) != (-1, 1, 1):
        raise graph.refuse(node, "averages values of more than one bit", "BipolarQuant in front of it")
    pool, sign = SumPool(size), 1 if values.unit > 0 else -1
    if sign < 0:
        pool = pool.multiplied(np.full(channels, sign))
    place = walk.emit(pool, node, state.place)
    made = replace(state, shape=shape, flat=flat, shared=False)
    return made.settled(_sums(values, sign, channels, size[0] * size[1], node.op_type != "ReduceSum"), place)


def _of_sums(walk: Walk, node: onnx.NodeProto, state: State, sums: Sums, size: tuple[int, int]) -> State:
    """Return the state of averaged sums of a 1x1 Conv, whose layer is replaced by a Conv over the whole window.

    Each of its kernels holds one value. UserError when other layers made the sums.
    """
    graph, emitted, pixels = walk.graph, walk.layers[state.place], size[0] * size[1]
    layer, (source, *_) = emitted.layer, emitted.inputs
    whole = state.shape[1:] == size and (source == PICTURE or not isinstance(walk.layers[source].layer, Pad))
    one = isinstance(layer, Conv) and layer.weight.shape[2:] == (1, 1) and (layer.stride, layer.groups) == (1, 1)
    if not one or state.pending or not (whole or (size[0] == size[1] <= MOST_KERNEL)):
        raise graph.refuse(node, f"averages the sums of {emitted.name}", "BipolarQuant or a 1x1 Conv in front of it")
    if state.shared:
        raise walk.refuse_shared(state, node, "averages sums")
    assert isinstance(layer, Conv)
    weight = np.tile(layer.weight, (1, 1, *size))
    emitted.layer = Dense(weight.reshape(len(weight), -1).T.copy()) if whole else Conv(weight, size[0])
    mean = node.op_type != "ReduceSum"
    unit, bias = (sums.unit / pixels, sums.bias) if mean else (sums.unit, sums.bias * pixels)
    low, high, offset = sums.low * pixels, sums.high * pixels, sums.offset * pixels
    largest = np.maximum(np.abs(low + offset), np.abs(high + offset))
    error = sums.error * (1 if mean else pixels) + rounding(pixels, largest, unit, bias, 0.0)
    return state.settled(Sums(low, high, unit, offset, bias, error), state.place)


def _sums(values: Values, sign: int, channels: int, pixels: int, mean: bool) -> Sums:
    """Return the range and the meaning of sums of `pixels` bits. sign: the layer multiplies them by this."""
    every, each = np.ones(channels, np.int64), np.ones(channels)
    unit, largest = abs(values.unit), pixels * max(abs(end - values.zero) for end in (-1, 1))
    exact = not values.error and odd_part(unit) * largest < 2**MANTISSA  # all partial sums; a mean is rounded once
    scale = np.full(channels, unit / pixels if mean else unit)
    terms = 1 if exact else pixels
    return Sums(
        low=-pixels * every, high=pixels * every, unit=scale, offset=-values.zero * pixels * sign * each,
        bias=np.zeros(channels), error=rounding(terms, largest * each, scale, np.zeros(channels), values.error),
    )  # fmt: skip


def _window(graph: Graph, node: onnx.NodeProto, shape: tuple[int, int, int]) -> tuple[tuple[int, int], bool]:
    """Return rows and columns of the windows, and whether the output is a row, without rows and columns of maps.

    UserError when windows overlap, are padded, or go over other axes than the map's.
    """
    a, (_, height, width) = attributes(node), shape
    if node.op_type == "GlobalAveragePool":
        return (height, width), False
    if node.op_type != "AveragePool":
        axes = graph.constant(node, 1) if len(node.input) > 1 else a.get("axes")
        if axes is None or sorted(int(axis) % 4 for axis in np.ravel(axes)) != [2, 3]:
            raise graph.refuse(node, f"goes over axes {axes}", "axes 2 and 3, the rows and columns")
        return (height, width), not a.get("keepdims", 1)
    kernel = [int(side) for side in a["kernel_shape"]]
    if len(kernel) != 2 or not _plain(a, kernel, (height, width)):
        strides, pads = a.get("strides", [1] * len(kernel)), a.get("pads", 0)
        why = f"kernel {kernel}, strides {strides}, pads {pads}, ceil_mode {a.get('ceil_mode', 0)}"
        raise graph.refuse(node, why, WINDOWS)
    return (kernel[0], kernel[1]), False


def _plain(a: dict[str, Any], kernel: list[int], map_size: tuple[int, int]) -> bool:
    """Return whether the windows do not overlap, have no padding, and incomplete ones are dropped."""
    strides = list(a.get("strides", [1, 1]))
    disjoint = all(stride == side or size == side for stride, side, size in zip(strides, kernel, map_size, strict=True))
    unpadded = not any(a.get("pads", [0])) and a.get("auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    whole = not a.get("ceil_mode", 0) or all(size % side == 0 for size, side in zip(map_size, kernel, strict=True))
    return disjoint and unpadded and whole and set(a.get("dilations", [1])) == {1}


@last_layer.register
def _(layer: SumPool, walk: Walk, node: onnx.NodeProto, state: State) -> Layer:
    if state.shape[1:] != (1, 1):
        why = f"ends the network with maps of {state.shape[1]}x{state.shape[2]}"
        raise walk.graph.refuse(node, why, "sums of whole maps")
    return replace(layer, flat=True)
