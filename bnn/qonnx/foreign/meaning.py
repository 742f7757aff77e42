"""Find the integers that a layer reads, and what they mean in the file."""

import numpy as np
import onnx

from bnn.integer.layers import Conv, Layer, Levels, Threshold
from bnn.qonnx.foreign import pixels as picture
from bnn.qonnx.foreign.decisions import MOST_LEVELS
from bnn.qonnx.foreign.nodes import QUANTIZERS
from bnn.qonnx.foreign.state import State, Undecided, Walk
from bnn.qonnx.foreign.values import Sums, Values, thermometer

FEW_BITS = "activations of 1 to 4 bits (BipolarQuant, Quant, MultiThreshold) in front of every layer but the first"


def values_of(walk: Walk, node: onnx.NodeProto, state: State) -> tuple[State, Values]:
    """Return the state with nothing pending, and the meaning of the integers that `node` reads there.

    Layers that quantize pixels are appended. UserError names the node, or a pending one, when the tensor is no integers
    of a few bits.
    """
    graph, place = walk.graph, state.place
    if isinstance(state.now, (Sums, Undecided)):
        multi = [n for n in state.pending if n.op_type in QUANTIZERS]
        if multi:
            raise graph.refuse(multi[-1], "activations of more than four bits", FEW_BITS)
        raise graph.refuse(node, f"reads the sums of {walk.layers[place].name} without a sign in between", FEW_BITS)
    if state.now is None:
        x = picture.table(graph, state.pending, state.shape[0], state.pending_flat, walk.unit)
        if any(n.op_type == "MaxPool" for n in state.pending):
            raise graph.refuse(node, "reads pooled pixels", "pooling behind the first Conv")
        made: list[Layer] = []
        if not state.pending and not walk.unit:
            values = Values(1.0, 0.0, 0, 255)
        else:
            values, made = picture.quantized(graph, state.pending or [node], x)
        if node.op_type != "Conv" and state.shape[0] == 1 and made:
            values, made = _bits_of_pixels(values, made)
        for layer in made:
            place = walk.emit(layer, state.pending[-1], place)
    elif state.pending:
        values = moved(walk, state, state.now)
    else:
        values = state.now
    return state.settled(values, place), values


def _bits_of_pixels(values: Values, made: list[Layer]) -> tuple[Values, list[Layer]]:
    """Return quantized pixels as one map of bits per level, because dense layers read bits.

    made: the layer that quantizes; other layers than `Levels` of few levels are returned as they are.
    """
    (found,) = made
    if not isinstance(found, Levels) or found.thresholds.shape[1] > MOST_LEVELS:
        return values, made
    levels = found.thresholds.shape[1]
    start = values.unit * (found.low - values.zero)
    bits: list[Layer] = [Conv(np.ones((levels, 1, 1, 1), np.int64)), Threshold(found.thresholds[0])]
    return thermometer(start, values.unit * found.step, levels, 2 * values.error), bits


def moved(walk: Walk, state: State, now: Values) -> Values:
    """Return the meaning of a map of bits behind the pending nodes. now: its meaning in front of them.

    UserError when they differ between channels, or when the levels are no longer evenly spaced.
    """
    graph = walk.graph
    plus = np.arange(now.levels + 1)  # how many of an element's bits are +1
    x = (now.unit * (2 * plus - now.levels - now.levels * now.zero)).astype(np.float32)
    y = graph.run(np.tile(x[:, None], (1, state.shape[0])), state.pending, state.pending_flat).astype(np.float64)
    step = float(y[-1, 0] - y[0, 0]) / now.levels
    if step == 0 or (y != y[:, :1]).any():
        of = "+-1" if now.levels == 1 else "its levels"
        raise graph.refuse(state.pending[-1], f"makes other values of {of} in every channel, or one", FEW_BITS)
    error = float(np.abs(y[:, 0] - (y[0, 0] + step * plus)).max() / abs(step))
    if error > 1e-5:
        raise graph.refuse(state.pending[-1], "makes values that are not evenly spaced", FEW_BITS)
    return thermometer(float(y[0, 0]), step, now.levels, now.error + 2 * error)
