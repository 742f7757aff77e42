"""ScoreArgMax_rtl and _hls: the class is the index of the largest score, ties to the lowest."""

from math import ceil
from typing import Any

from qonnx.core.datatype import DataType

from bnn.integer import reference
from hw.bits import Ints, selection
from hw.cpp import layer_header, whole_bytes
from hw.cycles import argmax_cycles
from hw.ops.base import RtlOperator, StreamOperator
from hw.ops.hls import HlsOperator
from hw.schedule import Schedule, paced


def class_bits(classes: int) -> int:
    """Return the bits of the result's lowest field, whole bytes: the class, and on top the bit of a broken frame.

    >>> class_bits(2), class_bits(128), class_bits(129)
    (8, 8, 16)
    """
    return 8 * ceil(((classes - 1).bit_length() + 1) / 8)


class ScoreArgMax(StreamOperator):
    """[1, classes] scores in, [1, 1] class out. In hardware the beat also carries the scores, for the host."""

    flattens = True

    @property
    def classes(self) -> int:
        """The number of scores."""
        return self.get_normal_input_shape()[-1]

    def score_bits(self) -> int:
        """Return the width of a score in the result, a multiple of 8."""
        return 8 * ceil(int(self.get_input_datatype().bitwidth()) / 8)

    def get_outstream_width(self, ind: int = 0) -> int:
        return class_bits(self.classes) + self.classes * self.score_bits()

    def get_output_datatype(self, ind: int = 0) -> Any:
        return DataType[f"UINT{class_bits(self.classes)}"]

    def run(self, stream: Ints) -> Ints:
        return reference.argmax(stream).reshape(-1, 1)

    def schedule(self, *arrivals: Ints) -> Schedule:
        (scores,) = arrivals
        taken = paced(scores, int(self.get_exp_cycles()))
        return Schedule((taken,), taken + (1 if self.classes <= 2 else self.classes + 1))

    def summary(self) -> str:
        return f"arg-max of {self.classes} scores"


class ScoreArgMax_rtl(ScoreArgMax, RtlOperator):
    """nj_argmax."""

    module = "nj_argmax"

    def get_exp_cycles(self) -> int:
        return argmax_cycles(self.classes)

    def parameters(self) -> dict[str, int | str]:
        return {
            "Classes": self.classes,
            "ScoreBits": int(self.get_input_datatype().bitwidth()),
            "ClassBits": class_bits(self.classes),
            "OutScoreBits": self.score_bits(),
        }

    def lut_estimation(self, fpgapart: str) -> int:
        bits = int(self.get_input_datatype().bitwidth())
        if self.classes <= 2:
            return ceil(bits / 2) * (self.classes - 1) + 4
        counting = 9 + 2 * (self.classes - 1).bit_length()
        return selection(self.classes, bits) + ceil(bits / 2) + counting

    def ff_estimation(self, fpgapart: str) -> int:
        bits = int(self.get_input_datatype().bitwidth())
        return bits * self.classes + (1 if self.classes <= 2 else bits + 15)


class ScoreArgMax_hls(ScoreArgMax, HlsOperator):
    """nj_argmax.hpp."""

    def get_exp_cycles(self) -> int:
        return self.classes

    def header(self, name: str) -> str:
        bits = int(self.get_input_datatype().bitwidth())
        return argmax_header(name, self.summary(), self.classes, bits, class_bits(self.classes), self.score_bits())

    def logic(self) -> int:
        return self.classes * int(self.get_input_datatype().bitwidth())


def argmax_header(name: str, summary: str, classes: int, score_bits: int, class_bits: int, out_score_bits: int) -> str:
    """Return the header of the arg-max, which puts out class and scores."""
    constants = {
        "Classes": classes, "ScoreBits": score_bits, "ClassBits": class_bits, "OutScoreBits": out_score_bits,
        "InWidth": whole_bytes(classes * score_bits), "OutWidth": whole_bytes(class_bits + classes * out_score_bits),
    }  # fmt: skip
    return layer_header(name, summary, "nj_argmax.hpp", constants, "nj_argmax<Layer>", {})
