"""Elman_rtl and _hls: a dense layer of +-1 weights over the rows of a +-1 map, which reads its own last output."""

from functools import cached_property
from math import ceil

import numpy as np

from bnn.integer.intervals import signed_bits
from bnn.integer.layers.elman import Elman as ElmanLayer
from hw.bits import Ints
from hw.cpp import layer_header, whole_bytes
from hw.cycles import dense_cycles
from hw.matvec import cost
from hw.matvec import folding as matvec
from hw.matvec.schedule import Recurrent, recurrent, recurrent_cycles
from hw.ops.base import PIPELINE, Attributes
from hw.ops.binary_dense import MOST_CONSTANTS, BinaryDense, BinaryDense_rtl
from hw.ops.hls import HlsOperator, multiply_accumulate
from hw.schedule import Schedule
from hw.text import fill

LATENCY = 24  # clocks, at the most, from the last step of a row in a memory of weights to its state


class Elman(BinaryDense):
    """h = (Weight * row + Recurrent * h >= Threshold), row by row; h is -1 in front of the first, out behind the last.

    It is a dense layer with a frame per row, whose last beats are the state, filled up with inputs of -1 and weights
    of +1. `integers`, `beats` and the thresholds are those of that layer.
    """

    def get_nodeattr_types(self) -> Attributes:
        attributes = super().get_nodeattr_types()
        attributes["Recurrent"] = ("t", True, None)  # +-1 [O, O], from the state's element to the output
        return attributes

    @cached_property
    def layer(self) -> ElmanLayer:
        """The layer as in the model."""
        values = (np.asarray(self.get_nodeattr(name), np.int64) for name in ("Weight", "Recurrent", "Threshold"))
        return ElmanLayer(*values)

    @property
    def rows(self) -> int:
        """Rows of the map."""
        return self.get_normal_input_shape()[1]

    @property
    def columns(self) -> int:
        """Pixels of a row."""
        return self.get_normal_input_shape()[2]

    @property
    def pieces(self) -> int:
        """Beats of the state."""
        return ceil(self.outputs / self.get_normal_input_shape()[-1])

    @property
    def beats(self) -> int:
        """Beats of a row, those of the state included."""
        return self.columns + self.pieces

    @cached_property
    def integers(self) -> Ints:
        """[F, O], F = C * (columns + pieces)."""
        channels, outputs = self.get_normal_input_shape()[-1], self.outputs
        state = np.ones((self.pieces * channels, outputs), np.int64)  # [piece, C]
        state[:outputs] = self.layer.recurrent
        pixels = self.layer.weight.reshape(channels, self.columns, outputs)
        pieces = state.reshape(self.pieces, channels, outputs).transpose(1, 0, 2)
        return np.concatenate([pixels, pieces], axis=1).reshape(-1, outputs)

    def _optional(self, name: str) -> Ints | None:
        """Return the thresholds as they are with what fills the state up."""
        if name != "Threshold":
            return None
        return self.layer.thresholds - (len(self.integers) - len(self.layer.weight) - self.outputs)

    def run(self, stream: Ints) -> Ints:
        return (self.layer.run(2 * stream - 1) + 1) // 2

    def summary(self) -> str:
        inputs, outputs = self.layer.weight.shape
        return f"{outputs} bits from {self.rows} rows of {inputs} bits and from themselves"

    def get_op_and_param_counts(self) -> dict[str, int]:
        weights = self.layer.weight.size + self.layer.recurrent.size
        return {"op_add": self.rows * weights, "param_weight": weights}


