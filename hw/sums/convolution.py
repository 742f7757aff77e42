"""The sums of a convolution over one window, with thresholds: what stands between nj_window and nj_result.

One output pixel per clock (fold 1): what outputs share is made once. Downwards sums of a column are made as the column
comes in; a layer whose kernels are jets makes the jets of integer maps once per window; outputs that differ by sign
or threshold alone share their sum. Folded: each lane serves `fold` outputs in turn, and the LUTs that hold the first
level of counters take weights by the round, at no cost for up to four rounds.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnn import jets
from hw.ops.bits import Ints, literal
from hw.sums.writer import Bit, Leaf, Terms, Word, Writer, concat, digits, largest, leaves_of, part, profile


@dataclass(frozen=True)
class Layer:
    """sum over c, ky, kx of weight[o, c, ky, kx] * x[c, ky, kx] (grouped: of map o alone), compared or put out."""

    weight: Ints  # [O, C or 1, K, K]
    thresholds: Ints | None  # [O]; None: the sums come out
    in_bits: int
    in_signed: bool = False
    grouped: bool = False
    fold: int = 1  # divides O
    out_bits: int = 1  # of a sum, two's complement

    @property
    def maps(self) -> int:
        """Input maps."""
        return len(self.weight) if self.grouped else self.weight.shape[1]

    @property
    def kernel(self) -> int:
        return int(self.weight.shape[2])

    def dense(self) -> Ints:
        """Weights [O, C, K, K] with the zeros of a grouped convolution in place."""
        if not self.grouped:
            return self.weight
        full = np.zeros((len(self.weight), self.maps, self.kernel, self.kernel), np.int64)
        full[np.arange(len(full)), np.arange(len(full))] = self.weight[:, 0]
        return full


@dataclass(frozen=True)
class Sums:
    """Modules <name>_columns and <name>_sums, and what nj_window and nj_result must know of them."""

    text: str
    column_bits: int  # what <name>_columns makes of a column
    outside: int  # that of a column of zeros
    latency: int  # registers from the window to the result
    rounds: int  # beats of results per window: as the fold, or 1 when all outputs come at once
    final: int  # the window's round with which the (last) result goes in
    sites: int  # LUT sites of both modules
    ffs: int  # flip-flops, those of nj_window included


def write(layer: Layer, name: str) -> Sums:
    """The two modules of a layer."""
    if layer.fold == 1:
        return _Parallel(layer, name).write()
    found = jets_of(layer) if layer.in_bits > 1 and layer.thresholds is not None else None
    ways = [_Folded(layer, name).write(), *([] if found is None else [_Serial(layer, name, found).write()])]
    return min(ways, key=lambda way: way.sites)


def jets_of(layer: Layer) -> list[dict[int, tuple[int, int, int]]] | None:
    """Per output, of each map it reads: sign, order down, order across; None when a kernel is no jet."""
    if layer.kernel not in jets.KERNEL_SIZES:
        return None
    found: list[dict[int, tuple[int, int, int]]] = []
    for kernels in layer.dense():
        row = {}
        for c, kernel in enumerate(kernels):
            jet = jets.factorise(kernel)
            if jet is None:
                return None
            if jet[0]:
                row[c] = jet
        found.append(row)
    return found


class _Base:
    def __init__(self, layer: Layer, name: str) -> None:
        self.layer, self.name = layer, name
        self.weight = layer.dense()
        self.columns = Writer(registered=False)
        self.sums = Writer()
        self.made: list[Bit] = []  # of <name>_columns, in order
        self.zero: list[int] = []  # their values for a column of zeros

    def raw(self, c: int, r: int, source: str = "column_i") -> Word:
        """Element c of row r of a column."""
        layer = self.layer
        base = (r * layer.maps + c) * layer.in_bits
        names = [f"{source}[{base + b}]" for b in range(layer.in_bits)]
        return Word(
            tuple(Bit(n, layer.in_signed and b == layer.in_bits - 1) for b, n in enumerate(names)),
            1 << (layer.in_bits - 1) if layer.in_signed else 0,
        )

    def keep(self, word: Word, value: int) -> Callable[[int], Word]:
        """Put a word into <name>_columns' output; what it is in window column j. value: for a column of zeros."""
        base = len(self.made)
        self.made += [Bit(bit.name) for bit in word.bits]
        zeros = [value >> b & 1 ^ bit.inverted for b, bit in enumerate(word.bits)]
        self.zero += zeros
        flags = [bit.inverted for bit in word.bits]

        def at(j: int) -> Word:
            bits = tuple(Bit(f"w{j}[{base + b}]", flag) for b, flag in enumerate(flags))
            return Word(bits, word.offset)

        return at

    def finish(self, results: Sequence[str], latency: int, rounds: int, final: int) -> Sums:
        """The text of both modules."""
        layer, width = self.layer, len(self.made)
        column = layer.kernel * layer.maps * layer.in_bits
        text = [
            f"module {self.name}_columns (", f"  input  logic [{column - 1}:0] column_i,",
            f"  output logic [{width - 1}:0] column_o", ");",
            *(f"  {line}" for line in self.columns.lines),
            f"  assign column_o = {concat([bit.text() for bit in self.made])};", "endmodule", "",
            f"module {self.name}_sums (", "  input  logic clk_i,", "  input  logic ce_i,",
            f"  input  logic [{layer.kernel * width - 1}:0] window_i,",
            "  input  logic valid_i,",
            f"  input  logic [{max(1, (layer.fold - 1).bit_length()) - 1}:0] round_i,",
            f"  output logic [{len(results) - 1}:0] result_o", ");",
            *(f"  wire [{width - 1}:0] w{j} = window_i[{j * width}+:{width}];" for j in range(layer.kernel)),
            *(f"  {line}" for line in self.sums.lines),
            "  always_ff @(posedge clk_i) begin", "    if (ce_i) begin",
            *(f"      {line}" for line in self.sums.registers), "    end", "  end",
            f"  assign result_o = {concat(results)};", "endmodule", "",
        ]  # fmt: skip
        ffs = self.sums.ffs + (2 * layer.kernel - (layer.fold == 1)) * width
        outside = sum(bit << i for i, bit in enumerate(self.zero))
        return Sums("\n".join(text), width, outside, latency, rounds, final, self.columns.sites + self.sums.sites, ffs)


