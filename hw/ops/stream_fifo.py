"""StreamFIFO_rtl: FINN's StreamingFIFO with another memory behind the same attributes.

finn-rtllib's fifo.sv of finn-plus 1.6.1 cannot be used here: Verilator 5.48 takes its constant function
INIT_ABITS, which returns an unpacked struct, for no constant, and read_slang of Yosys refuses the
`default_nettype inside its module.
"""

from math import ceil
from pathlib import Path
from typing import Any

from finn.custom_op.fpgadataflow.rtl.streamingfifo_rtl import StreamingFIFO_rtl

from hw.bits import Ints
from hw.schedule import Schedule, immediate
from hw.text import fill, sources_of


class StreamFIFO_rtl(StreamingFIFO_rtl):
    """A first-in first-out memory in LUTs, nj_fifo.

    Depth 0 is no hardware. It marks a place for a FIFO in simulation (sim.fifos).
    """

    flattens = False
    module = "nj_fifo"

    def generate_hdl(self, model: Any, fpgapart: str, clk: float) -> None:
        """Write the wrapper: FINN's PrepareIP calls this."""
        folder = str(self.get_nodeattr("code_gen_dir_ipgen"))
        name = self.get_verilog_top_module_name()
        bits, padded = self.get_instream_width(), self.get_instream_width_padded()
        depth = int(self.get_nodeattr("depth"))
        values = {
            "name": name,
            "summary": f"{depth} beats of {bits} bits",
            "module": self.module,
            "parameters": f" #(.Depth({depth}), .Bits({bits}))",
            "in_bits": bits,
            "in_expression": f"in0_V_TDATA[{bits - 1}:0]",
            "in_padded": padded,
            "out_bits": bits,
            "out_padded": padded,
            "out_expression": f"{{{padded - bits}'d0, data}}" if padded > bits else "data",
        }
        (Path(folder) / f"{name}.v").write_text(fill("layer.v.in", values))
        for attribute, value in (("gen_top_module", name), ("ipgen_path", folder), ("ip_path", folder)):
            self.set_nodeattr(attribute, value)

    def get_rtl_file_list(self, abspath: bool = False) -> list[str]:
        wrapper = Path(str(self.get_nodeattr("code_gen_dir_ipgen"))) / f"{self.get_nodeattr('gen_top_module')}.v"
        return [str(path) if abspath else path.name for path in (wrapper, *sources_of(self.module))]

    def get_exp_cycles(self) -> int:
        return int(self.get_number_output_values())

    def schedule(self, *arrivals: Ints) -> Schedule:
        """As in hw.ops.base."""
        (beats,) = arrivals
        return immediate(beats, 2)

    def drain_clocks(self) -> int:
        """Return 0: it is empty when results are taken at once."""
        return 0

    @property
    def fold(self) -> int:
        """The clocks per beat, always 1."""
        return 1

    def variants(self) -> list[tuple[str, int, int]]:
        """As in hw.ops.base."""
        return [("LUT memory", self.lut_estimation(""), self.get_exp_cycles())]

    def lut_estimation(self, fpgapart: str) -> int:
        return fifo_sites(int(self.get_nodeattr("depth")), self.get_instream_width())

    def bram_estimation(self, fpgapart: str) -> int:
        return 0

    def uram_estimation(self, fpgapart: str) -> int:
        return 0

    def ff_estimation(self, fpgapart: str) -> int:
        """Return the flip-flops: pointers, output register, two of control."""
        return 2 * (int(self.get_nodeattr("depth")) - 1).bit_length() + self.get_instream_width() + 2


def fifo_sites(depth: int, bits: int) -> int:
    """Return the LUT sites of nj_fifo."""
    if depth == 0:
        return 0
    if depth <= 32:
        return 4 * ceil(bits / 6) + 10
    memory = 4 * ceil(bits / 3) * ceil(depth / 64)
    return memory + 10 + (bits * ceil(depth / 256) if depth > 64 else 0)
