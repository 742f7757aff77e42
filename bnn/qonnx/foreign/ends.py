"""Where a file's scores are, what is left out behind them, and the class of one score.

    ... -> scores -> [Softmax | LogSoftmax | Sigmoid] -> [ArgMax] -> class

Softmax, LogSoftmax and Sigmoid rise with a score, so the class is that of the scores in front of them; float32 may
round two different scores to one probability, never the reverse. A network of one score s tells two classes by its
sign, and becomes one of the scores -s and s.
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
    """The nodes up to the scores."""

    nodes: list[onnx.NodeProto]
    scores: str  # the tensor
    classes: str | None  # the output of the ArgMax, if there is one
    notes: list[str]


def end_of(graph: Graph, nodes: Sequence[onnx.NodeProto]) -> End:
    """Return the nodes without what makes a class or probabilities of scores.

    UserError names what is not at the end.
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
        raise graph.refuse(nodes[0], "is all there is", "a network that ends in scores")
    scores = nodes[end - 1].output[0]
    if more := outputs - made - {scores}:
        raise UserError(
            f"{graph.where}: its output '{min(more)}' is no score and no class; export the network with its scores "
            "alone"
        )
    return End(nodes[:end], scores, classes, notes)


def two_of_one(exact: Array, below: Array, above: Array) -> tuple[Array, Array, Array]:
    """Scores [L, 1] of one class at sums k and the same within rounding, as those of -s and s at sums -k and k.

    The sums are as many below 0 as above it.
    """
    return np.hstack([-exact[::-1], exact]), np.hstack([-above[::-1], below]), np.hstack([-below[::-1], above])


def _axis(graph: Graph, node: onnx.NodeProto) -> int:
    """Of the classes: the second one, or the only one."""
    return min(1, len(graph.shapes[node.input[0]]) - 1)


def _over_classes(graph: Graph, node: onnx.NodeProto, default: int) -> bool:
    rank = len(graph.shapes[node.input[0]])
    return bool(attributes(node).get("axis", default) % rank == _axis(graph, node))


def _default_axis(graph: Graph) -> int:
    """Of Softmax: of version 13 on the last, before that the second."""
    return -1 if graph.opset >= 13 else 1
