"""How jets that a memory selects are walked over: the foldings, and the words of the memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bnn import jets
from hw.adders.layer import JetRow
from hw.bits import Ints
from hw.block_ram import block_rams
from hw.matvec.folding import LUT_WORDS, MEMORY_SIZE

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

    def describe(self) -> str:
        """Return the folding in a few words."""
        return f"memory of selections, PE {self.lanes}, SIMD {self.slots}"

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
    def shape(self) -> tuple[int, int]:
        """Words and bits of the memory."""
        return (self.words - 1) * (self.groups + self.gap) + self.groups, self.lanes * self.slots * CODE_BITS

    @property
    def block(self) -> bool:
        """Are the selections in block RAM?"""
        return self.shape[0] > LUT_WORDS

    @property
    def ramb18(self) -> int:
        """The RAMB18 of the selections, 0 when LUTs hold them."""
        return block_rams(*self.shape) if self.block else 0

    @property
    def stages(self) -> int:
        """Clocks from a step to its sum."""
        return (2 if self.block else 1) + 1 + (self.slots - 1).bit_length()

    def lines(self, found: Sequence[JetRow]) -> Iterator[str]:
        """Yield the lines of the memory file: its size, and its words; found: of each output its jets by map."""
        words, bits = self.shape
        yield MEMORY_SIZE.format(words=words, bits=bits)
        yield from self.rows(found)

    def rows(self, found: Sequence[JetRow]) -> Iterator[str]:
        """Yield the words of the memory in hexadecimal."""
        digits = -(-self.shape[1] // 4)
        for word in range(self.words):
            for group in range(self.groups):
                value = 0
                for lane in range(self.lanes):
                    output = group * self.lanes + lane
                    row = found[output] if output < self.outputs else {}
                    for slot in range(self.slots):
                        place = (lane * self.slots + slot) * CODE_BITS
                        value |= code(row.get(slot * self.words + word)) << place
                yield f"{value:0{digits}x}"
            if word < self.words - 1:
                yield from ["0" * digits] * self.gap


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


def foldings(maps: int, outputs: int) -> Iterator[JetFolding]:
    """Yield every folding that may be the cheapest: with the fewest lanes of as many groups."""
    slots = 1
    while slots <= min(maps, MOST_SLOTS):
        if maps % slots == 0:
            counts = sorted({-(-outputs // lanes) for lanes in range(1, min(outputs, MOST_LANES) + 1)}, reverse=True)
            for count in counts:
                yield JetFolding(maps, outputs, -(-outputs // count), slots)
        slots *= 2
