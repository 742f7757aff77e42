"""ScoreArgMax_rtl: the class is the index of the largest score, ties to the lowest."""

from math import ceil
from typing import Any

from qonnx.core.datatype import DataType

from bnn import reference
from hw.ops.base import StreamOperator
from hw.ops.bits import Ints
from hw.ops.cycles import argmax_cycles

CLASS_BITS = 8


class ScoreArgMax_rtl(StreamOperator):
    """[1, classes] scores in, [1, 1] class out. In hardware the beat also carries the scores, for the host."""

    module = "nj_argmax"

    @property
    def classes(self) -> int:
        """How many scores."""
        return self.get_normal_input_shape()[-1]

    def score_bits(self) -> int:
        """Width of a score in the result, a multiple of 8."""
        return 8 * ceil(int(self.get_input_datatype().bitwidth()) / 8)

    def get_outstream_width(self, ind: int = 0) -> int:
        return CLASS_BITS + self.classes * self.score_bits()

    def get_output_datatype(self, ind: int = 0) -> Any:
        return DataType[f"UINT{CLASS_BITS}"]

    def run(self, stream: Ints) -> Ints:
        return reference.argmax(stream).reshape(-1, 1)

    def get_exp_cycles(self) -> int:
        return argmax_cycles(self.classes)

    def parameters(self) -> dict[str, int | str]:
        return {
            "Classes": self.classes,
            "ScoreBits": int(self.get_input_datatype().bitwidth()),
            "ClassBits": CLASS_BITS,
            "OutScoreBits": self.score_bits(),
        }

    def summary(self) -> str:
        return f"arg-max of {self.classes} scores"

    def lut_estimation(self, fpgapart: str) -> int:
        bits = int(self.get_input_datatype().bitwidth())
        if self.classes <= 2:
            return ceil(bits / 2) * (self.classes - 1) + 4
        chosen = 1 if self.classes <= 4 else 0.45 * self.classes  # LUTs that choose one bit of a score
        return ceil(bits * chosen) + ceil(bits / 2) + 11

    def ff_estimation(self, fpgapart: str) -> int:
        bits = int(self.get_input_datatype().bitwidth())
        return bits * self.classes + (1 if self.classes <= 2 else bits + 15)
