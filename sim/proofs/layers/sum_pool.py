"""Sum-pooling: each window gives one result, in order, a clock after its last pixel, for all maps and all stalls.

The result is the sum's comparison, or the sum and a constant, of model.onnx. Proved is the RTL of the folder as it
stands, with its constants. The windows of one column of them are followed, whichever it is. What the module has counted
for it is read inside the module. z3 takes seconds for each output, so each proof compares a few of them.
"""

import numpy as np

from bnn.integer.intervals import signed_bits
from bnn.integer.reference import Ints
from finn_build.recognise import Stage
from hw.bits import literal
from sim.proofs.formal import Parameters
from sim.proofs.layers.prover import Answer, Prover, Question
from sim.proofs.layers.wrapper import CLOCKS, prove_wrapper

TOGETHER = 16  # bits of the counts that one proof compares
MEMORY, REGISTER = "gen_memory.u_windows.gen_plain.words[column_q]", "gen_register.window_q"


class SumPoolProver(Prover):
    """Prove nj_sum_pooling round the wrapper; see sim/proofs/properties/sum_pooling.sv.in."""

    def takes(self, stage: Stage) -> bool:
        return stage.operator in ("SumPool_rtl", "SumPoolScores_rtl")

    def answer(self, question: Question) -> Answer:
        parameters = _parameters(question)
        width, rows, columns = (int(parameters[name]) for name in ("Width", "SizeY", "SizeX"))
        window = REGISTER if width <= columns else MEMORY
        outputs, step = int(parameters["C"]), max(1, TOGETHER // int(parameters["SumBits"]))
        pieces = [{"First": first, "Compared": min(step, outputs - first)} for first in range(0, outputs, step)]
        clocks = rows * width + CLOCKS
        return prove_wrapper(question, "sum_pooling", parameters, pieces=pieces, clocks=clocks, window=window)


def _parameters(question: Question) -> Parameters:
    """Return what the network says, and in how many bits the module counts."""
    (source,), output, attributes = question.inputs, question.stage.output, question.stage.attributes
    (height, width, _), outputs = source.shape, output.shape[2]
    rows, columns = int(attributes["SizeY"]), int(attributes["SizeX"])
    thresholded, pixels = output.datatype == "BIPOLAR", rows * columns
    constant = np.asarray(attributes.get("Threshold", attributes.get("Bias", np.zeros(outputs))), np.int64)
    most = int(np.abs(constant).max()) + 2 * pixels
    out_bits = 1 if thresholded else signed_bits(*output.range)
    return {
        "Height": height, "Width": width, "C": outputs, "Copies": int(attributes.get("Copies", 1)), "SizeY": rows,
        "SizeX": columns, "Negative": literal(np.asarray(attributes.get("Negative", np.zeros(outputs)), np.int64), 1),
        "Thresholded": int(thresholded), "Bits": signed_bits(-most, most),
        "Constant": literal(constant, signed_bits(-most, most)), "OutBits": out_bits,
        "SumBits": _counter_bits(constant, pixels) if thresholded else out_bits - 1,
    }  # fmt: skip


def _counter_bits(threshold: Ints, pixels: int) -> int:
    """Return the fewest bits that hold 2^(bits - 1) - least + ones, for 0..pixels ones, of which `least` are enough."""
    least = (threshold + pixels + 1) >> 1
    least = least[(least > 0) & (least <= pixels)]
    most = max([0, *(least - 1), *(pixels - least)])
    return int(most).bit_length() + 1
