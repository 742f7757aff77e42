"""BinaryDense_rtl and _hls: weights of +-1 over a whole frame of +-1 inputs; thresholds or integer scores."""

from collections.abc import Iterable
from functools import cached_property
from math import ceil, gcd, inf
from typing import Any

import numpy as np

from bnn.integer import reference
from bnn.integer.intervals import signed_bits
from hw.bits import Ints, dot_range, literal
from hw.block_ram import block_rams
from hw.cycles import dense_cycles
from hw.matvec import cost, schedule
from hw.matvec import folding as matvec
from hw.matvec.folding import Folding
from hw.matvec.module import RowOutput, matvec_module, merged
from hw.ops.base import MEMORIES, Attributes, RtlOperator, StreamOperator
from hw.ops.dense_header import dense_header
from hw.ops.hls import HlsOperator, multiply_accumulate
from hw.schedule import Schedule, summed

# LUT sites of a weight of nj_dense and its product, by how many steps it changes with; beyond 128 weights are in block
# RAM. These and the other numbers of its estimate are fitted to 36 random layers (median error 5 %, worst 30 %).
WEIGHT_SITES = ((1, 0.0), (8, 0.39), (32, 1.35), (64, 1.66), (matvec.LUT_WORDS, 3.15), (inf, 0.78))
MOST_CONSTANTS = 20_000  # weights that are part of the logic where there is another way


class BinaryDense(StreamOperator):
    """y = Weight * x, x +-1; BIPOLAR out is y >= Threshold, integer out is y + Bias.

    Weight [F, O] with F in C, H, W order, as in the model: +-1, or even integers up to `copies`. Then each input comes
    so many times inside of the layer, with weights +-1 whose sum is the integer.
    """

    flattens = True

    def get_nodeattr_types(self) -> Attributes:
        attributes = super().get_nodeattr_types()
        attributes.update(
            {
                "Weight": ("t", True, None),  # +-1, or even integers [F, O]
                "Threshold": ("t", False, None),  # integers [O] on the sums of +-1
                "Bias": ("t", False, None),  # integers [O]
            }
        )
        return attributes

    @cached_property
    def integers(self) -> Ints:
        """[F, O], F = C * H * W, as in the model."""
        return np.asarray(self.get_nodeattr("Weight"), np.int64)

    @cached_property
    def copies(self) -> int:
        """How many times an input comes."""
        return 1 if (np.abs(self.integers) == 1).all() else int(np.abs(self.integers).max())

    @cached_property
    def together(self) -> int:
        """How many inputs of a beat in a row share a weight; they are copied as one, and the weight is kept once."""
        return matvec.repeated(self._rows(self.integers), self.get_normal_input_shape()[-1])

    @cached_property
    def weight(self) -> Ints:
        """+-1 [F * copies, O]."""
        return self._copied(self.integers)

    def _rows(self, weight: Ints) -> Ints:
        """Return weights [F, O] as the stream has them: [O, beat by beat]."""
        beats = self.beats
        return weight.reshape(-1, beats, weight.shape[1]).transpose(2, 1, 0).reshape(weight.shape[1], -1)

    def _copied(self, weight: Ints) -> Ints:
        """Return weights [F, O] as +-1 [F * copies, O]: w is copies / 2 + w / 2 times +1, and -1 for the rest."""
        if self.copies == 1:
            return weight
        each = weight.reshape(-1, 1, self.together, self.beats, weight.shape[1])
        copy = np.arange(self.copies).reshape(1, -1, 1, 1, 1)
        return np.where(2 * copy < self.copies + each, 1, -1).reshape(-1, weight.shape[1])

    def _optional(self, name: str) -> Ints | None:
        value = self.get_nodeattr(name)
        return None if value is None else np.asarray(value, np.int64)

    @property
    def beats(self) -> int:
        """Pixels of a frame."""
        return int(np.prod(self.get_normal_input_shape()[1:-1]))

    @property
    def channels(self) -> int:
        """Inputs of a beat, copies included."""
        return self.get_normal_input_shape()[-1] * self.copies

    @property
    def outputs(self) -> int:
        """Sums of a frame."""
        return self.get_normal_output_shape()[-1]

    def folds(self) -> list[int]:
        return [n for n in range(1, self.outputs + 1) if self.outputs % n == 0]

    def schedule(self, *arrivals: Ints) -> Schedule:
        (beats,) = arrivals
        return summed(self.beats, self.fold, beats)

    def run(self, stream: Ints) -> Ints:
        sums = reference.dense(2 * stream - 1, self.integers)
        thresholds, bias = self._optional("Threshold"), self._optional("Bias")
        if thresholds is not None:
            return (reference.threshold(sums, thresholds) + 1) // 2
        return sums if bias is None else sums + bias

    @property
    def thresholded(self) -> bool:
        """Do bits come out, and not scores?"""
        return self._optional("Threshold") is not None

    def summary(self) -> str:
        inputs, outputs = self.integers.shape
        each = f", weights of up to {self.copies // 2}" if self.copies > 1 else ""
        return f"{outputs} {'bits' if self.thresholded else 'scores'} from {inputs} bits{each}"

    @property
    def size(self) -> int:
        """Weights of +-1."""
        return int(self.integers.size) * self.copies

    def get_op_and_param_counts(self) -> dict[str, int]:
        return {"op_add": self.size, "param_weight": self.size}

    def score_range(self) -> tuple[int, int]:
        """Return the smallest and largest score, which the output datatype must hold."""
        inputs, bias = len(self.integers) * self.copies, self._optional("Bias")
        low, high = (0, 0) if bias is None else (int(bias.min()), int(bias.max()))
        return low - inputs, high + inputs

    def verify_node(self) -> Any:
        """Raise ValueError when the output type cannot hold every score."""
        low, high = self.score_range()
        datatype = self.get_output_datatype()
        if not self.thresholded and (low < datatype.min() or high > datatype.max()):
            raise ValueError(f"{self.onnx_node.name}: {datatype} does not hold {low}..{high}")


