"""Prove for all inputs, by algebra and in milliseconds, that a written adder graph computes its layer's sums.

A counter or adder keeps the weighted sum of its bits: what it puts out, weighed 1, 2, 4, ..., is what it takes in. That
is proved of each cell for itself (sim.proofs.formal). So an output, a weighted sum of bits that reaches a limit, is
traced back through the text of the module: outputs of a cell whose weights are in that ratio are replaced by its
inputs, registers count a clock, until only bits of the window remain. What is left are the weights that the hardware
really has, exact for sums of any width, where SAT and BDDs end at a few dozen bits.

Read are the modules <name>_columns and <name>_sums of hw/adders; digit-serial ones by sim.proofs.certify_serial.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

from bnn.integer.reference import Ints
from sim.proofs.adder_text import Cell, CertificateError, Decision, Literal, Module, NotCovered, parse, source
from sim.proofs.certify_serial import Serial

Form = dict[tuple[str, int, int], int]  # weights: of a signal's bit, read so many clocks ago (or in that window column)

UNIT = 1 << 40  # weight of the lowest bit that is looked at: what lies below it weighs less


def certify(
    text: str, name: str, weight: Ints, thresholds: Ints | None, in_bits: int, signed: bool, rounds: int,
    out_bits: int, latency: int | None = None,
) -> int:  # fmt: skip
    """Prove that module `name` in `text` is the convolution by weight [O, C, K, K]; return how many outputs it has.

    thresholds [O] on the sums, or None when sums of `out_bits` bits come out. rounds: in which the outputs follow each
    other, output r * (O / rounds) + lane in round r. latency: clocks after which a result is taken; None for a text
    that is not the whole convolution. CertificateError names the first output that is something else.
    """
    count, maps = weight.shape[:2]
    sums, columns = parse(text, f"{name}_sums"), parse(text, f"{name}_columns")
    result: list[Literal] = [("result_o", i, False) for i in range(sums.widths.get("result_o", 0))]
    places = 2 ** np.arange(in_bits)
    if signed:
        places[-1] *= -1
    size = 1 if thresholds is not None else out_bits
    lanes = count // rounds if rounds > 0 else 0
    if lanes * rounds != count or len(result) != lanes * size:
        raise CertificateError(f"{name} has {len(result)} result bits in {rounds} rounds for {count} outputs")
    decides: list[Callable[[Literal], Decision]]
    traces = [_Trace(sums, columns, turn, latency) for turn in range(rounds)]
    if any(cell.kind == "nj_digits" for cell in sums.cells):
        decides = [Serial(text, sums, columns).decision]
    else:
        decides = [trace.decision for trace in traces]
    for output in range(count):
        wanted = weight[output].transpose(2, 1, 0)[..., None] * places  # [column, row, map, bit]
        expected = {
            (j, (row * maps + c) * in_bits + b): int(wanted[j, row, c, b])
            for j, row, c, b in np.ndindex(*wanted.shape)
            if wanted[j, row, c, b]
        }
        word = result[output % lanes * size :][:size]
        try:
            if thresholds is None:
                _same_sum(traces[output // lanes], word, expected)
            else:
                _same_decision(decides[output // lanes](word[0]), expected, int(thresholds[output]))
        except CertificateError as error:
            raise type(error)(f"{name}, output {output}: {error}") from None
    return count


def _same_sum(trace: "_Trace", word: Sequence[Literal], expected: dict[tuple[int, int], int]) -> None:
    form, constant, below = trace.leaves({(*bit, 0): UNIT << i for i, bit in enumerate(word)}, UNIT << len(word))
    if below or any(value % UNIT for value in (*form.values(), constant)):
        raise CertificateError("a part of a cell's result is left out")
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
    """Traces one round from results to the window."""

    def __init__(self, sums: Module, columns: Module, turn: int, latency: int | None) -> None:
        self.sums, self.columns, self.turn, self.latency = sums, columns, turn, latency
        self.proved: set[tuple[int, int, int]] = set()  # adders that never overflow: module, cell, lane

    def decision(self, bit: Literal) -> Decision:
        """Read a result, made by nj_reach or the top bit of a sum, as a decision."""
        (name, index, inverted), clocks = source(self.sums, bit)
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
        self, word: dict[tuple[str, int, bool, int], int], modulus: int, timed: bool = True
    ) -> tuple[dict[tuple[int, int], int], int, int]:
        """What a weighted sum of literals is made of: weights of the columns' bits, constant, weight of what is below.

        Right modulo `modulus`. timed: the word is a result, which comes `latency` clocks after its window. Below:
        outputs of cells that nothing reads because they weigh less than what counts.
        """
        form, constant, below = self._back(self.sums, word, modulus)
        clocks = {clock for _, _, clock in form}
        if len(clocks) > 1:
            raise CertificateError(f"bits of windows {sorted(clocks)} clocks apart are summed")
        if any(signal != "window_i" for signal, _, _ in form):
            raise NotCovered(f"it reads {', '.join(sorted({signal for signal, _, _ in form} - {'window_i'}))}")
        if clocks and timed and self.latency is not None and clocks != {self.latency}:
            raise CertificateError(f"its result comes after {min(clocks)} clocks, and is taken after {self.latency}")
        size = self.columns.widths["column_o"]
        columns = {("column_o", i % size, False, i // size): value for (_, i, _), value in form.items()}
        form, more, deeper = self._back(self.columns, columns, modulus)
        if any(signal != "column_i" for signal, _, _ in form):
            raise NotCovered(f"columns read {', '.join(sorted({signal for signal, _, _ in form} - {'column_i'}))}")
        return {(j, i): value for (_, i, j), value in form.items()}, constant + more, below + deeper

    def _back(self, module: Module, word: dict[tuple[str, int, bool, int], int], modulus: int) -> tuple[Form, int, int]:
        form: Form = defaultdict(int)
        constant = below = 0
        starts: set[int] = set()

        def add(literal: Literal, tag: int, value: int) -> None:
            nonlocal constant
            (name, index, inverted), clocks = source(module, literal)
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
                    starts.add(tag + self._round(module, cell))
                words, places, added = _leaf(cell, lane, self.turn) if leaf else _lane(cell, lane)
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

    def _round(self, module: Module, cell: Cell) -> int:
        """Return how many clocks after its round the cell is told of it."""
        traced = [source(module, literal) for literal in cell.ports["round_i"]]
        clocks = traced[0][1]
        if traced != [(("round_i", k, False), clocks) for k in range(module.widths.get("round_i", 0))]:
            raise CertificateError(f"{cell.output} is told another round than the window's")
        return clocks

    def _fits(self, module: Module, number: int, lane: int) -> None:
        """Check that the adder's result never exceeds its places."""
        key = (id(module), number, lane)
        if key in self.proved:
            return
        words, places, added = _lane(module.cells[number], lane)
        word: dict[tuple[str, int, bool, int], int] = defaultdict(int)
        for bits in words:
            for place, literal in enumerate(bits):
                word[*literal, 0] += UNIT << place
        large = UNIT << (places + 8)
        if module is self.sums:
            form, constant, _ = self.leaves(word, large, timed=False)
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


