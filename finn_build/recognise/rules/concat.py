"""Maps side by side."""

from dataclasses import replace

import numpy as np

from bnn.integer.layers.concat import Concat
from bnn.integer.network import Node
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Stage


class ConcatRule(Rule[Node]):
    """Join the first input with the second, the result with the third, and so on."""

    priority = 50
    pattern = "Concat of +-1 maps, or of quantized pixels of one type -> maps side by side, two at a time"

    def match(self, graph: Graph, node: Node) -> Node | None:
        return node if isinstance(node.layer, Concat) else None

    def check(self, graph: Graph, match: Node) -> None:
        streams = graph.sources(match)
        kinds = list(dict.fromkeys((stream.kind, stream.scale) for stream in streams))
        if len(kinds) > 1:
            raise Refused(match, f"puts {' beside '.join(kind for kind, _ in kinds)}; accepted are maps of one kind")
        if streams[0].datatype != "BIPOLAR" and not streams[0].levels:
            raise Refused(match, f"puts {streams[0].kind} side by side; accepted are +-1 maps and quantized pixels")
        if any(stream.crop for stream in streams):
            raise Refused(match, "puts padded maps side by side; pad what it makes instead")

    def rewrite(self, graph: Graph, match: Node) -> list[Stage]:
        first, *others = graph.sources(match)
        stages: list[Stage] = []
        for count, other in enumerate(others, 1):
            last = count == len(others)
            made = replace(
                first,
                shape=(*first.shape[:2], first.shape[2] + other.shape[2]),
                offset=np.concatenate([first.offset, other.offset]),
                tensor=match.output if last else f"{match.output}_{count}",
            )
            nodes = (match.name,) if last else ()
            stages.append(Stage("Concat_rtl", "concat", {}, (first.tensor, other.tensor), made, nodes))
            first = made
        return stages
