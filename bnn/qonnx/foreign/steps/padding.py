"""Pad: an integer of the map must mean the value."""

from dataclasses import replace

import onnx

from bnn.integer.layers import Pad
from bnn.qonnx.foreign.meaning import values_of
from bnn.qonnx.foreign.nodes import attributes
from bnn.qonnx.foreign.state import State, Walk

OPERATORS, INPUTS = ("Pad",), (1,)


def step(walk: Walk, node: onnx.NodeProto, state: State) -> State:
    """Append a Pad; return the state of the padded map."""
    graph = walk.graph
    pads, value = graph.constant(node, 1), graph.constant(node, 2)
    if attributes(node).get("mode", b"constant") != b"constant" or pads is None or len(node.input) > 3:
        raise graph.refuse(node, "does not pad with a constant", "mode constant")
    sides = pads.tolist()
    if len(sides) != 8 or any(sides[i] for i in (0, 1, 4, 5)) or len({sides[i] for i in (2, 3, 6, 7)}) != 1:
        raise graph.refuse(node, f"pads {sides} are not the same on the four sides", "the same on all sides")
    number = 0.0 if value is None else float(value.item())
    state, values = values_of(walk, node, state)
    z = values.meaning(number)
    if z is None:
        raise graph.refuse(node, f"pads with {number:g}, which no integer stands for", "a value of the map, or 0")
    if not sides[2]:
        return state
    channels, height, width = state.shape
    place = walk.emit(Pad(int(sides[2]), z), node, state.place)
    shape = (channels, height + 2 * sides[2], width + 2 * sides[2])
    return replace(state, place=place, pad=z, shape=shape)
