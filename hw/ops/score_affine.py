"""ScoreAffine_rtl and _hls: sums of +-1 to scores on a common scale."""

from typing import Any

import numpy as np

from hw.bits import Ints, literal
from hw.cpp import layer_header, whole_bytes
from hw.ops.base import Attributes, RtlOperator, StreamOperator
from hw.ops.hls import HlsOperator
from hw.schedule import Schedule, immediate


class ScoreAffine(StreamOperator):
    """y = Multiplier * x + Bias, element by element."""

    def get_nodeattr_types(self) -> Attributes:
        both = {"Multiplier": ("t", True, None), "Bias": ("t", True, None)}  # integers [O]
        return {**super().get_nodeattr_types(), **both}

    def _values(self, name: str) -> Ints:
        return np.asarray(self.get_nodeattr(name), np.int64)

    def run(self, stream: Ints) -> Ints:
        multiplier, bias = (self._values(name).reshape(-1, *[1] * (stream.ndim - 2)) for name in ("Multiplier", "Bias"))
        return stream * multiplier + bias

    def schedule(self, *arrivals: Ints) -> Schedule:
        (sums,) = arrivals
        return immediate(sums, 1)

    def get_exp_cycles(self) -> int:
        return self.results_per_frame()

    def verify_node(self) -> Any:
        """Raise ValueError when the output type cannot hold every score."""
        source, datatype = self.get_input_datatype(), self.get_output_datatype()
        ends = np.stack([self.run(np.full((1, 1), end)) for end in (int(source.min()), int(source.max()))])
        if ends.min() < datatype.min() or ends.max() > datatype.max():
            raise ValueError(f"{self.onnx_node.name}: {datatype} does not hold {ends.min()}..{ends.max()}")

    def summary(self) -> str:
        return f"{len(self._values('Bias'))} scores on a common scale"


class ScoreAffine_rtl(ScoreAffine, RtlOperator):
    """nj_affine."""

    module = "nj_affine"

    def parameters(self) -> dict[str, int | str]:
        bits = int(self.get_output_datatype().bitwidth())
        return {
            "N": len(self._values("Bias")),
            "InBits": int(self.get_input_datatype().bitwidth()),
            "OutBits": bits,
            "Multiplier": literal(self._values("Multiplier"), bits),
            "Bias": literal(self._values("Bias"), bits),
        }

    def lut_estimation(self, fpgapart: str) -> int:
        """Assume that a third of a multiplier's bits are digits other than 0, an adder each. Powers of 2 take none.

        A constant that is added to a power of 2 takes one.
        """
        bits = int(self.get_output_datatype().bitwidth())
        digits = [
            0 if m & (m - 1) == 0 else m.bit_length() // 3 + 1 for m in map(int, np.abs(self._values("Multiplier")))
        ]
        added = sum(not n and bool(b) for n, b in zip(digits, self._values("Bias"), strict=True))
        return sum(digits) * bits + (len(digits) + added) * bits // 2

    def ff_estimation(self, fpgapart: str) -> int:
        return self.get_outstream_width() + 1


class ScoreAffine_hls(ScoreAffine, HlsOperator):
    """nj_affine.hpp."""

    def header(self, name: str) -> str:
        bits_in, bits = int(self.get_input_datatype().bitwidth()), int(self.get_output_datatype().bitwidth())
        return affine_header(name, self.summary(), self._values("Multiplier"), self._values("Bias"), bits_in, bits)

    def logic(self) -> int:
        return int(self.get_input_datatype().bitwidth()) * self.get_outstream_width()


def affine_header(name: str, summary: str, multiplier: Ints, bias: Ints, in_bits: int, out_bits: int) -> str:
    """Return the header of scores on a common scale; multiplier and bias [O]."""
    classes = len(bias)
    constants = {
        "Classes": classes, "InBits": in_bits, "OutBits": out_bits, "InWidth": whole_bytes(classes * in_bits),
        "OutWidth": whole_bytes(classes * out_bits),
    }  # fmt: skip
    element = f"const ap_int<{out_bits}>"
    tables = {f"{element} multiplier": multiplier, f"{element} bias": bias}
    return layer_header(name, summary, "nj_affine.hpp", constants, "nj_affine<Layer>", tables)
