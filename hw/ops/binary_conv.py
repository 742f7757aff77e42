"""BinaryConv_rtl and _hls: convolution with weights +-1; bits, pixels or small integers in, bits or sums out."""

from collections.abc import Iterable
from functools import cached_property
from math import gcd

import numpy as np
from qonnx.core.datatype import DataType

from hw.bits import Ints
from hw.cycles import conv_cycles
from hw.matvec import cost, schedule
from hw.matvec import folding as matvec
from hw.matvec.folding import Folding
from hw.matvec.module import Patches, RowOutput, matvec_module, merged
from hw.ops.base import MEMORIES, Attributes, StreamOperator
from hw.ops.conv import ConvOperator, HlsConv, RtlConv
from hw.schedule import Schedule

HELD = 2  # Replay of a beat that stays at the input
MOST_TERMS = 10_000  # of the sums of a clock, that are written as constants where there is another way
MOST_WRITTEN = 100_000  # the same where the other way is slower than asked


class BinaryConv(ConvOperator):
    """Sums of what is added or subtracted; 1x1 without thresholds combines channels for the jets behind it.

    InsideMap: +-1 maps padded with a true 0. A bit b stands for 2b - m, where m is 1 inside of the frame and 0 outside;
    Weight then has one more map, that of m, which the layer makes itself.
    """

    def get_nodeattr_types(self) -> Attributes:
        return {**super().get_nodeattr_types(), "InsideMap": ("i", False, 0)}

    @property
    def inside_map(self) -> bool:
        return bool(self.get_nodeattr("InsideMap"))

    def summary(self) -> str:
        height, width, kernel, stride, _ = self.geometry()
        inputs, outputs = self.get_normal_input_shape()[-1], len(self.weight)
        kind = "sums" if self.thresholds is None else "maps"
        rest = f"stride {stride}" + (", padded with 0" if self.inside_map else "")
        return f"{outputs} {kind} from {inputs} of {height}x{width}, {kernel}x{kernel} weights of +-1, {rest}"


