"""Flatten, and other nodes that make a row of each picture or leave it as it is."""

from dataclasses import replace

import onnx

from bnn.qonnx.foreign.graph import RESHAPING
from bnn.qonnx.foreign.state import State, Walk

OPERATORS, INPUTS = RESHAPING, (1,)


def step(walk: Walk, node: onnx.NodeProto, state: State) -> State:
    """Return the state with the node pending. UserError when it makes something else than a row, or the same map."""
    made, one = walk.graph.shapes[node.output[0]], [walk.graph.batch]
    channels, height, width = state.shape
    row = channels * height * width
    if made == [*one, row] or (made == [row] and one == [1]):
        flat = True
    elif made == [*one, *state.shape]:
        flat = False
    else:
        raise walk.graph.refuse(
            node, f"makes {made} of pictures of {list(state.shape)}", "one row of each picture: [N, -1]"
        )
    return replace(state.waiting_for(node), flat=flat)
