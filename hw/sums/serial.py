"""Jets of integer maps, several clocks per window: all outputs at once, a digit of every word per clock."""

from collections.abc import Sequence

from bnn import jets
from hw.ops.bits import Ints, dot_range, literal, signed_bits
from hw.sums.layer import Base, JetRow, Layer, Sums
from hw.sums.writer import concat, digits, part

Stream = tuple[str, int]  # a signal of digits, and the stage it comes in
ON = "1'b1"


class Serial(Base):
    """Jets of integer maps, several clocks per window: all outputs at once, a digit of every word per clock.

    Words modulo 2^bits pass from the lowest digit to the highest, so nothing is selected but the digits, and every
    adder keeps its place. With a period, what comes in is a column: its sums downwards are made once and wait in
    nj_delay for the columns to come. Else it is a window, and they are made for each of its columns.
    """

    def __init__(self, layer: Layer, name: str, found: Sequence[JetRow], period: int = 0) -> None:
        self.bits = bits_of(layer)
        self.digit = -(-self.bits // (period or layer.fold))
        self.last = -(-self.bits // self.digit) - 1  # round of the last digit
        super().__init__(layer, name, self.last + 1 if period else 0)
        self.found = found
        self.starts = ["start0"]
        self.made_once: dict[tuple[object, ...], Stream] = {}

    def write(self) -> Sums:
        kernel = self.layer.kernel
        axis = jets.axis_kernels(kernel - 1)
        used = sorted({(c, ky, kx) for row in self.found for c, (_, ky, kx) in row.items()})
        pairs = sorted({(c, ky) for c, ky, _ in used})
        taps = self._taps(sorted({c for c, _ in pairs}))
        if self.period:
            down = self._delayed({(c, ky): self._axis([taps[c, r, 0] for r in range(kernel)], axis[ky])
                                  for c, ky in pairs})  # fmt: skip
        else:
            down = {(c, ky): [self._axis([taps[c, r, j] for r in range(kernel)], axis[ky]) for j in range(kernel)]
                    for c, ky in pairs}  # fmt: skip
        streams = {(c, ky, kx): self._axis(down[c, ky], axis[kx], bool(self.period)) for c, ky, kx in used}
        sums = [self._output(o, row, streams) for o, row in enumerate(self.found)]
        latency = max((sum_[1] for sum_ in sums if not isinstance(sum_, bool)), default=1)
        results = []
        for total in sums:
            if isinstance(total, bool):
                results.append(f"1'b{int(total)}")
            else:
                sign = part(total[0], self.digit - 1, self.digit)
                results.append(self.sums.later(1, sign, latency - total[1]))
        start = f"!valid_i || round_i {'==' if self.period else '>='} {self.last}" if self.last else "1'b1"
        self.sums.lines.insert(0, f"wire start0 = {start};")
        return self.finish(results, latency, 1, self.last)

    # --- streams: a signal of digits, and the stage it comes in ---

    def _taps(self, maps: Sequence[int]) -> dict[tuple[int, int, int], Stream]:
        """By map, row and column: the elements that come in."""
        layer, columns = self.layer, 1 if self.period else self.layer.kernel
        at = {(c, r): self.keep(self.raw(c, r), self.raw(c, r).offset) for c in maps for r in range(layer.kernel)}
        places = [(c, r, j) for c, r in at for j in range(columns)]
        words = [bit.name for c, r, j in places for bit in at[c, r](j).bits]
        out = self.sums.wire(len(places) * self.digit)
        self.sums.instance(
            "nj_digits", {"N": len(places), "Bits": layer.in_bits, "Signed": int(layer.in_signed),
                          "Digit": self.digit, "RoundBits": self.round_bits},
            {"clk_i": "clk_i", "ce_i": "ce_i", "word_i": concat(words), "round_i": "round_i", "digit_o": out},
        )  # fmt: skip
        self.sums.ffs += len(places) * self.digit
        self.sums.sites += _choosing(layer.in_bits - layer.in_signed, self.digit, len(places))
        return {place: (self._slice(out, i, len(places)), 1) for i, place in enumerate(places)}

    def _slice(self, signal: str, index: int, count: int) -> str:
        """A word's digit in a signal of so many."""
        if count == 1:
            return signal
        return part(signal, index, count) if self.digit == 1 else f"{signal}[{index * self.digit}+:{self.digit}]"

    def _delayed(self, down: dict[tuple[int, int], Stream]) -> dict[tuple[int, int], list[Stream]]:
        """Of every stream what it was in the columns of a window, the oldest first."""
        taps = self.layer.kernel - 1
        stage = max(stream[1] for stream in down.values())
        words = [self._at(stream, stage) for stream in down.values()]
        width = len(words) * self.digit
        out = self.sums.wire(taps * width)
        self.sums.instance(
            "nj_delay", {"Bits": width, "Taps": taps, "Period": self.period},
            {"clk_i": "clk_i", "ce_i": "ce_i", "valid_i": self.sums.later(1, "valid_i", stage - 1),
             "round_i": self.sums.later(self.round_bits, "round_i", stage - 1),
             "x_i": "{" + ", ".join(reversed(words)) + "}", "y_o": out},
        )  # fmt: skip
        self.sums.sites += 4 * -(-taps * width // 8) + 1
        made = {}
        for i, key in enumerate(down):
            past = [self._slice(out, k * len(words) + i, taps * len(words)) for k in reversed(range(taps))]
            made[key] = [(signal, stage) for signal in (*past, words[i])]
        return made

    def _start(self, stage: int) -> str:
        while len(self.starts) <= stage:
            self.starts.append(self.sums.register(1, self.starts[-1]))
        return self.starts[stage]

    def _at(self, stream: Stream, stage: int) -> str:
        return self.sums.later(self.digit, stream[0], stage - stream[1])

    def _add(self, a: Stream, b: Stream, shift: int, subtract: bool, on: tuple[int, int] | None = None) -> Stream:
        """a +- (b << shift), made once; on: which of the window's columns a and b are in, those outside being 0."""
        key = (a, b, shift, subtract, on)
        if key not in self.made_once:
            stage = max(a[1], b[1])
            out = self.sums.wire(self.digit)
            mask = "" if on is None else self.sums.later(self.layer.kernel, "mask_i", stage)
            inside = (ON, ON) if on is None else tuple(f"{mask}[{j}]" for j in on)
            self.sums.instance(
                "nj_serial_add", {"Digit": self.digit, "Shift": shift, "Invert": int(subtract)},
                {"clk_i": "clk_i", "ce_i": "ce_i", "start_i": self._start(stage), "a_on_i": inside[0],
                 "b_on_i": inside[1], "a_i": self._at(a, stage), "b_i": self._at(b, stage), "sum_o": out},
            )  # fmt: skip
            self.sums.sites += self.digit
            self.sums.ffs += self.digit + 1 + shift
            self.made_once[key] = out, stage + 1
        return self.made_once[key]

    def _axis(self, taps: Sequence[Stream], kernel: Ints, masked: bool = False) -> Stream:
        """sum(kernel * taps) for a kernel that is symmetric or antisymmetric: outer pairs first.

        masked: taps whose columns lie outside the frame are 0; the middle one never does.
        """
        last = len(taps) - 1
        found: Stream | None = None
        for i in range(len(taps) // 2):
            if not kernel[i]:
                continue
            on = (i, last - i) if masked else None
            pair = self._add(taps[i], taps[last - i], 0, int(kernel[i]) != int(kernel[last - i]), on)
            found = pair if found is None else self._scaled(found, pair, int(kernel[i]))
        assert found is not None
        middle = int(kernel[last // 2])
        return self._scaled(found, taps[last // 2], middle) if middle else found

    def _scaled(self, a: Stream, b: Stream, factor: int) -> Stream:
        """a + factor * b."""
        for place, negative in digits(factor):
            a = self._add(a, b, place, negative)
        return a

    # --- outputs ---

    def _output(self, o: int, row: JetRow, streams: dict[tuple[int, int, int], Stream]) -> Stream | bool:
        """The stream of threshold - 1 - sum, whose sign is the output, or what the output always is."""
        limit, (low, high) = _limit(self.layer, o)
        if not low < limit <= high:
            return limit <= low
        terms = [(streams[c, ky, kx], -sign) for c, (sign, ky, kx) in row.items()]
        constant = limit - 1 + sum(sign < 0 for _, sign in terms)  # -x = ~x + 1
        added = False
        while not added:
            terms.sort(key=lambda term: term[0][1])
            added = len(terms) < 5
            group, terms = terms[:5], terms[5:]
            stage = max(stream[1] for stream, _ in group)
            inverts = [int(sign < 0) for _, sign in group] + [0] * (5 - len(group))
            words = [self._at(stream, stage) for stream, _ in group]
            start = 0
            if added:
                start = constant & 3
                words.append(self._constant(constant - start, stage))
            words += [f"{self.digit}'d0"] * (5 - len(words))
            out = self.sums.wire(self.digit)
            self.sums.instance(
                "nj_serial_sum", {"Digit": self.digit, "Invert": literal(inverts, 1), "Start": start},
                {"clk_i": "clk_i", "ce_i": "ce_i", "start_i": self._start(stage),
                 "x_i": "{" + ", ".join(reversed(words)) + "}", "sum_o": out},
            )  # fmt: skip
            self.sums.sites += 2 if self.digit == 1 else 2 * self.digit + 2
            self.sums.ffs += 4 if self.digit == 1 else 4 * self.digit + 5
            terms.append(((out, stage + (1 if self.digit == 1 else 2)), 1))
        return terms[0][0]

    def _constant(self, value: int, stage: int) -> str:
        """The digits of a constant, at a stage."""
        return concat(
            [self.table([value >> (r * self.digit + k) & 1 for r in range(self.last + 1)], stage)
             for k in range(self.digit)]
        )  # fmt: skip


def _limit(layer: Layer, o: int) -> tuple[int, tuple[int, int]]:
    """The threshold of an output, and the range of its sums."""
    assert layer.thresholds is not None
    signed, bits = layer.in_signed, layer.in_bits
    low, high = dot_range(layer.dense()[o : o + 1], -(1 << (bits - 1)) if signed else 0, (1 << (bits - signed)) - 1)
    return int(layer.thresholds[o]), (int(low[0]), int(high[0]))


def bits_of(layer: Layer) -> int:
    """Two's complement of so many bits holds every sum less its threshold."""
    found = [1]
    for o in range(len(layer.weight)):
        limit, (low, high) = _limit(layer, o)
        if low < limit <= high:
            found.append(signed_bits(low - limit, high - limit))
    return max(found)


def _choosing(last: int, digit: int, words: int) -> int:
    """LUTs of nj_digits: of a digit's bits those that can differ are chosen among."""
    sites = 0
    for k in range(digit):
        count = -(-(last - k) // digit) + 1 if last > k else 1
        few = -(-count // 4) if count > 4 else count
        groups = count // 4 + (count % 4 > 1) if count > 4 else 0
        sites += words * groups + (0 if few == 1 else -(-words // 2) if few == 2 else words)
    return sites
