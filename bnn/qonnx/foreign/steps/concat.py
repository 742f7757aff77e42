"""Concat: the channels of several maps of bits side by side, when the bits mean the same in all of them."""

from collections.abc import Sequence
from dataclasses import replace

import onnx

from bnn.integer.layers.concat import Concat
from bnn.qonnx.foreign.meaning import values_of
from bnn.qonnx.foreign.nodes import attributes
from bnn.qonnx.foreign.state import State, Walk

OPERATORS, INPUTS = ("Concat",), (2, 3, 4)


def step(walk: Walk, node: onnx.NodeProto, *states: State) -> State:
    """Append a Concat; return the state of the channels of all inputs, one after the other."""
    graph = walk.graph
    read = [values_of(walk, node, state) for state in states]
    if len(graph.moving(node)) != len(node.input) or len({state.flat for state, _ in read}) > 1:
        raise graph.refuse(node, "joins something else than maps or vectors", "maps of one size, or vectors")
    if attributes(node)["axis"] % len(graph.shapes[node.output[0]]) != 1 or (read[0][0].flat and _folded(read)):
        raise graph.refuse(node, "does not join channels", "axis 1, in front of Flatten")
    first, meaning = read[0]
    for state, values in read[1:]:
        if (values.unit, values.zero, values.levels) != (meaning.unit, meaning.zero, meaning.levels):
            raise graph.refuse(
                node,
                f"joins values of {meaning.levels} bits in steps of {meaning.unit:g} and values of {values.levels} "
                f"bits in steps of {values.unit:g}",
                "the same quantizer with the same scale for all inputs",
            )
        if (values.low, values.high) != (meaning.low, meaning.high) or state.shape[1:] != first.shape[1:]:
            raise graph.refuse(node, "joins maps of different sizes or ranges", "maps of one size and of one range")
    place = walk.emit(Concat(), node, *(state.place for state, _ in read))
    shape = (sum(state.shape[0] for state, _ in read), *first.shape[1:])
    graph.check_shape(node, shape)
    meaning = replace(meaning, error=max(values.error for _, values in read))
    joined = replace(first, shape=shape, shared=any(state.shared for state, _ in read))
    return joined.settled(meaning, place)


def _folded(read: Sequence[tuple[State, object]]) -> bool:
    """Return whether rows were made of maps. Then an input's channels would lie behind all elements of another's."""
    return any(state.shape[1:] != (1, 1) for state, _ in read)
