"""How a matrix of +-1 times vectors of bits is walked over: its foldings, their clocks and the memory of weights."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import inf

import numpy as np

from hw.bits import Ints
from hw.block_ram import block_rams
from hw.cycles import matvec_cycles

MOST_SIMD, MOST_WEIGHTS = 512, 8192  # bits of a word, and weights of a step, that are considered
LUT_WORDS = 128  # beyond these a LUT holds less than it costs to select: weights go to block RAM

MEMORY_SIZE = "// {words} words of {bits} bits"  # the first line of a memory file


@dataclass(frozen=True)
class Folding:
    """How a matrix is walked over: `lanes` rows (FINN's PE) and `simd` columns (SIMD) per clock.

    A frame has `beats` beats of `in_bits` bits. replay: rows by rows, the frame is stored and read for every group of
    rows; else words by words, and the sums of all rows are stored. repeat: so many elements of a beat in a row have
    one weight in every row, which is kept once; divides in_bits and simd. held: with replay, a frame is one beat of
    several words and stays at the input, so nothing is stored.
    """

    beats: int
    in_bits: int
    outputs: int
    lanes: int
    simd: int
    replay: bool = False
    repeat: int = 1
    held: bool = False

    def describe(self) -> str:
        """Return the folding in a few words."""
        once = f", a weight for {self.repeat}" if self.repeat > 1 else ""
        return f"memory of weights, PE {self.lanes}, SIMD {self.simd}{once}{self._order}"

    @property
    def _order(self) -> str:
        return ", beats held" if self.held else ", frames stored" if self.replay else ""

    @property
    def packed(self) -> int:
        """Beats of a word, 1 when a beat has several words."""
        return 1 if self.in_bits > self.simd else min(self.beats, self.simd // self.in_bits)

    @property
    def pieces(self) -> int:
        """Words of a beat."""
        return -(-self.in_bits // self.simd)

    @property
    def words(self) -> int:
        """Words of a frame."""
        return self.beats * self.pieces if self.pieces > 1 else -(-self.beats // self.packed)

    @property
    def groups(self) -> int:
        """Groups of rows."""
        return -(-self.outputs // self.lanes)

    @property
    def counts(self) -> tuple[int, int]:
        """Steps of the outer loop and of the inner one, words and groups."""
        return (self.groups, self.words) if self.replay else (self.words, self.groups)

    @property
    def aligned(self) -> int:
        """Words of the weights' memory when the inner count is rounded up to a power of two."""
        outer, inner = self.counts
        return ((outer - 1) << (inner - 1).bit_length()) + inner

    @property
    def compact(self) -> bool:
        """Is a counter of steps worth it, which saves rounding up?"""
        width = self.lanes * self.simd // self.repeat
        least = block_rams(self.words * self.groups, width)
        return self.aligned > LUT_WORDS and least < block_rams(self.aligned, width)

    @property
    def shape(self) -> tuple[int, int]:
        """Words and bits of the weights' memory."""
        width = self.lanes * self.simd // self.repeat
        return self.words * self.groups if self.compact else self.aligned, width

    @property
    def cycles(self) -> int:
        """Clocks per frame."""
        return matvec_cycles(self.beats, self.packed, self.pieces, self.groups, self.replay)

    @property
    def latency(self) -> int:
        """Clocks from the last beat to the result, without the pipeline's."""
        return self.words * self.groups if self.replay else self.pieces * self.groups

    @property
    def input_occupancy(self) -> int:
        """The clocks that a beat stays at the input."""
        return self.cycles - 1 if self.held else (self.pieces - 1) * (1 if self.replay else self.groups)

    @property
    def beat_interval(self) -> int:
        """The clocks from a beat to the next, averaged over a word."""
        return self.cycles if self.held else -(-self.pieces * (1 if self.replay else self.groups) // self.packed)

    @property
    def output_occupancy(self) -> int:
        """The clocks from a frame's first group of results, when the one before must be gone, to its last.

        One more with several words, for then nj_accumulate goes on a clock after a result was taken.
        """
        return (self.groups - 1) * (self.words if self.replay else 1) + 1 + (self.words > 1)

    @property
    def block(self) -> bool:
        """Are the weights in block RAM?"""
        return self.shape[0] > LUT_WORDS

    @property
    def ramb18(self) -> int:
        """The RAMB18 of the weights, 0 when LUTs hold them."""
        return block_rams(*self.shape) if self.block else 0

    @cached_property
    def places(self) -> Ints:
        """[words, simd]: the element of the frame at each place, -1 for none; c of beat t is t * in_bits + c."""
        found = np.full((self.words, self.simd), -1)
        for t in range(self.beats):
            elements = t * self.in_bits + np.arange(self.in_bits)
            if self.pieces > 1:
                padded = np.full(self.pieces * self.simd, -1)
                padded[: self.in_bits] = elements
                found[t * self.pieces : (t + 1) * self.pieces] = padded.reshape(self.pieces, self.simd)
                continue
            word, place = divmod(t, self.packed)
            place += self.packed - min(self.packed, self.beats - word * self.packed)  # short words end at the top
            found[word, place * self.in_bits : (place + 1) * self.in_bits] = elements
        return found

    def lines(self, weight: Ints) -> Iterator[str]:
        """Yield the lines of the weights' memory file, for weight [outputs, beats * in_bits] of +-1: size and words."""
        words, bits = self.shape
        yield MEMORY_SIZE.format(words=words, bits=bits)
        yield from self.rows(weight)

    def rows(self, weight: Ints) -> Iterator[str]:
        """Yield the words of the weights' memory in hexadecimal, for weight [outputs, beats * in_bits] of +-1."""
        bits = np.ones((self.groups * self.lanes, self.places.size), np.uint8)  # 1 never matches the 0 of no element
        used = self.places.ravel() >= 0
        bits[: self.outputs, used] = weight[:, self.places.ravel()[used]] > 0
        table = bits.reshape(self.groups, self.lanes, self.words, self.simd).transpose(2, 0, 1, 3)[..., :: self.repeat]
        steps = table if not self.replay else table.transpose(1, 0, 2, 3)
        outer, inner = self.counts
        gap = 0 if self.compact else (1 << (inner - 1).bit_length()) - inner
        digits = -(-self.shape[1] // 4)
        packed = np.packbits(steps.reshape(outer, inner, -1), axis=2, bitorder="little")
        for i in range(outer):
            for row in packed[i]:
                yield f"{int.from_bytes(row.tobytes(), 'little'):0{digits}x}"
            if i < outer - 1:
                yield from ["0" * digits] * gap


def repeated(weight: Ints, in_bits: int) -> int:
    """Return how many elements of a beat in a row share a weight; weight [outputs, beats * in_bits]."""
    beats = weight.reshape(-1, in_bits)
    changes = np.flatnonzero((beats[:, 1:] != beats[:, :-1]).any(0)) + 1
    return int(np.gcd.reduce([in_bits, *changes]))


def foldings(
    beats: int, in_bits: int, outputs: int, clocks: float, repeat: int = 1, held: bool = False
) -> Iterator[Folding]:  # fmt: skip
    """Yield, for every useful width of a word and both orders, the fewest lanes that take at most `clocks` per frame.

    And more lanes wherever these take fewer block RAMs, whose depth comes in steps. held: beats may be held too.
    """
    inputs = beats * in_bits
    groups = sorted({-(-outputs // lanes) for lanes in range(1, outputs + 1)}, reverse=True)
    orders = [(False, False), (True, False), *([(True, True)] if held and beats == 1 else [])]
    for simd, (replay, stays) in product(_widths(beats, in_bits, repeat), orders):
        least = inf  # block RAMs
        for count in groups:
            found = Folding(beats, in_bits, outputs, -(-outputs // count), simd, replay, repeat, stays)
            if found.replay and (found.words == 1 or found.groups == 1):
                continue  # nothing to replay
            if found.cycles > clocks or found.lanes * simd > min(inputs * outputs, MOST_WEIGHTS):
                continue
            if found.ramb18 < least:
                least = found.ramb18
                yield found
            if not least:
                break


def fastest(beats: int, in_bits: int, outputs: int, repeat: int = 1) -> int:
    """Return the fewest clocks per frame for which `foldings` finds any."""
    found = []
    for simd in _widths(beats, in_bits, repeat):
        lanes = min(outputs, MOST_WEIGHTS // simd)
        found += [Folding(beats, in_bits, outputs, lanes, simd, replay, repeat).cycles for replay in (False, True)]
    return min(found)


def _widths(beats: int, in_bits: int, repeat: int) -> list[int]:
    """Return the widths of words that divide a frame well."""
    widths = {-(-beats // words) * in_bits for words in range(1, beats + 1)}
    widths |= {-(-in_bits // repeat // pieces) * repeat for pieces in range(1, in_bits // repeat + 1)}
    return sorted(width for width in widths if width <= MOST_SIMD)
