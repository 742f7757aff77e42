"""The module of a folded matrix (hw.matvec.folding), of vectors or of the windows of a map."""

import dataclasses
from dataclasses import dataclass
from math import prod

import numpy as np

from bnn.integer.intervals import signed_bits
from hw.adders.writer import concat
from hw.bits import Ints, literal
from hw.cycles import window_map
from hw.matvec import matches
from hw.matvec.folding import Folding, repeated
from hw.text import fill


@dataclass(frozen=True)
class RowOutput:
    """What becomes of the number of matches of each row: a bit per constant of the row, matches >= constant, when
    thresholded; else matches + constant.
    """

    constants: Ints  # [O], or thresholded [O, levels]
    thresholded: bool
    out_bits: int = 1  # of a sum, two's complement; or levels
    order: tuple[int, ...] = ()  # of each output its place among [O, levels]; none: as they are

    @property
    def levels(self) -> int:
        """The number of constants of a row."""
        return self.out_bits if self.thresholded else 1

    @property
    def start(self) -> int:
        """What the sums start from, chosen so that the constants are small and not negative."""
        low = int(self.constants.min())
        return -low if self.thresholded else low

    @property
    def rest(self) -> Ints:
        """The constants that remain beside `start`."""
        return self.constants + self.start if self.thresholded else self.constants - self.start

    @property
    def constant_bits(self) -> int:
        """The width of `rest`."""
        return max(1, int(self.rest.max()).bit_length()) + (not self.thresholded)

    def sum_bits(self, inputs: int) -> int:
        """Return the width that holds every sum of `inputs` elements."""
        return max(signed_bits(min(0, self.start), self.start + inputs), self.constant_bits + 1)


def merged(rows: Ints, limits: Ints) -> tuple[Ints, RowOutput]:
    """Merge neighbouring outputs with the same weights into one row with several thresholds.

    rows [outputs, inputs], limits [outputs] on the number of matches.
    """
    times = repeated(rows.T, len(rows))
    found = [np.unique(each, return_inverse=True) for each in limits.reshape(-1, times)]
    levels = max(len(values) for values, _ in found)
    constants = np.stack([np.pad(values, (0, levels - len(values)), "edge") for values, _ in found])
    order = tuple(row * levels + int(place) for row, (_, places) in enumerate(found) for place in places.ravel())
    return rows[::times], RowOutput(constants, True, levels, () if order == tuple(range(constants.size)) else order)


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
        """The number of rows of pixels that nj_patches keeps."""
        most = self.kernel + self.stride - 1 if self.stride > 2 else self.kernel + 1
        return 1 << (most - 1).bit_length()

    def need(self, row: int) -> tuple[int, int]:
        """Return the rows of pixels that a row of windows needs, and those that leave with it."""
        top = row * self.stride - self.pad
        first, end, following = max(top, 0), min(top + self.kernel, self.height), max(top + self.stride, 0)
        last = row == window_map(self.height, self.width, self.kernel, self.stride, self.pad)[0] - 1
        leave = (self.height if last else following) - first
        return max(end - first, leave), leave

    @property
    def windows(self) -> int:
        """The number of windows of a frame."""
        return prod(window_map(self.height, self.width, self.kernel, self.stride, self.pad))


def matvec_module(
    name: str, summary: str, folding: Folding, result: RowOutput, memory: str | Ints, patches: Patches | None = None,
    rows_in_block: bool = False,
) -> str:  # fmt: skip
    """Return the text of module `name`; ports as in hw/rtl.

    memory: file of the weights, relative to the folder that tools run in; or few weights themselves, [O, inputs].
    patches: the beats are pixels of a map, and every window of it is a frame of the matrix. rows_in_block: nj_patches
    keeps the rows of pixels in block RAM.
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
        "start": literal([result.start], sum_bits), "thresholded": int(result.thresholded),
        "constant_bits": result.constant_bits, "constant": literal(constants.ravel(), result.constant_bits),
        "out_bits": result.out_bits, "result_bits": len(result.order) or folding.outputs * result.out_bits,
        "ordered": concat([f"results[{place}]" for place in result.order]) if result.order else "results",
        "text": found.text, "rows_in_block": int(rows_in_block),
    }  # fmt: skip
    if isinstance(memory, str):
        values["weight"] = f'.File("{memory}")'
    else:
        words, bits = folding.shape
        content = "".join(format(int(line, 16), f"0{bits}b") for line in reversed(list(folding.rows(memory))))
        values["weight"] = f".Weight({words * bits}'b{content})"
    if patches is None:
        values["front"] = fill("matvec_stream.sv.in", values).rstrip()
    else:
        values["front"] = fill("matvec_patches.sv.in", values | dataclasses.asdict(patches)).rstrip()
    values["pack"] = fill("matvec_held.sv.in" if folding.held else "matvec_words.sv.in", values).rstrip()
    stored = folding.replay and not folding.held
    values["store"] = fill("matvec_store.sv.in" if stored else "matvec_hold.sv.in", values).rstrip()
    return fill("matvec.sv.in", values)
