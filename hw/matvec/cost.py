"""What a folded matrix costs: what is written from its sizes is counted, the rest is measured (hw/rtl/README.md)."""

from functools import lru_cache

from hw.bits import selection
from hw.block_ram import BLOCKS, RAMB18_SITES, block_rams
from hw.matvec import matches
from hw.matvec.folding import LUT_WORDS, Folding
from hw.matvec.module import Patches, RowOutput

BANK = 64  # words of LUT memory, or of constants in LUTs, without selection
SMALL = 32  # words of LUT memory of which a LUT holds twice as many bits


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
    count = folding.lanes * _matches(folding.simd)[0]
    return round(_words(folding) + _store(folding) + _steps(folding) + count + _accumulate(folding, output))


def _words(folding: Folding) -> float:
    """Return the sites of nj_words, or of the selection of a beat that is held."""
    f = folding
    if f.pieces > 1:
        return selection(f.pieces, f.simd) + (0 if f.held else (f.pieces - 1).bit_length() + 1)
    if f.packed == 1:
        return 0
    rest = f.beats % f.packed > 0
    return 1.5 * (f.packed - 1).bit_length() + 2 + rest * (1.3 * (f.words - 1).bit_length() + 2)


def _store(folding: Folding) -> float:
    """Return the sites of nj_frame_store."""
    if not folding.replay or folding.held:
        return 0
    word_bits = (folding.words - 1).bit_length()
    return _memory(2 << word_bits, folding.simd) + 1.5 * word_bits + 5


def _steps(folding: Folding) -> float:
    """Return the sites of nj_steps with the weights."""
    f, (depth, width) = folding, folding.shape
    control = (f.words - 1).bit_length() + (f.groups - 1).bit_length() + 4.5
    control += f.compact * (depth.bit_length() + 3)
    return control + (_selected(depth, width) if f.block else _rom(f))


def _rom(folding: Folding) -> int:
    """Return the LUTs of weights. Where a word's fill whole banks, a place without element takes no LUT."""
    f, (depth, width) = folding, folding.shape
    luts = width * -(-depth // BANK)
    region = 1 << (f.groups - 1).bit_length()  # from a word to the next
    if not f.replay and region >= BANK:
        unused = (f.places < 0).sum(1)
        saved = unused.sum() * (region // BANK) - unused[-1] * (region // BANK - -(-f.groups // BANK))
        luts -= int(saved) * f.lanes // f.repeat
    return luts


def _accumulate(folding: Folding, output: RowOutput) -> float:
    """Return the sites of nj_accumulate and of what moves the pipeline."""
    f, latency = folding, _matches(folding.simd)[3]
    total = 14.0
    if latency > 3:  # flags beside the counts: of four clocks in flip-flops, of more in shift registers
        total += 11 if latency == 4 else (f.groups - 1).bit_length() + 1
    sum_bits = output.sum_bits(f.beats * f.in_bits)
    if not f.replay and f.groups > 1:
        total += _memory(f.groups, f.lanes * sum_bits)
    constant_bits = output.levels * output.constant_bits
    stored = f.groups <= LUT_WORDS and (output.thresholded or f.groups > 2)  # of two a constant bit is a flip-flop
    total += f.lanes * constant_bits * -(-f.groups // BANK) * stored
    decide = constant_bits / 2 + 2 * output.levels if output.thresholded else output.out_bits / 2 - 2
    return total + f.lanes * (sum_bits + decide)


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


def patches_blocks(patches: Patches, bits: int) -> int:
    """Return the RAMB18 that nj_patches keeps pixels of so many bits in; 0 where LUTs cost less."""
    if patches.kernel < 2:
        return 0
    depth = patches.rows << (patches.width - 1).bit_length()
    blocks = block_rams(depth, bits)
    return blocks if _memory(depth, bits) > RAMB18_SITES * blocks else 0


def patches_sites(patches: Patches, bits: int) -> int:
    """Return the LUT sites of nj_patches for pixels of so many bits."""
    across = (patches.width - 1).bit_length()
    depth = patches.rows << across
    ahead = patches_blocks(patches, bits) > 0
    control = 2.4 + 3.1 * (across + (patches.height - 1).bit_length()) + 10 * (patches.kernel - 1).bit_length()
    if patches.pad:  # a pixel outside of the frame is masked in the LUT that selects one of two banks
        control += 15 + (0 if BANK < depth <= 2 * BANK else bits)
    return round((0 if ahead else _memory(depth, bits)) + control)


def _memory(words: int, bits: int) -> float:
    """Return the sites of LUT memory with a port to write and one to read, of four LUTs each."""
    full, rest = divmod(words, BANK)
    banks = full + (rest > 0)
    luts = full * -(-bits // 3) + (rest > 0) * -(-bits // (6 if rest <= SMALL else 3))
    return 4 * luts + bits * _ways(banks) + (1.5 * banks if banks > 1 else 0)


def _ways(banks: int) -> float:
    """Return the sites a bit that choosing among banks takes."""
    return 0 if banks == 1 else 1 if banks <= 4 else banks / 2


def _selected(words: int, bits: int) -> float:
    """Return the sites that choose among block RAMs too shallow for all words; Yosys takes the fewest blocks."""
    deep = min((-(-bits // width) * -(-words // depth), -(-words // depth)) for width, depth in BLOCKS)[1]
    return 0.5 * bits * (deep - 1) + deep if deep > 1 else 0.0
