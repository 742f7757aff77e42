"""Residual additions: each pair of beats gives one result, in order, a clock later, for all numbers and all stalls.

The result is left * a + right * b >= threshold of model.onnx. Proved is the RTL of the folder as it stands: the join of
both streams, the addition, and the constants that the wrapper gives it.
"""

import numpy as np

from bnn.integer.intervals import signed_bits
from finn_build.recognise import Stage, Stream
from hw.bits import literal
from sim.proofs.formal import Parameters
from sim.proofs.layers.prover import Answer, Prover, Question
from sim.proofs.layers.wrapper import prove_wrapper


class AdditionProver(Prover):
    """Prove nj_addition round the wrapper; see sim/proofs/properties/addition.sv.in."""

    def takes(self, stage: Stage) -> bool:
        return stage.operator == "Add_rtl"

    def answer(self, question: Question) -> Answer:
        return prove_wrapper(question, "addition", _parameters(question))


def _parameters(question: Question) -> Parameters:
    """Return what the network says: the widths of both streams, factors and thresholds."""
    names = ("Left", "Right", "Threshold")
    left, right, threshold = tables = [np.asarray(question.stage.attributes[name], np.int64) for name in names]
    first, second = question.inputs
    most = int((np.abs(left) * _largest(first) + np.abs(right) * _largest(second) + np.abs(threshold)).max())
    bits = signed_bits(-most, most)
    return {
        "C": len(left), "LeftBits": _bits(first), "RightBits": _bits(second),
        "RightSigned": int(second.datatype != "BIPOLAR"), "Bits": bits,
        **{name: literal(table, bits) for name, table in zip(names, tables, strict=True)},
    }  # fmt: skip


def _largest(stream: Stream) -> int:
    return max(abs(end) for end in stream.range)


def _bits(stream: Stream) -> int:
    return 1 if stream.datatype == "BIPOLAR" else signed_bits(*stream.range)
