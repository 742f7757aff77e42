"""Concat_rtl and _hls: channels of two streams side by side."""

from typing import Any

import numpy as np

from hw.bits import Ints
from hw.cpp import layer_header, whole_bytes
from hw.ops.hls import HlsOperator
from hw.ops.join import JoinOperator, RtlJoin


class Concat(JoinOperator):
    """y = the channels of the first stream, then those of the second; elements of one type."""

    def run(self, stream: Ints, *others: Ints) -> Ints:
        return np.concatenate([stream, *others], axis=1)

    def verify_node(self) -> Any:
        """Raise ValueError when the elements of both streams and of the result are not of one type."""
        kinds = {self.get_input_datatype(0), self.get_input_datatype(1), self.get_output_datatype()}
        if len(kinds) > 1:
            names = ", ".join(sorted(kind.name for kind in kinds))
            raise ValueError(f"{self.onnx_node.name}: elements of {names} side by side; they must be of one type")

    def summary(self) -> str:
        first, second = (self.get_normal_input_shape(i)[-1] for i in range(2))
        return f"{first} maps of {self.get_output_datatype().name}, then {second} more"


class Concat_rtl(Concat, RtlJoin):
    """nj_concat."""

    module = "nj_concat"

    def parameters(self) -> dict[str, int | str]:
        return {"Bits": self.get_outstream_width()}

    def lut_estimation(self, fpgapart: str) -> int:
        """Return the LUTs of the handshakes of nj_join and of the register."""
        return 2

    def ff_estimation(self, fpgapart: str) -> int:
        return self.get_outstream_width() + 1


class Concat_hls(Concat, HlsOperator):
    """nj_concat.hpp."""

    def header(self, name: str) -> str:
        first, second = self.instream_widths()
        constants = {
            "Beats": self.beats, "In0Bits": first, "In1Bits": second, "In0Width": whole_bytes(first),
            "In1Width": whole_bytes(second), "OutWidth": whole_bytes(first + second),
        }  # fmt: skip
        return layer_header(name, self.summary(), "nj_concat.hpp", constants, "nj_concat<Layer>", {})

    def logic(self) -> int:
        return 0
