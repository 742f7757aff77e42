"""Nodes that treat all elements of a channel alike: they wait until a sign or a quantizer decides."""

import numpy as np
import onnx

from bnn.integer.layers import MaxPool, Misfit, Threshold
from bnn.qonnx.foreign import pixels as picture
from bnn.qonnx.foreign.decisions import Decisions, decide, decide_levels, slopes
from bnn.qonnx.foreign.linear import window
from bnn.qonnx.foreign.meaning import moved
from bnn.qonnx.foreign.nodes import QUANTIZERS, attributes
from bnn.qonnx.foreign.quantizers import ends_of, is_quantizer, is_sign
from bnn.qonnx.foreign.state import DecidedAt, State, Undecided, Walk
from bnn.qonnx.foreign.values import Sums, bit, thermometer

OPERATORS = (
    "Mul", "Add", "Sub", "Div", "Neg", "BatchNormalization", "Clip", "Relu", "LeakyRelu", "PRelu", "Elu", "Selu",
    "Softplus", "Sigmoid", "HardSigmoid", "Tanh", "Identity", "Dropout", "Cast", "MultiThreshold", "Sign", "Trunc",
    *QUANTIZERS,
)  # fmt: skip
INPUTS = (1,)


def step(walk: Walk, node: onnx.NodeProto, state: State) -> State:
    """Return the state with the node pending, or the bits that it decides."""
    state = state.waiting_for(node)
    if is_sign(walk.graph, node):
        return _sign(walk, node, state)
    if isinstance(state.now, Sums) and is_quantizer(walk.graph, node):
        return _quantize(walk, node, state, state.now)
    return state


def _quantize(walk: Walk, node: onnx.NodeProto, state: State, sums: Sums) -> State:
    """Return the bits of a quantizer of sums, one per level."""
    graph = walk.graph
    far = ends_of(graph, node, state.shape[0], state.flat)
    if node.op_type == "MultiThreshold":
        unit: float | None = float(attributes(node).get("out_scale", 1.0))
    else:
        scale = graph.constant(node, 1)
        unit = float(scale.item()) if scale is not None and scale.size == 1 else None
    ends = float(far.min()), float(far.max())
    found = decide_levels(graph, state.pending, sums, state.pending_flat, ends, unit)
    place = _decided(walk, node, state, sums, found)
    return state.settled(thermometer(found.start, found.unit, found.thresholds.shape[1], 2 * found.error), place)


def _sign(walk: Walk, node: onnx.NodeProto, state: State) -> State:
    """Return the bits of a sign of pixels, of sums or of bits."""
    graph, far = walk.graph, ends_of(walk.graph, node, state.shape[0], state.flat)
    low, high = float(far.min()), float(far.max())
    if low == high or not np.isin(far, (low, high)).all():
        raise graph.refuse(node, "its two values differ between channels", "one scale for all channels")
    place = state.place
    if state.now is None:
        place = _sign_of_pixels(walk, node, state, high)
    elif isinstance(state.now, Sums):
        found = decide(graph, state.pending, state.now, state.pending_flat, low, high)
        place = _decided(walk, node, state, state.now, found)
    elif isinstance(state.now, Undecided):
        place = state.now.sign(walk, node, state, low, high)
    else:
        if state.now.levels > 1:
            raise graph.refuse(node, "is the sign of quantized values", "a sign of sums")
        if moved(walk, state, state.now).unit < 0:
            raise graph.refuse(node, "turns +-1 around", "a sign of sums")
    return state.settled(bit(low, high), place)


def _sign_of_pixels(walk: Walk, node: onnx.NodeProto, state: State, high: float) -> int:
    """Append the layer that makes bits of pixels; return its place. high: the value that means +1."""
    if any(n.op_type == "MaxPool" for n in state.pending):
        raise walk.graph.refuse(node, "is the sign of pooled pixels", "pooling behind the sign")
    x = picture.table(walk.graph, state.pending, state.shape[0], state.pending_flat, walk.unit)
    return walk.emit(picture.signs(walk.graph, node, x == high), node, state.place)


def _decided(walk: Walk, node: onnx.NodeProto, state: State, sums: Sums, found: Decisions) -> int:
    """Append the thresholds and the pending pools; return the place of the bits.

    The linear layer in front makes its outputs once per level, so that each level has its own threshold.
    """
    graph = walk.graph
    channels, levels = found.thresholds.shape
    if state.shared:
        raise walk.refuse_shared(state, node, "decides by sums")
    if found.open:
        walk.notes.append(
            f"{node.name}: float32 may round the sums in front of it so that the order of additions decides in "
            f"{found.open} of {channels} channels; the accelerator decides by exact sums"
        )
    if found.constant:
        walk.notes.append(f"{node.name}: gives the same for every picture in all {channels} channels")
    pools = [(i, n) for i, n in enumerate(state.pending) if n.op_type == "MaxPool"]
    signs = np.ones_like(found.directions)
    for i, pool in pools:  # a pool takes the maximum where its input rises with the sum, and the minimum where it falls
        rises = slopes(graph, state.pending[:i], sums, state.pending_flat, pool)[:, None] * found.directions
        if pool is not pools[0][1] and (rises != signs).any():
            raise graph.refuse(pool, "pools again what a node in between has turned around", "pools in a row")
        signs = rises
    emitted = walk.layers[state.place]
    try:
        emitted.layer = emitted.layer.copied(levels).multiplied(found.directions.ravel())
    except Misfit as misfit:
        raise graph.refuse(node, str(misfit), "a sign of the sums of weights") from misfit
    place = threshold = walk.emit(Threshold(found.thresholds.ravel()), node, state.place)
    for _, pool in pools:
        turned = None if (signs > 0).all() else signs.ravel()
        place = walk.emit(MaxPool(window(graph, pool), turned), pool, place)
    walk.decided.append(DecidedAt(node.output[0], threshold, place, found))
    return place
