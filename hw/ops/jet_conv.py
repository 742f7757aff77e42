"""JetConv_rtl: convolution whose every kernel is +-(a jet) or nothing, on any integer maps."""

from collections import Counter
from functools import lru_cache

import numpy as np

from bnn import jets
from hw.ops.base import Attributes
from hw.ops.bits import Ints, dot_range, literal, reachable, signed_bits
from hw.ops.conv import ConvOperator


def _adders(kernel: int, orders: int) -> float:
    """Of nj_jet_axis when so many of its results are read: 4 for all of 3, 10 for all of 5."""
    return kernel - 1 + (orders - 1) * (1.0 if kernel == 3 else 1.5)


@lru_cache
def _factorise(kernel: bytes, size: int) -> tuple[int, int, int] | None:
    return jets.factorise(np.frombuffer(kernel, np.int64).reshape(size, size))


class JetConv_rtl(ConvOperator):
    """One lattice computes all jets of each map, constants select among them; see nj_jet_conv."""

    module = "nj_jet_conv"

    def get_nodeattr_types(self) -> Attributes:
        return {**super().get_nodeattr_types(), "Grouped": ("i", False, 0)}

    @property
    def grouped(self) -> bool:
        return bool(self.get_nodeattr("Grouped"))

    def selection(self) -> tuple[Ints, Ints]:
        """Codes [O, terms] as nj_jet_conv wants them, and which outputs were negated [O].

        An output with more subtracted jets than added ones is negated and its comparison turned round:
        adding is cheaper, and outputs that differ by sign alone then share everything.
        """
        weight = self.weight
        size = weight.shape[2]
        codes = np.zeros(weight.shape[:2], np.int64)
        signs = np.zeros_like(codes)
        for place in np.ndindex(*codes.shape):
            found = _factorise(weight[place].tobytes(), size)
            if found is None:
                raise ValueError(f"{self.onnx_node.name}: kernel {place} is not a jet")
            signs[place], order_y, order_x = found
            codes[place] = 1 + 2 * (order_y * size + order_x) if found[0] else 0
        negated = (signs.sum(1) < 0) & (self.thresholds is not None)
        signs[negated] *= -1
        return codes + (signs < 0), negated.astype(np.int64)

    def parameters(self) -> dict[str, int | str]:
        codes, negated = self.selection()
        kernel = int(self.get_nodeattr("Kernel"))
        limits, inverted, sum_bits = self.decisions(negated)
        code_bits = (2 * kernel * kernel).bit_length()
        return {
            **self.geometry_parameters(),
            "InSigned": int(self.input_range()[0] < 0),
            "Grouped": int(self.grouped),
            "SelBits": code_bits,
            "Select": literal(codes.ravel(), code_bits),
            "Thresholded": int(self.thresholds is not None),
            "SumBits": sum_bits,
            "Threshold": literal(limits, sum_bits),
            "Invert": literal(inverted, 1),
        }

    def decisions(self, negated: Ints) -> tuple[Ints, Ints, int]:
        """Thresholds, inversions and width of the sums of which some are negated: y >= T <=> not -y >= 1 - T."""
        low, high = dot_range(self.weight * (1 - 2 * negated)[:, None, None, None], *self.input_range())
        bits = signed_bits(int(low.min()), int(high.max()))
        if self.thresholds is None:
            return low, negated, bits
        limits, never = reachable(np.where(negated == 1, 1 - self.thresholds, self.thresholds), low, high)
        return limits, never ^ negated, bits

    def summary(self) -> str:
        height, width, kernel, stride, _ = self.geometry()
        inputs, outputs = self.get_normal_input_shape()[-1], len(self.weight)
        form = "one jet per map" if self.grouped else "jets"
        return f"{outputs} maps from {inputs} of {height}x{width}, {kernel}x{kernel} {form}, stride {stride}"

    # --- cost: adders and multiplexers counted, a LUT per result bit; measured with Yosys for xc7, 16 to 32 maps ---

    def lut_estimation(self, fpgapart: str) -> int:
        codes, negated = self.selection()
        kernel = int(self.get_nodeattr("Kernel"))
        _, _, sum_bits = self.decisions(negated)
        vertical_bits, jet_bits = self._widths()
        rows = Counter((m, jet // kernel) for m, jet in self._used(codes))  # orders across, by map and order down
        columns = Counter(m for m, _ in rows)
        lattice = sum(_adders(kernel, n) * vertical_bits for n in columns.values())
        lattice += sum(_adders(kernel, n) * jet_bits for n in rows.values())
        lanes = len(codes) // self.fold
        rounds = codes.reshape(self.fold, lanes, -1)
        sums = 0.0
        for lane in range(lanes):
            for m in range(rounds.shape[2]):
                chosen = rounds[:, lane, m]
                choices = int(np.count_nonzero(chosen)) if self.grouped else len(np.unique(chosen))
                if choices > 1:  # a multiplexer of two is nearly absorbed by the adder behind it
                    sums += max(0.36, 0.65 * (choices - 2)) * jet_bits
            sums += max(int(np.count_nonzero(rounds[:, lane].any(0))) - 1, 0) * sum_bits
        compare = lanes * sum_bits * (0.5 if self.fold == 1 else 1.5)
        return round(self.line_buffer_cost()[0] + lattice + sums + compare + 10)

    def ff_estimation(self, fpgapart: str) -> int:
        codes, negated = self.selection()
        kernel, inputs = int(self.get_nodeattr("Kernel")), self.get_normal_input_shape()[-1]
        _, _, sum_bits = self.decisions(negated)
        vertical, jet = self._widths()
        registers = kernel * kernel * vertical * inputs + len(self._used(codes)) * jet
        lanes = len(codes) // self.fold
        return self.line_buffer_cost()[1] + registers + lanes * sum_bits + self.get_outstream_width() + 10

    def _widths(self) -> tuple[int, int]:
        """Bits after the vertical lattice and of a jet."""
        kernel, bits = int(self.get_nodeattr("Kernel")), int(self.get_input_datatype().bitwidth())
        taps = bits + (0 if self.input_range()[0] < 0 else 1)
        return taps + kernel - 1, taps + 2 * (kernel - 1)

    def _used(self, codes: Ints) -> set[tuple[int, int]]:
        """(map, jet) pairs that some output reads."""
        outputs, terms = np.nonzero(codes)
        maps = outputs if self.grouped else terms
        return {(int(m), int(code - 1) // 2) for m, code in zip(maps, codes[outputs, terms], strict=True)}
