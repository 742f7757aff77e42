"""1x1 of +-1, then a 3x3 jet per map: as one convolution of jets."""

from dataclasses import dataclass

from bnn.integer.layers import Conv, Threshold
from bnn.integer.network import Node
from finn_build.recognise import convolution
from finn_build.recognise.convolution import Convolution
from finn_build.recognise.rule import Graph, Rule
from finn_build.recognise.stages import Stage


@dataclass(frozen=True, eq=False)
class Separable:
    """What was found: the sums of channels and the jets behind, and both as one convolution."""

    signs: Convolution
    jets: Node
    together: Conv


class SeparableRule(Rule[Separable]):
    """sum over y, x of jet[o] * (sum over c of s[o,c] x[c])  =  sum over c, y, x of (s[o,c] jet[o]) x[c]"""

    priority = 10
    pattern = (
        "[Pad] Conv 1x1 of +-1, Conv 3x3 of a jet a map, MultiThreshold -> jets, of an output the same in all maps"
    )

    def match(self, graph: Graph, node: Node) -> Separable | None:
        signs = convolution.beginning(graph, node)
        if signs is None or not convolution.is_channel_sum(signs.conv) or graph.source(node).datatype != "BIPOLAR":
            return None
        behind = graph.next(signs.node, Conv)
        if behind is None or graph.next(behind, Threshold) is None:
            return None
        assert isinstance(behind.layer, Conv)
        each = behind.layer
        weight, maps = each.weight, len(signs.conv.weight)
        if weight.shape[2] != 3 or each.groups != maps or not convolution.is_jets(each):
            return None
        if weight.shape[:2] != (maps, 1) or not weight.any((1, 2, 3)).all():
            return None
        return Separable(signs, behind, Conv(signs.conv.weight * weight, each.stride))

    def check(self, graph: Graph, match: Separable) -> None:
        source = graph.source(match.signs.nodes[0])
        convolution.check_padding(match.signs, source)
        convolution.check_channels(match.jets, match.together, source)
        convolution.check_ending(graph, match.jets, len(match.together.weight))
        convolution.check_geometry(match.jets, match.together, source, match.signs.pad.amount)

    def rewrite(self, graph: Graph, match: Separable) -> list[Stage]:
        source, pad = graph.source(match.signs.nodes[0]), match.signs.pad.amount
        nodes = (*match.signs.nodes, match.jets)
        return [convolution.stage(graph, "JetConv_rtl", "jet_conv", match.jets, match.together, source, pad, nodes)]
