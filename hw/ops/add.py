"""Add_rtl and _hls: add two streams element by element, and compare the sums with thresholds."""

from functools import cached_property
from math import ceil
from typing import Any

import numpy as np
from qonnx.core.datatype import DataType

from bnn.integer import reference
from bnn.integer.intervals import signed_bits
from hw.bits import Ints, literal
from hw.cpp import layer_header, whole_bytes
from hw.ops.base import Attributes
from hw.ops.hls import HlsOperator
from hw.ops.join import JoinOperator, RtlJoin


class Add(JoinOperator):
    """y = Left * a + Right * b >= Threshold, channel by channel; a are sums, b sums or bits."""

    def get_nodeattr_types(self) -> Attributes:
        tables: Attributes = {name: ("t", True, None) for name in ("Left", "Right", "Threshold")}  # integers [C]
        return {**super().get_nodeattr_types(), **tables}

    @cached_property
    def tables(self) -> tuple[Ints, Ints, Ints]:
        """The factors of both streams and the thresholds, [C] each, in bit space."""
        left, right, limit = (np.asarray(self.get_nodeattr(name), np.int64) for name in ("Left", "Right", "Threshold"))
        return left, right, limit

    def run(self, stream: Ints, *others: Ints) -> Ints:
        (other,) = others
        left, right, limit = self.tables
        sums = left.reshape(-1, 1, 1) * stream + right.reshape(-1, 1, 1) * other
        return (reference.threshold(sums, limit) + 1) // 2

    def input_bits(self) -> tuple[int, int]:
        """Return the bits of an element of each stream."""
        first, second = (int(self.get_input_datatype(i).bitwidth()) for i in range(2))
        return first, second

    def sum_bits(self) -> int:
        """Return a width that holds every product, sum and threshold, and a threshold less a product."""
        largest = []
        for i in range(2):
            kind: Any = self.get_input_datatype(i)
            largest.append(1 if kind == DataType["BIPOLAR"] else max(-int(kind.min()), int(kind.max())))
        left, right, limit = (np.abs(table) for table in self.tables)
        most = int((left * largest[0] + right * largest[1] + limit).max())
        return signed_bits(-most, most)

    def verify_node(self) -> Any:
        """Raise ValueError unless the first stream carries sums whose factors are 1 or more."""
        if self.get_input_datatype(0) == DataType["BIPOLAR"] or (self.tables[0] < 1).any():
            raise ValueError(f"{self.onnx_node.name}: its first input must be sums, times 1 or more")

    def summary(self) -> str:
        first, second = (self.get_input_datatype(i).name for i in range(2))
        return f"signs of {len(self.tables[0])} maps of {first} added to those of {second}"


class Add_rtl(Add, RtlJoin):
    """nj_add."""

    module = "nj_add"

    def parameters(self) -> dict[str, int | str]:
        first, second = self.input_bits()
        bits = self.sum_bits()
        numbers: dict[str, int | str] = {
            "C": len(self.tables[0]), "LeftBits": first, "RightBits": second, "SumBits": bits,
        }  # fmt: skip
        words = {name: literal(x, bits) for name, x in zip(("Left", "Right", "Threshold"), self.tables, strict=True)}
        return numbers | words

    def lut_estimation(self, fpgapart: str) -> int:
        """Return what Yosys makes of it: comparisons with constants for bits, else additions, more for factors."""
        first, second = self.input_bits()
        if second == 1:
            return len(self.tables[0]) * ceil(3 * first / 8) + 1
        ones = sum(bin(int(x)).count("1") - 1 for table in self.tables[:2] for x in np.abs(table))
        return len(self.tables[0]) * (max(first, second) + 2) + ones * max(first, second) + 1

    def ff_estimation(self, fpgapart: str) -> int:
        return self.get_outstream_width() + 1


class Add_hls(Add, HlsOperator):
    """nj_add.hpp."""

    def header(self, name: str) -> str:
        first, second = self.input_bits()
        widths = [whole_bytes(bits) for bits in self.instream_widths()]
        constants = {
            "Beats": self.beats, "Channels": len(self.tables[0]), "LeftBits": first, "RightBits": second,
            "SumBits": self.sum_bits(), "In0Width": widths[0], "In1Width": widths[1],
            "OutWidth": whole_bytes(self.get_outstream_width()),
        }  # fmt: skip
        element = f"const ap_int<{self.sum_bits()}>"
        tables = {f"{element} {n}": x for n, x in zip(("left", "right", "threshold"), self.tables, strict=True)}
        return layer_header(name, self.summary(), "nj_add.hpp", constants, "nj_add<Layer>", tables)

    def logic(self) -> int:
        return 2 * len(self.tables[0]) * self.sum_bits()
