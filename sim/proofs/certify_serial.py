"""Prove sums that come a digit per clock: trace words, with the clock in which their digits come.

A word is known by the cell that makes it and how many registers lie behind; nj_digits, nj_serial_add, nj_serial_add3,
nj_serial_sum, nj_serial_reach and nj_delay are proved to do what their contracts say (sim.proofs.formal). A contract
holds when start_i, round_i, valid_i and mask_i come in the same clock as the digits, and that is what is compared here:
`stage` is how many clocks after its round a digit comes. Sums may wrap, modulo the word; the last one must fit.
"""

import re
from dataclasses import dataclass

import numpy as np

from sim.proofs.adder_text import Cell, CertificateError, Decision, Literal, Module, NotCovered, source

Leaf = tuple[int, int, bool]  # column of the window, bit of it, masked


@dataclass(frozen=True)
class Word:
    """sum(weight * bit) + constant, modulo the word's size; its digits come `stage` clocks after their rounds."""

    weight: dict[Leaf, int]
    constant: int
    stage: int


class Serial:
    """Traces the results of a module whose words come in digits."""

    def __init__(self, text: str, sums: Module, columns: Module) -> None:
        self.sums, self.columns = sums, columns
        self.found: dict[tuple[str, int], Word] = {}
        digits = [cell for cell in sums.cells if cell.kind == "nj_digits"]
        if len(digits) != 1:
            raise NotCovered("it has several sources of digits")
        self.digit = digits[0].parameters["Digit"]
        latency, period = (
            re.search(r"\.Latency\((\d+)\)", text),
            re.search(r"nj_column #\([^;]*?\.Period\((\d+)\)", text),
        )
        if latency is None:
            raise NotCovered("its nj_result is not told how long a result takes")
        self.latency, self.period = int(latency[1]), int(period[1]) if period else 0
        kind, self.last = sums.starts or ("==", 0)
        if self.period and (kind, self.last) != ("==", self.period - 1):
            raise CertificateError(f"columns take {self.period} clocks, and words start after round {self.last}")
        self.kernel = 1 + max(d.parameters["Taps"] for d in sums.cells if d.kind == "nj_delay") if self.period else 0

    @property
    def size(self) -> int:
        """Return the bits of a word."""
        return self.digit * (self.last + 1)

    def decision(self, bit: Literal) -> Decision:
        """Read a result bit, a comparison or the sign of a sum, as a decision."""
        (name, index, inverted), clocks = source(self.sums, bit)
        if name == "":
            return Decision({}, 0 if index ^ inverted else 1)
        cell = self._cell(name)
        if cell.kind == "nj_serial_reach":
            word = self._word(cell.ports["x_i"])
            self._in_time(cell.ports["round_i"], "round_i", word.stage)
            if (cell.parameters["Digit"], cell.parameters["Digits"]) != (self.digit, self.last + 1):
                raise CertificateError(f"{name} compares words of other digits")
            limit = _signed(cell.parameters["Limit"], self.size)
            stage, inverted = word.stage, inverted ^ bool(cell.parameters.get("Invert", 0))
        else:
            word = self._made(cell, 0)
            if index != self.digit - 1:
                raise NotCovered(f"{name}[{index}] is no sign")
            limit, stage, inverted = 0, word.stage, not inverted  # negative: not (x >= 0)
        if stage + clocks != self.latency:
            raise CertificateError(f"its result comes after {stage + clocks} clocks, and is taken after {self.latency}")
        return self._decided(word, limit, inverted)

    def _decided(self, word: Word, limit: int, inverted: bool) -> Decision:
        weight: dict[tuple[int, int], int] = {}
        for (column, bit, masked), value in word.weight.items():
            if self.kernel and not masked and column != self.kernel // 2:
                raise CertificateError(f"column {column} is read where it lies outside the frame")
            (name, place, inverted_bit), clocks = source(self.columns, ("column_o", bit, False))
            if name != "column_i" or inverted_bit or clocks:
                raise NotCovered(f"columns are changed before their digits: {name}")
            weight[column, place] = weight.get((column, place), 0) + _signed(value, self.size)
        constant = _signed(word.constant, self.size)
        values = [*weight.values()]
        low, high = constant + sum(v for v in values if v < 0), constant + sum(v for v in values if v > 0)
        if not -(1 << self.size - 1) <= low <= high < 1 << self.size - 1:
            raise CertificateError(f"words of {self.size} bits do not hold {low}..{high}")
        factor = int(np.gcd.reduce(values)) if values else 1
        return Decision({k: v // factor for k, v in weight.items() if v}, -(-(limit - constant) // factor), inverted)

    # --- words ---

    def _cell(self, name: str) -> Cell:
        if name not in self.sums.made:
            raise NotCovered(f"{name} is made by no cell")
        return self.sums.cells[self.sums.made[name]]

    def _word(self, literals: tuple[Literal, ...]) -> Word:
        """Return the word whose digits these bits are."""
        traced = [source(self.sums, literal) for literal in literals]
        if all(name == "" or self._cell(name).kind == "nj_leaf" for (name, _, _), _ in traced):
            return self._table(traced)
        ((name, first, _), clocks) = traced[0]
        if traced != [((name, first + k, False), clocks) for k in range(self.digit)] or first % self.digit:
            raise CertificateError(f"bits of {name} are no digit")
        word = self._made(self._cell(name), first // self.digit)
        return Word(word.weight, word.constant, word.stage + clocks)

    def _table(self, traced: list[tuple[Literal, int]]) -> Word:
        """Read a constant whose digits a table tells by the round."""
        constant, stages = 0, set()
        for k, ((name, index, inverted), clocks) in enumerate(traced):
            bits = [index] * (self.last + 1)
            if name:
                cell = self._cell(name)
                n, (value,) = cell.parameters["N"], cell.ports["x_i"]
                if value[0]:
                    raise NotCovered(f"{name} is a table of something else than rounds")
                on = value[1] ^ value[2]
                bits = [
                    (on & cell.parameters.get("Pass", -1) >> (r * n + index) & 1)
                    ^ (cell.parameters.get("Invert", 0) >> (r * n + index) & 1)
                    for r in range(self.last + 1)
                ]
                stages.add(clocks + self._clocks(cell.ports["round_i"], "round_i"))
            constant += sum((bit ^ inverted) << (r * self.digit + k) for r, bit in enumerate(bits))
        if len(stages) > 1:
            raise CertificateError("a constant's bits come in different clocks")
        return Word({}, constant, stages.pop() if stages else -1)

    def _made(self, cell: Cell, number: int) -> Word:
        key = cell.output, number
        words = cell.parameters["Bits"] if cell.kind == "nj_delay" else self.digit
        if cell.parameters.get("Digit", self.digit) != self.digit or words % self.digit:
            raise CertificateError(f"{cell.output} takes other digits than of {self.digit} bits")
        if key not in self.found:
            makers = {
                "nj_digits": self._digits, "nj_serial_add": self._added, "nj_serial_add3": self._summed,
                "nj_serial_sum": self._summed, "nj_delay": self._delayed,
            }  # fmt: skip
            if cell.kind not in makers:
                raise NotCovered(f"{cell.output} is made by {cell.kind}")
            self.found[key] = makers[cell.kind](cell, number)
        return self.found[key]

    def _digits(self, cell: Cell, number: int) -> Word:
        bits = cell.parameters["Bits"]
        self._in_time(cell.ports["round_i"], "round_i", 0)
        weight: dict[Leaf, int] = {}
        width = self.columns.widths["column_o"]
        for place, literal in enumerate(cell.ports["word_i"][number * bits :][:bits]):
            (name, index, inverted), clocks = source(self.sums, literal)
            if name != "window_i" or inverted or clocks:
                raise NotCovered(f"digits are taken of {name}")
            column = self.kernel - 1 if self.period else index // width
            value = 1 << place
            if cell.parameters.get("Signed", 0) and place == bits - 1:
                value = -value
            weight[column, index % width, False] = value
        return Word(weight, 0, 1)

    def _added(self, cell: Cell, number: int) -> Word:
        """Return a + ((b << Shift) ^ Invert) + Invert, each where it is on."""
        a, b = (self._masked(cell, name) for name in "ab")
        stage = self._together(cell, [a, b])
        factor = (1 << cell.parameters.get("Shift", 0)) * (-1 if cell.parameters.get("Invert", 0) else 1)
        return Word(_plus(a.weight, b.weight, factor), a.constant + factor * b.constant, stage + 1)

    def _masked(self, cell: Cell, name: str) -> Word:
        word = self._word(cell.ports[f"{name}_i"])
        ((signal, index, inverted), clocks) = source(self.sums, cell.ports[f"{name}_on_i"][0])
        if signal == "" and index ^ inverted:
            return word
        if signal != "mask_i" or inverted or clocks != word.stage:
            raise CertificateError(f"{cell.output}: {signal} of {clocks} clocks ago is no mask of stage {word.stage}")
        if word.constant or any(column != index or masked for column, _, masked in word.weight):
            raise CertificateError(f"{cell.output}: column {index} masks another")
        return Word({(j, bit, True): value for (j, bit, _), value in word.weight.items()}, 0, word.stage)

    def _summed(self, cell: Cell, number: int) -> Word:
        """Return Start + the sum of the words, each inverted or not: ~x = -x - 1."""
        ports, invert = cell.ports["x_i"], cell.parameters.get("Invert", 0)
        words = [self._word(ports[i : i + self.digit]) for i in range(0, len(ports), self.digit)]
        stage = self._together(cell, words)
        weight: dict[Leaf, int] = {}
        constant = cell.parameters.get("Start", 0)
        for k, word in enumerate(words):
            sign = -1 if invert >> k & 1 else 1
            weight = _plus(weight, word.weight, sign)
            constant += sign * word.constant - (invert >> k & 1)
        rows = 2 if cell.kind == "nj_serial_sum" and self.digit > 1 else 1
        return Word(weight, constant, stage + rows)

    def _delayed(self, cell: Cell, number: int) -> Word:
        """Return what came in the columns before."""
        words = cell.parameters["Bits"] // self.digit
        back, place = divmod(number, words)
        word = self._word(cell.ports["x_i"][place * self.digit :][: self.digit])
        for port in ("valid_i", "round_i"):
            self._in_time(cell.ports[port], port, word.stage - 1)
        if cell.parameters["Period"] != self.period:
            raise CertificateError(f"{cell.output} delays by {cell.parameters['Period']} clocks, not {self.period}")
        moved = {(j - back - 1, bit, masked): value for (j, bit, masked), value in word.weight.items()}
        if word.constant or any(masked for _, _, masked in word.weight):
            raise NotCovered(f"{cell.output} delays what is masked or has a constant")
        return Word(moved, 0, word.stage)

    # --- clocks ---

    def _together(self, cell: Cell, words: list[Word]) -> int:
        stages = {word.stage for word in words if word.weight or word.stage >= 0}
        if len(stages) != 1:
            raise CertificateError(f"{cell.output} adds digits of clocks {sorted(stages)}")
        (stage,) = stages
        if self.last:
            self._in_time(cell.ports["start_i"], "start0", stage)
        elif source(self.sums, cell.ports["start_i"][0])[0] != ("", 1, False):
            raise CertificateError(f"{cell.output}: every clock is the last of a word of one digit")
        return stage

    def _in_time(self, literals: tuple[Literal, ...], signal: str, stage: int) -> None:
        clocks = self._clocks(literals, signal)
        if clocks != stage:
            raise CertificateError(f"{signal} comes after {clocks} clocks, and its digits after {stage}")

    def _clocks(self, literals: tuple[Literal, ...], signal: str) -> int:
        traced = [source(self.sums, literal) for literal in literals]
        clocks = traced[0][1]
        if traced != [((signal, k, False), clocks) for k in range(self.sums.widths[signal])]:
            raise CertificateError(f"{traced[0][0][0]} stands where {signal} should")
        return clocks


def _plus(a: dict[Leaf, int], b: dict[Leaf, int], factor: int) -> dict[Leaf, int]:
    total = dict(a)
    for key, value in b.items():
        total[key] = total.get(key, 0) + factor * value
    return total


def _signed(value: int, bits: int) -> int:
    """Return the representative modulo 2^bits that two's complement has."""
    return (value + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
