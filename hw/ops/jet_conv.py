"""JetConv_rtl and _hls: convolutions of integer maps whose kernels are all +-(a jet) or zero."""

from collections.abc import Iterable
from functools import cached_property
from math import inf

from hw.bits import Ints
from hw.cycles import conv_cycles, hls_conv_cycles
from hw.jets import cost
from hw.jets.folding import JetFolding, foldings
from hw.jets.layer import SelectedJets, selected
from hw.jets.schedule import WINDOW_STEPS, Raster, frame_period, schedule
from hw.ops.base import MEMORIES, PIPELINE, Attributes
from hw.ops.conv import ConvOperator, HlsConv, RtlConv
from hw.ops.conv_header import Geometry as HeaderGeometry
from hw.ops.conv_header import jets_header
from hw.schedule import Schedule


class JetConv(ConvOperator):
    """Jets of maps, added or subtracted. Grouped: output o reads map o only."""

    def get_nodeattr_types(self) -> Attributes:
        return {**super().get_nodeattr_types(), "Grouped": ("i", False, 0)}

    @property
    def grouped(self) -> bool:
        return bool(self.get_nodeattr("Grouped"))

    def summary(self) -> str:
        height, width, kernel, stride, _ = self.geometry()
        inputs, outputs = self.get_normal_input_shape()[-1], len(self.weight)
        form = "one jet per map" if self.grouped else "jets"
        return f"{outputs} maps from {inputs} of {height}x{width}, {kernel}x{kernel} {form}, stride {stride}"


class SelectedJetConv(JetConv):
    """Jets that can be selected from a memory (hw.jets), PE outputs of SIMD maps at a time; PE = 0: they are not."""

    def get_nodeattr_types(self) -> Attributes:
        return {**super().get_nodeattr_types(), **{name: ("i", False, 0) for name in ("PE", "SIMD", "Block")}}

    @property
    def selection(self) -> JetFolding | None:
        """How the form with a memory of selections is folded; None for the other one."""
        lanes, slots, block = (int(self.get_nodeattr(name)) for name in ("PE", "SIMD", "Block"))
        return JetFolding(*self._sizes, lanes, slots, bool(block), self._jets.stored_bits) if lanes else None

    @property
    def _sizes(self) -> tuple[int, int]:
        return int(self.get_normal_input_shape()[-1]), len(self.weight)

    @cached_property
    def raster(self) -> Raster:
        """Where the windows are."""
        height, width, _, stride, pad = self.geometry()
        return Raster(height, width, stride, pad)

    @cached_property
    def _selected(self) -> SelectedJets | None:
        return selected(self.layer(), self.raster)

    @property
    def _jets(self) -> SelectedJets:
        assert self._selected is not None
        return self._selected


class JetConv_rtl(SelectedJetConv, RtlConv):
    """Two forms: written from the weights, with Fold clocks per window (PE = 0); and nj_jets."""

    # --- foldings ---

    def foldings(self, clocks: float) -> list[dict[str, int]]:
        written = [{**choice, "PE": 0, "SIMD": 0, "Block": 0} for choice in super().foldings(clocks)]
        if self._selected is None:
            return written
        found, least = [], dict[tuple[int, bool], float]()  # block RAMs, by slots and memory
        for f in foldings(*self._sizes, self._selected.stored_bits):
            if f.ramb18 < least.get((f.slots, f.block), inf) and frame_period(self.raster, f) <= clocks:
                least[f.slots, f.block] = f.ramb18
                found.append({"Fold": f.groups, "PE": f.lanes, "SIMD": f.slots, "Block": int(f.block)})
        return written + found

    def folding(self) -> dict[str, int]:
        return {name: int(self.get_nodeattr(name)) for name in ("Fold", "PE", "SIMD", "Block")}

    def fastest(self) -> int:
        return conv_cycles(*self.geometry(), 1)

    def most_cycles(self) -> int:
        return super().most_cycles() if self.selection is None else self.get_exp_cycles()

    def get_exp_cycles(self) -> int:
        return super().get_exp_cycles() if self.selection is None else frame_period(self.raster, self.selection)

    # --- when results come ---

    def schedule(self, *arrivals: Ints) -> Schedule:
        if self.selection is None:
            return super().schedule(*arrivals)
        taken, results = schedule(self.raster, self.selection, arrivals[0])
        return Schedule((taken,), results)

    def schedule_at_need(self, arrivals: Ints, interval: int) -> Schedule | None:
        return super().schedule_at_need(arrivals, interval) if self.selection is None else None

    def pace(self) -> int | None:
        return super().pace() if self.selection is None else None

    def result_interval(self) -> int:
        return super().result_interval() if self.selection is None else self._interval

    def beat_interval(self) -> int:
        return super().beat_interval() if self.selection is None else self._interval

    @property
    def _interval(self) -> int:
        """Clocks from a window to the next."""
        found = self.selection
        assert found is not None
        return found.words * max(WINDOW_STEPS, found.groups)

    def pipeline_depth(self) -> int:
        return super().pipeline_depth() if self.selection is None else self.selection.stages + 1

    def drain_clocks(self) -> int:
        if self.selection is None:
            return super().drain_clocks()
        behind = self.raster.pad * (self.raster.width + 3) + 2  # positions
        return PIPELINE + behind * self._interval

    # --- the module ---

    @property
    def module(self) -> str:  # type: ignore[override]
        """nj_jets, or written for this node."""
        return super().module if self.selection is None else "nj_jets"

    def _memory(self) -> str:
        return f"{self.get_verilog_top_module_name()}.mem"

    def written(self) -> str | None:  # type: ignore[override]
        return super().written() if self.selection is None else None

    def memories(self) -> dict[str, Iterable[str]]:
        return (
            {}
            if self.selection is None
            else {self._memory(): self.selection.lines(self._jets.rows, self._jets.constants)}
        )

    def parameters(self) -> dict[str, int | str]:
        if self.selection is None:
            return super().parameters()
        return self._jets.parameters(self.raster, self.selection, f"{MEMORIES}/{self._memory()}")

    # --- cost ---

    def variants(self) -> list[tuple[str, int, int]]:
        if self.selection is None:
            return super().variants()
        return [(self.selection.describe(), self.lut_estimation(""), self.get_exp_cycles())]

    def lut_estimation(self, fpgapart: str) -> int:
        if self.selection is None:
            return super().lut_estimation(fpgapart)
        return cost.sites(self._jets, self.raster, self.selection)

    def bram_estimation(self, fpgapart: str) -> int:
        return super().bram_estimation(fpgapart) if self.selection is None else cost.blocks(self._jets, self.selection)

    def ff_estimation(self, fpgapart: str) -> int:
        if self.selection is None:
            return super().ff_estimation(fpgapart)
        return cost.ffs(self._jets, self.raster, self.selection)


class JetConv_hls(SelectedJetConv, HlsConv):
    """nj_conv.hpp, or nj_jets.hpp."""

    keeps_memory = True

    def get_exp_cycles(self) -> int:
        found = self.selection
        return hls_conv_cycles(*self.geometry(), found.words * found.groups) if found else super().get_exp_cycles()

    def header(self, name: str) -> str:
        if self.selection is None:
            return super().header(name)
        geometry = HeaderGeometry(*self.geometry())
        return jets_header(name, self.summary(), geometry, self.weight, self._jets, self.selection)

    def logic(self) -> int:
        found = self.selection
        if found is None:
            return super().logic()
        adders = 18 * found.slots * self._jets.jet_bits  # of all nine jets, down and then across
        return adders + found.lanes * (found.slots + 1) * (self._jets.sum_bits + self._jets.jet_bits)
