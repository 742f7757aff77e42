"""What nj_jets costs: memories, adders and selections are counted, the control is fitted (hw/rtl/README.md)."""

from hw.bits import selection
from hw.block_ram import block_rams
from hw.jets.folding import JetFolding
from hw.jets.layer import SelectedJets
from hw.jets.schedule import Raster
from hw.matvec.folding import LUT_WORDS

BANK = 64  # words of LUT memory without selection


def blocks(layer: SelectedJets, folding: JetFolding) -> int:
    """Return the RAMB18 of the selections, and of the constants where there are many groups."""
    apart = folding.groups > LUT_WORDS and not folding.joined
    return folding.ramb18 + (block_rams(folding.groups, folding.lanes * layer.constant_bits) if apart else 0)


def sites(layer: SelectedJets, raster: Raster, folding: JetFolding) -> int:
    """Return the LUT sites."""
    f = folding
    total = _steps(raster, f) + f.slots * _responses(layer, raster, f) + _control(f)
    total += f.lanes * (f.slots * (4 * -(-layer.jet_bits // 6) + 1) + layer.sum_bits)
    for level in range(1, f.slots.bit_length()):  # of the adders of a word
        total += f.lanes * (f.slots >> level) * min(layer.jet_bits + level, layer.sum_bits)
    if f.words > 1 and f.groups > 1:
        total += _memory(f.groups, f.lanes * layer.sum_bits)
    if not f.block:
        total += _rom(*f.shape)
    if layer.thresholded and not f.joined and f.groups <= LUT_WORDS:
        total += _rom(f.groups, f.lanes * layer.constant_bits)
    return round(total)


def ffs(layer: SelectedJets, raster: Raster, folding: JetFolding) -> int:
    """Return the flip-flops."""
    f = folding
    flags = f.stages * ((f.groups - 1).bit_length() + 4)
    steps = 30 + (raster.height - 1).bit_length() + (raster.width - 1).bit_length()
    lane = f.slots * (layer.jet_bits + 2) + (f.slots - 1) * layer.sum_bits + layer.constant_bits
    selections = f.shape[1] * (2 if f.block else 1)
    return (
        steps + flags + f.slots * 2 * layer.jet_bits + f.lanes * lane + selections + f.groups * f.lanes * layer.out_bits
    )


def _steps(raster: Raster, folding: JetFolding) -> float:
    """Return the sites of nj_jet_steps."""
    across, down = ((size + 2 * raster.pad - 1).bit_length() for size in (raster.width, raster.height))
    return 19 + 1.25 * (across + down) + 1.5 * (folding.words - 1).bit_length() + 11 * raster.pad + raster.stride


def _responses(layer: SelectedJets, raster: Raster, folding: JetFolding) -> float:
    """Return the sites of nj_jet_responses: the map's pixel, two rows, columns, the operand and the adder."""
    words = folding.words
    shift = (words - 1).bit_length()
    wide = raster.width + 2 * raster.pad
    rows = 2 * _memory(((wide - 1) << shift) + words, layer.in_bits)
    down = layer.jet_bits - 2
    columns = _memory((4 << shift) + 2 * words, down)
    return selection(words, layer.in_bits) + rows + columns + down + layer.jet_bits


def _control(folding: JetFolding) -> float:
    """Return the sites of the counters of words and groups, of both halves of the jets, and of the results."""
    return 20 + 1.4 * ((folding.groups - 1).bit_length() + (folding.words - 1).bit_length())


def _memory(words: int, bits: int) -> float:
    """Return the sites of nj_deep_ram."""
    banks, rest = divmod(words, BANK)
    last = 0 if not rest else bits if rest > BANK // 2 else 4 * -(-bits // 8)
    count = banks + (rest > 0)
    return banks * bits + last + selection(count, bits) + (count if count > 1 else 0)


def _rom(words: int, bits: int) -> float:
    """Return the sites of a memory of constants in LUTs."""
    banks = -(-words // BANK)
    return bits * (0.95 * banks + (banks - 1) / 3)
