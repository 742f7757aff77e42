"""BinaryDense_rtl and _hls: weights of +-1 over a whole frame of +-1 inputs; thresholds or integer scores."""

from math import ceil
from typing import Any

import numpy as np

from bnn import reference
from hw.ops import cpp
from hw.ops.base import Attributes, RtlOperator, StreamOperator
from hw.ops.bits import Ints, dot_range, literal, signed_bits
from hw.ops.cycles import dense_cycles
from hw.ops.hls import HlsOperator, multiply_accumulate


class BinaryDense(StreamOperator):
    """y = Weight * x, x and Weight +-1; BIPOLAR out is y >= Threshold, integer out is y + Bias.

    Weight [F, O] with F in C, H, W order, as in the model. On bits b = (x + 1) / 2 a score is
    2 * sum(Weight * b) + (Bias - sum(Weight)).
    """

    def get_nodeattr_types(self) -> Attributes:
        attributes = super().get_nodeattr_types()
        attributes.update(
            {
                "Weight": ("t", True, None),  # +-1 [F, O]
                "Threshold": ("t", False, None),  # integers [O] on the sums of +-1
                "Bias": ("t", False, None),  # integers [O]
            }
        )
        return attributes

    @property
    def weight(self) -> Ints:
        """[F, O], F = C * H * W."""
        return np.asarray(self.get_nodeattr("Weight"), np.int64)

    def _optional(self, name: str) -> Ints | None:
        value = self.get_nodeattr(name)
        return None if value is None else np.asarray(value, np.int64)

    @property
    def beats(self) -> int:
        """Pixels of a frame."""
        return int(np.prod(self.get_normal_input_shape()[1:-1]))

    def folds(self) -> list[int]:
        outputs = self.weight.shape[1]
        return [n for n in range(1, outputs + 1) if outputs % n == 0]

    def get_exp_cycles(self) -> int:
        return dense_cycles(self.beats, self.fold)

    def run(self, stream: Ints) -> Ints:
        sums = reference.dense(2 * stream - 1, self.weight)
        thresholds, bias = self._optional("Threshold"), self._optional("Bias")
        if thresholds is not None:
            return (reference.threshold(sums, thresholds) + 1) // 2
        return sums if bias is None else sums + bias

    def summary(self) -> str:
        inputs, outputs = self.weight.shape
        return f"{outputs} {'scores' if self._optional('Threshold') is None else 'bits'} from {inputs} bits"

    def get_op_and_param_counts(self) -> dict[str, int]:
        return {"op_add": int(self.weight.size), "param_weight": int(self.weight.size)}

    def score_range(self) -> tuple[int, int]:
        """Smallest and largest score: what the output datatype must hold."""
        inputs, bias = len(self.weight), self._optional("Bias")
        low, high = (0, 0) if bias is None else (int(bias.min()), int(bias.max()))
        return low - inputs, high + inputs

    def verify_node(self) -> Any:
        """ValueError when the output type cannot hold every score."""
        low, high = self.score_range()
        datatype = self.get_output_datatype()
        if self._optional("Threshold") is None and (low < datatype.min() or high > datatype.max()):
            raise ValueError(f"{self.onnx_node.name}: {datatype} does not hold {low}..{high}")


