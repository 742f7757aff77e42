"""Conv, MatMul and Gemm: weights of a few bits on pixels or bits become integer sums."""

from dataclasses import replace

import numpy as np
import onnx

from bnn.integer.layers import Conv, Dense, Levels, Misfit, Pad
from bnn.integer.reference import Ints
from bnn.limits import MOST_KERNEL
from bnn.qonnx.foreign import copies
from bnn.qonnx.foreign.linear import Linear, convolution, dense
from bnn.qonnx.foreign.meaning import values_of
from bnn.qonnx.foreign.state import PICTURE, State, Walk
from bnn.qonnx.foreign.values import Sums, Values, rounding

OPERATORS, INPUTS = ("Conv", "MatMul", "Gemm"), (1,)
MOST_SUMS = 1 << 30  # values of all sums of a layer; the nodes behind it are executed on each


def step(walk: Walk, node: onnx.NodeProto, state: State) -> State:
    """Append the layer that makes the sums; return their state."""
    graph = walk.graph
    state, values = values_of(walk, node, state)
    found: Linear = (convolution if node.op_type == "Conv" else dense)(graph, node, state.shape, state.flat)
    graph.check_shape(node, found.shape)
    if found.pad:
        zero = values.meaning(0.0)
        if zero is None or state.pad is not None:
            why = "pads what a Pad has padded" if state.pad is not None else "pads with 0, which no pixel means"
            raise graph.refuse(node, why, "no padding, or pixels that 0 is one of")
        state = replace(state, pad=zero, place=walk.emit(Pad(found.pad, zero), node, state.place))
    weight = found.integers * (1 if values.unit > 0 else -1)  # [O, ...]
    convolves = node.op_type == "Conv"
    bits = walk.makers_of_bits(state.place) is not None
    if not convolves and not bits and not _reads_falling_signs(walk, state):
        weight, convolves = _whole_map(walk, node, state, weight), True
    maps, levels = state.shape[0], values.levels
    if (np.abs(weight) != 1).any() and bits:
        if convolves:
            values, weight = _copied(walk, node, state, values, weight)
        else:  # double weights make all sums even; hardware makes the copies inside the layer
            values, weight = replace(values, unit=values.unit / 2), 2 * weight
    if levels > 1:  # the levels of a channel lie side by side and have one weight, which hardware keeps once
        weight = copies.repeated(weight, maps * values.levels // levels, levels)
    sums = _sums(found, weight, values, state.pad)
    if (int(sums.high.max()) - int(sums.low.min()) + 1) * len(weight) > MOST_SUMS:
        raise graph.refuse(
            node, f"its {len(weight)} sums take {sums.low.min()} to {sums.high.max()}", "a layer of fewer inputs"
        )
    layer = Conv(weight, found.stride, found.groups) if convolves else Dense(weight.T.copy())
    place = walk.emit(layer, node, state.place)
    return replace(state, pad=None, shape=found.shape, shared=False).settled(sums, place)


def _sums(found: Linear, weight: Ints, values: Values, pad: int | None) -> Sums:
    """Return the range and the meaning of sums of `values` with integers weight [O, ...]. pad: what pads the map."""
    axes = tuple(range(1, weight.ndim))
    low, high = (values.low, values.high) if pad is None else (min(values.low, pad), max(values.high, pad))
    positive, negative = np.maximum(weight, 0).sum(axes), np.maximum(-weight, 0).sum(axes)
    unit = np.float64(abs(values.unit)) * found.scale
    largest = max(abs(low - values.zero), abs(high - values.zero))
    magnitudes = np.abs(weight).sum(axes) * largest
    error = float(np.abs(weight).max()) * values.error + found.error * largest
    return Sums(
        low=positive * low - negative * high,
        high=positive * high - negative * low,
        unit=unit,
        offset=-values.zero * weight.sum(axes),
        bias=found.bias,
        error=rounding(int(weight[0].size), magnitudes, unit, found.bias, error),
    )


def _whole_map(walk: Walk, node: onnx.NodeProto, state: State, weight: Ints) -> Ints:
    """Return weights [O, F] of a dense layer on pixels as kernels [O, C, K, K] over the whole map.

    UserError when the map is not square or too large.
    """
    channels, height, width = state.shape
    if height != width or height > MOST_KERNEL:
        raise walk.graph.refuse(
            node,
            f"is a dense layer on pixels of more than one bit, {channels} x {height} x {width}",
            f"square maps up to {MOST_KERNEL}x{MOST_KERNEL}, pixels of 1 bit, of one channel and 1 to 4 bits "
            "(QuantIdentity(bit_width=4) in front), or a Conv in front",
        )
    return weight.reshape(len(weight), channels, height, width)


def _reads_falling_signs(walk: Walk, state: State) -> bool:
    """Return whether the map is signs of pixels that fall as the pixel rises, which a table makes."""
    layer = None if state.place == PICTURE else walk.layers[state.place].layer
    return isinstance(layer, Levels) and layer.step == -2


def _copied(walk: Walk, node: onnx.NodeProto, state: State, values: Values, weight: Ints) -> tuple[Values, Ints]:
    """Return values and weights +-1 for weights of magnitude up to m: the layers in front make every map 2 * m times.

    UserError when they cannot, or when another branch reads the maps.
    """
    most = int(np.abs(weight).max())
    times = 2 * most
    makers = walk.makers_of_bits(state.place) or []
    if any(place == PICTURE or isinstance(walk.layers[place].layer, Levels) for place in makers):
        raise walk.graph.refuse(node, "has weights of more than one bit on signs of pixels", "1-bit weights there")
    if state.shared:
        raise walk.refuse_shared(state, node, "has weights of more than one bit, for which it needs its maps copied")
    for emitted in (walk.layers[place] for place in makers):
        try:
            emitted.layer = emitted.layer.copied(times, values.levels)
        except Misfit as misfit:
            raise walk.graph.refuse(node, f"has weights of more than one bit; {misfit}", "1-bit weights") from misfit
    weight = copies.signs(weight, state.shape[0], most)
    values = replace(values, unit=values.unit / 2, error=2 * values.error, levels=values.levels * times)
    return values, weight
