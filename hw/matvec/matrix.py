"""A matrix of +-1 times vectors of bits, folded: the layer's module, its weights' memory, its clocks and its cost."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from math import inf, prod

import numpy as np

from bnn.integer.intervals import signed_bits
from hw.adders.writer import concat
from hw.bits import Ints, literal, selection
from hw.block_ram import BLOCKS, block_rams
from hw.cycles import matvec_cycles, window_map
from hw.matvec import matches
from hw.text import fill

MOST_SIMD, MOST_WEIGHTS = 512, 8192  # bits of a word, and weights of a step, that are considered
LUT_WORDS = 128  # beyond these a LUT holds less than it costs to select: weights go to block RAM
STORED_LUTS = 64  # words of a frame store that a LUT holds without selection


@dataclass(frozen=True)
class Folding:
    """How a matrix is walked over: `lanes` rows (FINN's PE) and `simd` columns (SIMD) per clock.

    A frame has `beats` beats of `in_bits` bits. replay: rows by rows, the frame is stored and read for every group of
    rows; else words by words, and the sums of all rows are stored. repeat: so many elements of a beat in a row have
    one weight in every row, which is kept once; divides in_bits and simd.
    """

    beats: int
    in_bits: int
    outputs: int
    lanes: int
    simd: int
    replay: bool = False
    repeat: int = 1

    def describe(self) -> str:
        """In a few words."""
        once = f", a weight for {self.repeat}" if self.repeat > 1 else ""
        return f"memory of weights, PE {self.lanes}, SIMD {self.simd}{once}{', frames stored' if self.replay else ''}"

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
        """Is it worth a counter of steps not to round up?"""
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
        """Clocks that a beat stays at the input."""
        return (self.pieces - 1) * (1 if self.replay else self.groups)

    @property
    def beat_interval(self) -> int:
        """Clocks from a beat to the next, on the average of a word."""
        return -(-self.pieces * (1 if self.replay else self.groups) // self.packed)

    @property
    def output_occupancy(self) -> int:
        """Clocks from a frame's first group of results, before which the frame before must be gone, to its last.

        One more with several words, for then nj_accumulate goes on a clock after a result was taken.
        """
        return (self.groups - 1) * (self.words if self.replay else 1) + 1 + (self.words > 1)

    @property
    def block(self) -> bool:
        """Are the weights in block RAM?"""
        return self.shape[0] > LUT_WORDS

    @property
    def ramb18(self) -> int:
        """Block RAMs, for the weights and for constants of many groups."""
        return block_rams(*self.shape) if self.block else 0

    @cached_property
    def places(self) -> Ints:
        """[words, simd]: which element of the frame is where, -1 for none. Element c of beat t is t * in_bits + c."""
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
        """The weights' memory, a line of hexadecimal a word, for weight [outputs, beats * in_bits] of +-1."""
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
    """How many elements of a beat in a row have one weight; weight [outputs, beats * in_bits]."""
    beats = weight.reshape(-1, in_bits)
    changes = np.flatnonzero((beats[:, 1:] != beats[:, :-1]).any(0)) + 1
    return int(np.gcd.reduce([in_bits, *changes]))


def foldings(beats: int, in_bits: int, outputs: int, clocks: float, repeat: int = 1) -> Iterator[Folding]:
    """For every useful width of a word, in both orders: the fewest lanes that take at most `clocks` per frame.

    And more lanes wherever these take fewer block RAMs, whose depth comes in steps.
    """
    inputs = beats * in_bits
    groups = sorted({-(-outputs // lanes) for lanes in range(1, outputs + 1)}, reverse=True)
    for simd, replay in product(_widths(beats, in_bits, repeat), (False, True)):
        least = inf  # block RAMs
        for count in groups:
            found = Folding(beats, in_bits, outputs, -(-outputs // count), simd, replay, repeat)
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
    """The fewest clocks per frame that `foldings` has a way for."""
    found = []
    for simd in _widths(beats, in_bits, repeat):
        lanes = min(outputs, MOST_WEIGHTS // simd)
        found += [Folding(beats, in_bits, outputs, lanes, simd, replay, repeat).cycles for replay in (False, True)]
    return min(found)


def _widths(beats: int, in_bits: int, repeat: int) -> list[int]:
    """Of the words that divide a frame well."""
    widths = {-(-beats // words) * in_bits for words in range(1, beats + 1)}
    widths |= {-(-in_bits // repeat // pieces) * repeat for pieces in range(1, in_bits // repeat + 1)}
    return sorted(width for width in widths if width <= MOST_SIMD)


@dataclass(frozen=True)
class Result:
    """What becomes of the number of matches of each row: a bit per constant of the row, matches >= constant, when
    thresholded; else matches + constant.
    """

    constants: Ints  # [O], or thresholded [O, levels]
    thresholded: bool
    out_bits: int = 1  # of a sum, two's complement; or levels
    order: tuple[int, ...] = ()  # of each output its place among [O, levels]; none: as they are

    @property
    def levels(self) -> int:
        """Constants of a row."""
        return self.out_bits if self.thresholded else 1

    @property
    def start(self) -> int:
        """What the sums start from, so that the constants are small and not negative."""
        low = int(self.constants.min())
        return -low if self.thresholded else low

    @property
    def rest(self) -> Ints:
        """The constants that are left."""
        return self.constants + self.start if self.thresholded else self.constants - self.start

    @property
    def constant_bits(self) -> int:
        """Width of these."""
        return max(1, int(self.rest.max()).bit_length()) + (not self.thresholded)

    def sum_bits(self, inputs: int) -> int:
        """Width that holds every sum of `inputs` elements."""
        return max(signed_bits(min(0, self.start), self.start + inputs), self.constant_bits + 1)


def merged(rows: Ints, limits: Ints) -> tuple[Ints, Result]:
    """Outputs in a row that have the same weights are one row with several thresholds.

    rows [outputs, inputs], limits [outputs] on the number of matches.
    """
    times = repeated(rows.T, len(rows))
    found = [np.unique(each, return_inverse=True) for each in limits.reshape(-1, times)]
    levels = max(len(values) for values, _ in found)
    constants = np.stack([np.pad(values, (0, levels - len(values)), "edge") for values, _ in found])
    order = tuple(row * levels + int(place) for row, (_, places) in enumerate(found) for place in places.ravel())
    return rows[::times], Result(constants, True, levels, () if order == tuple(range(constants.size)) else order)


@dataclass(frozen=True)
class Patches:
    """A frame of the matrix is a window of a map: `kernel` * `kernel` beats of a pixel each."""

    height: int
    width: int
    kernel: int
    stride: int
    pad: int

    @property
    def rows(self) -> int:
        """Rows of pixels that nj_patches keeps."""
        most = self.kernel + self.stride - 1 if self.stride > 2 else self.kernel + 1
        return 1 << (most - 1).bit_length()

    def need(self, row: int) -> tuple[int, int]:
        """Rows of pixels that must be there for a row of windows, and that go with it."""
        top = row * self.stride - self.pad
        first, end, following = max(top, 0), min(top + self.kernel, self.height), max(top + self.stride, 0)
        last = row == window_map(self.height, self.width, self.kernel, self.stride, self.pad)[0] - 1
        leave = (self.height if last else following) - first
        return max(end - first, leave), leave

    @property
    def windows(self) -> int:
        """Of a frame."""
        return prod(window_map(self.height, self.width, self.kernel, self.stride, self.pad))


def matvec_module(
    name: str, summary: str, folding: Folding, result: Result, memory: str | Ints, patches: Patches | None = None
) -> str:
    """Text of module `name`; ports as in hw/rtl.

    memory: file of the weights, relative to the folder that tools run in; or few weights themselves, [O, inputs].
    patches: the beats are pixels of a map, and every window of it is a frame of the matrix.
    """
    found = matches.write(f"{name}_matches", folding.simd, folding.lanes)
    sum_bits = result.sum_bits(folding.beats * folding.in_bits)
    constants = np.zeros((folding.groups * folding.lanes, result.levels), np.int64)
    constants[: folding.outputs] = result.rest.reshape(-1, result.levels)
    values: dict[str, object] = {
        "name": name, "summary": summary, "matches": f"{name}_matches", "in_bits": folding.in_bits,
        "beats": folding.beats, "simd": folding.simd, "lanes": folding.lanes, "words": folding.words,
        "groups": folding.groups, "repeat": folding.repeat, "replay": int(folding.replay),
        "compact": int(folding.compact), "block": int(folding.block),
        "word_bits": max(1, (folding.words - 1).bit_length()), "group_bits": max(1, (folding.groups - 1).bit_length()),
        "count_bits": found.bits, "latency": found.latency, "sums": folding.outputs, "sum_bits": sum_bits,
        "start": f"{sum_bits}'h{result.start % (1 << sum_bits):x}", "thresholded": int(result.thresholded),
        "constant_bits": result.constant_bits, "constant": literal(constants.ravel(), result.constant_bits),
        "out_bits": result.out_bits, "result_bits": len(result.order) or folding.outputs * result.out_bits,
        "ordered": concat([f"results[{place}]" for place in result.order]) if result.order else "results",
        "text": found.text,
    }  # fmt: skip
    if isinstance(memory, str):
        values["weight"] = f'.File("{memory}")'
    else:
        words, bits = folding.shape
        content = "".join(format(int(line, 16), f"0{bits}b") for line in reversed(list(folding.lines(memory))))
        values["weight"] = f".Weight({words * bits}'b{content})"
    if patches is None:
        values["front"] = fill("matvec_stream.sv.in", values).rstrip()
    else:
        values["front"] = fill("matvec_patches.sv.in", values | dataclasses.asdict(patches)).rstrip()
    values["store"] = fill("matvec_store.sv.in" if folding.replay else "matvec_hold.sv.in", values).rstrip()
    return fill("matvec.sv.in", values)


# --- cost: what was written is counted, the rest is measured (hw/rtl/README.md) ---


@lru_cache(maxsize=1024)
def _matches(simd: int) -> tuple[int, int, int, int]:
    """Of one lane: sites, flip-flops, bits of the count, latency."""
    found = matches.write("matches", simd, 1)
    return found.sites, found.ffs, found.bits, found.latency


def counting(folding: Folding) -> int:
    """Clocks that counting the matches of a step takes, and the register behind block RAM."""
    return _matches(folding.simd)[3] + folding.block


def blocks(folding: Folding, result: Result) -> int:
    """RAMB18: the weights, and constants of many groups."""
    width = folding.lanes * result.levels * result.constant_bits
    return folding.ramb18 + (block_rams(folding.groups, width) if folding.groups > LUT_WORDS else 0)


def sites(folding: Folding, result: Result) -> int:
    """LUT sites."""
    f, (count_sites, _, _, latency) = folding, _matches(folding.simd)
    group_bits, word_bits = (f.groups - 1).bit_length(), (f.words - 1).bit_length()
    total = f.lanes * count_sites + 1.0
    if f.pieces > 1:
        total += selection(f.pieces, f.simd) + 1.3 * (f.pieces - 1).bit_length() + 2
    elif f.packed > 1:
        rest = f.beats % f.packed > 0
        total += 1.5 * (f.packed - 1).bit_length() + 3 + rest * (1.5 * word_bits + 3)
    if f.replay:
        depth = 2 << word_bits
        banks = -(-depth // STORED_LUTS)
        total += 4 * -(-f.simd // (6 if depth <= 32 else 3)) * banks + f.simd * _selection(banks) + 1.5 * word_bits + 6
    depth, width = f.shape
    total += word_bits + group_bits + 6 + f.compact * (depth.bit_length() + 2)
    total += _selected(depth, width) if f.block else width * -(-depth // 64)
    sum_bits = result.sum_bits(f.beats * f.in_bits)
    if not f.replay and f.groups > 1:
        bits = 6 if f.groups <= 32 else 3  # of four LUTs with a port to read and one to write
        total += 4 * -(-f.lanes * sum_bits // bits) * -(-f.groups // 64)
    total += (group_bits + 2) * (latency > 2) + 7
    constant_bits = result.levels * result.constant_bits
    total += f.lanes * constant_bits * (-(-f.groups // 64) if f.groups <= LUT_WORDS else 0)
    decide = constant_bits / 2 + 2 * result.levels if result.thresholded else result.out_bits
    return round(total + f.lanes * (sum_bits + decide))


def ffs(folding: Folding, result: Result) -> int:
    """Flip-flops."""
    f, (_, count_ffs, _, latency) = folding, _matches(folding.simd)
    group_bits, word_bits = (f.groups - 1).bit_length(), (f.words - 1).bit_length()
    words = f.packed * f.in_bits if f.packed > 1 else 0
    hold = 0 if f.replay else f.simd
    weights = f.shape[1] + f.block * (f.simd + group_bits)
    lane = count_ffs + result.sum_bits(f.beats * f.in_bits) + result.levels * result.constant_bits
    sums = 0 if f.replay or f.groups == 1 else f.lanes * result.sum_bits(f.beats * f.in_bits)
    results = f.groups * f.lanes * result.out_bits
    counters = 4 * (group_bits + word_bits)
    return words + hold + f.simd + weights + f.lanes * lane + sums + results + counters + latency + 10


def patches_sites(patches: Patches, bits: int) -> int:
    """LUT sites of nj_patches for pixels of so many bits."""
    depth = patches.rows << (patches.width - 1).bit_length()
    banks = -(-depth // STORED_LUTS)
    memory = 4 * -(-bits // (6 if depth <= 32 else 3)) * banks + bits * _selection(banks)
    counters = (
        3 * (patches.width - 1).bit_length() + 2 * (patches.height - 1).bit_length() + 6 * patches.rows.bit_length()
    )
    return round(memory + counters + (bits + 10 if patches.pad else 4))


def _selection(ways: int) -> float:
    """Sites a bit of choosing one of so many."""
    return max(1.0, 0.4 * (ways - 1)) if ways > 1 else 0.0


def _selected(words: int, bits: int) -> float:
    """Sites of choosing among block RAMs that are not deep enough: Yosys takes the fewest blocks."""
    deep = min((-(-bits // width) * -(-words // depth), -(-words // depth)) for width, depth in BLOCKS)[1]
    return 0.5 * bits * (deep - 1) + deep if deep > 1 else 0.0