class BinaryDense_rtl(BinaryDense, RtlOperator):
    """nj_dense: the module sums bits, the wrapper appends the lowest bit of a score."""

    module = "nj_dense"

    def _bit_space(self) -> tuple[Ints, Ints, Ints]:
        """Of the module: thresholds [O] (0 without), bias [O] and, for scores, the lowest bits [O]."""
        weight, none = self.weight, np.zeros(self.weight.shape[1], np.int64)
        low, high = dot_range(weight.T, 0, 1)
        thresholds, bias = self._optional("Threshold"), self._optional("Bias")
        if thresholds is not None:
            limits = -((-thresholds - weight.sum(0)) // 2)  # ceil((T + sum(w)) / 2)
            # without an inversion at hand, what is never true compares with one more than can be
            return np.clip(limits, low, high + 1), none, none
        constant = (none if bias is None else bias) - weight.sum(0)
        return none, constant // 2, constant % 2

    def _sum_bits(self) -> int:
        """Width of a score without its lowest bit."""
        return int(self.get_output_datatype().bitwidth()) - 1

    def parameters(self) -> dict[str, int | str]:
        height_width, channels, outputs = self.beats, self.get_normal_input_shape()[-1], self.weight.shape[1]
        limits, bias, _ = self._bit_space()
        thr_bits = signed_bits(int(min(limits.min(), bias.min())), int(max(limits.max(), bias.max())))
        # [C, beat, O] -> [beat, O, C]
        bits = self.weight.reshape(channels, height_width, outputs).transpose(1, 2, 0) > 0
        return {
            "Beats": height_width,
            "CIn": channels,
            "COut": outputs,
            "Fold": self.fold,
            "Weight": literal(bits.ravel().astype(int), 1),
            "Thresholded": int(self._optional("Threshold") is not None),
            "ThrBits": thr_bits,
            "Threshold": literal(limits, thr_bits),
            "Bias": literal(bias, thr_bits),
            **({} if self._optional("Threshold") is not None else {"OutBits": self._sum_bits()}),
        }

    def template_values(self) -> dict[str, object]:
        if self._optional("Threshold") is not None:
            return super().template_values()
        _, _, low_bits = self._bit_space()
        extra = {"outputs": len(low_bits), "sum_bits": self._sum_bits(), "low_bits": literal(low_bits, 1)}
        return {**super().template_values(), **extra}

    @property
    def template(self) -> str:  # type: ignore[override]
        """Scores get their lowest bit in the wrapper."""
        return "layer.v.in" if self._optional("Threshold") is not None else "scores.v.in"

    # --- cost ---

    def _rom(self) -> tuple[int, int]:
        """Words and bits of the weight memory: in LUTs up to 256 words, else in block RAM."""
        return self.beats * self.fold, self.get_normal_input_shape()[-1] * self.weight.shape[1] // self.fold

    def lut_estimation(self, fpgapart: str) -> int:
        lanes, channels = self.weight.shape[1] // self.fold, self.get_normal_input_shape()[-1]
        words, bits = self._rom()
        rom = 0 if words > 256 else bits * ceil(words / 64)
        return round(lanes * (1.3 * channels + self._accumulator()) + rom + 30)

    def bram_estimation(self, fpgapart: str) -> int:
        words, bits = self._rom()
        return ceil(bits / 36) * ceil(words / 512) if words > 256 else 0

    def bram_efficiency_estimation(self, fpgapart: str) -> float:
        blocks = self.bram_estimation(fpgapart)
        return self.weight.size / (blocks * 18432) if blocks else 1

    def ff_estimation(self, fpgapart: str) -> int:
        lanes, channels = self.weight.shape[1] // self.fold, self.get_normal_input_shape()[-1]
        counts = lanes * (channels + 1).bit_length()
        return channels + counts + self.weight.shape[1] * self._accumulator() + self.get_outstream_width() + 30

    def _accumulator(self) -> int:
        return signed_bits(-len(self.weight), len(self.weight))


class BinaryDense_hls(BinaryDense, HlsOperator):
    """nj_dense.hpp."""

    def header(self, name: str) -> str:
        bits = int(self.get_output_datatype().bitwidth())
        thresholds, bias = self._optional("Threshold"), self._optional("Bias")
        return cpp.dense(name, self.summary(), self.weight, self.beats, thresholds, bias, self.fold, bits)

    def logic(self) -> int:
        inputs, outputs = self.weight.shape
        return outputs // self.fold * multiply_accumulate(inputs // self.beats, 1, inputs)
