"""1x1 of +-1, then jets on the sums: two stages."""

from dataclasses import dataclass

from bnn.integer.layers import Conv
from bnn.integer.network import Node
from finn_build.recognise import convolution
from finn_build.recognise.convolution import Convolution
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.rules.jets import check_groups
from finn_build.recognise.stages import Stage, Stream


@dataclass(frozen=True, eq=False)
class Bottleneck:
    """What was found: the sums of channels, and the convolution behind."""

    signs: Convolution
    node: Node
    conv: Conv


class BottleneckRule(Rule[Bottleneck]):
    """jet * pad(x)  =  pad(jet * x): the padding moves from the 1x1 convolution to the one behind."""

    priority = 20
    pattern = "[Pad] Conv 1x1 of +-1, Conv KxK of jets, MultiThreshold -> sums of channels, then jets"

    def match(self, graph: Graph, node: Node) -> Bottleneck | None:
        signs = convolution.beginning(graph, node)
        if signs is None or not convolution.is_channel_sum(signs.conv):
            return None
        behind = graph.next(signs.node, Conv)
        if behind is None:
            return None
        assert isinstance(behind.layer, Conv)
        return Bottleneck(signs, behind, behind.layer)

    def check(self, graph: Graph, match: Bottleneck) -> None:
        source = graph.source(match.signs.nodes[0])
        convolution.check_padding(match.signs, source)
        convolution.check_channels(match.signs.node, match.signs.conv, source)
        convolution.check_ending(graph, match.node, len(match.conv.weight))
        sums = self._sums(graph, match).output
        convolution.check_channels(match.node, match.conv, sums)
        if not convolution.is_jets(match.conv):
            kernels = (
                "+-1 kernels" if convolution.is_binary(match.conv) else "kernels that are neither jets nor all +-1"
            )
            raise Refused(match.node, f"{kernels} on {sums.kind}; after a 1x1 Conv only jets are accepted")
        check_groups(match.node, match.conv)
        convolution.check_geometry(match.node, match.conv, sums, sums.crop)

    def rewrite(self, graph: Graph, match: Bottleneck) -> list[Stage]:
        sums = self._sums(graph, match)
        behind: Stream = sums.output
        jets = convolution.stage(
            graph, "JetConv_rtl", "jet_conv", match.node, match.conv, behind, behind.crop, (match.node,)
        )
        return [sums, jets]

    @staticmethod
    def _sums(graph: Graph, match: Bottleneck) -> Stage:
        signs = match.signs
        return convolution.channel_sums(
            signs.node, signs.conv, graph.source(signs.nodes[0]), signs.pad.amount, signs.nodes
        )
