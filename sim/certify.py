"""Proof, for all inputs, that a written adder graph computes its layer's sums: by algebra, in milliseconds.

A counter or adder keeps the weighted sum of its bits: what it puts out, weighed 1, 2, 4, ..., is what it takes in. That
is proved of each cell for itself (sim.formal). So an output, a weighted sum of bits that reaches a limit, is traced
back through the text of the module: outputs of a cell whose weights are in that ratio are replaced by its inputs,
registers count a clock, until only bits of the window remain. What is left are the weights that the hardware really
has, exact for sums of any width, where SAT and BDDs end at a few dozen bits.

Read are the modules <name>_columns and <name>_sums of hw/sums. Not covered, and said so: digit-serial sums.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bnn.reference import Ints

Literal = tuple[str, int, bool]  # signal, bit, inverted; the signal "" is constant, its bit 1 or 0
Form = dict[tuple[str, int, int], int]  # weights: of a signal's bit, read so many clocks ago (or in that window column)

UNIT = 1 << 40  # weight of the lowest bit that is looked at: what lies below it weighs less


class CertificateError(Exception):
    """The graph is not what its weights say, or cannot be read; the text says where."""


class NotCovered(CertificateError):
    """Made of cells, or in a way, that this proof does not know."""


@dataclass(frozen=True)
class Decision:
    """sum(weight * bit) >= limit, with weights that have no common factor; the result is inverted when told."""

    weight: dict[tuple[int, int], int]  # by column of the window and bit of the column
    limit: int
    inverted: bool = False


@dataclass(frozen=True, eq=False)
class _Cell:
    kind: str
    parameters: dict[str, int]
    inputs: tuple[Literal, ...]
    output: str

    def lane(self, number: int) -> tuple[list[list[Literal]], int, int]:
        """Inputs of a lane as words from the lowest place, places of the result, and the constant that is added."""
        n, x = self.parameters.get("N", 1), self.inputs
        invert = self.parameters.get("Invert", 0)
        if self.kind == "nj_add3":
            width = self.parameters["Width"]
            words = [[_flip(x[(k * width + w) * n + number], invert >> k & 1) for w in range(width)] for k in range(3)]
            return words, width, self.parameters.get("Add", 0)
        taken = 3 if self.kind == "nj_count3" else 7
        bits = [[_flip(x[k * n + number], invert >> (k * n + number) & 1)] for k in range(taken)]
        return bits, taken.bit_length(), 0

    def leaf(self, number: int, turn: int) -> tuple[list[list[Literal]], int, int]:
        """The same of a leaf in a round."""
        n, count = self.parameters.get("N", 2 if self.kind == "nj_leaf" else 1), len(self.inputs)
        bits = []
        for k, literal in enumerate(self.inputs):
            place = (turn * count + k) * n + number
            passed = self.parameters.get("Pass", -1) >> place & 1
            bits.append([_flip(literal if passed else ("", 0, False), self.parameters.get("Invert", 0) >> place & 1)])
        return bits, 1 if self.kind == "nj_leaf" else 2, 0


@dataclass
class _Module:
    drivers: dict[tuple[str, int], tuple[Literal, int]] = field(default_factory=dict)  # of a bit: source, clocks
    made: dict[str, int] = field(default_factory=dict)  # which cell makes a signal
    cells: list[_Cell] = field(default_factory=list)  # each behind those it reads
    widths: dict[str, int] = field(default_factory=dict)


def certify(
    text: str, name: str, weight: Ints, thresholds: Ints | None, in_bits: int, signed: bool, rounds: int, out_bits: int
) -> int:  # fmt: skip
    """Prove that module `name` in `text` is the convolution by weight [O, C, K, K]; how many outputs were proved.

    thresholds [O] on the sums, or None when sums of `out_bits` bits come out. rounds: in which the outputs follow each
    other, output r * (O / rounds) + lane in round r. CertificateError names the first output that is something else.
    """
    count, maps = weight.shape[:2]
    sums, columns = _parse(text, f"{name}_sums"), _parse(text, f"{name}_columns")
    result = [sums.drivers["result_o", i][0] for i in range(sums.widths["result_o"])]
    places = 2 ** np.arange(in_bits)
    if signed:
        places[-1] *= -1
    size = 1 if thresholds is not None else out_bits
    lanes = count // rounds
    for output in range(count):
        wanted = weight[output].transpose(2, 1, 0)[..., None] * places  # [column, row, map, bit]
        expected = {
            (j, (row * maps + c) * in_bits + b): int(wanted[j, row, c, b])
            for j, row, c, b in np.ndindex(*wanted.shape)
            if wanted[j, row, c, b]
        }
        trace = _Trace(sums, columns, output // lanes)
        word = result[output % lanes * size :][:size]
        try:
            if thresholds is None:
                _same_sum(trace, word, expected)
            else:
                _same_decision(trace.decision(word[0]), expected, int(thresholds[output]))
        except CertificateError as error:
            raise type(error)(f"{name}, output {output}: {error}") from None
    return count


def _same_sum(trace: "_Trace", word: Sequence[Literal], expected: dict[tuple[int, int], int]) -> None:
    form, constant, _ = trace.leaves({(*bit, 0): UNIT << i for i, bit in enumerate(word)}, UNIT << len(word))
    got = {place: value // UNIT for place, value in form.items()}
    low, high = _range(expected, 0)
    if not -(1 << len(word) - 1) <= low <= high < 1 << len(word) - 1:
        raise CertificateError(f"{len(word)} bits do not hold {low}..{high}")
    if got != expected or constant % (UNIT << len(word)):
        raise CertificateError(f"{_difference(got, expected)}, and {constant // UNIT} is added")


def _same_decision(found: Decision, expected: dict[tuple[int, int], int], threshold: int) -> None:
    low, high = _range(expected, 0)
    factor = np.gcd.reduce([*expected.values()]) if expected else 1
    wanted = {place: value // int(factor) for place, value in expected.items()}
    limit = -(-threshold // int(factor))
    got, reached = found.weight, found.limit
    if found.inverted:  # not (s >= l)  <=>  -s >= 1 - l
        got, reached = {place: -value for place, value in got.items()}, 1 - reached
    if not got or not low < threshold <= high:  # constant
        least, most = _range(got, 0)
        always, never = reached <= least, reached > most
        if always == never or always != (threshold <= low):
            raise CertificateError(f"a threshold of {threshold} on {low}..{high} is constant, and the result is not so")
        return
    if got != wanted or reached != limit:
        raise CertificateError(f"{_difference(got, wanted)}; the limit is {reached}, and should be {limit}")


def _difference(got: dict[tuple[int, int], int], expected: dict[tuple[int, int], int]) -> str:
    for place in sorted({*got, *expected}):
        if got.get(place, 0) != expected.get(place, 0):
            return f"bit {place[1]} of column {place[0]} weighs {got.get(place, 0)} and should {expected.get(place, 0)}"
    return "the weights are right"


def _range(form: dict[tuple[int, int], int], constant: int) -> tuple[int, int]:
    values = form.values()
    return constant + sum(v for v in values if v < 0), constant + sum(v for v in values if v > 0)


class _Trace:
    """One round, traced from results to the window."""

    def __init__(self, sums: _Module, columns: _Module, turn: int) -> None:
        self.sums, self.columns, self.turn = sums, columns, turn
        self.proved: set[tuple[int, int, int]] = set()  # adders that never overflow: module, cell, lane

    def decision(self, bit: Literal) -> Decision:
        """A result: made by nj_reach, or the top bit of a sum."""
        (name, index, inverted), clocks = _source(self.sums, bit)
        if name == "":
            return Decision({}, 0 if index ^ inverted else 1)
        if name not in self.sums.made:
            raise NotCovered(f"its result is {name}[{index}], which no sum makes")
        cell = self.sums.cells[self.sums.made[name]]
        n = cell.parameters.get("N", 1)
        if cell.kind == "nj_reach":
            width = cell.parameters["Width"]
            limit = cell.parameters["Limit"] >> (index * (width + 1)) & ((2 << width) - 1)
            word = [cell.inputs[w * n + index] for w in range(width)]
            inverted ^= bool(cell.parameters.get("Invert", 0) >> index & 1)
        else:
            width, lane = index // n + 1, index % n
            word, limit = [(name, w * n + lane, False) for w in range(width)], 1 << (width - 1)
        form, constant, below = self.leaves({(*b, clocks): UNIT << w for w, b in enumerate(word)}, UNIT << width)
        low, high = _range(form, constant % (UNIT << width))
        if low < 0 or high >= UNIT << width or below >= UNIT:
            raise CertificateError(f"its {width} bits do not hold {low / UNIT:g}..{high / UNIT:g}")
        limit = limit * UNIT - constant % (UNIT << width)
        factor = int(np.gcd.reduce([*form.values()])) if form else 1
        return Decision({place: value // factor for place, value in form.items()}, -(-limit // factor), inverted)

    def leaves(
        self, word: dict[tuple[str, int, bool, int], int], modulus: int
    ) -> tuple[dict[tuple[int, int], int], int, int]:
        """What a weighted sum of literals is made of: weights of the columns' bits, constant, weight of what is below.

        Right modulo `modulus`. Below: outputs of cells that nothing reads because they weigh less than what counts.
        """
        form, constant, below = self._back(self.sums, word, modulus)
        clocks = {clock for _, _, clock in form}
        if len(clocks) > 1:
            raise CertificateError(f"bits of windows {sorted(clocks)} clocks apart are summed")
        size = self.columns.widths["column_o"]
        columns = {("column_o", i % size, False, i // size): value for (_, i, _), value in form.items()}
        form, more, deeper = self._back(self.columns, columns, modulus)
        return {(j, i): value for (_, i, j), value in form.items()}, constant + more, below + deeper

    def _back(
        self, module: _Module, word: dict[tuple[str, int, bool, int], int], modulus: int
    ) -> tuple[Form, int, int]:
        form: Form = defaultdict(int)
        constant = below = 0
        starts: set[int] = set()

        def add(literal: Literal, tag: int, value: int) -> None:
            nonlocal constant
            (name, index, inverted), clocks = _source(module, literal)
            if inverted:
                constant, value = constant + value, -value
            if name == "":
                constant += index * value
            elif value:
                form[name, index, tag + clocks] += value

        for (name, index, inverted, tag), value in word.items():
            add((name, index, inverted), tag, value)
        for number in range(len(module.cells) - 1, -1, -1):
            cell = module.cells[number]
            n = cell.parameters.get("N", 2 if cell.kind == "nj_leaf" else 1)
            found: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)  # by lane and tag: weight of each place
            for key in [key for key in form if key[0] == cell.output]:
                value = form.pop(key)
                if value:
                    found[key[1] % n, key[2]][key[1] // n] = value
            for (lane, tag), values in found.items():
                if cell.kind not in SUMS:
                    raise NotCovered(f"it is made by {cell.kind}")
                leaf = cell.kind in ("nj_leaf", "nj_leaf3")
                if leaf:
                    starts.add(tag)
                words, places, added = cell.leaf(lane, self.turn) if leaf else cell.lane(lane)
                top = max(values)
                if values[top] % (1 << top):
                    raise CertificateError(f"{cell.output}[{lane}] weighs {values[top] / UNIT:g} / 2^{top}")
                unit = values[top] >> top
                for place in range(places):
                    value, due = values.get(place, 0), unit << place
                    if (value - due) % modulus == 0:
                        continue
                    if value or place > top:
                        raise CertificateError(
                            f"{cell.kind} {cell.output}, lane {lane}: place {place} weighs {value / UNIT:g}, "
                            f"and should {due / UNIT:g}"
                        )
                    below += abs(due)
                if cell.kind == "nj_add3" and (unit << places) % modulus:
                    self._fits(module, number, lane)
                constant += added * unit
                for bits in words:
                    for place, literal in enumerate(bits):
                        add(literal, tag, unit << place)
        form = {key: value for key, value in form.items() if value % modulus}
        tags = starts | {tag for _, _, tag in form}
        if starts and len(tags) > 1:
            raise CertificateError(f"rounds and windows of {sorted(tags)} clocks ago meet")
        return form, constant, below

    def _fits(self, module: _Module, number: int, lane: int) -> None:
        """The adder's result never exceeds its places."""
        key = (id(module), number, lane)
        if key in self.proved:
            return
        words, places, added = module.cells[number].lane(lane)
        word: dict[tuple[str, int, bool, int], int] = defaultdict(int)
        for bits in words:
            for place, literal in enumerate(bits):
                word[*literal, 0] += UNIT << place
        large = UNIT << (places + 8)
        if module is self.sums:
            form, constant, _ = self.leaves(word, large)
        else:
            back, constant, _ = self._back(module, word, large)
            form = {(0, index): value for (_, index, _), value in back.items()}
        low, high = _range(form, constant + added * UNIT)
        if low < 0 or high >= UNIT << places:
            raise NotCovered(f"{module.cells[number].output} has {places} bits for {low / UNIT:g}..{high / UNIT:g}")
        self.proved.add(key)


