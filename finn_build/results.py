"""Take the result word of an accelerator apart. Only this module knows where class and scores lie in it.

The class is in the low bits, then come the signed scores, class 0 first; see `finn_build.manifest.Output`. This module
needs NumPy alone, because the driver on a board uses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from finn_build.manifest import Output


@dataclass(frozen=True, eq=False)
class ResultWords:
    """The content of N result words."""

    classes: NDArray[np.int64]  # [N], as the bits say; of a broken frame it means nothing
    scores: NDArray[np.int64]  # [N, classes]; of a broken frame they mean nothing
    broken: NDArray[np.bool_]  # [N]: was the frame cut, too short or too long?

    def of(self, frame: int) -> tuple[int, list[int]]:
        """Return class and scores of a frame; the class of a broken one is -1, which no network has."""
        return -1 if self.broken[frame] else int(self.classes[frame]), self.scores[frame].tolist()


def unpack_results(data: NDArray[np.uint8], output: Output) -> ResultWords:
    """Take result words [N, bytes] apart, low byte first."""
    classes, width = len(output.classes), output.score_bits
    bits = np.unpackbits(data, axis=1, bitorder="little").astype(np.int64)
    weights = 1 << np.arange(width, dtype=np.int64)
    weights[-1] = -weights[-1]  # two's complement
    scores = bits[:, output.class_bits : output.class_bits + classes * width].reshape(-1, classes, width) @ weights
    numbers = bits[:, : output.broken_bit] @ (1 << np.arange(output.broken_bit, dtype=np.int64))
    return ResultWords(numbers, scores, bits[:, output.broken_bit] == 1)


def words_as_bytes(words: Sequence[int], output: Output) -> NDArray[np.uint8]:
    """Return words of the result stream as `unpack_results` takes them, [N, bytes]."""
    size = -(-output.tdata_bits // 8)
    text = b"".join(word.to_bytes(size, "little") for word in words)
    return np.frombuffer(text, np.uint8).reshape(len(words), size)
