"""Elman layers: a recurrent layer of bits over the rows of a +-1 map."""

import numpy as np

from bnn.integer.layers.elman import Elman
from bnn.integer.network import Node
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Stage, bipolar


class ElmanRule(Rule[tuple[Node, Elman]]):
    """The layer holds its thresholds, so one node becomes one stage."""

    priority = 50
    pattern = "Transpose, Reshape, RNN, Gather, Squeeze, MultiThreshold -> Elman layer"

    def match(self, graph: Graph, node: Node) -> tuple[Node, Elman] | None:
        return (node, node.layer) if isinstance(node.layer, Elman) else None

    def check(self, graph: Graph, match: tuple[Node, Elman]) -> None:
        node, layer = match
        source = graph.source(node)
        if source.datatype != "BIPOLAR":
            raise Refused(
                node, f"reads {source.kind}; only +-1 maps are accepted: put a Conv and MultiThreshold in front"
            )
        if len(layer.weight) != np.prod(source.shape[1:]):
            raise Refused(
                node, f"{len(layer.weight)} rows of weights for a map of {source.shape} (height, width, channels)"
            )

    def rewrite(self, graph: Graph, match: tuple[Node, Elman]) -> list[Stage]:
        node, layer = match
        output = bipolar((1, 1, layer.weight.shape[1]), node.output)
        weights = {"Weight": layer.weight, "Recurrent": layer.recurrent, "Threshold": layer.thresholds}
        return [Stage("Elman_rtl", "elman", dict(weights), node.inputs, output, (node.name,))]
