"""Residual additions, with the signs behind them."""

from dataclasses import dataclass

import numpy as np

from bnn.integer.layers import Threshold
from bnn.integer.layers.add import Add
from bnn.integer.network import Node
from bnn.integer.reference import Ints
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Attributes, Stage, Stream, bipolar


@dataclass(frozen=True, eq=False)
class Addition:
    """What was found: an Add, the MultiThreshold behind it, and both inputs as the hardware reads them, sums first."""

    node: Node
    behind: Node
    streams: tuple[Stream, Stream]
    factors: tuple[Ints, Ints]  # [C]


class AddRule(Rule[Addition]):
    """f x + g y >= T  <=>  f p a + g q b >= T - f o - g u,   streams a and b meaning x = p a + o and y = q b + u"""

    priority = 50
    pattern = "Add of sums and of sums or a +-1 map, MultiThreshold -> the signs of a residual addition"

    def match(self, graph: Graph, node: Node) -> Addition | None:
        if not isinstance(node.layer, Add):
            return None
        behind = graph.next(node, Threshold)
        if behind is None:
            names = ", ".join(reader.name for reader in graph.readers(node)) or "nobody"
            raise Refused(node, f"what it adds goes to {names}; accepted is a MultiThreshold")
        first, second = graph.sources(node)
        one = np.ones(first.shape[2], np.int64)
        left, right = (one if values is None else values for values in node.layer.factors)
        if first.datatype == "BIPOLAR":
            return Addition(node, behind, (second, first), (right, left))
        return Addition(node, behind, (first, second), (left, right))

    def check(self, graph: Graph, match: Addition) -> None:
        node, (sums, other) = match.node, match.streams
        if sums.datatype == "BIPOLAR":
            raise Refused(node, "adds two +-1 maps; one of the inputs must be the sums of a Conv")
        for stream in match.streams:
            if stream.datatype == "UINT8" or stream.crop:
                raise Refused(node, f"adds {stream.kind}; accepted are the sums of a Conv, and a +-1 map")
        if other.datatype == "BIPOLAR" and (match.factors[0] < 1).any():
            raise Refused(node, "its sums count 0 times or less; turn the weights of the Conv round instead")

    def rewrite(self, graph: Graph, match: Addition) -> list[Stage]:
        assert isinstance(match.behind.layer, Threshold)
        limits = match.behind.layer.thresholds
        for factors, stream in zip(match.factors, match.streams, strict=True):
            limits = limits - factors * stream.offset
        left, right = (factors * s.scale for factors, s in zip(match.factors, match.streams, strict=True))
        common = np.maximum(np.gcd(left, right), 1)
        attributes: Attributes = {
            "Left": left // common, "Right": right // common, "Threshold": -(-limits // common),
        }  # fmt: skip
        output = bipolar(match.streams[0].shape, match.behind.output)
        inputs = tuple(stream.tensor for stream in match.streams)
        return [Stage("Add_rtl", "add", attributes, inputs, output, (match.node.name, match.behind.name))]

    def takes_sums(self, node: Node) -> bool:
        return isinstance(node.layer, Add)
