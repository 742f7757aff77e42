"""A writer of SystemVerilog for sums: it plans heaps of bits and writes them as instances of counters and adders.

All is unsigned: -x is ~x and a constant that is told. The signals of a pipeline stage are registered at its end,
when ce_i is high.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from hw.adders.heap import ROWS, SITES, Plan, plan
from hw.bits import literal


@dataclass(frozen=True)
class Bit:
    """A signal of one bit, or the constants "0" and "1", and whether it is read inverted."""

    name: str
    inverted: bool = False

    def text(self) -> str:
        """Return the bit as SystemVerilog."""
        if self.name in "01":
            return f"1'b{int(self.name) ^ int(self.inverted)}"
        return f"~{self.name}" if self.inverted else self.name


@dataclass(frozen=True)
class Word:
    """value = sum of 2^i * bits[i], less `offset`; ready `level` stages after the window."""

    bits: tuple[Bit, ...]
    offset: int = 0
    level: int = 0


@dataclass(frozen=True)
class Leaf:
    """A bit of a heap: 2^column * bit."""

    column: int
    bit: Bit
    level: int = 0


Terms = Sequence[tuple[int, Word]]

SHIFT_REGISTER = 3  # registers in a row become one in a LUT


@lru_cache(maxsize=10_000)
def digits(value: int) -> tuple[tuple[int, bool], ...]:
    """Return the fewest powers of two that give `value`, and which are subtracted: signed digits, or binary.

    >>> digits(6), digits(-7)
    (((1, False), (2, False)), ((0, False), (3, True)))
    """
    magnitude = abs(value)
    plain = [(i, value < 0) for i in range(magnitude.bit_length()) if magnitude >> i & 1]
    signed, rest, place = [], magnitude, 0
    while rest:
        if rest & 1:
            digit = 2 - (rest & 3)
            signed.append((place, (digit < 0) != (value < 0)))
            rest -= digit
        rest >>= 1
        place += 1
    return tuple(signed) if len(signed) < len(plain) else tuple(plain)


def leaves_of(terms: Terms) -> tuple[list[Leaf], int]:
    """Return the heap of sum(coefficient * word), and the constant by which the sum exceeds the heap."""
    leaves, constant = [], 0
    for coefficient, word in terms:
        constant -= coefficient * word.offset
        for i, bit in enumerate(word.bits):
            for place, negative in digits(coefficient):
                leaves.append(Leaf(i + place, Bit(bit.name, bit.inverted != negative), word.level))
                constant -= negative << (i + place)
    return leaves, constant


def largest(leaves: Iterable[Leaf]) -> int:
    """Return the sum of all weights of a heap."""
    return sum(1 << leaf.column for leaf in leaves)


def profile(leaves: Iterable[Leaf]) -> tuple[tuple[int, int], ...]:
    """Return what two heaps must have in common to share a plan."""
    return tuple(sorted((leaf.column, leaf.level) for leaf in leaves))


@dataclass
class Writer:
    """Collects the body of a module, or counts its LUT sites alone."""

    registered: bool = True  # stages end in registers; else all is combinational
    counting: bool = False  # no text is made: `sites` and levels are right, `ffs` are not
    lines: list[str] = field(default_factory=list)
    registers: list[str] = field(default_factory=list)
    delayed: dict[str, str] = field(default_factory=dict)  # of a signal, the same one stage later
    rows: dict[str, int] = field(default_factory=dict)  # of a register, how many follow each other up to it
    reset: dict[str, None] = field(default_factory=dict)  # registers that are reset, in order
    names: int = 0
    sites: int = 0  # LUT sites of what was written
    ffs: int = 0  # flip-flops

    def wire(self, width: int, value: str = "") -> str:
        """Declare a signal and return its name."""
        self.names += 1
        name = f"n{self.names}"
        if self.counting:
            return name
        self.lines.append(f"logic [{width - 1}:0] {name};" if width > 1 else f"logic {name};")
        if value:
            self.lines.append(f"assign {name} = {value};")
        return name

    def register(self, width: int, source: str) -> str:
        """Return `source` one stage later."""
        if not self.registered:
            return source
        name = self.wire(width)
        self.registers.append(f"{name} <= {source};")
        self.rows[name] = 1
        self.ffs += width
        return name

    def later(self, width: int, source: str, stages: int) -> str:
        """Return `source` some stages later; asked twice, the registers are the same."""
        if self.counting or not self.registered or source in ("1'b0", "1'b1"):
            return source
        for _ in range(stages):
            if source not in self.delayed:
                before = self.rows.get(source.partition("[")[0], 1)  # another's output may be a register
                self.delayed[source] = self.register(width, source)
                self.rows[self.delayed[source]] = before + 1
            source = self.delayed[source]
        if self.rows.get(source, 0) >= SHIFT_REGISTER:
            self.reset[source] = None
        return source

    def clocked(self) -> list[str]:
        """Return the registers as lines of a module.

        What was delayed in several and is read is reset, which it need not be: so that synthesis makes it no part of a
        shift register in a LUT, whose output comes a nanosecond later than a flip-flop's.
        """
        moved = ["  always_ff @(posedge clk_i) begin", "    if (ce_i) begin",
                 *(f"      {line}" for line in self.registers), "    end"]  # fmt: skip
        return [*moved, *(f"    if (rst_i) {name} <= '0;" for name in self.reset), "  end"]

    def instance(self, module: str, parameters: dict[str, int | str], ports: dict[str, str]) -> None:
        """Write an instance; parameters as Verilog text."""
        if self.counting:
            return
        self.names += 1
        values = ", ".join(f".{name}({value})" for name, value in parameters.items())
        wires = ", ".join(f".{name}({wire})" for name, wire in ports.items())
        self.lines.append(f"{module} #({values}) u{self.names} ({wires});")

    # --- heaps ---

    def total(self, lanes: Sequence[Sequence[Leaf]], width: int) -> tuple[list[list[Bit]], int]:
        """Return the sums modulo 2^width of heaps of one profile, side by side: bits [lane][width], and their level."""
        count = len(lanes)
        ordered = [sorted(leaves, key=lambda leaf: (leaf.column, leaf.level)) for leaves in lanes]
        ordered = [[leaf for leaf in leaves if leaf.column < width] for leaves in ordered]
        heights = [sum(leaf.column == c for leaf in ordered[0]) for c in range(width)]
        graph = plan(heights, [leaf.level for leaf in ordered[0]])
        if self.counting:
            return self._counted(graph, count, width)
        bits = _place(graph, ordered)
        slots = [[bits[lane][slot] for lane in range(count)] for slot in range(len(bits[0]))]
        slots += [[] for _ in range(len(graph.columns) - len(slots))]
        for unit in graph.units:
            self._unit(graph, slots, unit.inputs, unit.outputs, unit.size, unit.level, count)
        level = max([graph.levels[slot] for row in graph.rows for slot in row], default=0)
        first = graph.add_from
        result = [self._aligned(graph, slots, row[0], level, count) if row else ["1'b0"] * count
                  for row in graph.rows[:first]]  # fmt: skip
        if first < width:
            rows = [
                [self._aligned(graph, slots, row[k], level, count) if k < len(row) else ["1'b0"] * count
                 for row in graph.rows[first:]]
                for k in range(ROWS)
            ]  # fmt: skip
            places = width - first
            total = self.wire(places * count)
            packed = concat([text for row in rows for column in row for text in column])
            self.instance("nj_add3", {"N": count, "Width": places}, {"x_i": packed, "sum_o": total})
            self.sites += places * count
            total = self.register(places * count, total)
            level += 1
            result = [[self.later(1, text, 1) for text in column] for column in result]
            for place in range(places):
                result.append([part(total, place * count + lane, places * count) for lane in range(count)])
        return [[_bit(result[c][lane]) for c in range(width)] for lane in range(count)], level

    def _counted(self, graph: Plan, count: int, width: int) -> tuple[list[list[Bit]], int]:
        """Do as `total` does, but find only the sites and the level."""
        places = width - graph.add_from
        self.sites += count * (sum(SITES[unit.size] for unit in graph.units) + places)
        level = max([graph.levels[slot] for row in graph.rows for slot in row], default=0) + (places > 0)
        name = self.wire(width * count)
        return [[Bit(f"{name}[{c * count + lane}]") for c in range(width)] for lane in range(count)], level

    def word(self, terms: Terms) -> Word:
        """Return sum(coefficient * word) as a word of its own."""
        leaves, constant = leaves_of(terms)
        bits, level = self.total([leaves], largest(leaves).bit_length())
        return Word(tuple(bits[0]), -constant, level)

    def _unit(
        self, graph: Plan, slots: list[list[Bit]], inputs: Sequence[int], outputs: Sequence[int], size: int,
        level: int, count: int,
    ) -> None:  # fmt: skip
        module, taken, made = ("nj_count3", 3, 2) if size == 3 else ("nj_count7", 7, 3)
        names, inverts = [], []
        for k in range(taken):
            for lane in range(count):
                bit = slots[inputs[k]][lane] if k < len(inputs) else Bit("0")
                keep = bit.inverted and k < (3 if size == 3 else 5)  # positions 5 and 6 cannot be inverted inside
                text = Bit(bit.name, bit.inverted and not keep).text()
                stages = level - 1 - graph.levels[inputs[k]] if k < len(inputs) else 0
                names.append(self.later(1, text, stages))
                inverts.append(int(keep))
        out = self.wire(made * count)
        parameters: dict[str, int | str] = {"N": count}
        if any(inverts):
            parameters["Invert"] = literal(inverts, 1)
        self.instance(module, parameters, {"x_i": concat(names), "s_o": out})
        self.sites += (1 if size == 3 else 2) * count
        out = self.register(made * count, out)
        for k, slot in enumerate(outputs):
            slots[slot] = [Bit(part(out, k * count + lane, made * count)) for lane in range(count)]

    def _aligned(self, graph: Plan, slots: list[list[Bit]], slot: int, level: int, count: int) -> list[str]:
        return [self.later(1, slots[slot][lane].text(), level - graph.levels[slot]) for lane in range(count)]


def _place(graph: Plan, lanes: Sequence[Sequence[Leaf]]) -> list[list[Bit]]:
    """Return the leaf of each lane for each slot; inverted ones go where a LUT can invert them."""
    count = len(lanes[0])
    free = [False] * count  # can the slot be inverted for nothing?
    for unit in graph.units:
        for k, slot in enumerate(unit.inputs):
            if slot < count:
                free[slot] = k < 5
    placed = []
    for leaves in lanes:
        bits: list[Bit] = [Bit("0")] * count
        groups = defaultdict(list)
        for slot, leaf in enumerate(leaves):
            groups[leaf.column, leaf.level].append(slot)
        for slots in groups.values():
            order = sorted(slots, key=lambda slot: not free[slot])
            inside = sorted((leaves[slot].bit for slot in slots), key=lambda bit: not bit.inverted)
            for slot, bit in zip(order, inside, strict=True):
                bits[slot] = bit
        placed.append(bits)
    return placed


def part(name: str, index: int, width: int) -> str:
    """Return one bit of a signal."""
    return f"{name}[{index}]" if width > 1 else name


def concat(texts: Sequence[str]) -> str:
    """Return bits as one vector, the first lowest; neighbours of one signal are taken as a slice."""
    parts: list[str] = []
    index = 0
    while index < len(texts):
        name, _, rest = texts[index].partition("[")
        length = 1
        if rest and not name.startswith("~"):
            first = int(rest[:-1])
            while index + length < len(texts) and texts[index + length] == f"{name}[{first + length}]":
                length += 1
        parts.append(f"{name}[{first + length - 1}:{first}]" if length > 1 else texts[index])
        index += length
    return parts[0] if len(parts) == 1 else "{" + ", ".join(reversed(parts)) + "}"


def _bit(text: str) -> Bit:
    if text in ("1'b0", "1'b1"):
        return Bit(text[-1])
    return Bit(text.removeprefix("~"), text.startswith("~"))
