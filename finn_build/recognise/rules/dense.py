"""Dense layers with thresholds, and what they share with the dense layers of scores."""

import numpy as np

from bnn.integer.layers import Bias, Dense, Threshold
from bnn.integer.network import Node
from bnn.integer.reference import Ints
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.rules.binary_conv import MOST_WEIGHT
from finn_build.recognise.stages import Stage, Stream, bipolar

DensePair = tuple[Node, Dense, Node]  # and the node behind


class DenseRule(Rule[DensePair]):
    """A product of a +-1 vector and a matrix, with thresholds."""

    priority = 50
    pattern = "[Flatten] MatMul, MultiThreshold -> binary dense layer"

    def match(self, graph: Graph, node: Node) -> DensePair | None:
        if not isinstance(node.layer, Dense) or graph.next(node, Bias):
            return None
        behind = graph.next(node, Threshold)
        if behind is None:
            check_dense(node, node.layer, graph.source(node))
            raise Refused(node, "must be followed by a MultiThreshold or, at the end, an Add")
        return node, node.layer, behind

    def check(self, graph: Graph, match: DensePair) -> None:
        node, layer, behind = match
        check_dense(node, layer, graph.source(node))
        assert isinstance(behind.layer, Threshold)
        outputs = layer.weight.shape[1]
        if len(behind.layer.thresholds) != outputs:
            raise Refused(behind, f"{len(behind.layer.thresholds)} thresholds for {outputs} outputs")
        if (np.abs(layer.weight) != 1).any():
            check_few_bits(node, layer.weight)

    def rewrite(self, graph: Graph, match: DensePair) -> list[Stage]:
        node, layer, behind = match
        assert isinstance(behind.layer, Threshold)
        output = bipolar((1, 1, layer.weight.shape[1]), behind.output)
        return [
            Stage(
                "BinaryDense_rtl", "dense", {"Weight": layer.weight, "Threshold": behind.layer.thresholds},
                node.inputs, output, (node.name, behind.name),
            )
        ]  # fmt: skip


def check_dense(node: Node, layer: Dense, source: Stream) -> None:
    """Raise Refused when the inputs are not +-1 or do not fit the weights."""
    inputs = len(layer.weight)
    if source.datatype != "BIPOLAR":
        raise Refused(
            node, f"reads {source.kind}; only +-1 inputs are accepted: put a Conv and MultiThreshold in front"
        )
    if inputs != np.prod(source.shape):
        raise Refused(node, f"{inputs} rows of weights for a map of {source.shape} (height, width, channels)")


def check_few_bits(node: Node, weight: Ints) -> int:
    """Return how many +-1 add up to each weight. The weights must be even: twice those of the file."""
    most = int(np.abs(weight).max())
    if (weight % 2).any() or not 2 <= most <= 2 * MOST_WEIGHT:
        raise Refused(
            node,
            f"its weights are neither all +-1 nor all even and up to {2 * MOST_WEIGHT}, twice weights of a few bits; "
            f"the largest is {most}",
        )
    return most
