"""Integer helpers of the operators: datatypes, bit space, packed Verilog constants. Pure functions.

Bit space is what streams carry: a +-1 element x is the bit b, x = 2b - 1; all else is the integer itself.
"""

from collections.abc import Iterable

import numpy as np

from bnn.integer.intervals import dot_interval
from bnn.integer.reference import Ints


def literal(values: Iterable[int], bits: int) -> str:
    """Return elements of `bits` bits each as one sized Verilog constant: element 0 lowest, two's complement.

    >>> literal([1, -1], 4)
    "8'hf1"
    """
    mask = (1 << bits) - 1
    digits = [format(int(value) & mask, f"0{bits}b") for value in values]
    total = len(digits) * bits
    return f"{total}'h{int(''.join(reversed(digits)), 2):x}"


def parameter_value(value: int | str) -> str:
    """Return an integer of any width as a Verilog constant for a parameter; a string is one already.

    >>> parameter_value(-3), parameter_value(1 << 40), parameter_value("8'hff")
    ('-3', "41'h10000000000", "8'hff")
    """
    if isinstance(value, str):
        return value
    value = int(value)
    if -(2**31) <= value < 2**31:
        return str(value)
    if value < 0:
        raise ValueError(f"parameter {value}: give a negative number beyond 32 bits as its two's complement bits")
    return f"{value.bit_length()}'h{value:x}"


def selection(ways: int, bits: int) -> int:
    """Return the LUTs of nj_select: one per bit chooses among four, one for two bits chooses among two.

    >>> selection(4, 9), selection(6, 9), selection(32, 32)
    (9, 19, 336)
    """
    luts = 0
    while ways > 1:
        groups, rest = divmod(ways, 4)
        luts += bits * groups + (bits if rest == 3 else -(-bits // 2) if rest == 2 else 0)
        ways = groups + (rest > 0)
    return luts


def dot_range(weight: Ints, low: int, high: int) -> tuple[Ints, Ints]:
    """Return the smallest and largest sum of each row of weight [O, ...] over inputs low..high, or 0 where padded."""
    return dot_interval(weight, min(low, 0), max(high, 0))


def bit_thresholds(thresholds: Ints, weight: Ints, scale: int, offset: Ints) -> Ints:
    """Return thresholds on sums over a stream s, given those on sums over the tensor x = scale * s + offset[c].

        sum(w x) >= T   <=>   sum(w s) >= ceil((T - sum(w offset)) / scale)

    thresholds [O], weight [O, C, ...], offset [C] (one [C] per output when grouped: [O, 1]).
    """
    moved = (weight.reshape(*weight.shape[:2], -1).sum(2) * np.asarray(offset)).sum(1)
    return -((moved - np.asarray(thresholds, np.int64)) // scale)


def reachable(thresholds: Ints, low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """Return thresholds inside low..high that decide the same, and `invert`: out = (sum >= threshold) != invert.

    What is always true compares with `low`, what is never true does so too and is inverted.
    """
    never = thresholds > high
    return np.where(never, low, np.maximum(thresholds, low)), never.astype(np.int64)
