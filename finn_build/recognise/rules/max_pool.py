"""Max-pooling of +-1 maps."""

from bnn.integer.layers import MaxPool
from bnn.integer.network import Node
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Attributes, Stage, bipolar


class MaxPoolRule(Rule[tuple[Node, MaxPool]]):
    """The maximum of bits is their OR, the minimum their AND."""

    priority = 50
    pattern = "MaxPool of a +-1 map -> binary max-pool"

    def match(self, graph: Graph, node: Node) -> tuple[Node, MaxPool] | None:
        return (node, node.layer) if isinstance(node.layer, MaxPool) else None

    def check(self, graph: Graph, match: tuple[Node, MaxPool]) -> None:
        (node, pool), source = match, graph.source(match[0])
        (height, width, _), size = source.shape, pool.size
        if source.datatype != "BIPOLAR":
            raise Refused(
                node, f"pools {source.kind}; only +-1 maps are accepted: put the MultiThreshold in front of it"
            )
        if not 2 <= size <= min(height, width):
            raise Refused(
                node, f"windows of {size}x{size} on a map of {height}x{width}; accepted are 2 up to the map's side"
            )

    def rewrite(self, graph: Graph, match: tuple[Node, MaxPool]) -> list[Stage]:
        (node, pool), source = match, graph.source(match[0])
        height, width, channels = source.shape
        attributes: Attributes = {"Size": pool.size}
        if pool.signs is not None:
            attributes["Minimum"] = (1 - pool.signs) // 2
        output = bipolar((height // pool.size, width // pool.size, channels), node.output)
        return [Stage("BinaryMaxPool_rtl", "max_pool", attributes, (source.tensor,), output, (node.name,))]