class BinaryDense_rtl(BinaryDense, RtlOperator):
    """Two forms: nj_dense, whose weights are part of the logic, with Fold clocks per beat (PE = 0); and a folded one
    (hw.matvec) with a memory of weights, PE outputs of SIMD inputs at a time, one after the other with Replay.

    Inside inputs are bits b = (x + 1) / 2; a score lacks its lowest bit there, which is the same in every frame: the
    wrapper appends it.
    """

    def get_nodeattr_types(self) -> Attributes:
        attributes = super().get_nodeattr_types()
        attributes.update({"PE": ("i", False, 0), "SIMD": ("i", False, 0), "Replay": ("i", False, 0)})  # PE 0: nj_dense
        return attributes

    @property
    def matrix(self) -> Folding | None:
        """How the folded form is folded; None for nj_dense."""
        lanes, simd, replay = (int(self.get_nodeattr(name)) for name in ("PE", "SIMD", "Replay"))
        repeat = gcd(self._repeat, simd)
        return Folding(self.beats, self.channels, self._sums, lanes, simd, bool(replay), repeat) if lanes else None

    @cached_property
    def _folded(self) -> tuple[Ints, RowOutput]:
        """Return the rows of the matrix as the stream has them, beat by beat, and what they put out.

        Of the inputs so many equal their weight: sum of +-1 = 2 * matches - F.
        """
        inputs = len(self.integers) * self.copies
        thresholds, bias = self._optional("Threshold"), self._optional("Bias")
        if thresholds is not None:
            limits = np.clip(-((-thresholds - inputs) // 2), 0, inputs + 1)
            once, result = merged(self.integers.T, limits)
            return self._rows(self._copied(once.T)), result
        rows = self._rows(self.weight)
        constant = (0 if bias is None else bias) - np.full(self.outputs, inputs)
        return rows, RowOutput(constant // 2, False, self._sum_bits())

    @property
    def _sums(self) -> int:
        return len(self._folded[0])

    @cached_property
    def _repeat(self) -> int:
        return matvec.repeated(self._folded[0], self.channels)

    def foldings(self, clocks: float) -> list[dict[str, int]]:
        direct = [n for n in self.folds() if dense_cycles(self.beats, n) <= clocks]
        found = list(matvec.foldings(self.beats, self.channels, self._sums, clocks, self._repeat))
        if self.size > MOST_CONSTANTS:
            direct = []
        return [
            *({"Fold": n, "PE": 0, "SIMD": 0, "Replay": 0} for n in direct),
            *({"Fold": f.groups, "PE": f.lanes, "SIMD": f.simd, "Replay": int(f.replay)} for f in found),
        ]

    def folding(self) -> dict[str, int]:
        return {name: int(self.get_nodeattr(name)) for name in ("Fold", "PE", "SIMD", "Replay")}

    def schedule(self, *arrivals: Ints) -> Schedule:
        if self.matrix is None:
            return super().schedule(*arrivals)
        (beats,) = arrivals
        taken, results = schedule.dense(self.matrix, beats, cost.counting(self.matrix))
        return Schedule((taken,), results)

    def pace(self) -> int | None:
        return super().pace() if self.matrix is None else None

    def get_exp_cycles(self) -> int:
        return dense_cycles(self.beats, self.fold) if self.matrix is None else self.matrix.cycles

    def latency(self) -> int:
        return self.fold if self.matrix is None else self.matrix.latency

    def beat_interval(self) -> int:
        if self.beats == 1:
            return 0
        return self.fold if self.matrix is None else self.matrix.beat_interval

    def input_occupancy(self) -> int:
        return 0 if self.matrix is None or self.beats > 1 else self.matrix.input_occupancy

    def output_occupancy(self) -> int:
        return self.fold if self.matrix is None else self.matrix.output_occupancy

    def variants(self) -> list[tuple[str, int, int]]:
        found = super().variants()
        return found if self.matrix else [("weights in LUTs", *found[0][1:])]

    def _bit_space(self) -> tuple[Ints, Ints, Ints]:
        """Return nj_dense's thresholds [O] (0 without), bias [O] and, for scores, the lowest bits [O]."""
        weight, none = self.weight, np.zeros(self.outputs, np.int64)
        low, high = dot_range(weight.T, 0, 1)
        thresholds, bias = self._optional("Threshold"), self._optional("Bias")
        if thresholds is not None:
            limits = -((-thresholds - weight.sum(0)) // 2)  # ceil((T + sum(w)) / 2)
            # without an inversion at hand, what is never true compares with one more than can be
            return np.clip(limits, low, high + 1), none, none
        constant = (none if bias is None else bias) - weight.sum(0)  # as even as F is: so the lowest bits of both forms
        return none, constant // 2, constant % 2

    def _sum_bits(self) -> int:
        """Return the width of a score without its lowest bit."""
        return int(self.get_output_datatype().bitwidth()) - 1

    # --- the module ---

    @property
    def module(self) -> str:  # type: ignore[override]
        """nj_dense, or written for this node."""
        return "nj_dense" if self.matrix is None else f"{self.get_verilog_top_module_name()}_matvec"

    def _memory(self) -> str:
        return f"{self.get_verilog_top_module_name()}.mem"

    def written(self) -> str | None:
        return None if self.matrix is None else self.matrix_text(self.module)

    def matrix_text(self, name: str) -> str:
        """Return the text of the module `name` of the folded form."""
        assert self.matrix is not None  # nj_dense is not written
        return matvec_module(name, self.summary(), self.matrix, self._folded[1], f"{MEMORIES}/{self._memory()}")

    def memories(self) -> dict[str, Iterable[str]]:
        return {} if self.matrix is None else {self._memory(): self.matrix.lines(self._folded[0])}

    def parameters(self) -> dict[str, int | str]:
        if self.matrix is not None:
            return {}
        limits, bias, _ = self._bit_space()
        thr_bits = signed_bits(int(min(limits.min(), bias.min())), int(max(limits.max(), bias.max())))
        # [C, beat, O] -> [beat, O, C]
        bits = self.weight.reshape(self.channels, self.beats, self.outputs).transpose(1, 2, 0) > 0
        return {
            "Beats": self.beats,
            "CIn": self.channels,
            "COut": self.outputs,
            "Fold": self.fold,
            "Weight": literal(bits.ravel().astype(int), 1),
            "Thresholded": int(self.thresholded),
            "ThrBits": thr_bits,
            "Threshold": literal(limits, thr_bits),
            "Bias": literal(bias, thr_bits),
            **({} if self.thresholded else {"OutBits": self._sum_bits()}),
        }

    def template_values(self) -> dict[str, object]:
        values = super().template_values()
        if self.copies > 1:
            size = self.together
            blocks = [f"in0_V_TDATA[{i + size - 1}:{i}]" for i in range(0, self.get_instream_width(), size)]
            repeated = ", ".join(f"{{{self.copies}{{{block}}}}}" for block in reversed(blocks))
            values["in_expression"] = f"{{{repeated}}}"
        if self.thresholded:
            return values
        _, _, low_bits = self._bit_space()
        extra = {"outputs": self.outputs, "sum_bits": self._sum_bits(), "low_bits": literal(low_bits, 1)}
        return {**values, **extra}

    @property
    def template(self) -> str:  # type: ignore[override]
        """Scores get their lowest bit in the wrapper."""
        return "layer.v.in" if self.thresholded else "scores.v.in"

    # --- cost ---

    def _rom(self) -> tuple[int, int]:
        """Return words and bits of nj_dense's weight memory: in LUTs up to 128 words, else in block RAM."""
        return self.beats * self.fold, self.channels * self.outputs // self.fold

    def lut_estimation(self, fpgapart: str) -> int:
        if self.matrix is not None:
            return cost.sites(self.matrix, self._folded[1])
        lanes, steps, n = self.outputs // self.fold, self.beats * self.fold, self.channels
        count = 0.0 if n == 1 else 1.2 if n <= 3 else n * min(1.2, 0.85 + 0.003 * n) - 1  # number of ones of a beat
        per_weight = next(sites for most, sites in WEIGHT_SITES if steps <= most)
        choosing = 0.75 * n * (ceil(steps / 1024) - 1)  # among block RAMs
        lane = 1.47 * count + per_weight * n + choosing + 1.4
        if self.beats > 1:
            waiting = ceil(self.fold / 16) if self.fold > 2 else 0  # sums of other outputs, in shift registers
            lane += self._accumulator() * (0.64 + 1.07 * waiting)
        return round(lanes * lane + 2.6 * (self.beats > 1) + 3.4 * (steps - 1).bit_length())

    def bram_estimation(self, fpgapart: str) -> int:
        if self.matrix is not None:
            return cost.blocks(self.matrix, self._folded[1])
        words, bits = self._rom()
        return block_rams(words, bits) if words > matvec.LUT_WORDS else 0

    def bram_efficiency_estimation(self, fpgapart: str) -> float:
        blocks = self.bram_estimation(fpgapart)
        return self.size / (blocks * 18432) if blocks else 1

    def ff_estimation(self, fpgapart: str) -> int:
        if self.matrix is not None:
            return cost.ffs(self.matrix, self._folded[1])
        counts = self.outputs // self.fold * (self.channels + 1).bit_length()
        return self.channels + counts + self.outputs * self._accumulator() + self.get_outstream_width() + 30

    def _accumulator(self) -> int:
        inputs = len(self.integers) * self.copies
        return signed_bits(-inputs, inputs)

    def fastest(self) -> int:
        if self.size > MOST_CONSTANTS:
            return matvec.fastest(self.beats, self.channels, self._sums, self._repeat)
        return dense_cycles(self.beats, 1)


class BinaryDense_hls(BinaryDense, HlsOperator):
    """nj_dense.hpp."""

    def get_exp_cycles(self) -> int:
        return dense_cycles(self.beats, self.fold)

    def header(self, name: str) -> str:
        bits = int(self.get_output_datatype().bitwidth())
        thresholds, bias = self._optional("Threshold"), self._optional("Bias")
        times = self.copies, self.together
        return dense_header(name, self.summary(), self.weight, self.beats, thresholds, bias, self.fold, bits, times)

    def logic(self) -> int:
        inputs, outputs = self.weight.shape
        return outputs // self.fold * multiply_accumulate(inputs // self.beats, 1, inputs)
