"""ScoreArgMax_rtl and _hls: the class of the largest score with its offset, ties to the lowest (bnn.integer.decision).

The operating point, offsets and least margin, is a port beside the streams; in FINN's graph it is the neutral one.
"""

from abc import abstractmethod
from typing import Any, ClassVar

from qonnx.core.datatype import DataType

from bnn.integer import reference
from bnn.integer.decision import Widths
from hw.bits import Ints, selection
from hw.cpp import layer_header, layer_top, whole_bytes
from hw.cycles import argmax_cycles, argmax_latency
from hw.ops.base import RtlOperator, StreamOperator
from hw.ops.hls import HlsOperator
from hw.schedule import Schedule, paced


def class_bits(classes: int) -> int:
    """Return the bits of the result's lowest field, whole bytes: the class, and on top unsure and a broken frame.

    >>> class_bits(2), class_bits(64), class_bits(65)
    (8, 8, 16)
    """
    return whole_bytes((classes - 1).bit_length() + 2)


def point_bits(classes: int, score_bits: int) -> int:
    """Return the bits of the port of the operating point: the least margin above the offsets of all classes but 0."""
    return score_bits + 2 + (classes - 1) * (score_bits + 1)


class ScoreArgMax(StreamOperator):
    """[1, classes] scores in, [1, 1] class out. In hardware the beat also carries scores, margin and unsure.

    Of a map of cells [1, rows, columns, classes] scores in, [1, rows, columns, 1] classes out: a beat a cell.
    """

    flattens = True

    @property
    def classes(self) -> int:
        """The number of scores."""
        return self.get_normal_input_shape()[-1]

    @property
    def widths(self) -> Widths:
        """The bits of scores, offsets and margins."""
        return Widths(int(self.get_input_datatype().bitwidth()))

    def score_bits(self) -> int:
        """Return the width of a score in the result, a multiple of 8."""
        return whole_bytes(self.widths.score_bits)

    def margin_bits(self) -> int:
        """Return the width of the margin in the result, a multiple of 8."""
        return whole_bytes(self.widths.margin)

    def point_bits(self) -> int:
        """Return the width of the port of the operating point."""
        return point_bits(self.classes, self.widths.score_bits)

    def get_outstream_width(self, ind: int = 0) -> int:
        return class_bits(self.classes) + self.classes * self.score_bits() + self.margin_bits()

    def get_output_datatype(self, ind: int = 0) -> Any:
        return DataType[f"UINT{class_bits(self.classes)}"]

    def run(self, stream: Ints) -> Ints:
        return reference.argmax(stream)[:, None]  # [N, 1] or [N, 1, rows, columns]

    def schedule(self, *arrivals: Ints) -> Schedule:
        (scores,) = arrivals
        taken = paced(scores, self.interval())
        return Schedule((taken,), taken + argmax_latency(self.classes))

    @abstractmethod
    def interval(self) -> int:
        """Return the clocks from one beat to the next."""

    def get_exp_cycles(self) -> int:
        return self.interval() * self.results_per_frame()

    def beat_interval(self) -> int:
        return self.interval() if self.results_per_frame() > 1 else 0

    def pace(self) -> int | None:
        return self.interval()

    def summary(self) -> str:
        return f"arg-max of {self.classes} scores"


class ScoreArgMax_rtl(ScoreArgMax, RtlOperator):
    """nj_argmax."""

    module = "nj_argmax"
    template: ClassVar[str] = "argmax.v.in"

    def interval(self) -> int:
        return argmax_cycles(self.classes)

    def parameters(self) -> dict[str, int | str]:
        return {
            "Classes": self.classes,
            "ScoreBits": self.widths.score_bits,
            "ClassBits": class_bits(self.classes),
            "OutScoreBits": self.score_bits(),
            "OutMarginBits": self.margin_bits(),
        }

    def template_values(self) -> dict[str, object]:
        return {**super().template_values(), "point_bits": self.point_bits()}

    def lut_estimation(self, fpgapart: str) -> int:
        """Count the adders and comparisons, a LUT a bit: of a difference, or of a scan with what it selects."""
        classes, bits = self.classes, self.widths.score_bits
        if classes <= 2:
            return 3 if classes == 1 else 4 * bits + 11
        adders = self.widths.value + self.widths.value + 1 + 2 * self.widths.margin
        return selection(classes, bits) + selection(classes, bits + 1) + adders + 2 * (classes - 1).bit_length()

    def ff_estimation(self, fpgapart: str) -> int:
        classes, bits, margin = self.classes, self.widths.score_bits, self.widths.margin
        held = classes * bits + (classes - 1) * (bits + 1)  # scores and offsets
        if classes <= 2:
            return bits + 1 if classes == 1 else held + bits + 1 + 3 * margin + 4
        return held + 2 * bits + 1 + 4 * margin + 4 * (classes - 1).bit_length() + 10


class ScoreArgMax_hls(ScoreArgMax, HlsOperator):
    """nj_argmax.hpp."""

    def interval(self) -> int:
        return self.classes

    def header(self, name: str) -> str:
        return argmax_header(name, self.summary(), self.classes, self.widths.score_bits)

    def top(self, name: str) -> str:
        return layer_top(name, self.summary(), self.instream_widths(), self.get_outstream_width(), self.point_bits())

    def logic(self) -> int:
        return self.classes * self.widths.score_bits


def argmax_header(name: str, summary: str, classes: int, score_bits: int) -> str:
    """Return the header of the arg-max, which puts out class, scores, margin and unsure."""
    field, score, margin = class_bits(classes), whole_bytes(score_bits), whole_bytes(Widths(score_bits).margin)
    constants = {
        "Classes": classes, "ScoreBits": score_bits, "ClassBits": field, "OutScoreBits": score, "OutMarginBits": margin,
        "PointBits": point_bits(classes, score_bits), "InWidth": whole_bytes(classes * score_bits),
        "OutWidth": field + classes * score + margin,
    }  # fmt: skip
    return layer_header(name, summary, "nj_argmax.hpp", constants, "nj_argmax<Layer>", {}, point=True)
