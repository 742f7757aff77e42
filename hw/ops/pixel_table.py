"""PixelTable_rtl and _hls: the output of a quantizer or a sign for each pixel value."""

from typing import Any

import numpy as np
from qonnx.core.datatype import DataType

from hw.bits import Ints, literal
from hw.cpp import layer_header, whole_bytes
from hw.cycles import table_cycles
from hw.ops.base import Attributes, RtlOperator, StreamOperator
from hw.ops.hls import HlsOperator
from hw.schedule import Schedule, immediate


class PixelTable(StreamOperator):
    """y = Table[c][x] for bytes x of channel c; BIPOLAR or integers out."""

    def get_nodeattr_types(self) -> Attributes:
        return {**super().get_nodeattr_types(), "Table": ("t", True, None)}  # integers [C, 256], bits for BIPOLAR out

    @property
    def table(self) -> Ints:
        """[C, 256] of the stream."""
        return np.asarray(self.get_nodeattr("Table"), np.int64)

    def run(self, stream: Ints) -> Ints:
        return np.stack([row[stream[:, c]] for c, row in enumerate(self.table)], axis=1)

    def schedule(self, *arrivals: Ints) -> Schedule:
        (pixels,) = arrivals
        return immediate(pixels, 1)

    def get_exp_cycles(self) -> int:
        _, height, width, _ = self.get_normal_input_shape()
        return table_cycles(height, width)

    def verify_node(self) -> Any:
        """Raise ValueError when the output type cannot hold every value."""
        datatype = self.get_output_datatype()
        if datatype != DataType["BIPOLAR"] and not (
            datatype.min() <= self.table.min() <= self.table.max() <= datatype.max()
        ):
            raise ValueError(f"{self.onnx_node.name}: {datatype} does not hold {self.table.min()}..{self.table.max()}")

    def summary(self) -> str:
        return f"{self.get_output_datatype().name} of {len(self.table)} bytes a pixel"


class PixelTable_rtl(PixelTable, RtlOperator):
    """nj_table."""

    module = "nj_table"

    def parameters(self) -> dict[str, int | str]:
        bits = int(self.get_output_datatype().bitwidth())
        return {"C": len(self.table), "OutBits": bits, "Table": literal(self.table.ravel(), bits)}

    def lut_estimation(self, fpgapart: str) -> int:
        bits = int(self.get_output_datatype().bitwidth())
        return len(self.table) * (2 if bits == 1 else 4 * bits) + 2

    def ff_estimation(self, fpgapart: str) -> int:
        return self.get_outstream_width() + 1


class PixelTable_hls(PixelTable, HlsOperator):
    """nj_table.hpp."""

    def header(self, name: str) -> str:
        _, height, width, _ = self.get_normal_input_shape()
        bits = int(self.get_output_datatype().bitwidth())
        return table_header(name, self.summary(), height, width, self.table, bits)

    def logic(self) -> int:
        return 4 * self.get_outstream_width()


def table_header(name: str, summary: str, height: int, width: int, values: Ints, out_bits: int) -> str:
    """Return the header of tables of pixels; values [C, 256], bits (out_bits 1) or integers."""
    channels = len(values)
    constants = {
        "Height": height, "Width": width, "Channels": channels, "OutBits": out_bits,
        "InWidth": whole_bytes(8 * channels), "OutWidth": whole_bytes(channels * out_bits),
    }  # fmt: skip
    return layer_header(name, summary, "nj_table.hpp", constants, "nj_table<Layer>", {"const short table": values})
