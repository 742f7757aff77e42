"""Jets of integer maps, several clocks per window: all outputs at once, a digit of every word per clock."""

from collections.abc import Sequence

import numpy as np

from bnn import jets
from hw.ops.bits import Ints, literal
from hw.sums.layer import Base, JetRow, Layer, Sums
from hw.sums.writer import Word, concat, digits

Stream = tuple[str, int]  # a signal of digits, and the stage it comes in


class Serial(Base):
    """Jets of integer maps, several clocks per window: all outputs at once, a digit of every word per clock.

    Words modulo 2^bits pass from the lowest digit to the highest, so nothing is selected but the windows' digits:
    every adder keeps its place and takes one LUT for each bit of a digit.
    """

    def __init__(self, layer: Layer, name: str, found: Sequence[JetRow]) -> None:
        super().__init__(layer, name)
        self.found = found
        weight = np.abs(self.weight).sum((1, 2, 3))
        reach = int(weight.max()) * (1 << (layer.in_bits - layer.in_signed)) + 1
        self.bits = reach.bit_length() + 1  # of every word: two's complement holds all sums
        self.digit = -(-self.bits // layer.fold)
        self.digits = -(-self.bits // self.digit)
        self.way = f"digit-serial, {self.digit} bit{'s' if self.digit > 1 else ''}"
        self.starts = ["start0"]
        self.made_once: dict[tuple[object, ...], Stream] = {}

    def write(self) -> Sums:
        kernel = self.layer.kernel
        axis = jets.axis_kernels(kernel - 1)
        used = sorted({(c, ky, kx) for row in self.found for c, (_, ky, kx) in row.items()})
        taps: dict[tuple[int, int, int], Stream] = {}
        for c in sorted({c for c, _, _ in used}):
            for r in range(kernel):
                at = self.keep(self.raw(c, r), self.raw(c, r).offset)
                taps |= {(c, r, j): (self._digits(at(j)), 1) for j in range(kernel)}
        streams = {}
        for c, ky, kx in used:
            down = [self._axis([taps[c, r, j] for r in range(kernel)], axis[ky]) for j in range(kernel)]
            streams[c, ky, kx] = self._axis(down, axis[kx])
        sums = [self._output(row, streams) for row in self.found]
        latency = 1 + max((stream[1] for stream, _, _ in sums if stream), default=0)
        results = [self._reach(o, *entry, latency) for o, entry in enumerate(sums)]
        last = self.digits - 1
        self.sums.lines.insert(0, f"wire start0 = !valid_i || round_i >= {last};" if last else "wire start0 = 1'b1;")
        return self.finish(results, latency, 1, last)

    # --- streams: a signal of digits, and the stage it comes in ---

    def _digits(self, word: Word) -> str:
        """The digits of a window's word, a clock after their round; unsigned, the sign bit being inverted."""
        out, count = self.sums.wire(self.digit), -(-len(word.bits) // self.digit)
        self.sums.instance(
            "nj_digits", {"Bits": len(word.bits), "Signed": int(self.layer.in_signed), "Digit": self.digit,
                          "RoundBits": (self.layer.fold - 1).bit_length()},
            {"clk_i": "clk_i", "ce_i": "ce_i", "word_i": concat([bit.name for bit in word.bits]),
             "round_i": "round_i", "digit_o": out},
        )  # fmt: skip
        self.sums.ffs += self.digit
        self.sums.sites += self.digit * _choosing(count) if count > 2 else -(-self.digit // 2) * (count - 1)
        return out

    def _start(self, level: int) -> str:
        while len(self.starts) <= level:
            self.starts.append(self.sums.register(1, self.starts[-1]))
        return self.starts[level]

    def _at(self, stream: Stream, level: int) -> str:
        return self.sums.later(self.digit, stream[0], level - stream[1])

    def _add(self, a: Stream, b: Stream, shift: int, subtract: bool) -> Stream:
        """a +- (b << shift); made once."""
        key = (a, b, shift, subtract)
        if key not in self.made_once:
            level = max(a[1], b[1])
            out = self.sums.wire(self.digit)
            self.sums.instance(
                "nj_serial_add", {"Digit": self.digit, "Shift": shift, "Invert": int(subtract)},
                {"clk_i": "clk_i", "ce_i": "ce_i", "start_i": self._start(level), "a_i": self._at(a, level),
                 "b_i": self._at(b, level), "sum_o": out},
            )  # fmt: skip
            self.sums.sites += self.digit
            self.sums.ffs += self.digit + 1 + shift
            self.made_once[key] = out, level + 1
        return self.made_once[key]

    def _axis(self, taps: Sequence[Stream], kernel: Ints) -> Stream:
        """sum(kernel * taps) for a kernel that is symmetric or antisymmetric: outer pairs first."""
        last = len(taps) - 1
        found: Stream | None = None
        for i in range(len(taps) // 2):
            if not kernel[i]:
                continue
            pair = self._add(taps[i], taps[last - i], 0, int(kernel[i]) != int(kernel[last - i]))
            found = pair if found is None else self._scaled(found, pair, int(kernel[i]))
        assert found is not None
        middle = int(kernel[last // 2])
        return self._scaled(found, taps[last // 2], middle) if middle else found

    def _scaled(self, a: Stream, b: Stream, factor: int) -> Stream:
        """a + factor * b."""
        for place, negative in digits(factor):
            a = self._add(a, b, place, negative)
        return a

    def _output(self, row: JetRow, streams: dict[tuple[int, int, int], Stream]) -> tuple[Stream | None, bool, int]:
        """The stream of an output's sum, whether it is negated, and the constant by which it exceeds the sum."""
        terms = [(streams[c, ky, kx], sign) for c, (sign, ky, kx) in row.items()]
        excess = 0
        while len(terms) > 1:
            terms.sort(key=lambda term: term[0][1])
            group, terms = terms[:5], terms[5:]
            level = max(stream[1] for stream, _ in group)
            excess -= sum(sign < 0 for _, sign in group)  # ~x = -x - 1
            inverts = [int(sign < 0) for _, sign in group] + [0] * (5 - len(group))
            words = [self._at(stream, level) for stream, _ in group] + [f"{self.digit}'d0"] * (5 - len(group))
            out = self.sums.wire(self.digit)
            self.sums.instance(
                "nj_serial_sum", {"Digit": self.digit, "Invert": literal(inverts, 1)},
                {"clk_i": "clk_i", "ce_i": "ce_i", "start_i": self._start(level),
                 "x_i": "{" + ", ".join(reversed(words)) + "}", "sum_o": out},
            )  # fmt: skip
            self.sums.sites += 2 * self.digit
            self.sums.ffs += self.digit + 3
            terms.append(((out, level + 1), 1))
        return (terms[0][0], terms[0][1] < 0, excess) if terms else (None, False, 0)

    def _reach(self, o: int, stream: Stream | None, negative: bool, excess: int, latency: int) -> str:
        """The comparison, digit by digit: above in this digit, or level with it and reached so far."""
        layer = self.layer
        assert layer.thresholds is not None
        # the words were made unsigned by an offset, which the sum has times its weights
        base = int(self.weight[o].sum()) * (1 << (layer.in_bits - 1)) * layer.in_signed
        limit = int(layer.thresholds[o])
        weight = int(np.abs(self.weight[o]).sum()) * (1 << (layer.in_bits - layer.in_signed))
        if stream is None or limit > weight or limit <= -weight:
            return f"1'b{int(limit <= (0 if stream is None else -weight))}"
        if negative:  # -x >= T  <=>  not x >= 1 - T
            limit = 1 - limit
            base = -base
        return self._compare(stream, limit + base + excess, negative, latency)

    def _compare(self, stream: Stream, limit: int, invert: bool, latency: int) -> str:
        digit, count = self.digit, self.digits
        size = digit * count
        shifted = (limit + (1 << (size - 1))) % (1 << size)  # two's complement with its top bit turned is unsigned
        bits = max(1, (self.layer.fold - 1).bit_length())
        table = []
        for turn in range(1 << bits):
            place = min(turn, count - 1)
            wanted = shifted >> (place * digit) & ((1 << digit) - 1)
            for before in range(2):
                for value in range(1 << digit):
                    seen = value ^ (1 << (digit - 1)) if place == count - 1 else value
                    table.append(int(seen > wanted or (seen == wanted and before)))
        level = stream[1]
        state, following = self.sums.wire(1), self.sums.wire(1)
        rounds = self.sums.later(bits, "round_i", level)
        index = f"{{{rounds}, {state}, {stream[0]}}}"
        if len(table) <= 64:
            spare = 6 - bits - 1 - digit
            inputs = f"{{{spare}'d0, {index[1:]}" if spare else index
            ports = {"x_i": inputs, "o5_o": "", "o6_o": following}
            self.sums.instance("nj_lut2", {"Init": literal(table * (64 // len(table)), 1)}, ports)
        else:
            self.sums.lines.append(f"assign {following} = {self.sums.wire(len(table), literal(table, 1))}[{index}];")
        self.sums.registers.append(f"{state} <= {self._start(level)} ? 1'b1 : {following};")
        self.sums.ffs += 1
        self.sums.sites += 1 if len(table) <= 64 else 2
        result = self.sums.later(
            1, self.sums.register(1, f"~{following}" if invert else following), latency - level - 1
        )
        return result


def _choosing(count: int) -> int:
    """LUTs of nj_digits that choose a bit among so many."""
    return 1 if count <= 4 else count // 4 + (count % 4 > 1) + 1
