"""What integers of the network mean in the file, and how far the file's float32 numbers can be off."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MANTISSA = 24  # bits of float32


@dataclass(frozen=True, eq=False)
class Values:
    """The integers z of a map, from low to high, the same in all channels. They mean unit * (z - zero).

    An element of the file may be the sum of several neighbouring channels. The levels of a quantizer are coded so, as
    on a thermometer: as many of its +-1 are +1 as thresholds are reached.
    """

    unit: float
    zero: float  # the z that means 0; an integer where the map may be padded with 0
    low: int
    high: int
    error: float = 0.0  # how far the file's float32 values are from that, in units
    levels: int = 1  # how many channels of the network one channel of the file is the sum of

    def meaning(self, value: float) -> int | None:
        """Return the integer that means `value`; None when no integer does."""
        z = value / self.unit + self.zero
        return int(z) if z == int(z) and (self.low <= z <= self.high or value == 0) else None


def bit(low: float, high: float) -> Values:
    """Return the values of one bit: z = -1 means `low`, +1 means `high`."""
    return thermometer(low, high - low, 1)


def thermometer(start: float, unit: float, levels: int, error: float = 0.0) -> Values:
    """Return the values of elements that are `levels` +-1: with j of them +1 an element means start + unit * j."""
    return Values(unit / 2, -(2 * start / unit + levels) / levels, -1, 1, error, levels)


@dataclass(frozen=True, eq=False)
class Sums:
    """Integer sums k, low to high, of each channel. They mean unit * (k + offset) + bias. All arrays are [C]."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    unit: Floats
    offset: Floats
    bias: Floats
    error: Floats  # how far the file's sums may be off, whatever the order of additions; 0 when no order rounds

    def floats(self, k: NDArray[np.int64], shift: float = 0.0) -> NDArray[np.float32]:
        """Return float32 [L, C]: what the sums k [L] mean in every channel.

        shift: 1 or -1 moves them up or down by the error, rounded outwards.
        """
        exact = self.unit * (k[:, None] + self.offset)
        rounded = exact.astype(np.float32) + self.bias.astype(np.float32)
        if not shift:
            return rounded
        moved = (exact + self.bias + shift * self.error).astype(np.float32)
        outwards = np.nextafter(moved, np.float32(np.copysign(np.inf, shift)))
        return np.where(self.error > 0, outwards, rounded)

    def grid(self) -> NDArray[np.int64]:
        """Return every integer [L] from the least to the largest sum of any channel."""
        return np.arange(int(self.low.min()), int(self.high.max()) + 1)


def odd_part(value: float) -> int:
    """Return the odd m >= 0 of |value| = m * 2^e; 0 for 0.

    >>> odd_part(0.75), odd_part(-8.0)
    (3, 1)
    """
    if value == 0:
        return 0
    numerator = abs(Fraction(value)).numerator
    return numerator // (numerator & -numerator)


def rounding(terms: int, magnitudes: Floats, unit: Floats, bias: Floats, error: float) -> Floats:
    """Return [O]: how far a float32 sum of `terms` terms can be from the exact one, 0 where no partial sum is rounded.

    magnitudes: [O], the sum of the terms' magnitudes, in units. error: how far each term may be off, in units. The
    bound is the usual one for a sum in any order, n * u / (1 - n * u) of the magnitudes, with one rounding for the
    product and one for the bias (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2).
    """
    odd = [odd_part(float(value)) for value in unit]
    exact = [not error and bias[o] == 0 and odd[o] * magnitudes[o] < 2**MANTISSA for o in range(len(unit))]
    largest = unit * magnitudes + np.abs(bias)
    steps = (terms + 2) * 2.0**-MANTISSA
    if steps >= 1:
        return np.where(exact, 0.0, np.inf)
    off = terms * error * unit
    return np.where(exact, 0.0, steps / (1 - steps) * (largest + off) + off)
