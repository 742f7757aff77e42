"""Thresholds on pixels."""

import numpy as np

from bnn.integer.layers import Levels, Threshold
from bnn.integer.network import Node
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Stage, Stream, bipolar, integers


class PixelTableRule(Rule[tuple[Node, Threshold | Levels]]):
    """y = table[c, x] for each value x of a byte; y is a bit or a small integer."""

    priority = 50
    pattern = "MultiThreshold on pixels -> a table: one bit, or quantized pixels"

    def match(self, graph: Graph, node: Node) -> tuple[Node, Threshold | Levels] | None:
        return (node, node.layer) if isinstance(node.layer, (Threshold, Levels)) else None

    def check(self, graph: Graph, match: tuple[Node, Threshold | Levels]) -> None:
        (node, layer), source = match, graph.source(match[0])
        if source.datatype != "UINT8":
            raise Refused(node, f"needs pixels, a Conv or a MatMul in front of it; it reads {source.kind}")
        if len(layer.thresholds) != source.shape[2]:
            raise Refused(node, f"{len(layer.thresholds)} thresholds for {source.shape[2]} channels")

    def rewrite(self, graph: Graph, match: tuple[Node, Threshold | Levels]) -> list[Stage]:
        (node, layer), source = match, graph.source(match[0])
        channels = source.shape[2]
        table = layer.run(np.tile(np.arange(256), (channels, 1))[None])[0]  # [C, 256]
        if np.isin(table, (-1, 1)).all():
            output = bipolar(source.shape, node.output)
            table = (table + 1) // 2
        else:
            datatype = integers(int(table.min()), int(table.max()))
            output = Stream(source.shape, datatype, 1, np.zeros(channels, np.int64), node.output, levels=True)
        return [Stage("PixelTable_rtl", "table", {"Table": table}, (source.tensor,), output, (node.name,))]
