"""Take the result word of an accelerator apart, and put its operating point together. Only this module knows the bits.

The class is in the low bits, then come the signed scores, class 0 first, then the margin; see
`finn_build.manifest.Output`. This module needs NumPy alone, because the driver on a board uses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bnn.integer.decision import OperatingPoint
from finn_build.manifest import Output


@dataclass(frozen=True, eq=False)
class ResultWords:
    """The content of N result words."""

    classes: NDArray[np.int64]  # [N], as the bits say; of a broken frame it means nothing
    scores: NDArray[np.int64]  # [N, classes]; of a broken frame they mean nothing
    margins: NDArray[np.int64]  # [N]
    unsure: NDArray[np.bool_]  # [N]: is the margin less than the least one?
    broken: NDArray[np.bool_]  # [N]: was the frame cut, too short or too long?

    def of(self, frame: int) -> "Result":
        """Return the result of a frame; the class of a broken one is -1, which no network has."""
        label = -1 if self.broken[frame] else int(self.classes[frame])
        return Result(label, tuple(self.scores[frame].tolist()), int(self.margins[frame]), bool(self.unsure[frame]))


class Result(NamedTuple):
    """What a result says of one frame."""

    label: int
    scores: tuple[int, ...]
    margin: int
    unsure: bool


def unpack_results(data: NDArray[np.uint8], output: Output) -> ResultWords:
    """Take result words [N, bytes] apart, low byte first."""
    classes, width = len(output.classes), output.score_bits
    bits = np.unpackbits(data, axis=1, bitorder="little").astype(np.int64)
    weights = 1 << np.arange(width, dtype=np.int64)
    weights[-1] = -weights[-1]  # two's complement
    behind = output.class_bits + classes * width
    scores = bits[:, output.class_bits : behind].reshape(-1, classes, width) @ weights
    return ResultWords(
        classes=_number(bits[:, : output.unsure_bit]),
        scores=scores,
        margins=_number(bits[:, behind : behind + output.margin_bits]),
        unsure=bits[:, output.unsure_bit] == 1,
        broken=bits[:, output.broken_bit] == 1,
    )


def _number(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the numbers [N] of bits [N, bits], the lowest first."""
    found: NDArray[np.int64] = bits @ (1 << np.arange(bits.shape[1], dtype=np.int64))
    return found


def pack_result(label: int, scores: Sequence[int], margin: int, unsure: bool, output: Output) -> int:
    """Return the result word of a whole frame: what `unpack_results` takes apart."""
    word, shift = label | unsure << output.unsure_bit, output.class_bits
    for score in scores:
        word |= (score & (1 << output.score_bits) - 1) << shift
        shift += output.score_bits
    return word | margin << shift


def point_word(point: OperatingPoint, output: Output) -> int:
    """Return what the port operating_point takes; the point fits (bnn.integer.decision.check_point).

    >>> from types import SimpleNamespace
    >>> hex(point_word(OperatingPoint((1, 0, 3), 5), SimpleNamespace(value_bits=3, classes=("a", "b", "c"))))
    '0x52f'
    """
    bits, word = output.value_bits + 1, 0
    for i, offset in enumerate(point.relative().offsets[1:]):
        word |= (offset & (1 << bits) - 1) << i * bits
    return word | point.least_margin << (len(output.classes) - 1) * bits


def words_as_bytes(words: Sequence[int], output: Output) -> NDArray[np.uint8]:
    """Return words of the result stream as `unpack_results` takes them, [N, bytes]."""
    size = -(-output.tdata_bits // 8)
    text = b"".join(word.to_bytes(size, "little") for word in words)
    return np.frombuffer(text, np.uint8).reshape(len(words), size)