class Elman_rtl(Elman, BinaryDense_rtl):
    """nj_elman, whose weights are part of the logic; or nj_elman_rows round a folded matrix (hw.matvec)."""

    @property
    def _recurrent(self) -> Recurrent:
        latency = 0 if self.matrix is None else cost.counting(self.matrix)
        return Recurrent(self.matrix or self.fold, latency, self.rows, self.columns, self.pieces)

    def foldings(self, clocks: float) -> list[dict[str, int]]:
        row = clocks / self.rows
        found: dict[tuple[int, ...], dict[str, int]] = {}
        if self.size <= MOST_CONSTANTS:
            for n in self.folds():
                found[n, 0, 0, 0] = {"Fold": n, "PE": 0, "SIMD": 0, "Replay": 0}
        for spared in (0, LATENCY // 2, LATENCY, row / 2):  # clocks in which the state is not there yet
            for f in matvec.foldings(self.beats, self.channels, self._sums, row - spared, self._repeat):
                key = (f.groups, f.lanes, f.simd, int(f.replay))
                found[key] = dict(zip(("Fold", "PE", "SIMD", "Replay"), key, strict=True))
        return [choice for choice in found.values() if self.cycles(choice) <= clocks]

    def schedule(self, *arrivals: Ints) -> Schedule:
        (pixels,) = arrivals
        taken, results = recurrent(self._recurrent, pixels)
        return Schedule((taken,), results)

    def pace(self) -> int | None:
        return None

    def get_exp_cycles(self) -> int:
        return recurrent_cycles(self._recurrent)

    def latency(self) -> int:
        return super().latency() + (self.pieces - 1) * super().beat_interval()

    def beat_interval(self) -> int:
        return ceil(self.get_exp_cycles() / (self.rows * self.columns))

    def input_occupancy(self) -> int:
        return 0

    def drain_clocks(self) -> int:
        """Return the clocks of two rows and more, where the state of the last one but one is not there yet."""
        return 2 * PIPELINE + 4 * ceil(self.get_exp_cycles() / self.rows)

    def fastest(self) -> int:
        """Return the fewest clocks of a frame, or a few less with a memory of weights, whose state comes later."""
        if self.size > MOST_CONSTANTS:
            return self.rows * matvec.fastest(self.beats, self.channels, self._sums, self._repeat)
        return self.cycles({"Fold": 1, "PE": 0, "SIMD": 0, "Replay": 0})

    # --- the module ---

    @property
    def module(self) -> str:  # type: ignore[override]
        """nj_elman, or written for this node."""
        return "nj_elman" if self.matrix is None else f"{self.get_verilog_top_module_name()}_elman"

    def written(self) -> str | None:
        if self.matrix is None:
            return None
        matrix = f"{self.get_verilog_top_module_name()}_matvec"
        values = {
            "name": self.module, "summary": self.summary(), "matrix": matrix, "in_bits": self.channels,
            "outputs": self.outputs, "rows": self.rows, "columns": self.columns, "text": self.matrix_text(matrix),
        }  # fmt: skip
        return fill("elman.sv.in", values)

    def parameters(self) -> dict[str, int | str]:
        dense = super().parameters()
        if not dense:
            return dense
        kept = {name: dense[name] for name in ("CIn", "COut", "Fold", "Weight", "ThrBits", "Threshold")}
        return {"Rows": self.rows, "Columns": self.columns, **kept}

    # --- cost ---

    def lut_estimation(self, fpgapart: str) -> int:
        """Return the LUT sites: those of the matrix, and of what chooses between pixels and the state, and counts.

        Some of the choosing goes into LUTs of the matrix.
        """
        choose = self.channels * (0.6 + (self.pieces - 1) / 3)
        return super().lut_estimation(fpgapart) + round(choose + self._counter_bits + 6)

    def ff_estimation(self, fpgapart: str) -> int:
        return super().ff_estimation(fpgapart) + self.outputs + self._counter_bits + 3

    @property
    def _counter_bits(self) -> int:
        """Bits that count the rows of a frame, and the beats of a row."""
        return (self.rows - 1).bit_length() + max(self.columns, self.pieces).bit_length()


class Elman_hls(Elman, HlsOperator):
    """nj_elman.hpp."""

    def get_exp_cycles(self) -> int:
        return self.rows * dense_cycles(self.columns + 1, self.fold)

    def schedule(self, *arrivals: Ints) -> Schedule:
        (pixels,) = arrivals
        taken, results = recurrent(Recurrent(self.fold, 0, self.rows, self.columns, 1), pixels)
        return Schedule((taken,), results)

    def header(self, name: str) -> str:
        return elman_header(name, self.summary(), self.layer, self.rows, self.columns, self.fold)

    def logic(self) -> int:
        terms = max(self.get_normal_input_shape()[-1], self.outputs)
        return self.outputs // self.fold * multiply_accumulate(terms, 1, len(self.integers))


def elman_header(name: str, summary: str, layer: ElmanLayer, rows: int, columns: int, fold: int) -> str:
    """Return the C++ header of an Elman layer: constants for nj_elman.hpp."""
    inputs, outputs = layer.weight.shape
    terms, channels = inputs + outputs, inputs // columns
    constant = np.clip(-((-layer.thresholds - terms) // 2), 0, terms + 1)  # sum = 2 * matches - terms
    constants = {
        "Rows": rows, "Columns": columns, "Channels": channels, "Outputs": outputs, "Fold": fold,
        "InWidth": whole_bytes(channels), "OutWidth": whole_bytes(outputs), "CountBits": terms.bit_length(),
    }  # fmt: skip
    weight = (layer.weight.reshape(channels, columns, outputs).transpose(1, 2, 0) > 0).astype(np.int64)
    tables = {
        "const unsigned char weight": weight,
        "const unsigned char recurrent": (layer.recurrent.T > 0).astype(np.int64),
        f"const ap_int<{signed_bits(int(constant.min()), int(constant.max()))}> constant": constant,
    }
    return layer_header(name, summary, "nj_elman.hpp", constants, "nj_elman<Layer>", tables)
