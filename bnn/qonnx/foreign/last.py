"""The layer whose sums are the scores of a file. Kinds of layers that may be that one register with `last_layer`."""

from functools import singledispatch

import onnx

from bnn.integer.layers import Conv, Dense, Layer, Pad
from bnn.qonnx.foreign.state import PICTURE, State, Walk

ACCEPTED = "MatMul, Gemm or a Conv over the whole map"


@singledispatch
def last_layer(layer: Layer, walk: Walk, node: onnx.NodeProto, state: State) -> Layer:
    """Return a layer that makes the sums of `layer` as scores [N, classes]. UserError names the node when none can.

    state: what the file's tensor of scores is; its sums are those of `layer`.
    """
    raise walk.graph.refuse(node, f"ends the network with a {type(layer).__name__}", ACCEPTED)


@last_layer.register
def _(layer: Dense, walk: Walk, node: onnx.NodeProto, state: State) -> Layer:
    return layer


@last_layer.register
def _(layer: Conv, walk: Walk, node: onnx.NodeProto, state: State) -> Layer:
    (source,) = walk.layers[state.place].inputs
    padded = source != PICTURE and isinstance(walk.layers[source].layer, Pad)
    if state.shape[1:] != (1, 1) or layer.groups > 1 or padded:
        why = f"ends the network with maps of {state.shape[1]}x{state.shape[2]}"
        raise walk.graph.refuse(node, why, "a dense layer, or a Conv over the whole map")
    return Dense(layer.weight.reshape(len(layer.weight), -1).T.copy())


@singledispatch
def has_even_weights(layer: Layer) -> bool:
    """Return whether all weights are even, so that all sums are. Weights of a few bits are doubled, and so are even."""
    return False


@has_even_weights.register
def _(layer: Dense) -> bool:
    return not (layer.weight % 2).any()
