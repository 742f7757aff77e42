"""Sums of +-1 over windows: thresholded, as scores, or put out as they are."""

from dataclasses import dataclass

import numpy as np

from bnn.integer.intervals import signed_bits
from bnn.integer.layers import Bias, Threshold
from bnn.integer.layers.sum_pool import SumPool
from bnn.integer.network import SCORES, Node
from bnn.integer.reference import Ints
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.stages import Attributes, Stage, Stream, bipolar, integers

MOST_PIXELS = 1 << 16  # of a window


@dataclass(frozen=True, eq=False)
class Pooled:
    """What was found: the pool, the factor of each output, and the node behind that belongs to it, if one does."""

    node: Node
    pool: SumPool
    factors: Ints
    behind: Node | None


class SumPoolRule(Rule[Pooled]):
    """factor * sum >= T  <=>  sign * sum >= ceil(T / |factor|), and scores are |factor| * (sign * sum) + bias."""

    priority = 50
    pattern = (
        "depthwise Conv of one value a kernel, stride = kernel, [MultiThreshold, or Add at the end] -> sum-pooling"
    )

    def match(self, graph: Graph, node: Node) -> Pooled | None:
        if not isinstance(node.layer, SumPool):
            return None
        pool, outputs = node.layer, graph.source(node).shape[2] * node.layer.copies
        factors = np.ones(outputs, np.int64) if pool.factors is None else pool.factors
        return Pooled(node, pool, factors, graph.next(node, Threshold, Bias))

    def check(self, graph: Graph, match: Pooled) -> None:
        node, (rows, columns), source = match.node, match.pool.size, graph.source(match.node)
        height, width, _ = source.shape
        if source.datatype != "BIPOLAR":
            raise Refused(
                node, f"sums {source.kind}; only +-1 maps are accepted: put the MultiThreshold in front of it"
            )
        if rows > height or columns > width or rows * columns > MOST_PIXELS:
            raise Refused(
                node, f"windows of {rows}x{columns} on a map of {height}x{width}; at most {MOST_PIXELS} pixels"
            )
        behind = match.behind
        if behind is None and (match.pool.flat or (np.abs(match.factors) != 1).any()):
            raise Refused(node, "its sums must go to a MultiThreshold, or at the end to an Add")
        if behind is not None and isinstance(behind.layer, Bias) and (not match.pool.flat or behind.output != SCORES):
            raise Refused(behind, "adds to sums that are no scores; scores are sums of whole maps, at the end")

    def rewrite(self, graph: Graph, match: Pooled) -> list[Stage]:
        node, pool, behind, source = match.node, match.pool, match.behind, graph.source(match.node)
        (height, width, _), (rows, columns), outputs = source.shape, pool.size, len(match.factors)
        found: Attributes = {"SizeY": rows, "SizeX": columns, "Copies": pool.copies}
        if (match.factors < 0).any():
            found["Negative"] = (match.factors < 0).astype(np.int64)
        shape = (height // rows, width // columns, outputs)
        if behind is None:
            sums = _sums(shape, np.zeros(outputs, np.int64), rows * columns, node.output)
            return [Stage("SumPool_rtl", "sum_pool", found, node.inputs, sums, (node.name,))]
        nodes = (node.name, behind.name)
        if isinstance(behind.layer, Threshold):
            found["Threshold"] = -(-behind.layer.thresholds // np.abs(match.factors))
            return [Stage("SumPool_rtl", "sum_pool", found, node.inputs, bipolar(shape, behind.output), nodes)]
        assert isinstance(behind.layer, Bias)
        return _scores(match, behind, found, behind.layer.bias, rows * columns)


def _scores(match: Pooled, behind: Node, found: Attributes, bias: Ints, pixels: int) -> list[Stage]:
    """Return the stages of scores: one, or two where sums are multiplied."""
    node, multiplier, shape = match.node, np.abs(match.factors), (1, 1, len(match.factors))
    if (multiplier == 1).all():
        scores = _sums(shape, bias, pixels, behind.output)
        nodes = (node.name, behind.name)
        return [Stage("SumPoolScores_rtl", "scores", {**found, "Bias": bias}, node.inputs, scores, nodes)]
    sums = _sums(shape, np.zeros_like(bias), pixels, f"{node.output}_sums")  # that of the model is already multiplied
    scores = _sums(shape, bias, multiplier << (signed_bits(-pixels, pixels) - 1), behind.output)
    scaled: Attributes = {"Multiplier": multiplier, "Bias": bias}
    return [
        Stage("SumPoolScores_rtl", "score_sums", found, node.inputs, sums, (node.name,)),
        Stage("ScoreAffine_rtl", "scores", scaled, (sums.tensor,), scores, (behind.name,)),
    ]


def _sums(shape: tuple[int, int, int], bias: Ints, most: Ints | int, tensor: str) -> Stream:
    """Return the stream of numbers that differ from bias [O] by at most so much."""
    low, high = int((bias - most).min()), int((bias + most).max())
    return Stream(shape, integers(low, high), 1, np.zeros(shape[2], np.int64), tensor)
