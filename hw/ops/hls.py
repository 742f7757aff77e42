"""The HLS back-end of our operators: a header of constants for hw/hls, which Vitis HLS and g++ both take."""

from abc import abstractmethod
from math import ceil
from pathlib import Path
from typing import Any, ClassVar

from finn.custom_op.fpgadataflow.hlsbackend import HLSBackend

from hw import cpp
from hw.ops.base import StreamOperator
from hw.text import HW

HEADERS = HW / "hls"


class HlsOperator(StreamOperator, HLSBackend):
    """A layer as a C++ function, called once per frame. FINN writes the script for Vitis HLS, this class the C++.

    The cost is FINN's formula for its own HLS layers, 300 + 1.1 * logic (FINN-R, Blott et al. 2018). It was never
    measured here.
    """

    keeps_memory: ClassVar[bool] = False  # is a folding with a memory, which PE says, one of C++ too?

    @abstractmethod
    def header(self, name: str) -> str:
        """Return the text of name.hpp, which hw.cpp.layer_header makes."""

    @abstractmethod
    def logic(self) -> int:
        """Return the LUTs of multipliers, adders and thresholds."""

    def code_generation_ipgen(self, model: Any, fpgapart: str, clk: float) -> None:
        """Write hls_syn_<node>.tcl, top_<node>.cpp and every header it includes: FINN's PrepareIP calls this."""
        super().code_generation_ipgen(model, fpgapart, clk)
        folder, name = Path(str(self.get_nodeattr("code_gen_dir_ipgen"))), self.onnx_node.name
        (folder / f"top_{name}.cpp").write_text(self.top(name))
        (folder / f"{name}.hpp").write_text(self.header(name))
        for path in HEADERS.glob("*.hpp"):
            (folder / path.name).write_text(path.read_text())

    def top(self, name: str) -> str:
        """Return the text of the .cpp with the top function."""
        return cpp.layer_top(name, self.summary(), self.instream_widths(), self.get_outstream_width())

    def get_verilog_top_module_name(self) -> str:
        """Return the function's name, which Vitis HLS gives the module."""
        return str(self.onnx_node.name)

    def variants(self) -> list[tuple[str, int, int]]:
        return [("C++", self.lut_estimation(""), int(self.get_exp_cycles()))]

    def lut_estimation(self, fpgapart: str) -> int:
        return round(300 + 1.1 * self.logic())

    def ff_estimation(self, fpgapart: str) -> int:
        return self.lut_estimation(fpgapart)

    # FINN's own HLS layers fill its C++ file by these; ours replace the whole file.

    def global_includes(self) -> None:
        self.code_gen_dict["$GLOBALS$"] = []

    def defines(self, var: str) -> None:
        self.code_gen_dict["$DEFINES$"] = []

    def docompute(self) -> None:
        self.code_gen_dict["$DOCOMPUTE$"] = []

    def blackboxfunction(self) -> None:
        self.code_gen_dict["$BLACKBOXFUNCTION$"] = []

    def pragmas(self) -> None:
        self.code_gen_dict["$PRAGMAS$"] = []


def multiply_accumulate(terms: int, bits: int, most: int) -> int:
    """Return the LUTs of one lane by FINN-R: products of 1-bit weights, adder tree, accumulator, threshold."""
    width = 1 + bits
    products = terms * (2 * ceil(width / 6) - 1) * width
    return products + width * (2 * terms - 1) + 2 * most.bit_length()