SUMS = ("nj_count7", "nj_count3", "nj_add3", "nj_leaf", "nj_leaf3")


def _flip(literal: Literal, invert: int) -> Literal:
    name, index, inverted = literal
    return name, index, inverted ^ bool(invert)


def _source(module: _Module, literal: Literal) -> tuple[Literal, int]:
    """The cell's output, window's bit or constant behind assignments and registers, and how many registers."""
    (name, index, inverted), clocks = literal, 0
    while (name, index) in module.drivers:
        (name, index, more), stages = module.drivers[name, index]
        inverted, clocks = inverted ^ more, clocks + stages
    return (name, index, inverted), clocks


# --- the text ---

PORT = re.compile(r"(?:input|output)\s+logic\s*(?:\[(\d+):0\])?\s*(\w+)")
SIGNAL = re.compile(r"(?:logic|wire)\s*(?:\[(\d+):0\])?\s*(\w+)(?:\s*=\s*(.+))?;")
ASSIGN = re.compile(r"(?:assign\s+)?(\w+)\s*(<=|=)\s*(.+);")
INSTANCE = re.compile(r"(nj_\w+) #\((.*?)\) \w+ \((.*)\);")
CONNECTION = re.compile(r"\.(\w+)\(((?:[^()]|\([^()]*\))*)\)")


