"""How jets that a memory selects are walked over: the foldings, and the words of the memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from bnn import jets
from hw.adders.layer import JetRow
from hw.bits import Ints
from hw.block_ram import block_rams
from hw.matvec.folding import MEMORY_SIZE

CODE_BITS = 5  # of a selection: subtract, differences down, differences across
NO_JET = 3  # differences across that select nothing
MOST_SLOTS, MOST_LANES = 16, 64  # that are considered
NEGATED = 1  # differences across of the jets that nj_jet_responses makes negative


@dataclass(frozen=True)
class JetFolding:
    """`lanes` outputs (FINN's PE) and `slots` maps (SIMD) per clock; map s * words + w is number w of slot s."""

    maps: int
    outputs: int
    lanes: int
    slots: int  # a power of two that divides maps
    block: bool = False  # the selections are in block RAM
    constant_bits: int = 0  # of an output's constant, two's complement; 0: there are none

    def describe(self) -> str:
        """Return the folding in a few words."""
        where = "block RAM" if self.block else "LUTs"
        return f"selections in {where}, PE {self.lanes}, SIMD {self.slots}"

    @property
    def words(self) -> int:
        """Maps of a slot, which come one after the other."""
        return self.maps // self.slots

    @property
    def groups(self) -> int:
        """Groups of outputs, which come one after the other."""
        return -(-self.outputs // self.lanes)

    @property
    def gap(self) -> int:
        """Lines of the memory between two words, above the groups."""
        return (1 << (self.groups - 1).bit_length()) - self.groups

    @property
    def depth(self) -> int:
        """Words of the memory."""
        return (self.words - 1) * (self.groups + self.gap) + self.groups

    @property
    def joined(self) -> bool:
        """Are the constants in the memory too, because block RAM has room for them?"""
        bits = self.lanes * self.slots * CODE_BITS
        more = bits + self.lanes * self.constant_bits
        return self.block and self.constant_bits > 0 and block_rams(self.depth, more) == block_rams(self.depth, bits)

    @property
    def shape(self) -> tuple[int, int]:
        """Words and bits of the memory."""
        return self.depth, self.lanes * (self.slots * CODE_BITS + self.joined * self.constant_bits)

    @property
    def ramb18(self) -> int:
        """The RAMB18 of the selections, 0 when LUTs hold them."""
        return block_rams(*self.shape) if self.block else 0

    @property
    def stages(self) -> int:
        """Clocks from a step to its sum."""
        return (2 if self.block else 1) + 1 + (self.slots - 1).bit_length()

    def lines(self, found: Sequence[JetRow], constants: Ints) -> Iterator[str]:
        """Yield the lines of the memory file: its size, and its words.

        found: of each output its jets by map; constants: [O].
        """
        words, bits = self.shape
        yield MEMORY_SIZE.format(words=words, bits=bits)
        yield from self.rows(found, constants)

    def rows(self, found: Sequence[JetRow], constants: Ints) -> Iterator[str]:
        """Yield the words of the memory in hexadecimal."""
        digits = -(-self.shape[1] // 4)
        for word in range(self.words):
            for group in range(self.groups):
                yield f"{self._line(word, group, found, constants):0{digits}x}"
            if word < self.words - 1:
                yield from ["0" * digits] * self.gap

    def _line(self, word: int, group: int, found: Sequence[JetRow], constants: Ints) -> int:
        above, mask = self.lanes * self.slots * CODE_BITS, (1 << self.constant_bits) - 1
        value = 0
        for lane in range(self.lanes):
            output = group * self.lanes + lane
            row = found[output] if output < self.outputs else {}
            for slot in range(self.slots):
                value |= code(row.get(slot * self.words + word)) << (lane * self.slots + slot) * CODE_BITS
            if self.joined and output < self.outputs:
                value |= (int(constants[output]) & mask) << above + lane * self.constant_bits
        return value


def code(jet: tuple[int, int, int] | None) -> int:
    """Return the five bits that select a jet (sign, differences down and across), or none.

    >>> code((1, 2, 0)), code((1, 0, 1)), code(None)
    (8, 17, 3)
    """
    if jet is None:
        return NO_JET
    sign, down, across = jet
    return int((sign < 0) != (across == NEGATED)) << 4 | down << 2 | across


def decoded(value: int) -> Ints:
    """Return the kernel [3, 3] that five bits select.

    >>> decoded(17).tolist()
    [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
    """
    down, across = value >> 2 & 3, value & 3
    if across == NO_JET:
        return np.zeros((3, 3), np.int64)
    sign = -1 if (value >> 4) != (across == NEGATED) else 1
    return sign * jets.kernel(2, down, across)


def foldings(maps: int, outputs: int, constant_bits: int = 0) -> Iterator[JetFolding]:
    """Yield every folding that may be the cheapest: with the fewest lanes of as many groups, these increasing."""
    slots = 1
    while slots <= min(maps, MOST_SLOTS):
        if maps % slots == 0:
            counts = sorted({-(-outputs // lanes) for lanes in range(1, min(outputs, MOST_LANES) + 1)}, reverse=True)
            for count, block in product(counts, (False, True)):
                yield JetFolding(maps, outputs, -(-outputs // count), slots, block, constant_bits)
        slots *= 2
