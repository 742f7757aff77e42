"""Search the rules: every node becomes part of one stage, or is refused by name."""

from typing import Any

import numpy as np

from bnn.errors import UserError
from bnn.integer.network import IMAGE, SCORES, IntegerNetwork, Node
from bnn.limits import MOST_CLASSES
from finn_build.recognise.rule import Graph, Refused
from finn_build.recognise.rules import RULES
from finn_build.recognise.stages import Stage, Stream


def recognise(network: IntegerNetwork) -> tuple[Stream, list[Stage]]:
    """Return the stream of pixels, and the stages of `network` in topological order.

    UserError names the node that no rule takes, what was found there and what is accepted.
    """
    channels, height, width = network.input_shape
    pixels = Stream((height, width, channels), "UINT8", 1, np.zeros(channels, np.int64), IMAGE)
    if len(network.classes) > MOST_CLASSES:
        raise UserError(f"{len(network.classes)} classes are too many; an accelerator has at most {MOST_CLASSES}")
    streams = {IMAGE: pixels}
    graph = Graph(network, streams, lambda node: any(rule.takes_sums(node) for rule in RULES))
    stages: list[Stage] = []
    covered: set[str] = set()
    for node in network.nodes:
        if node.name in covered:
            continue
        for stage in _stages(graph, node):
            stages.append(stage)
            streams[stage.output.tensor] = stage.output
            covered.update(stage.nodes)
    rows, columns, _ = streams[SCORES].shape  # of a map of cells; 1, 1 where a frame has one class
    result = Stream((rows, columns, 1), "UINT8", 1, np.zeros(1, np.int64), "class")
    return pixels, [*stages, Stage("ScoreArgMax_rtl", "argmax", {}, (SCORES,), result, ("ArgMax",))]


def _stages(graph: Graph, node: Node) -> list[Stage]:
    """Return the stages of the first rule that takes the pattern which begins with `node`."""
    refusals: list[str] = []
    for rule in RULES:
        try:
            match: Any = rule.match(graph, node)
            if match is not None:
                rule.check(graph, match)
                return rule.rewrite(graph, match)
        except Refused as refused:
            refusals.append(str(refused))
    found = " and ".join(stream.kind for stream in graph.sources(node))
    raise UserError("; ".join(dict.fromkeys(refusals)) or f"{node.words}: no hardware does this to {found}")
