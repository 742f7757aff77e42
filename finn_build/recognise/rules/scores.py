"""The last dense layer, whose scores have one scale or are brought to one."""

from dataclasses import dataclass

import numpy as np

from bnn.integer.intervals import signed_bits
from bnn.integer.layers import Bias, Dense
from bnn.integer.network import SCORES, Node
from bnn.integer.reference import Ints
from finn_build.recognise.rule import Graph, Refused, Rule
from finn_build.recognise.rules.dense import check_dense, check_few_bits
from finn_build.recognise.stages import Attributes, Stage, Stream


@dataclass(frozen=True, eq=False)
class Scores:
    """What was found: the dense layer and the bias behind."""

    node: Node
    dense: Dense
    behind: Node
    bias: Bias


class ScoresRule(Rule[Scores]):
    """weight = multiplier[o] * plain[., o]: the plain sums are those of +-1, the multiplier comes behind."""

    priority = 50
    pattern = "[Flatten] MatMul, Add at the end -> scores; with weights that are not all +-1, sums and then scores"

    def match(self, graph: Graph, node: Node) -> Scores | None:
        if isinstance(node.layer, Bias):
            raise Refused(node, f"needs a MatMul in front of it; it reads {graph.source(node).kind}")
        behind = graph.next(node, Bias)
        if not isinstance(node.layer, Dense) or behind is None:
            return None
        assert isinstance(behind.layer, Bias)
        return Scores(node, node.layer, behind, behind.layer)

    def check(self, graph: Graph, match: Scores) -> None:
        check_dense(match.node, match.dense, graph.source(match.node))
        if match.behind.output != SCORES:
            raise Refused(
                graph.readers(match.behind)[0], "stands behind the scores; the network must end in MatMul, Add"
            )
        if not _one_multiplier(match.dense.weight):
            check_few_bits(match.node, _plain(match.dense.weight)[0])

    def rewrite(self, graph: Graph, match: Scores) -> list[Stage]:
        weight, nodes = match.dense.weight, (match.node.name, match.behind.name)
        inputs, outputs = weight.shape
        bias = np.broadcast_to(match.bias.bias, (outputs,)).astype(np.int64)
        plain, multiplier = _plain(weight)
        if not _one_multiplier(weight):
            inputs *= check_few_bits(match.node, plain)
        if (multiplier == 1).all():
            output = _scores(bias, inputs, match.behind.output)
            found: Attributes = {"Weight": weight, "Bias": bias}
            return [Stage("BinaryDense_rtl", "scores", found, match.node.inputs, output, nodes)]
        none = np.zeros(outputs, np.int64)
        sums = _scores(none, inputs, f"{match.node.output}_sums")  # that tensor of the model is already multiplied
        scores = _scores(bias, multiplier << (signed_bits(-inputs, inputs) - 1), match.behind.output)
        return [
            Stage("BinaryDense_rtl", "score_sums", {"Weight": plain, "Bias": none}, match.node.inputs, sums, nodes[:1]),
            Stage(
                "ScoreAffine_rtl", "scores", {"Multiplier": multiplier, "Bias": bias}, (sums.tensor,), scores, nodes[1:]
            ),
        ]


def _one_multiplier(weight: Ints) -> bool:
    """Return whether all weights of each output have one magnitude, which is not 0."""
    first = np.abs(weight[0])
    return bool((np.abs(weight) == first).all() and first.all())


def _plain(weight: Ints) -> tuple[Ints, Ints]:
    """Return weights [F, O] for plain sums, and the multipliers [O] of these sums."""
    if _one_multiplier(weight):
        return np.sign(weight), np.abs(weight[0])
    multiplier = np.maximum(np.gcd.reduce(weight, axis=0) // 2, 1)
    return weight // multiplier, multiplier


def _scores(bias: Ints, most: Ints | int, tensor: str) -> Stream:
    """Return the stream of scores that differ from bias [O] by at most so much."""
    bits = signed_bits(int((bias - most).min()), int((bias + most).max()))
    return Stream((1, 1, len(bias)), f"INT{bits}", 1, np.zeros(len(bias), np.int64), tensor)
