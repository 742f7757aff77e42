"""Jets of integer maps, several clocks per window: all outputs at once, a digit of every word per clock."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

from bnn import jets
from bnn.integer.intervals import signed_bits
from hw.adders.layer import ColumnsAndSums, ConvLayer, JetRow, Sums
from hw.adders.writer import concat, digits, part
from hw.bits import Ints, dot_range, literal, selection

Stream = tuple[str, int]  # a signal of digits, and the stage it comes in
Term = tuple[Stream, int]  # and its sign
Pair = tuple[Stream, Stream, int]  # and the product of their signs
ResultBit = tuple[str, int]  # a bit, and the stage it comes in
ON = "1'b1"


class _Pairs:
    """How often pairs of streams, with the product of their signs, stand in sums of four terms or more."""

    def __init__(self, terms: Sequence[list[Term]]) -> None:
        self.uses: Counter[Pair] = Counter()
        self.by_uses: defaultdict[int, set[Pair]] = defaultdict(set)  # from two uses on
        for row in terms:
            self.count(row, 1)

    def count(self, row: list[Term], by: int) -> None:
        """Count the pairs of a sum `by` more times."""
        if len(row) <= 3:
            return
        for (a, s), (b, t) in combinations(sorted(row), 2):
            pair = a, b, s * t
            before = self.uses[pair]
            self.uses[pair] = before + by
            if before > 1:
                self.by_uses[before].discard(pair)
            if before + by > 1:
                self.by_uses[before + by].add(pair)

    def most_frequent(self) -> Pair | None:
        """Return the pair with the most uses, the last in their order where several have as many; None below two."""
        most = max((uses for uses, pairs in self.by_uses.items() if pairs), default=0)
        return max(self.by_uses[most]) if most else None


class Serial(ColumnsAndSums):
    """Jets of integer maps, several clocks per window: all outputs at once, a digit of every word per clock.

    Words modulo 2^bits pass from the lowest digit to the highest, so nothing is selected but the digits, and every
    adder keeps its place. With a period, what comes in is a column: its sums downwards are made once and wait in
    nj_delay for the columns to come. Else it is a window, and they are made for each of its columns.
    """

    def __init__(
        self, layer: ConvLayer, name: str, found: Sequence[JetRow], period: int = 0, counting: bool = False
    ) -> None:
        self.limits = limits_of(layer)
        self.bits = bits_of(layer)
        self.digit = -(-self.bits // (period or layer.fold))
        self.last = -(-self.bits // self.digit) - 1  # round of the last digit
        super().__init__(layer, name, self.last + 1 if period else 0, counting)
        self.found = found
        self.method = f"digit-serial, {self.digit} bit{'s' if self.digit > 1 else ''}{', by columns' if period else ''}"
        self.made_once: dict[tuple[object, ...], Stream] = {}

    def write(self) -> Sums:
        """Return the two modules of the layer."""
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
        terms = [[(streams[c, ky, kx], sign) for c, (sign, ky, kx) in row.items()] for row in self.found]
        if self.digit > 1:
            self._share(terms)
        found = [self._output(o, row) for o, row in enumerate(terms)]
        latency = max(1, *(stage for _, stage in found))
        results = [self.sums.later(1, text, latency - stage) for text, stage in found]
        start = f"!valid_i || round_i {'==' if self.period else '>='} {self.last}" if self.last else "1'b1"
        self.sums.lines.insert(0, f"wire start0 = {start};")
        return self.finish(results, latency, 1, self.last)

    # --- streams: a signal of digits, and the stage it comes in ---

    def _taps(self, maps: Sequence[int]) -> dict[tuple[int, int, int], Stream]:
        """Return the elements that come in, by map, row and column."""
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
        """Return the digit of one word in a signal of `count` words."""
        if count == 1:
            return signal
        return part(signal, index, count) if self.digit == 1 else f"{signal}[{index * self.digit}+:{self.digit}]"

    def _delayed(self, down: dict[tuple[int, int], Stream]) -> dict[tuple[int, int], list[Stream]]:
        """Return what each stream was in the columns of a window, the oldest first."""
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
        return self.sums.later(1, "start0", stage)

    def _at(self, stream: Stream, stage: int) -> str:
        return self.sums.later(self.digit, stream[0], stage - stream[1])

    def _add(self, a: Stream, b: Stream, shift: int, subtract: bool, on: tuple[int, int] | None = None) -> Stream:
        """Return a +- (b << shift), made once.

        on: the window's columns that a and b are in; they are 0 where these lie outside the frame.
        """
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
        """Return sum(kernel * taps) for a symmetric or antisymmetric kernel: outer pairs first.

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
        """Return a + factor * b."""
        for place, negative in digits(factor):
            a = self._add(a, b, place, negative)
        return a

    # --- outputs: the text of a bit that is right with the last digit, and its stage ---

    def _share(self, terms: list[list[Term]]) -> None:
        """Add pairs once that several outputs with four terms or more have in common, the most frequent first."""
        pairs = _Pairs(terms)
        rows = [dict(row) for row in terms]  # sign by stream, in the order of the terms
        while (found := pairs.most_frequent()) is not None:
            a, b, sign = found
            pair = self._add(a, b, 0, sign < 0)
            for row, signs in zip(terms, rows, strict=True):
                if len(row) > 3 and a in signs and b in signs and signs[a] * signs[b] == sign:
                    pairs.count(row, -1)
                    signs[pair] = signs.pop(a)
                    del signs[b]
                    row[:] = signs.items()
                    pairs.count(row, 1)

    def _output(self, o: int, terms: list[Term]) -> ResultBit:
        limit, low, high = self.limits[o]
        if not low < limit <= high:
            return f"1'b{int(limit <= low)}", 1
        size = self.digit * (self.last + 1)
        if self.digit > 1 and len(terms) % 2 and signed_bits(low - len(terms), high + len(terms)) <= size:
            return self._compared(terms, limit)
        return self._sign(terms, limit)

    def _sign(self, terms: list[Term], limit: int) -> ResultBit:
        """Return the sign of threshold - 1 - sum; the constant is one more word."""
        terms = [(stream, -sign) for stream, sign in terms]
        constant = limit - 1 + sum(sign < 0 for _, sign in terms)  # -x = ~x + 1
        while len(terms) > 4:
            terms = self._summed(terms)
        stage = max(stream[1] for stream, _ in terms)
        start = constant & 3
        out, stage = self._sum([*terms, ((self._constant(constant - start, stage), stage), 1)], start)
        return part(out, self.digit - 1, self.digit), stage

    def _compared(self, terms: list[Term], limit: int) -> ResultBit:
        """Return the comparison of the sum, digit by digit, with the threshold."""
        flip = sum(sign for _, sign in terms) < 0
        if flip:  # -x >= T  <=>  not x >= 1 - T
            terms, limit = [(stream, -sign) for stream, sign in terms], 1 - limit
        limit -= sum(sign < 0 for _, sign in terms)
        while len(terms) > 1:
            terms = self._summed(terms)
        (stream, stage), _ = terms[0]
        size = self.digit * (self.last + 1)
        out = self.sums.wire(1)
        self.sums.instance(
            "nj_serial_reach", {"Digit": self.digit, "Digits": self.last + 1, "RoundBits": self.round_bits,
                                "Limit": literal([limit], size), "Invert": int(flip)},
            {"clk_i": "clk_i", "ce_i": "ce_i", "round_i": self.sums.later(self.round_bits, "round_i", stage),
             "x_i": stream, "reach_o": out},
        )  # fmt: skip
        inputs = self.round_bits + 1 + self.digit
        self.sums.sites += 1 << max(0, inputs - 6)
        self.sums.ffs += 1
        return out, stage

    def _summed(self, terms: list[Term]) -> list[Term]:
        """Return the terms with five of them, or three where there are fewer, added to one."""
        terms = sorted(terms, key=lambda term: term[0][1])
        count = 5 if len(terms) > 4 else 3
        return [*terms[count:], (self._sum(terms[:count], 0), 1)]

    def _sum(self, terms: Sequence[Term], start: int) -> Stream:
        """Return start + sum of up to five streams, those with sign -1 inverted."""
        digit, stage = self.digit, max(stream[1] for stream, _ in terms)
        room = 3 if digit > 1 and len(terms) <= 3 and start < 3 else 5
        words = [self._at(stream, stage) for stream, _ in terms] + [f"{digit}'d0"] * (room - len(terms))
        inverts = [int(sign < 0) for _, sign in terms] + [0] * (room - len(terms))
        out = self.sums.wire(digit)
        self.sums.instance(
            "nj_serial_add3" if room == 3 else "nj_serial_sum",
            {"Digit": digit, "Invert": literal(inverts, 1), "Start": start},
            {"clk_i": "clk_i", "ce_i": "ce_i", "start_i": self._start(stage),
             "x_i": "{" + ", ".join(reversed(words)) + "}", "sum_o": out},
        )  # fmt: skip
        rows = 1 if digit == 1 or room == 3 else 2
        self.sums.sites += 2 if digit == 1 else rows * (digit + 1)
        self.sums.ffs += 4 if digit == 1 else 2 * rows * (digit + 1)
        return out, stage + rows

    def _constant(self, value: int, stage: int) -> str:
        """Return the digits of a constant at a stage."""
        return concat(
            [self.table([value >> (r * self.digit + k) & 1 for r in range(self.last + 1)], stage)
             for k in range(self.digit)]
        )  # fmt: skip


def limits_of(layer: ConvLayer) -> list[tuple[int, int, int]]:
    """Return each output's threshold, and the smallest and largest of its sums."""
    assert layer.thresholds is not None
    signed, bits = layer.in_signed, layer.in_bits
    low, high = dot_range(layer.weight, -(1 << (bits - 1)) if signed else 0, (1 << (bits - signed)) - 1)
    return list(zip(layer.thresholds.tolist(), low.tolist(), high.tolist(), strict=True))


def bits_of(layer: ConvLayer) -> int:
    """Return the bits of two's complement that hold every sum less its threshold."""
    found = [2]
    for limit, low, high in limits_of(layer):
        if low < limit <= high:
            found.append(signed_bits(low - limit, high - limit))
    return max(found)


def _choosing(last: int, digit: int, words: int) -> int:
    """Return the LUTs of nj_digits, which choose among those bits of a digit that can differ."""
    return sum(selection(-(-(last - k) // digit) + 1, words) for k in range(min(digit, last)))
