"""Convolutions of +-1, and of small integers on pixels."""

import numpy as np

from bnn.integer.network import Node
from bnn.limits import MOST_KERNEL
from finn_build.recognise import convolution
from finn_build.recognise.convolution import Convolution
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Stage, Stream

MOST_WEIGHT = 8  # magnitude of a weight on pixels


class BinaryConvRule(Rule[Convolution]):
    """Any convolution that is not of jets; true zeros round a +-1 map are one more map, 1 inside of the frame."""

    priority = 40
    pattern = "[Pad] Conv KxK of +-1, MultiThreshold or what takes sums -> binary convolution"

    def match(self, graph: Graph, node: Node) -> Convolution | None:
        found = convolution.beginning(graph, node)
        return found if found and not convolution.is_jets(found.conv) else None

    def check(self, graph: Graph, match: Convolution) -> None:
        source, node, conv = graph.source(match.nodes[0]), match.node, match.conv
        convolution.check_padding(match, source, self._zeros_accepted(match))
        convolution.check_ending(graph, node, len(conv.weight))
        convolution.check_channels(node, conv, source)
        size = conv.weight.shape[2]
        if not convolution.is_binary(conv) and (
            source.datatype == "BIPOLAR" or np.abs(conv.weight).max() > MOST_WEIGHT
        ):
            raise Refused(
                node,
                f"its {size}x{size} kernels are neither all +-1 nor all +-(a jet) or zero (3x3 and 5x5 jets are "
                f"products of [1 1] and [1 -1]), nor integers up to {MOST_WEIGHT} on pixels; train with --layer "
                "bottleneck, separable, constrained or binary",
            )
        if conv.groups > 1 or size > MOST_KERNEL:
            most = f"{MOST_KERNEL}x{MOST_KERNEL}"
            raise Refused(
                node, f"{size}x{size} in {conv.groups} groups; +-1 kernels are accepted up to {most}, in 1 group"
            )
        if source.datatype not in ("UINT8", "BIPOLAR") and not source.levels:
            raise Refused(node, f"+-1 kernels on {source.kind}; after a 1x1 Conv only jets are accepted")
        convolution.check_geometry(node, conv, source, match.pad.amount)

    def rewrite(self, graph: Graph, match: Convolution) -> list[Stage]:
        source: Stream = graph.source(match.nodes[0])
        zeros = convolution.check_padding(match, source, self._zeros_accepted(match))
        pad = match.pad.amount
        found = convolution.stage(
            graph, "BinaryConv_rtl", "binary_conv", match.node, match.conv, source, pad, match.nodes, zeros
        )
        return [found]

    @staticmethod
    def _zeros_accepted(match: Convolution) -> bool:
        return (
            match.conv.groups == 1 and convolution.is_binary(match.conv) and not convolution.is_channel_sum(match.conv)
        )
