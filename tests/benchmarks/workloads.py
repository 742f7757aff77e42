"""The layers that the hardware benchmark builds: random integer weights and a reference, but no hardware.

No layer is padded, so that no design pays for the padding of another. Weights and thresholds come from
`default_rng(0)`; the thresholds lie within a standard deviation of the middle of the sums.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bnn import jets
from bnn.integer.layers import Conv, Dense, Levels, Threshold
from bnn.integer.reference import Ints

PIXEL_VARIANCE = (256**2 - 1) / 12  # of a uniform byte

Layer = Conv | Dense | Threshold | Levels


@dataclass(frozen=True, eq=False)
class Workload:
    """One layer, or a few that belong together."""

    name: str
    description: str
    input_shape: tuple[int, int, int]  # C, H, W
    input_bits: int  # 1: +-1, carried as the bit (x + 1) / 2; 2: -1, 0 and 1, two's complement; 8: a byte
    layers: tuple[Layer, ...]
    clocks: tuple[int, ...]  # targets: clocks per output pixel, a frame of a dense network being one pixel
    memories: bool = False  # so slow that weights lie in memories; no rival but FINN is that slow

    @property
    def input_range(self) -> tuple[int, int]:
        """Return the smallest and the largest input element."""
        return (-1, 1) if self.input_bits <= 2 else (0, 2**self.input_bits - 1)

    def reference(self, x: Ints) -> Ints:
        """Return the results of inputs [N, C, H, W], as [N, O, H', W'] or [N, O]: +-1 behind thresholds, else sums."""
        for layer in self.layers:
            x = layer.run(x)
        return x

    def frames(self, count: int, seed: int = 1) -> Ints:
        """Return random inputs [count, C, H, W]; the second frame has only lowest, the third only highest elements."""
        low, high = self.input_range
        rng = np.random.default_rng(seed)
        x = rng.integers(0 if self.input_bits == 1 else low, high + 1, (count, *self.input_shape))
        x = 2 * x - 1 if self.input_bits == 1 else x
        x[1:2], x[2:3] = low, high
        return x

    @property
    def out_pixels(self) -> int:
        """Return the number of output pixels of a frame."""
        shape = self.reference(np.zeros((1, *self.input_shape), np.int64)).shape
        return int(np.prod(shape[2:]))

    @property
    def is_dense(self) -> bool:
        """Return whether every output reads the whole frame."""
        return any(isinstance(layer, Dense) for layer in self.layers)

    def digest(self) -> str:
        """Return a hash of everything that a design depends on."""
        seen = hashlib.sha256(repr((self.name, self.input_shape, self.input_bits, self.clocks)).encode())
        for layer in self.layers:
            data = layer.thresholds if isinstance(layer, Threshold | Levels) else layer.weight
            seen.update(repr((type(layer).__name__, data.shape, getattr(layer, "groups", 1))).encode())
            seen.update(np.ascontiguousarray(data, np.int64).tobytes())
        return seen.hexdigest()


def sum_range(layers: tuple[Layer, ...], low: int, high: int) -> list[tuple[Ints, Ints]]:
    """Return the smallest and largest result of each output of every layer, for inputs low..high."""
    ranges = []
    lows, highs = np.array([low]), np.array([high])
    for layer in layers:
        if isinstance(layer, Threshold | Levels):
            lows, highs = np.array([-1]), np.array([1])
        else:
            weight = layer.weight.T if isinstance(layer, Dense) else layer.weight
            flat = weight.reshape(*weight.shape[:2], -1)  # [O, C / groups, K * K]
            if isinstance(layer, Conv) and layer.groups > 1 and len(lows) > 1:  # one input map per output
                lows, highs = lows[:, None, None], highs[:, None, None]
            elif len(lows) > 1:
                lows, highs = lows[None, :, None], highs[None, :, None]
            plus, minus = np.maximum(flat, 0), np.minimum(flat, 0)
            lows, highs = (plus * lows + minus * highs).sum((1, 2)), (plus * highs + minus * lows).sum((1, 2))
        ranges.append((lows, highs))
    return ranges


def thresholds(rng: np.random.Generator, layers: tuple[Layer, ...], low: int, high: int) -> Ints:
    """Return integers around the middle of the last layer's sums, within the root of the variance of its terms."""
    lows, highs = sum_range(layers, low, high)[-1]
    variance = 1.0 if (low, high) == (-1, 1) else PIXEL_VARIANCE
    for layer in layers:
        assert not isinstance(layer, Threshold | Levels)
        weight = layer.weight.T if isinstance(layer, Dense) else layer.weight
        variance = variance * float((weight**2).reshape(len(weight), -1).sum(1).mean())
    spread = int(np.sqrt(variance))
    return (lows + highs) // 2 + rng.integers(-spread, spread + 1, len(lows))


