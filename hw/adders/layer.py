"""A convolution layer to write, the modules that result, and what all methods of writing one share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnn import jets
from hw.adders.writer import Bit, Word, Writer, concat
from hw.bits import Ints, literal

JetRow = dict[int, tuple[int, int, int]]  # of an output, by map: sign, order down, order across


@dataclass(frozen=True)
class ConvLayer:
    """sum over c, ky, kx of weight[o, c, ky, kx] * x[c, ky, kx] (grouped: of map o alone), compared or put out."""

    weight: Ints  # [O, C or 1, K, K]
    thresholds: Ints | None  # [O]; None: the sums come out
    in_bits: int
    in_signed: bool = False
    grouped: bool = False
    fold: int = 1  # divides O
    out_bits: int = 1  # of a sum, two's complement
    inside_map: bool = False  # the last map is the constant 1, 0 where padded, and not in the stream

    @property
    def maps(self) -> int:
        """The number of input maps."""
        return len(self.weight) if self.grouped else self.weight.shape[1]

    @property
    def kernel(self) -> int:
        """The side of a window."""
        return int(self.weight.shape[2])

    def dense(self) -> Ints:
        """Return the weights [O, C, K, K] with the zeros of a grouped convolution in place."""
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
    rounds: int  # beats of results per window, or 1 when all outputs come at once
    final: int  # the window's round with which the (last) result goes in
    sites: int  # LUT sites of both modules
    ffs: int  # flip-flops, those of nj_window included
    method: str  # how it is done, in a few words
    period: int = 0  # clocks that every column takes; 0: a window is held for the fold's clocks
    width: int = 0  # bits of the results of all rounds
    order: tuple[int, ...] = ()  # of each output, its place among these; none: as they come
    alternatives: tuple[tuple[str, int], ...] = ()  # what else could be done: method and sites, the fewest first


def jets_of(layer: ConvLayer) -> list[JetRow] | None:
    """Return for each output and each map it reads sign, order down, order across; None when a kernel is no jet."""
    if layer.kernel not in jets.KERNEL_SIZES:
        return None
    weight, size = layer.dense(), layer.kernel
    kernels, places = np.unique(weight.reshape(-1, size * size), axis=0, return_inverse=True)
    kinds = [jets.factorise(kernel.reshape(size, size)) for kernel in kernels]
    if any(kind is None for kind in kinds):
        return None
    found: list[JetRow] = []
    for row in places.reshape(weight.shape[:2]):
        each = ((c, kinds[place]) for c, place in enumerate(row))
        found.append({c: jet for c, jet in each if jet is not None and jet[0]})
    return found


class ColumnsAndSums:
    """What all methods of writing a layer share: writers of columns and of sums, and the words in the window.

    period: 0, or the clocks for which a column is held, while those before it are not.
    """

    def __init__(self, layer: ConvLayer, name: str, period: int = 0, counting: bool = False) -> None:
        self.layer, self.name, self.period, self.counting = layer, name, period, counting
        self.clocks = period or layer.fold  # of round_i
        self.round_bits = max(1, (self.clocks - 1).bit_length())
        self.weight = layer.dense()
        self.columns = Writer(registered=False, counting=counting)
        self.sums = Writer(counting=counting)
        self.tables: dict[int, dict[tuple[int, ...], int]] = {}  # by stage, bits of the rounds
        self.made: list[Bit] = []  # of <name>_columns, in order
        self.zero: list[int] = []  # their values for a column of zeros
        self.method = ""  # of Sums

    def raw(self, c: int, r: int) -> Word:
        """Return element c of row r of a column."""
        layer = self.layer
        base = (r * layer.maps + c) * layer.in_bits
        names = [f"column_i[{base + b}]" for b in range(layer.in_bits)]
        return Word(
            tuple(Bit(n, layer.in_signed and b == layer.in_bits - 1) for b, n in enumerate(names)),
            1 << (layer.in_bits - 1) if layer.in_signed else 0,
        )

    def keep(self, word: Word, value: int) -> Callable[[int], Word]:
        """Put a word into <name>_columns' output, and return what it is called in window column j.

        value: that of the word for a column of zeros.
        """
        base = len(self.made)
        self.made += [Bit(bit.name) for bit in word.bits]
        zeros = [value >> b & 1 ^ bit.inverted for b, bit in enumerate(word.bits)]
        self.zero += zeros
        flags = [bit.inverted for bit in word.bits]

        def at(j: int) -> Word:
            bits = tuple(Bit(f"w{j}[{base + b}]", flag) for b, flag in enumerate(flags))
            return Word(bits, word.offset)

        return at

    def table(self, values: Sequence[int], stage: int) -> str:
        """Return a bit chosen by the round at a stage; rounds beyond `values` may have any.

        The same bits are made once.
        """
        if len(set(values)) == 1:
            return f"1'b{values[0]}"
        tables = self.tables.setdefault(stage, {})
        full = tuple(values[min(r, len(values) - 1)] for r in range(1 << self.round_bits))
        return f"table{stage}[{tables.setdefault(full, len(tables))}]"

    def _make_tables(self) -> None:
        for stage, tables in self.tables.items():
            self.sums.sites += -(-len(tables) // (1 if self.round_bits > 4 else 2))
            if self.counting:
                continue
            values = [table[r] for r in range(1 << self.round_bits) for table in tables]
            self.sums.instance(
                "nj_leaf", {"N": len(tables), "RoundBits": self.round_bits, "Pass": literal(values, 1)},
                {"x_i": "1'b1", "round_i": self.sums.later(self.round_bits, "round_i", stage),
                 "leaf_o": f"table{stage}"},
            )  # fmt: skip
            self.sums.lines.insert(0, f"wire [{len(tables) - 1}:0] table{stage};")

    def finish(
        self, results: Sequence[str], latency: int, rounds: int, final: int, order: Sequence[int] = ()
    ) -> Sums:  # fmt: skip
        """Return both modules; without text when counting."""
        layer, width = self.layer, len(self.made)
        held = 1 if self.period else layer.kernel
        self._make_tables()
        if self.counting:
            return Sums(
                "", width, 0, latency, rounds, final, self.columns.sites + self.sums.sites, 0, self.method,
                self.period, rounds * len(results), tuple(order),
            )  # fmt: skip
        column = layer.kernel * layer.maps * layer.in_bits
        text = [
            f"module {self.name}_columns (", f"  input  logic [{column - 1}:0] column_i,",
            f"  output logic [{width - 1}:0] column_o", ");",
            *(f"  {line}" for line in self.columns.lines),
            f"  assign column_o = {concat([bit.text() for bit in self.made])};", "endmodule", "",
            f"module {self.name}_sums (", "  input  logic clk_i,", "  input  logic rst_i,", "  input  logic ce_i,",
            f"  input  logic [{held * width - 1}:0] window_i,",
            f"  input  logic [{layer.kernel - 1}:0] mask_i,",
            "  input  logic valid_i,",
            f"  input  logic [{self.round_bits - 1}:0] round_i,",
            f"  output logic [{len(results) - 1}:0] result_o", ");",
            *(f"  wire [{width - 1}:0] w{j} = window_i[{j * width}+:{width}];" for j in range(held)),
            *(f"  {line}" for line in self.sums.lines),
            *self.sums.clocked(),
            f"  assign result_o = {concat(results)};", "endmodule", "",
        ]  # fmt: skip
        ffs = self.sums.ffs + (0 if self.period else (2 * layer.kernel - (layer.fold == 1)) * width)
        outside = sum(bit << i for i, bit in enumerate(self.zero))
        sites = self.columns.sites + self.sums.sites
        return Sums(
            "\n".join(text), width, outside, latency, rounds, final, sites, ffs, self.method, self.period,
            rounds * len(results), tuple(order),
        )  # fmt: skip


def batched(values: Sequence[Any], size: int) -> list[list[Any]]:
    """Return slices of `size` values; the last one may be shorter."""
    return [list(values[i : i + size]) for i in range(0, len(values), size)]