def _parse(text: str, name: str) -> _Module:
    found = re.search(rf"^module {re.escape(name)} \((.*?)\);\n(.*?)^endmodule", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise NotCovered(f"there is no module {name}")
    if "nj_digits" in found[2]:
        raise NotCovered("its sums are digit-serial")
    module = _Module({}, {}, [], {})
    for width, port in PORT.findall(found[1]):
        module.widths[port] = int(width or 0) + 1
    for raw in found[2].splitlines():
        line = raw.strip()
        if not line or line in ("always_ff @(posedge clk_i) begin", "if (ce_i) begin", "end"):
            continue
        instance, signal, assign = INSTANCE.fullmatch(line), SIGNAL.fullmatch(line), ASSIGN.fullmatch(line)
        if instance:
            _add_cell(module, instance)
        elif signal:
            module.widths[signal[2]] = int(signal[1] or 0) + 1
            if signal[3]:
                _drive(module, signal[2], signal[3], 0)
        elif assign:
            _drive(module, assign[1], assign[3], int(assign[2] == "<="))
        else:
            raise NotCovered(f"{name} has a line that is no sum: {line}")
    return module


def _drive(module: _Module, target: str, text: str, clocks: int) -> None:
    for index, literal in enumerate(_bits(module, text)):
        module.drivers[target, index] = literal, clocks


def _add_cell(module: _Module, found: re.Match[str]) -> None:
    kind, parameters, ports = found[1], dict(CONNECTION.findall(found[2])), dict(CONNECTION.findall(found[3]))
    outputs = [wire for port, wire in ports.items() if port.endswith("_o")]
    if len(outputs) != 1 or not re.fullmatch(r"\w+", outputs[0]):
        raise NotCovered(f"{kind} has outputs {', '.join(outputs)}")
    values = {key: int(value.split("'h")[-1], 16 if "'h" in value else 10) for key, value in parameters.items()}
    inputs = tuple(_bits(module, ports["x_i"])) if "x_i" in ports else ()
    module.made[outputs[0]] = len(module.cells)
    module.cells.append(_Cell(kind, values, inputs, outputs[0]))


def _bits(module: _Module, text: str) -> list[Literal]:
    """An expression's bits, the lowest first."""
    text = text.strip()
    if text.startswith("{"):
        parts = text[1:-1].split(",")
        return [literal for part in reversed(parts) for literal in _bits(module, part)]
    inverted = text.startswith("~")
    text = text.removeprefix("~")
    constant = re.fullmatch(r"(\d+)'([bh])([0-9a-f]+)", text)
    if constant:
        value = int(constant[3], 2 if constant[2] == "b" else 16)
        return [("", value >> i & 1, inverted) for i in range(int(constant[1]))]
    sliced = re.fullmatch(r"(\w+)(?:\[(\d+)(?:(\+?:)(\d+))?\])?", text)
    if sliced is None:
        raise NotCovered(f"'{text}' is no bit of a sum")
    name, high, kind, low = sliced.groups()
    if high is None:
        indices = range(module.widths[name])
    elif kind is None:
        indices = range(int(high), int(high) + 1)
    elif kind == ":":
        indices = range(int(low), int(high) + 1)
    else:
        indices = range(int(high), int(high) + int(low))
    return [(name, index, inverted) for index in indices]
