"""What a folded matrix costs: what is written from its sizes is counted, the rest is measured (hw/rtl/README.md)."""

from functools import lru_cache

from hw.bits import selection
from hw.block_ram import BLOCKS, block_rams
from hw.matvec import matches
from hw.matvec.folding import LUT_WORDS, Folding
from hw.matvec.module import Patches, RowOutput

STORED_LUTS = 64  # words of a frame store that a LUT holds without selection


@lru_cache(maxsize=1024)
def _matches(simd: int) -> tuple[int, int, int, int]:
    """Return sites, flip-flops, bits of the count and latency of one lane."""
    found = matches.write("matches", simd, 1)
    return found.sites, found.ffs, found.bits, found.latency


def counting(folding: Folding) -> int:
    """Return the clocks that counting the matches of a step takes, with the register behind block RAM."""
    return _matches(folding.simd)[3] + folding.block


def blocks(folding: Folding, output: RowOutput) -> int:
    """Return the RAMB18 of the weights, and of the constants where there are many groups."""
    width = folding.lanes * output.levels * output.constant_bits
    return folding.ramb18 + (block_rams(folding.groups, width) if folding.groups > LUT_WORDS else 0)


def sites(folding: Folding, output: RowOutput) -> int:
    """Return the LUT sites of the module, without nj_patches."""
    f, (count_sites, _, _, latency) = folding, _matches(folding.simd)
    group_bits, word_bits = (f.groups - 1).bit_length(), (f.words - 1).bit_length()
    total = f.lanes * count_sites + 1.0
    if f.pieces > 1:
        total += selection(f.pieces, f.simd) + (0 if f.held else 1.3 * (f.pieces - 1).bit_length() + 2)
    elif f.packed > 1:
        rest = f.beats % f.packed > 0
        total += 1.5 * (f.packed - 1).bit_length() + 3 + rest * (1.5 * word_bits + 3)
    if f.replay and not f.held:
        depth = 2 << word_bits
        banks = -(-depth // STORED_LUTS)
        total += 4 * -(-f.simd // (6 if depth <= 32 else 3)) * banks + f.simd * _selection(banks) + 1.5 * word_bits + 6
    depth, width = f.shape
    total += word_bits + group_bits + 6 + f.compact * (depth.bit_length() + 2)
    total += _selected(depth, width) if f.block else width * -(-depth // 64)
    sum_bits = output.sum_bits(f.beats * f.in_bits)
    if not f.replay and f.groups > 1:
        bits = 6 if f.groups <= 32 else 3  # of four LUTs with a port to read and one to write
        total += 4 * -(-f.lanes * sum_bits // bits) * -(-f.groups // 64)
    total += (group_bits + 2) * (latency > 2) + 7
    constant_bits = output.levels * output.constant_bits
    total += f.lanes * constant_bits * (-(-f.groups // 64) if f.groups <= LUT_WORDS else 0)
    decide = constant_bits / 2 + 2 * output.levels if output.thresholded else output.out_bits
    return round(total + f.lanes * (sum_bits + decide))


def ffs(folding: Folding, output: RowOutput) -> int:
    """Return the flip-flops of the module, without nj_patches."""
    f, (_, count_ffs, _, latency) = folding, _matches(folding.simd)
    group_bits, word_bits = (f.groups - 1).bit_length(), (f.words - 1).bit_length()
    words = f.packed * f.in_bits if f.packed > 1 else 0
    hold = 0 if f.replay else f.simd
    weights = f.shape[1] + f.block * (f.simd + group_bits)
    lane = count_ffs + output.sum_bits(f.beats * f.in_bits) + output.levels * output.constant_bits
    sums = 0 if f.replay or f.groups == 1 else f.lanes * output.sum_bits(f.beats * f.in_bits)
    results = f.groups * f.lanes * output.out_bits
    counters = 4 * (group_bits + word_bits)
    return words + hold + f.simd + weights + f.lanes * lane + sums + results + counters + latency + 10


def patches_sites(patches: Patches, bits: int) -> int:
    """Return the LUT sites of nj_patches for pixels of so many bits."""
    depth = patches.rows << (patches.width - 1).bit_length()
    banks = -(-depth // STORED_LUTS)
    memory = 4 * -(-bits // (6 if depth <= 32 else 3)) * banks + bits * _selection(banks)
    counters = (
        3 * (patches.width - 1).bit_length() + 2 * (patches.height - 1).bit_length() + 6 * patches.rows.bit_length()
    )
    return round(memory + counters + (bits + 10 if patches.pad else 4))


def _selection(ways: int) -> float:
    """Return the sites per bit that choosing one of `ways` takes."""
    return max(1.0, 0.4 * (ways - 1)) if ways > 1 else 0.0


def _selected(words: int, bits: int) -> float:
    """Return the sites that choose among block RAMs too shallow for all words; Yosys takes the fewest blocks."""
    deep = min((-(-bits // width) * -(-words // depth), -(-words // depth)) for width, depth in BLOCKS)[1]
    return 0.5 * bits * (deep - 1) + deep if deep > 1 else 0.0