class BinaryConv_rtl(BinaryConv, RtlConv):
    """Two forms: written from the weights, with Fold clocks per window (PE = 0); and for bits a folded matrix
    (hw.matvec) with a memory of weights behind nj_patches, PE outputs of SIMD inputs at a time.
    """

    def get_nodeattr_types(self) -> Attributes:
        attributes = super().get_nodeattr_types()
        attributes.update({"PE": ("i", False, 0), "SIMD": ("i", False, 0), "Replay": ("i", False, 0)})
        return attributes

    @property
    def patches(self) -> Patches:
        """Where the windows are."""
        return Patches(*self.geometry())

    @property
    def matrix(self) -> Folding | None:
        lanes, simd, replay = (int(self.get_nodeattr(name)) for name in ("PE", "SIMD", "Replay"))
        if not lanes:
            return None
        _, inputs, kernel, _ = self.weight.shape
        repeat = gcd(self._repeat, simd)
        return Folding(kernel**2, inputs, self._sums, lanes, simd, bool(replay), repeat, replay == HELD)

    @cached_property
    def _folded(self) -> tuple[Ints, RowOutput]:
        """Return the rows of the matrix, a window's pixels as they come, and what they put out.

        Of the inputs so many equal their weight, which exceeds the sum by the number of weights -1.
        """
        rows = self.weight.transpose(0, 2, 3, 1).reshape(len(self.weight), -1)
        negative = (rows < 0).sum(1)
        if self.thresholds is None:
            return rows, RowOutput(-negative, False, int(self.get_output_datatype().bitwidth()))
        return merged(rows, np.clip(self.thresholds + negative, 0, rows.shape[1] + 1))

    @property
    def _sums(self) -> int:
        return len(self._folded[0])

    @cached_property
    def _repeat(self) -> int:
        return matvec.repeated(self._folded[0], self.weight.shape[1])

    # --- foldings ---

    def foldings(self, clocks: float) -> list[dict[str, int]]:
        _, inputs, kernel, _ = self.weight.shape
        direct = [{"Fold": n, "PE": 0, "SIMD": 0, "Replay": 0} for n in self.folds()]
        direct = [choice for choice in direct if self.cycles(choice) <= clocks]
        if not self._foldable:
            return direct
        direct = [choice for choice in direct if self.weight.size <= MOST_WRITTEN * choice["Fold"]]
        spare = clocks - self._slack()
        window = spare / self.patches.windows
        found = matvec.foldings(kernel**2, inputs, self._sums, window, self._repeat, kernel == 1) if spare > 0 else ()
        folded = [
            {"Fold": f.groups, "PE": f.lanes, "SIMD": f.simd, "Replay": HELD if f.held else int(f.replay)}
            for f in found
        ]
        small = [choice for choice in direct if self.weight.size <= MOST_TERMS * choice["Fold"]]
        return (small if folded else direct) + folded

    def folding(self) -> dict[str, int]:
        return {name: int(self.get_nodeattr(name)) for name in ("Fold", "PE", "SIMD", "Replay")}

    @property
    def _foldable(self) -> bool:
        """Is there the form with a memory of weights?"""
        windows = not self._single or self.patches.stride == 1
        return self.get_input_datatype() == DataType["BIPOLAR"] and windows and not self.inside_map

    @property
    def _single(self) -> bool:
        """Is a window one pixel?"""
        return bool(self.weight.shape[2] == 1)

    def fastest(self) -> int:
        if not self._foldable or self.weight.size <= MOST_WRITTEN:
            return conv_cycles(*self.geometry(), 1)
        _, inputs, kernel, _ = self.weight.shape
        window = matvec.fastest(kernel**2, inputs, self._sums, self._repeat)
        folds = [n for n in self.folds() if self.weight.size <= MOST_WRITTEN * n]
        written = [conv_cycles(*self.geometry(), min(folds))] if folds else []
        return min([self.patches.windows * window + self._slack(), *written])

    def most_cycles(self) -> int:
        if self.matrix is None:
            return super().most_cycles()
        return self.patches.windows * self.matrix.cycles + self._slack()

    def _slack(self) -> int:
        """Return a bound on the clocks of a frame beside its windows', in which nj_patches waits for rows of pixels."""
        return 0 if self._single else self.patches.kernel * self.patches.width + 16

    def get_exp_cycles(self) -> int:
        if self.matrix is None:
            return super().get_exp_cycles()
        if self._single:
            return self.patches.windows * self.matrix.cycles
        return schedule.conv_period(self.patches, self.matrix, cost.counting(self.matrix))

    # --- when results come ---

    def schedule(self, *arrivals: Ints) -> Schedule:
        if self.matrix is None:
            return super().schedule(*arrivals)
        (pixels,) = arrivals
        latency = cost.counting(self.matrix)
        if self._single:
            taken, results = schedule.dense(self.matrix, pixels, latency)
        else:
            taken, results = schedule.convolution(self.patches, self.matrix, pixels, latency)
        return Schedule((taken,), results)

    def schedule_at_need(self, arrivals: Ints, interval: int) -> Schedule | None:
        return super().schedule_at_need(arrivals, interval) if self.matrix is None else None

    def pace(self) -> int | None:
        return super().pace() if self.matrix is None else None

    def result_interval(self) -> int:
        return super().result_interval() if self.matrix is None else self.matrix.cycles

    def beat_interval(self) -> int:
        if self.matrix is None or not self._single:
            return super().beat_interval()
        return self.matrix.beat_interval

    def output_occupancy(self) -> int:
        return super().output_occupancy() if self.matrix is None else self.matrix.output_occupancy

    def pipeline_depth(self) -> int:
        if self.matrix is None:
            return super().pipeline_depth()
        return cost.counting(self.matrix) + schedule.PIPELINE

    # --- the module ---

    def _memory(self) -> str:
        return f"{self.get_verilog_top_module_name()}.mem"

    def written(self) -> str:
        if self.matrix is None:
            return super().written()
        file, patches = f"{MEMORIES}/{self._memory()}", None if self._single else self.patches
        block = patches is not None and cost.patches_blocks(patches, self.weight.shape[1]) > 0
        return matvec_module(self.module, self.summary(), self.matrix, self._folded[1], file, patches, block)

    def memories(self) -> dict[str, Iterable[str]]:
        return {} if self.matrix is None else {self._memory(): self.matrix.lines(self._folded[0])}

    # --- cost ---

    def variants(self) -> list[tuple[str, int, int]]:
        return super().variants() if self.matrix is None else StreamOperator.variants(self)

    def lut_estimation(self, fpgapart: str) -> int:
        if self.matrix is None:
            return super().lut_estimation(fpgapart)
        windows = 0 if self._single else cost.patches_sites(self.patches, self.weight.shape[1])
        return cost.sites(self.matrix, self._folded[1]) + windows

    def bram_estimation(self, fpgapart: str) -> int:
        if self.matrix is None:
            return super().bram_estimation(fpgapart)
        rows = 0 if self._single else cost.patches_blocks(self.patches, self.weight.shape[1])
        return cost.blocks(self.matrix, self._folded[1]) + rows

    def ff_estimation(self, fpgapart: str) -> int:
        if self.matrix is None:
            return super().ff_estimation(fpgapart)
        return cost.ffs(self.matrix, self._folded[1]) + 40


class BinaryConv_hls(BinaryConv, HlsConv):
    """In C++."""
