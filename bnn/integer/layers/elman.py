"""Elman layers: a dense layer of bits over the rows of a map, which reads its own last output."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bnn.integer import reference
from bnn.integer.intervals import Interval, datatype_of
from bnn.integer.layers.base import Found, Layer, Misfit, Shape, need_map, same
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter

MOST_TERMS = 1 << 20  # of a sum; below 2^24 float32, in which files are executed, is exact
ROWS = [2, 0, 1, 3]  # [N, C, H, W] -> [H, N, C, W]


@dataclass(frozen=True, eq=False)
class Elman(Layer):
    """h_t = +1 where x_t W + h_{t-1} U >= T, else -1; the output is the last h_t.

    x_t is row t of the map [C, H, W], flattened in C, W order; h_{-1}, in front of the first row, is -1 everywhere.
    weight: W [C * W, O]; recurrent: U [O, O]; thresholds: T [O]. All weights are +-1, and so are the inputs.

    In a file the layer is the standard operator RNN. Its states there are bits b = (h + 1) / 2, and its activation is
    HardSigmoid with slope and offset 1, which is the sign of integers:

        b_t = clip(x_t W + b_{t-1} 2U - sum(U) - T + 1, 0, 1)
    """

    operator = "RNN"
    reads = ("Transpose",)

    weight: Ints
    recurrent: Ints
    thresholds: Ints

    def run(self, *inputs: Ints) -> Ints:
        (x,) = inputs
        rows = x.transpose(2, 0, 1, 3)  # [H, N, C, W]
        height, frames = rows.shape[:2]
        sums = reference.dense(rows.reshape(height * frames, -1), self.weight).reshape(height, frames, -1)
        state = np.full(sums.shape[1:], -1, np.int64)
        for row in sums:
            state = reference.threshold(row + reference.dense(state, self.recurrent), self.thresholds)
        return state

    def interval(self, *inputs: Interval) -> Interval:
        return -1, 1

    def shape(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        need_map(shape)
        for name, table in (("weights", self.weight), ("recurrent weights", self.recurrent)):
            if table.ndim != 2 or not np.isin(table, (-1, 1)).all():
                raise Misfit(f"has {name} that are no matrix of +1 and -1")
        outputs = self.weight.shape[1]
        same("rows of weights", len(self.weight), "elements of a row", shape[0] * shape[2])
        if self.recurrent.shape != (outputs, outputs):
            raise Misfit(f"has recurrent weights {list(self.recurrent.shape)} for {outputs} outputs")
        same("thresholds", len(self.thresholds), "outputs", outputs)
        if len(self.weight) + outputs > MOST_TERMS:
            raise Misfit(f"sums {len(self.weight) + outputs} terms; at most {MOST_TERMS} are exact in a file")
        return (outputs,)

    def torch(self, *inputs: "Tensor") -> "Tensor":
        import torch

        (x,) = inputs
        weight, recurrent, limits = (
            torch.from_numpy(values).to(x.dtype) for values in (self.weight, self.recurrent, self.thresholds)
        )
        rows = x.permute(2, 0, 1, 3).flatten(2)  # [H, N, C * W]
        state = x.new_full((len(x), self.weight.shape[1]), -1.0)
        for row in rows @ weight:
            state = torch.where(row + state @ recurrent >= limits, 1.0, -1.0).to(x.dtype)
        return state

    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write the rows as a sequence, an RNN over it, its last state, and a MultiThreshold from 0 and 1 to -1 and +1.

        The sequence stands in front of the frames there: [H, N, C * W].
        """
        (source,) = inputs
        channels, height, width = file.shape(source)
        outputs = self.weight.shape[1]
        rows, sequence, states, last, bits = (
            f"{name}_{part}" for part in ("rows", "sequence", "states", "last", "bits")
        )
        file.node(
            "Transpose", [source], rows, f"{name}_transpose", "BIPOLAR", whole=(height, 1, channels, width), perm=ROWS
        )
        flat = file.constant(f"{name}_flat", np.array([0, 0, -1]), None, np.int64)
        whole = (height, 1, channels * width)
        file.node("Reshape", [rows, flat], sequence, f"{name}_reshape", "BIPOLAR", whole=whole)
        start = -self.thresholds - self.recurrent.sum(0)
        constants = (
            file.weights(f"{name}_weight", self.weight.T[None]),
            file.weights(f"{name}_recurrent", 2 * self.recurrent.T[None]),
            file.constant(
                f"{name}_bias", np.concatenate([start, np.zeros(outputs, np.int64)])[None],
                datatype_of(min(int(start.min()), -1), int(start.max())),
            ),
        )  # fmt: skip
        file.node(
            "RNN", [sequence, *constants], states, name, "BINARY", whole=(height, 1, 1, outputs),
            hidden_size=outputs, activations=["HardSigmoid"], activation_alpha=[1.0], activation_beta=[1.0],
        )  # fmt: skip
        index = file.constant(f"{name}_index", np.array([height - 1]), None, np.int64)
        file.node("Gather", [states, index], last, f"{name}_gather", "BINARY", whole=(1, 1, 1, outputs), axis=0)
        axes = file.constant(f"{name}_axes", np.array([0, 1]), None, np.int64)
        file.node("Squeeze", [last, axes], bits, f"{name}_squeeze", "BINARY", shape=(outputs,))
        ones = file.constant(f"{name}_ones", np.ones((outputs, 1), np.int64), "BINARY")
        file.node(
            "MultiThreshold", [bits, ones], output, f"{name}_sign", "BIPOLAR", domain="qonnx.custom_op.general",
            out_scale=2.0, out_bias=-1.0, out_dtype="BIPOLAR",
        )  # fmt: skip

    @classmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read the nodes that `write` writes; UserError names the one that is different."""
        shape = file.shape(node.input[0])
        if len(shape) != 3:
            raise file.refuse(node, "stands behind a dense layer; maps are needed in front of it")
        height = shape[1]
        nodes = [node]
        for operator in ("Reshape", "RNN", "Gather", "Squeeze", "MultiThreshold"):
            following = file.only_reader(nodes[-1])
            if following is None or following.op_type != operator:
                raise file.refuse(
                    nodes[-1], f"must be followed by a {operator} alone, in an RNN over the rows of a map"
                )
            nodes.append(following)
        transpose, reshape, rnn, gather, squeeze, sign = nodes
        wanted: tuple[tuple[NodeProto, str, Any, Any], ...] = (
            (transpose, "perm", file.attributes(transpose).get("perm"), ROWS),
            (reshape, "shape", file.integers(reshape, 1).tolist(), [0, 0, -1]),
            (gather, "axis", file.attributes(gather).get("axis", 0), 0),
            (gather, "index", (file.integers(gather, 1) % height).tolist(), [height - 1]),
            (squeeze, "axes", file.integers(squeeze, 1).tolist(), [0, 1]),
            (sign, "threshold", np.unique(file.integers(sign, 1)).tolist(), [1]),
            (sign, "outputs", tuple(file.attributes(sign).get(a) for a in ("out_scale", "out_bias")), (2.0, -1.0)),
        )
        for each, name, value, accepted in wanted:
            if value != accepted:
                raise file.refuse(each, f"{name} {value}; in an RNN over the rows of a map it is {accepted}")
        return Found(_layer(file, rnn), (node.input[0],), sign.output[0], tuple(nodes), rnn)


def _layer(file: "FileGraph", rnn: "NodeProto") -> Elman:
    """Return the layer of an RNN. UserError when it is none of +-1 whose activation is the sign of integers."""
    a = file.attributes(rnn)
    activation = (a.get("activations"), a.get("activation_alpha"), a.get("activation_beta"))
    if activation != ([b"HardSigmoid"], [1.0], [1.0]):
        raise file.refuse(rnn, "only the activation HardSigmoid with alpha 1 and beta 1 is built, the sign of integers")
    known = {"activations", "activation_alpha", "activation_beta", "hidden_size"}
    forward = a.pop("direction", b"forward") == b"forward" and not a.pop("layout", 0)
    if not forward or set(a) - known or len([name for name in rnn.input if name]) != 4:
        raise file.refuse(
            rnn, "only one direction, forward, from a state of zeros, without clip, lengths and layout, is built"
        )
    weight, recurrent, bias = (file.integers(rnn, index) for index in (1, 2, 3))
    outputs = weight.shape[1] if weight.ndim == 3 else 0
    shapes = weight.shape[:1], recurrent.shape, bias.shape
    if not outputs or shapes != ((1,), (1, outputs, outputs), (1, 2 * outputs)):
        raise file.refuse(
            rnn, f"weights {list(weight.shape)}, {list(recurrent.shape)} and {list(bias.shape)} do not fit"
        )
    if not (np.abs(weight) == 1).all() or not (np.abs(recurrent) == 2).all():
        raise file.refuse(rnn, "weights must all be +1 or -1, and those of the state, of 0 and 1, +2 or -2")
    half = recurrent[0].T // 2
    return Elman(weight[0].T.copy(), half, -(bias[0, :outputs] + bias[0, outputs:]) - half.sum(0))