def _signs(rng: np.random.Generator, *shape: int) -> Ints:
    return rng.choice(np.array([-1, 1]), shape)


def _jets(rng: np.random.Generator, outputs: int, inputs: int, size: int) -> Ints:
    return jets.compose(_signs(rng, outputs, inputs, 2 * (size - 1)))


def _conv(
    name: str, description: str, shape: tuple[int, int, int], bits: int, weights: Callable[..., tuple[Conv, ...]],
    clocks: tuple[int, ...] = (1, 4, 16),
) -> Workload:  # fmt: skip
    rng = np.random.default_rng(0)
    layers = weights(rng)
    low, high = (-1, 1) if bits == 1 else (0, 255)
    limits = Threshold(thresholds(rng, layers, low, high))
    return Workload(name, description, shape, bits, (*layers, limits), clocks, min(clocks) > 16)


def _dense() -> Workload:
    rng = np.random.default_rng(0)
    hidden = Dense(_signs(rng, 784, 64))
    limits = Threshold(thresholds(rng, (hidden,), -1, 1))
    layers = (hidden, limits, Dense(_signs(rng, 64, 10)))
    return Workload("W2", "binary dense 784-64-10", (1, 28, 28), 1, layers, (64, 784, 50176))


def _belt(maps: int) -> tuple[Workload, Workload]:
    """Return a wide layer at rates of parts on a belt: of +-1, and the same as jets of eight sums of its maps."""
    shape, clocks, size = (maps, 14, 14), (64, 256, 1024), f"{maps} to 128 maps of +-1 of 14x14"
    return (
        _conv(
            f"W9b{maps}", f"binary conv 3x3, {size}", shape, 1, lambda r: (Conv(_signs(r, 128, maps, 3, 3)),), clocks
        ),
        _conv(
            f"W9j{maps}", f"bottleneck jets 3x3, M = 8, {size}", shape, 1,
            lambda r: (Conv(_signs(r, 8, maps, 1, 1)), Conv(_jets(r, 128, 8, 3))), clocks,
        ),
    )  # fmt: skip


def _few_bits() -> Workload:
    rng = np.random.default_rng(0)
    hidden = Dense(rng.integers(-1, 2, (256, 64)))
    low, high = np.sort(rng.integers(-13, 14, (2, 64)), axis=0)  # the sums' deviation is 11
    limits = Levels(np.stack([low, high + 1], axis=1), -1)
    return Workload("W8", "dense 256-64, inputs, weights and outputs of 2 bits (-1, 0, 1)", (256, 1, 1), 2,
                    (hidden, limits), (512, 4096))  # fmt: skip


def workloads() -> dict[str, Workload]:
    """Return every workload by name."""
    bit_maps, gray = (16, 16, 16), (1, 64, 64)
    made = (
        _conv("W1", "binary conv 3x3, 16 to 32 maps of +-1", bit_maps, 1, lambda r: (Conv(_signs(r, 32, 16, 3, 3)),)),
        _dense(),
        _conv("W3", "binary conv 3x3, bytes to 16 maps", gray, 8, lambda r: (Conv(_signs(r, 16, 1, 3, 3)),)),
        _conv("W4", "jet conv 3x3, bytes to 16 maps", gray, 8, lambda r: (Conv(_jets(r, 16, 1, 3)),)),
        _conv("W5", "jets 3x3, 16 to 32 maps of +-1", bit_maps, 1, lambda r: (Conv(_jets(r, 32, 16, 3)),)),
        _conv("W5x5", "jets 5x5, 16 to 32 maps of +-1", bit_maps, 1, lambda r: (Conv(_jets(r, 32, 16, 5)),)),
        _conv("W1x5", "binary conv 5x5, 16 to 32 maps", bit_maps, 1, lambda r: (Conv(_signs(r, 32, 16, 5, 5)),)),
        _conv(
            "W6", "separable jets 3x3, 16 to 32 maps of +-1", bit_maps, 1,
            lambda r: (Conv(_signs(r, 32, 16, 1, 1)), Conv(_jets(r, 32, 1, 3), groups=32)),
        ),
        _conv(
            "W7", "bottleneck jets 3x3, M = 4, 16 to 32 maps of +-1", bit_maps, 1,
            lambda r: (Conv(_signs(r, 4, 16, 1, 1)), Conv(_jets(r, 32, 4, 3))),
        ),
        _few_bits(),
        *_belt(64),
        *_belt(128),
    )  # fmt: skip
    return {workload.name: workload for workload in made}