def _lane(cell: Cell, number: int) -> tuple[list[list[Literal]], int, int]:
    """Return a lane's inputs as words from the lowest place, the places of its result, and the constant it adds."""
    n, x = cell.parameters.get("N", 1), cell.inputs
    invert = cell.parameters.get("Invert", 0)
    if cell.kind == "nj_add3":
        width = cell.parameters["Width"]
        words = [[_flip(x[(k * width + w) * n + number], invert >> k & 1) for w in range(width)] for k in range(3)]
        return words, width, cell.parameters.get("Add", 0)
    taken = 3 if cell.kind == "nj_count3" else 7
    bits = [[_flip(x[k * n + number], invert >> (k * n + number) & 1)] for k in range(taken)]
    return bits, taken.bit_length(), 0


def _leaf(cell: Cell, number: int, turn: int) -> tuple[list[list[Literal]], int, int]:
    """Return the same of a leaf in a round."""
    n, count = cell.parameters.get("N", 2 if cell.kind == "nj_leaf" else 1), len(cell.inputs)
    bits = []
    for k, literal in enumerate(cell.inputs):
        place = (turn * count + k) * n + number
        passed = cell.parameters.get("Pass", -1) >> place & 1
        bits.append([_flip(literal if passed else ("", 0, False), cell.parameters.get("Invert", 0) >> place & 1)])
    return bits, 1 if cell.kind == "nj_leaf" else 2, 0