class _Parallel(_Base):
    """One window per clock."""

    def write(self) -> Sums:
        layer = self.layer
        terms = self._terms()
        negated = [self._negate(t) for t in terms] if layer.thresholds is not None else [False] * len(terms)
        heaps = []
        for t, negative in zip(terms, negated, strict=True):
            heaps.append(leaves_of([(-c if negative else c, word) for c, word in t]))
        results: list[list[str]] = [[] for _ in terms]
        levels = [0] * len(terms)
        limits = self._limits(heaps, negated)
        for group in self._groups(heaps, limits):
            self._sum(group, heaps, limits, negated, results, levels)
        latency = max(1, *levels)
        late = [self.sums.later(1, text, latency - level)
                for row, level in zip(results, levels, strict=True) for text in row]  # fmt: skip
        return self.finish(late, latency, 1, 0)

    def _limits(self, heaps: Sequence[tuple[list[Leaf], int]], negated: Sequence[bool]) -> list[int]:
        """What each heap has to reach; 0 always does."""
        if self.layer.thresholds is None:
            return [0] * len(heaps)
        wanted = [1 - int(t) if n else int(t) for t, n in zip(self.layer.thresholds, negated, strict=True)]
        return [min(max(t - constant, 0), largest(leaves) + 1)
                for t, (leaves, constant) in zip(wanted, heaps, strict=True)]  # fmt: skip

    def _groups(self, heaps: Sequence[tuple[list[Leaf], int]], limits: Sequence[int]) -> list[list[int]]:
        """Outputs whose heaps share a plan; those that are constant anyway, alone and empty."""
        groups = defaultdict(list)
        for o, (leaves, constant) in enumerate(heaps):
            key: object = profile(leaves)
            if self.layer.thresholds is None:
                key = profile(leaves), sum(leaf.bit.name in "01" for leaf in leaves), constant
            elif not 0 < limits[o] <= largest(leaves):
                key = None
            groups[key].append(o)
        return list(groups.values())

    def _sum(
        self, group: Sequence[int], heaps: Sequence[tuple[list[Leaf], int]], limits: Sequence[int],
        negated: Sequence[bool], results: list[list[str]], levels: list[int],
    ) -> None:  # fmt: skip
        layer = self.layer
        if layer.thresholds is not None and not 0 < limits[group[0]] <= largest(heaps[group[0]][0]):
            for o in group:
                results[o] = [f"1'b{int((limits[o] == 0) != negated[o])}"]
            return
        unique: dict[tuple[Leaf, ...], int] = {}
        lane_of = []
        for o in group:
            lane_of.append(unique.setdefault(tuple(sorted(heaps[o][0], key=repr)), len(unique)))
        lanes = [list(leaves) for leaves in unique]
        if layer.thresholds is None:
            constant = heaps[group[0]][1] % (1 << layer.out_bits)
            ones = [Leaf(c, Bit("1")) for c in range(layer.out_bits) if constant >> c & 1]
            bits, level = self.sums.total([[*leaves, *ones] for leaves in lanes], layer.out_bits)
            for o, lane in zip(group, lane_of, strict=True):
                results[o], levels[o] = [bit.text() for bit in bits[lane]], level
            return
        width = largest(lanes[0]).bit_length()
        bits, level = self.sums.total(lanes, width)
        packed = concat([bits[lane][w].text() for w in range(width) for lane in lane_of])
        reach = self.sums.wire(len(group))
        parameters: dict[str, int | str] = {
            "N": len(group), "Width": width, "Limit": literal([limits[o] for o in group], width + 1),
            "Invert": literal([int(negated[o]) for o in group], 1),
        }  # fmt: skip
        self.sums.instance("nj_reach", parameters, {"x_i": packed, "reach_o": reach})
        self.sums.sites += -(-width // 5) * len(group)
        for k, o in enumerate(group):
            results[o], levels[o] = [part(reach, k, len(group))], level

    def _negate(self, terms: Terms) -> bool:
        """Whether -sum has fewer inverted bits; where it is the same, the first coefficient becomes positive."""
        balance = sum(-1 if leaf.bit.inverted else 1 for leaf in leaves_of(terms)[0])
        return balance < 0 or (balance == 0 and bool(terms) and terms[0][0] < 0)

    # --- what outputs share ---

    def _terms(self) -> list[Terms]:
        """Of each output, words and coefficients."""
        if self.layer.in_bits == 1 and not self.layer.in_signed:
            return self._bit_terms()
        found = jets_of(self.layer)
        return self._pattern_terms() if found is None else self._jet_terms(found)

    def _bit_terms(self) -> list[Terms]:
        """One-bit maps: triples that are +-1 in every output are counted once per sign pattern."""
        kernel, maps = self.layer.kernel, self.layer.maps
        outputs = len(self.weight)
        terms: list[list[tuple[int, Word]]] = [[] for _ in range(outputs)]
        flat = self.weight.transpose(0, 3, 1, 2).reshape(outputs, kernel, maps * kernel)  # [O, kx, c * K + ky]
        steady = (np.abs(flat) == 1).all((0, 1))
        taken = [i for i in range(maps * kernel) if steady[i]]
        triples = [t for t in _batched(taken, 3) if len(t) == 3] if outputs * kernel >= 8 else []
        shared = {i for t in triples for i in t}
        for triple in triples:
            patterns = flat[:, :, triple] * flat[:, :, triple[:1]]
            for pattern in sorted({tuple(int(v) for v in p) for p in patterns.reshape(-1, 3)}):
                word = self._triple(self.columns, [self.raw(*divmod(i, kernel)) for i in triple], pattern)
                at = self.keep(word, sum(s < 0 for s in pattern))
                for o, j in np.argwhere((patterns == pattern).all(2)):
                    terms[o].append((int(flat[o, j, triple[0]]), at(int(j))))
        rest: dict[tuple[int, int], Word] = {}
        for i in range(maps * kernel):
            if i not in shared and flat[:, :, i].any():
                at = self.keep(self.raw(*divmod(i, kernel)), 0)
                rest |= {(i, j): at(j) for j in range(kernel)}
        places = [place for place in rest if (np.abs(flat[:, place[1], place[0]]) == 1).all()]
        used = set()
        for group in _batched(places, 3) if outputs >= 8 else []:
            if len(group) < 3:
                continue
            used |= set(group)
            signs = np.stack([flat[:, j, i] for i, j in group], 1)
            patterns2 = signs * signs[:, :1]
            for pattern in sorted({tuple(int(v) for v in p) for p in patterns2}):
                word = self._triple(self.sums, [rest[place] for place in group], pattern)
                for o in np.flatnonzero((patterns2 == pattern).all(1)):
                    terms[o].append((int(signs[o, 0]), word))
        for (i, j), word in rest.items():
            if (i, j) not in used:
                for o in np.flatnonzero(flat[:, j, i]):
                    terms[o].append((int(flat[o, j, i]), word))
        return list(terms)

    def _triple(self, writer: Writer, words: Sequence[Word], pattern: Sequence[int]) -> Word:
        """Of three one-bit words, those with sign -1 inverted: how many are 1; combinational."""
        out = writer.wire(2)
        names = [word.bits[0].name for word in words]
        inverts = [int(s < 0) for s in pattern]
        parameters: dict[str, int | str] = {"N": 1, "Invert": literal(inverts, 1)}
        writer.instance("nj_count3", parameters, {"x_i": concat(names), "s_o": out})
        writer.sites += 1
        return Word((Bit(f"{out}[0]"), Bit(f"{out}[1]")), sum(inverts))

    def _pattern_terms(self) -> list[Terms]:
        """Integer maps, any kernels: what a column adds to an output, once per column and pattern of weights."""
        kernel = self.layer.kernel
        terms: list[list[tuple[int, Word]]] = [[] for _ in self.weight]
        for c in range(self.layer.maps):
            uses: Counter[tuple[int, ...]] = Counter()
            for column in self.weight[:, c].transpose(0, 2, 1).reshape(-1, kernel):
                if column.any():
                    uses[_canonical(column)[0]] += 1
            rows = [self.raw(c, r) for r in range(kernel)]
            share = len(uses) < sum(uses.values())
            if share:
                made = {pattern: self._column(rows, pattern) for pattern in uses}
            else:
                kept = [self.keep(row, row.offset) for row in rows]
            for o, j in np.ndindex(len(self.weight), kernel):
                column = self.weight[o, c, :, j]
                if not column.any():
                    continue
                if share:
                    pattern, sign = _canonical(column)
                    terms[o].append((sign, made[pattern](j)))
                else:
                    terms[o] += [(int(w), kept[r](j)) for r, w in enumerate(column) if w]
        return list(terms)

    def _column(self, rows: Sequence[Word], pattern: Sequence[int]) -> Callable[[int], Word]:
        """sum(pattern * rows) in <name>_columns."""
        terms = [(w, row) for w, row in zip(pattern, rows, strict=True) if w]
        word = rows[pattern.index(1)] if terms == [(1, rows[pattern.index(1)])] else self.columns.word(terms)
        return self.keep(word, word.offset)  # a column of zeros sums to zero

    def _jet_terms(self, found: Sequence[dict[int, tuple[int, int, int]]]) -> list[Terms]:
        """Integer maps and jets: down once per column, across once per window, then the outputs' selections."""
        kernel = self.layer.kernel
        axis = jets.axis_kernels(kernel - 1)
        down: dict[tuple[int, int], Callable[[int], Word]] = {}
        made: dict[tuple[int, int, int], Word] = {}
        for c, ky, kx in sorted({(c, ky, kx) for row in found for c, (_, ky, kx) in row.items()}):
            if (c, ky) not in down:
                rows = [self.raw(c, r) for r in range(kernel)]
                down[c, ky] = self._column(rows, [int(w) for w in axis[ky]])
            terms = [(int(w), down[c, ky](j)) for j, w in enumerate(axis[kx]) if w]
            made[c, ky, kx] = self.sums.word(terms)
        return [[(sign, made[c, ky, kx]) for c, (sign, ky, kx) in row.items()] for row in found]


def _choosing(count: int) -> int:
    """LUTs of nj_digits that choose a bit among so many."""
    return 1 if count <= 4 else count // 4 + (count % 4 > 1) + 1


def _batched(values: Sequence[Any], size: int) -> list[list[Any]]:
    return [list(values[i : i + size]) for i in range(0, len(values), size)]


def _canonical(column: Ints) -> tuple[tuple[int, ...], int]:
    """The column with its first weight positive, and the sign that was taken out."""
    sign = int(np.sign(column[np.flatnonzero(column)[0]]))
    return tuple(int(w) * sign for w in column), sign


class _Serial(_Base):
    """Jets of integer maps, several clocks per window: all outputs at once, a digit of every word per clock.

    Words modulo 2^bits pass from the lowest digit to the highest, so nothing is selected but the windows' digits:
    every adder keeps its place and takes one LUT for each bit of a digit.
    """

    def __init__(self, layer: Layer, name: str, found: Sequence[dict[int, tuple[int, int, int]]]) -> None:
        super().__init__(layer, name)
        self.found = found
        weight = np.abs(self.weight).sum((1, 2, 3))
        reach = int(weight.max()) * (1 << (layer.in_bits - layer.in_signed)) + 1
        self.bits = reach.bit_length() + 1  # of every word: two's complement holds all sums
        self.digit = -(-self.bits // layer.fold)
        self.digits = -(-self.bits // self.digit)
        self.starts = ["start0"]
        self.made_once: dict[tuple[object, ...], tuple[str, int]] = {}

    def write(self) -> Sums:
        kernel = self.layer.kernel
        axis = jets.axis_kernels(kernel - 1)
        used = sorted({(c, ky, kx) for row in self.found for c, (_, ky, kx) in row.items()})
        taps: dict[tuple[int, int, int], tuple[str, int]] = {}
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

    def _at(self, stream: tuple[str, int], level: int) -> str:
        return self.sums.later(self.digit, stream[0], level - stream[1])

    def _add(self, a: tuple[str, int], b: tuple[str, int], shift: int, subtract: bool) -> tuple[str, int]:
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

    def _axis(self, taps: Sequence[tuple[str, int]], kernel: Ints) -> tuple[str, int]:
        """sum(kernel * taps) for a kernel that is symmetric or antisymmetric: outer pairs first."""
        last = len(taps) - 1
        found: tuple[str, int] | None = None
        for i in range(len(taps) // 2):
            if not kernel[i]:
                continue
            pair = self._add(taps[i], taps[last - i], 0, int(kernel[i]) != int(kernel[last - i]))
            found = pair if found is None else self._scaled(found, pair, int(kernel[i]))
        assert found is not None
        middle = int(kernel[last // 2])
        return self._scaled(found, taps[last // 2], middle) if middle else found

    def _scaled(self, a: tuple[str, int], b: tuple[str, int], factor: int) -> tuple[str, int]:
        """a + factor * b."""
        for place, negative in digits(factor):
            a = self._add(a, b, place, negative)
        return a

    def _output(
        self, row: dict[int, tuple[int, int, int]], streams: dict[tuple[int, int, int], tuple[str, int]]
    ) -> tuple[tuple[str, int] | None, bool, int]:
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

    def _reach(self, o: int, stream: tuple[str, int] | None, negative: bool, excess: int, latency: int) -> str:
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

    def _compare(self, stream: tuple[str, int], limit: int, invert: bool, latency: int) -> str:
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


class _Folded(_Base):
    """Lane l serves output f * lanes + l in round f."""

    def write(self) -> Sums:
        layer = self.layer
        lanes, rounds = len(self.weight) // layer.fold, layer.fold
        bits = max(1, (rounds - 1).bit_length())
        sources, tables, constants, tops = self._tables(lanes, rounds)
        width = layer.out_bits
        if layer.thresholds is not None:
            width = int(tops.max()).bit_length() + 1
            wanted = layer.thresholds.reshape(rounds, lanes) - constants
            constants = (1 << (width - 1)) - np.clip(wanted, 0, 1 << (width - 1))
        else:
            constants = constants % (1 << width)
        for c in range(width):
            ones = constants >> c & 1
            if ones.any():
                sources[c].append("1'b0")
                tables[c].append((np.zeros_like(ones), ones))
        leaves: list[Leaf] = []
        vectors: list[list[str]] = []  # of each leaf, its lanes

        def leaf(column: int, vector: str, base: int, size: int) -> None:
            if column < width:
                leaves.append(Leaf(column, Bit(f"@{len(vectors)}")))
                vectors.append([part(vector, base + lane, size) for lane in range(lanes)])

        for c in range(width):
            pairs = list(zip(sources[c], tables[c], strict=True))
            groups = _batched(pairs, 3) if bits <= 2 else [[p] for p in pairs]
            for group in groups:
                names = [source for source, _ in group]
                passes = np.stack([table[0] for _, table in group], 1)  # [rounds, 3, lanes]
                inverts = np.stack([table[1] for _, table in group], 1)
                if len(group) == 3:
                    out = self._leaf("nj_leaf3", concat(names), passes, inverts, bits, 2 * lanes, lanes)
                    leaf(c, out, 0, 2 * lanes)
                    leaf(c + 1, out, lanes, 2 * lanes)
                    continue
                for k, source in enumerate(names):
                    out = self._leaf("nj_leaf", source, passes[:, k], inverts[:, k], bits, lanes, lanes)
                    leaf(c, out, 0, lanes)
        heaps = [[Leaf(x.column, Bit(vectors[int(x.bit.name[1:])][lane])) for x in leaves] for lane in range(lanes)]
        totals, level = self.sums.total(heaps, width)
        if layer.thresholds is None:
            results = [bit.text() for total in totals for bit in total]
        else:
            results = [total[-1].text() for total in totals]
        late = [self.sums.later(1, text, max(1 - level, 0)) for text in results]
        return self.finish(late, max(level, 1), rounds, rounds - 1)

    def _tables(
        self, lanes: int, rounds: int
    ) -> tuple[defaultdict[int, list[str]], defaultdict[int, list[tuple[Ints, Ints]]], Ints, Ints]:
        """Per column of the heap: sources and what becomes of them; and per output constant and largest heap."""
        kernel = self.layer.kernel
        sources: defaultdict[int, list[str]] = defaultdict(list)
        tables: defaultdict[int, list[tuple[Ints, Ints]]] = defaultdict(list)
        constants = np.zeros((rounds, lanes), np.int64)
        tops = np.zeros_like(constants)
        for c, r in np.ndindex(self.layer.maps, kernel):
            if not self.weight[:, c, r].any():
                continue
            at = self.keep(self.raw(c, r), self.raw(c, r).offset)
            for j in range(kernel):
                word, weights = at(j), self.weight[:, c, r, j].reshape(rounds, lanes)
                places: dict[int, tuple[Ints, Ints]] = {}
                for index in np.ndindex(weights.shape):
                    for place, negative in digits(int(weights[index])):
                        table = places.setdefault(place, (np.zeros_like(weights), np.zeros_like(weights)))
                        table[0][index], table[1][index] = 1, negative
                constants -= weights * word.offset
                for i, bit in enumerate(word.bits):
                    for place, (passed, taken) in sorted(places.items()):
                        sources[i + place].append(bit.name)
                        tables[i + place].append((passed, np.where(passed, taken ^ int(bit.inverted), 0)))
                        constants -= taken << (i + place)
                        tops += passed << (i + place)
        return sources, tables, constants, tops

    def _leaf(
        self, module: str, source: str, passes: Ints, inverts: Ints, bits: int, width: int, lanes: int
    ) -> str:  # fmt: skip
        out = self.sums.wire(width)
        size = passes[0].size

        def table(values: Ints) -> str:
            padded = np.zeros((1 << bits, size), np.int64)
            padded[: len(values)] = values.reshape(len(values), size)
            return literal(padded.ravel(), 1)

        parameters: dict[str, int | str] = {
            "N": lanes, "RoundBits": bits, "Pass": table(passes), "Invert": table(inverts)
        }  # fmt: skip
        port = "s_o" if module == "nj_leaf3" else "leaf_o"
        self.sums.instance(module, parameters, {"x_i": source, "round_i": "round_i", port: out})
        self.sums.sites += lanes if module == "nj_leaf3" or bits > 4 else -(-lanes // 2)
        return out
