"""The frozen network: a chain of integer operations, one to one with the nodes of the exported model.

From here on nothing is rounded: torch (frozen), this reference, QONNX execution, RTL and netlist agree
to the bit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from bnn.integer import reference
from bnn.integer.reference import Ints

BATCH = 64  # frames at a time: bounds memory, changes no result


@dataclass(frozen=True, eq=False)
class Pad:
    """`amount` rows and columns of `value` on every side: 0 on pixels and levels, -1 or a true 0 on +-1 maps."""

    amount: int
    value: int

    def run(self, x: Ints) -> Ints:
        return reference.pad(x, self.amount, self.value)


@dataclass(frozen=True, eq=False)
class Conv:
    """Cross-correlation without padding; weight [O, I/groups, K, K] integers."""

    weight: Ints
    stride: int = 1
    groups: int = 1

    def run(self, x: Ints) -> Ints:
        return reference.convolve(x, self.weight, self.stride, self.groups)


@dataclass(frozen=True, eq=False)
class Threshold:
    """y = +1 where x >= T of its channel, else -1; thresholds [O]."""

    thresholds: Ints

    def run(self, x: Ints) -> Ints:
        return reference.threshold(x, self.thresholds)


@dataclass(frozen=True, eq=False)
class Levels:
    """y = low + step * (how many thresholds of its channel x reaches): a quantizer of pixels.

    thresholds [C, L], rising in each row; what no pixel reaches fills a row up.
    """

    thresholds: Ints
    low: int
    step: int = 1

    def run(self, x: Ints) -> Ints:
        return reference.levels(x, self.thresholds, self.low, self.step)

    def table(self) -> Ints:
        """[C, 256]: the output of each pixel value."""
        return self.run(np.tile(np.arange(256), (len(self.thresholds), 1))[None])[0]


@dataclass(frozen=True, eq=False)
class MaxPool:
    """size x size windows, stride = size, incomplete windows dropped; the minimum where `signs` [C] is -1."""

    size: int
    signs: Ints | None = None  # None: all +1

    def run(self, x: Ints) -> Ints:
        if self.signs is None:
            return reference.max_pool(x, self.size)
        signs = self.signs.reshape(-1, 1, 1)
        return reference.max_pool(x * signs, self.size) * signs


@dataclass(frozen=True, eq=False)
class Dense:
    """Flatten in C, H, W order, then weight [F, O]: +-1, or even integers, twice weights of a few bits.

    In front of the scores they are times a positive integer per output.
    """

    weight: Ints

    def run(self, x: Ints) -> Ints:
        return reference.dense(x, self.weight)


@dataclass(frozen=True, eq=False)
class Bias:
    """Adds an integer to each score: bias [O]."""

    bias: Ints

    def run(self, x: Ints) -> Ints:
        return x + self.bias


Layer = Pad | Levels | Conv | Threshold | MaxPool | Dense | Bias


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A chain of layers from uint8 pictures to integer scores; the last two are Dense and Bias."""

    input_shape: tuple[int, int, int]  # C, H, W
    layers: tuple[Layer, ...]
    classes: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def tensor_names(self) -> tuple[str, ...]:
        """The name of each layer's output, as in the exported model: Pad_0_out, Conv_0_out, ..."""
        counts: dict[str, int] = {}
        names = []
        for layer in self.layers:
            kind = type(layer).__name__
            names.append(f"{kind}_{counts.get(kind, 0)}_out")
            counts[kind] = counts.get(kind, 0) + 1
        names[-1] = "scores"
        return tuple(names)

    @overload
    def run(self, images: NDArray[np.uint8], taps: Literal[False] = False) -> Ints: ...
    @overload
    def run(self, images: NDArray[np.uint8], taps: Literal[True]) -> tuple[Ints, dict[str, Ints]]: ...
    def run(self, images: NDArray[np.uint8], taps: bool = False) -> Ints | tuple[Ints, dict[str, Ints]]:
        """Scores [N, classes] of uint8 pictures [N, C, H, W]; with `taps`, every layer's output by name too."""
        if images.ndim != 4 or images.shape[1:] != self.input_shape or images.dtype != np.uint8:
            raise ValueError(f"expected uint8 [N, {self.input_shape}], got {images.dtype} {images.shape}")
        if not len(images):
            return np.zeros((0, len(self.classes)), np.int64)
        if taps:
            return self._run_batch(images)
        return np.concatenate([self._run_batch(images[i : i + BATCH])[0] for i in range(0, len(images), BATCH)])

    def _run_batch(self, images: NDArray[np.uint8]) -> tuple[Ints, dict[str, Ints]]:
        x = images.astype(np.int64)
        tensors = {}
        for name, layer in zip(self.tensor_names, self.layers, strict=True):
            x = layer.run(x)
            tensors[name] = x
        return x, tensors

    def classify(self, scores: Ints) -> Ints:
        """The class index of each row of scores; ties go to the lowest index."""
        return reference.argmax(scores)


def ranges(network: IntegerNetwork) -> Sequence[tuple[int, int]]:
    """The exact interval that each layer's output can reach, given uint8 pixels: [(low, high), ...]."""
    low, high = 0, 255
    result = []
    for layer in network.layers:
        if isinstance(layer, Pad):
            low, high = min(low, layer.value), max(high, layer.value)
        elif isinstance(layer, (Conv, Dense)):
            axis = (1, 2, 3) if isinstance(layer, Conv) else 0
            positive = np.maximum(layer.weight, 0).sum(axis=axis)
            negative = np.minimum(layer.weight, 0).sum(axis=axis)
            low, high = int((positive * low + negative * high).min()), int((positive * high + negative * low).max())
        elif isinstance(layer, Threshold):
            low, high = -1, 1
        elif isinstance(layer, Levels):
            table = layer.table()
            low, high = int(table.min()), int(table.max())
        elif isinstance(layer, Bias):
            low, high = low + int(layer.bias.min()), high + int(layer.bias.max())
        result.append((low, high))
    return result
