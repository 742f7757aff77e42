"""Which nodes of a file quantize, and what their least and largest values are."""

import numpy as np
import onnx

from bnn.qonnx.foreign.decisions import MOST_LEVELS
from bnn.qonnx.foreign.graph import Graph
from bnn.qonnx.foreign.nodes import QUANTIZERS, Array


def is_sign(graph: Graph, node: onnx.NodeProto) -> bool:
    """Return whether a node has one threshold."""
    return node.op_type in ("BipolarQuant", "Sign") or _steps(graph, node) == 1


def is_quantizer(graph: Graph, node: onnx.NodeProto) -> bool:
    """Return whether a node is a quantizer of up to 4 bits."""
    steps = _steps(graph, node)
    return steps is not None and steps <= MOST_LEVELS


def ends_of(graph: Graph, node: onnx.NodeProto, channels: int, flat: bool) -> Array:
    """Return [2, C]: what a node makes of numbers far below and far above 0."""
    far = np.tile(np.array([[-1e30], [1e30]], np.float32), (1, channels))
    return graph.run(far, [node], flat)


def _steps(graph: Graph, node: onnx.NodeProto) -> float | None:
    """Return the largest number of thresholds that a node can have; None when it is no quantizer or does not say."""
    if node.op_type == "MultiThreshold":
        table = graph.constant(node, 1)
        return None if table is None or table.ndim != 2 else table.shape[1]
    bits = graph.constant(node, 3) if node.op_type in QUANTIZERS else None
    if bits is None or bits.size != 1:
        return None
    return float(2.0 ** min(float(bits.item()), 1024.0 - 1) - 1)
