"""Convolutions of jets, known by their weights alone."""

from bnn.integer.layers import Conv
from bnn.integer.network import Node
from finn_build.recognise import convolution
from finn_build.recognise.convolution import Convolution
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Stage


class JetRule(Rule[Convolution]):
    """Every kernel is +-(a jet) or zero; an output reads all maps, or one map each."""

    priority = 30
    pattern = "[Pad] Conv KxK of jets, MultiThreshold or what takes sums -> jets"

    def match(self, graph: Graph, node: Node) -> Convolution | None:
        found = convolution.beginning(graph, node)
        return found if found and convolution.is_jets(found.conv) else None

    def check(self, graph: Graph, match: Convolution) -> None:
        source = graph.source(match.nodes[0])
        convolution.check_padding(match, source)
        convolution.check_ending(graph, match.node, len(match.conv.weight))
        convolution.check_channels(match.node, match.conv, source)
        check_groups(match.node, match.conv)
        convolution.check_geometry(match.node, match.conv, source, match.pad.amount)

    def rewrite(self, graph: Graph, match: Convolution) -> list[Stage]:
        source = graph.source(match.nodes[0])
        pad = match.pad.amount
        return [convolution.stage(graph, "JetConv_rtl", "jet_conv", match.node, match.conv, source, pad, match.nodes)]


def check_groups(node: Node, conv: Conv) -> None:
    """Raise Refused unless there is one group, or one group per output."""
    outputs = len(conv.weight)
    if conv.groups not in (1, outputs):
        raise Refused(node, f"{outputs} outputs in {conv.groups} groups; jets read one map each or all maps")
