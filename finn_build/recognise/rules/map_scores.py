"""Scores of each cell of a map: a convolution of +-1 whose sums get a bias, at the end."""

from dataclasses import dataclass

import numpy as np

from bnn.integer.intervals import signed_bits
from bnn.integer.layers import Bias
from bnn.integer.network import SCORES, Node
from bnn.limits import MOST_KERNEL
from finn_build.recognise import convolution
from finn_build.recognise.convolution import Convolution
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Attributes, Stage, Stream


@dataclass(frozen=True, eq=False)
class MapScores:
    """What was found: the convolution and the bias behind."""

    found: Convolution
    behind: Node
    bias: Bias


class MapScoresRule(Rule[MapScores]):
    """sum(w x) + bias = 2 * sum(w b) + (bias - sum(w)),   x = 2b - 1: the sums of bits, then nj_affine."""

    priority = 10
    pattern = "Conv KxK of +-1, Add at the end -> scores of each cell of a map"

    def match(self, graph: Graph, node: Node) -> MapScores | None:
        found = convolution.beginning(graph, node)
        behind = graph.next(found.node, Bias) if found else None
        if found is None or behind is None:
            return None
        assert isinstance(behind.layer, Bias)
        return MapScores(found, behind, behind.layer)

    def check(self, graph: Graph, match: MapScores) -> None:
        node, conv, source = match.found.node, match.found.conv, graph.source(match.found.nodes[0])
        if match.behind.output != SCORES:
            raise Refused(graph.readers(match.behind)[0], "stands behind the scores; the network must end in Conv, Add")
        if source.datatype != "BIPOLAR":
            raise Refused(node, f"makes scores of {source.kind}; accepted are +-1 maps: put a MultiThreshold in front")
        size = conv.weight.shape[2]
        if match.found.pad.amount or conv.stride != 1 or conv.groups != 1 or size > MOST_KERNEL:
            raise Refused(
                node,
                f"makes scores by {size}x{size} kernels, padding {match.found.pad.amount}, stride {conv.stride}, "
                f"{conv.groups} groups; accepted is up to {MOST_KERNEL}x{MOST_KERNEL}, no padding, stride 1, 1 group",
            )
        if not convolution.is_binary(conv):
            raise Refused(node, "its weights are not all +-1; train the tile network with `neuraljet train --map`")
        convolution.check_channels(node, conv, source)
        convolution.check_geometry(node, conv, source, 0)
        if size == min(source.shape[:2]) == max(source.shape[:2]):
            raise Refused(node, "makes a map of one cell; build the network of the tile itself, without --frame")

    def rewrite(self, graph: Graph, match: MapScores) -> list[Stage]:
        node, conv, source = match.found.node, match.found.conv, graph.source(match.found.node)
        sums = convolution.stage(graph, "BinaryConv_rtl", "score_sums", node, conv, source, 0, (node,))
        outputs, scale, offset = len(conv.weight), sums.output.scale, sums.output.offset
        bias = np.broadcast_to(match.bias.bias, (outputs,)).astype(np.int64) + offset
        low, high = sums.output.range
        bits = signed_bits(scale * low + int(bias.min()), scale * high + int(bias.max()))
        shape = (*sums.output.shape[:2], outputs)
        scores = Stream(shape, f"INT{bits}", 1, np.zeros(outputs, np.int64), match.behind.output)
        found: Attributes = {"Multiplier": np.full(outputs, scale), "Bias": bias}
        inputs, nodes = (sums.output.tensor,), (match.behind.name,)
        return [sums, Stage("ScoreAffine_rtl", "scores", found, inputs, scores, nodes)]
