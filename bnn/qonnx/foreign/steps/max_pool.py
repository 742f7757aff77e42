"""MaxPool: bits are pooled at once, sums and pixels when their sign is known."""

from dataclasses import replace

import numpy as np
import onnx

from bnn.integer.layers import MaxPool
from bnn.qonnx.foreign.linear import window
from bnn.qonnx.foreign.meaning import values_of
from bnn.qonnx.foreign.state import State, Walk
from bnn.qonnx.foreign.values import Values

OPERATORS, INPUTS = ("MaxPool",), (1,)


def step(walk: Walk, node: onnx.NodeProto, state: State) -> State:
    """Return the state of the pooled map. On sums and pixels the pool becomes pending."""
    size = window(walk.graph, node)
    if size == 1:  # such a pool changes nothing
        return state
    if state.flat:
        raise walk.graph.refuse(node, "pools a flattened map", "pooling in front of Flatten")
    if isinstance(state.now, Values):
        state, values = values_of(walk, node, state)
        signs = None if values.unit > 0 else np.full(state.shape[0] * values.levels, -1)
        state = replace(state, place=walk.emit(MaxPool(size, signs), node, state.place))
    else:
        state = state.waiting_for(node)
    shape = (state.shape[0], state.shape[1] // size, state.shape[2] // size)
    walk.graph.check_shape(node, shape)
    if min(shape) < 1:
        raise walk.graph.refuse(node, f"its window of {size}x{size} is larger than the map", "smaller windows")
    return replace(state, shape=shape)
