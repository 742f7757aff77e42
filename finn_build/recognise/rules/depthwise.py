"""Depthwise convolutions of +-1: every output reads one map of bits."""

from bnn.integer.network import Node
from bnn.limits import MOST_KERNEL
from finn_build.recognise import convolution
from finn_build.recognise.convolution import Convolution
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Stage


class DepthwiseRule(Rule[Convolution]):
    """As many groups as maps and outputs, kernels of +-1 that are not all jets, on +-1 maps."""

    priority = 35
    pattern = "[Pad] Conv KxK of +-1 in a group a map, MultiThreshold or what takes sums -> depthwise convolution"

    def match(self, graph: Graph, node: Node) -> Convolution | None:
        found = convolution.beginning(graph, node)
        if found is None or found.conv.groups != len(found.conv.weight) or found.conv.groups == 1:
            return None
        bits = graph.source(found.nodes[0]).datatype == "BIPOLAR"
        return found if bits and convolution.is_binary(found.conv) and not convolution.is_jets(found.conv) else None

    def check(self, graph: Graph, match: Convolution) -> None:
        source, kernel = graph.source(match.nodes[0]), match.conv.weight.shape[2]
        convolution.check_padding(match, source)
        convolution.check_ending(graph, match.node, len(match.conv.weight))
        convolution.check_channels(match.node, match.conv, source)
        if kernel > MOST_KERNEL:
            raise Refused(match.node, f"{kernel}x{kernel} kernels; accepted are up to {MOST_KERNEL}x{MOST_KERNEL}")
        convolution.check_geometry(match.node, match.conv, source, match.pad.amount)

    def rewrite(self, graph: Graph, match: Convolution) -> list[Stage]:
        source, pad = graph.source(match.nodes[0]), match.pad.amount
        found = convolution.stage(
            graph, "DepthwiseConv_rtl", "depthwise_conv", match.node, match.conv, source, pad, match.nodes
        )
        return [found]
