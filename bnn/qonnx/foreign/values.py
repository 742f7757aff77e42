"""What an integer of the network stands for in the file: x = unit * (z - zero), and how far floats can be off."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MANTISSA = 24  # bits of float32


@dataclass(frozen=True, eq=False)
class Values:
    """Of the elements of a map, all channels alike: integers z from low to high, which mean unit * (z - zero).

    An element of the file may be the sum of several neighbouring channels: a quantizer's levels are counted in +-1, as
    on a thermometer, of which as many are +1 as thresholds are reached.
    """

    unit: float
    zero: float  # z that means 0; an integer where the map may be padded with 0
    low: int
    high: int
    error: float = 0.0  # how far the file's float32 values are from that
    levels: int = 1  # channels that an element of the file is the sum of

    def meaning(self, value: float) -> int | None:
        """The integer that means `value`; None when there is none."""
        z = value / self.unit + self.zero
        return int(z) if z == int(z) and (self.low <= z <= self.high or value == 0) else None


def bit(low: float, high: float) -> Values:
    """z = -1 means `low`, +1 means `high`."""
    return thermometer(low, high - low, 1)


def thermometer(start: float, unit: float, levels: int, error: float = 0.0) -> Values:
    """So many +-1, of which j are +1, mean start + unit * j."""
    return Values(unit / 2, -(2 * start / unit + levels) / levels, -1, 1, error, levels)


@dataclass(frozen=True, eq=False)
class Sums:
    """Integer sums k per channel, which mean unit * (k + offset) + bias; all arrays [C]."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    unit: Floats
    offset: Floats
    bias: Floats
    error: Floats  # how far float32 sums may be off, in whatever order they are added; 0 when exact in every order

    def floats(self, k: NDArray[np.int64], shift: float = 0.0) -> NDArray[np.float32]:
        """float32 [L, C] of the sums k [L] of every channel, moved by `shift` times the error and rounded outwards."""
        exact = self.unit * (k[:, None] + self.offset)
        rounded = exact.astype(np.float32) + self.bias.astype(np.float32)
        if not shift:
            return rounded
        moved = (exact + self.bias + shift * self.error).astype(np.float32)
        outwards = np.nextafter(moved, np.float32(np.copysign(np.inf, shift)))
        return np.where(self.error > 0, outwards, rounded)

    def grid(self) -> NDArray[np.int64]:
        """Every integer that some channel's sum can be."""
        return np.arange(int(self.low.min()), int(self.high.max()) + 1)


def odd_part(value: float) -> int:
    """m of value = m * 2^e, m odd: 0 for 0.

    >>> odd_part(0.75), odd_part(-8.0)
    (3, 1)
    """
    if value == 0:
        return 0
    numerator = abs(Fraction(value)).numerator
    return numerator // (numerator & -numerator)


def rounding(terms: int, reach: Floats, unit: Floats, bias: Floats, error: float) -> Floats:
    """How far a float32 sum of so many terms can be from the exact one: 0 where no partial sum is ever rounded.

    reach [O]: the sum of the terms' magnitudes in units; error: how far each term is off to begin with, in units. The
    bound is the usual one of a sum in any order, n * u / (1 - n * u) of the magnitudes, with a rounding for the product
    and one for the bias (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2).
    """
    exact = [not error and bias[o] == 0 and odd_part(float(unit[o])) * reach[o] < 2**MANTISSA for o in range(len(unit))]
    largest = unit * reach + np.abs(bias)
    steps = (terms + 2) * 2.0**-MANTISSA
    if steps >= 1:
        return np.where(exact, 0.0, np.inf)
    off = terms * error * unit
    return np.where(exact, 0.0, steps / (1 - steps) * (largest + off) + off)
