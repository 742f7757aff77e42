"""Find a file's scores, leave out what stands behind them, and make two scores of one.

    ... -> scores -> [Softmax | LogSoftmax | Sigmoid] -> [ArgMax] -> class

Softmax, LogSoftmax and Sigmoid rise with a score, so the scores in front of them give the same class. float32 may round
two different scores to one probability, but never turns their order around. A network with one score s tells two
classes by its sign. It becomes a network with the scores -s and s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx

from bnn.errors import UserError
from bnn.qonnx.foreign.graph import RESHAPING, Graph
from bnn.qonnx.foreign.nodes import Array, attributes

RISING = ("Softmax", "LogSoftmax", "Sigmoid")
NEUTRAL = ("Identity", "Dropout", *RESHAPING)


@dataclass(frozen=True, eq=False)
class End:
    """The nodes up to the scores, and what was found behind them."""

    nodes: list[onnx.NodeProto]
    scores: str  # the tensor of the scores
    classes: str | None  # the output of the ArgMax, if there is one
    notes: list[str]  # what is left out, in words


def end_of(graph: Graph, nodes: Sequence[onnx.NodeProto]) -> End:
    """Return the nodes without those that make probabilities or a class from the scores.

    UserError names a node or an output that cannot be left out.
    """
    nodes, classes, notes = list(nodes), None, []
    if nodes[-1].op_type == "ArgMax":
        last = nodes.pop()
        if not _over_classes(graph, last, 0) or attributes(last).get("select_last_index", 0):
            raise graph.refuse(last, "is not the class of the scores", "axis 1, the lowest index, at the end")
        if graph.shapes[last.input[0]][_axis(graph, last)] == 1:
            raise graph.refuse(last, "is 0 for every picture: there is one score", "one score without ArgMax, or two")
        classes = last.output[0]
    end = len(nodes)
    while end and nodes[end - 1].op_type in (*RISING, *NEUTRAL):
        end -= 1
    while end < len(nodes) and nodes[end].op_type not in RISING:
        end += 1
    outputs = {tensor.name for tensor in graph.model.graph.output}
    made = {name for node in nodes[end:] for name in node.output} | {classes}
    for node in nodes[end:]:
        if node.op_type in ("Softmax", "LogSoftmax") and not _over_classes(graph, node, _default_axis(graph)):
            raise graph.refuse(node, "does not go over the classes", "axis 1")
        if node.op_type in RISING:
            notes.append(f"{node.name}: {node.op_type} is left out; classes and scores are those in front of it")
    if not nodes[:end]:
        raise graph.refuse(nodes[0], "has no layer in front of it", "a network that ends in scores")
    scores = nodes[end - 1].output[0]
    if more := outputs - made - {scores}:
        raise UserError(
            f"{graph.where}: its output '{min(more)}' is no score and no class; export the network with its scores "
            "alone"
        )
    return End(nodes[:end], scores, classes, notes)


def two_of_one(exact: Array, below: Array, above: Array) -> tuple[Array, Array, Array]:
    """Return the scores [L, 1] of one class s as scores [L, 2] of two classes, -s and s.

    exact, below, above: the scores at the sums k, and at the same minus and plus the rounding. The sums must lie evenly
    around 0, because -s at k is taken from s at -k.
    """
    return np.hstack([-exact[::-1], exact]), np.hstack([-above[::-1], below]), np.hstack([-below[::-1], above])


def _axis(graph: Graph, node: onnx.NodeProto) -> int:
    """Return the axis of the classes: the second one, or the only one."""
    return min(1, len(graph.shapes[node.input[0]]) - 1)


def _over_classes(graph: Graph, node: onnx.NodeProto, default: int) -> bool:
    """Return whether a node goes along the axis of the classes. default: its axis when it does not say."""
    rank = len(graph.shapes[node.input[0]])
    return bool(attributes(node).get("axis", default) % rank == _axis(graph, node))


def _default_axis(graph: Graph) -> int:
    """Return the axis of a Softmax that does not say: the last one since opset 13, before that the second."""
    return -1 if graph.opset >= 13 else 1
