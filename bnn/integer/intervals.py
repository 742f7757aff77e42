"""Intervals of integers, and the narrowest types that hold them."""

import numpy as np

from bnn.integer.reference import Ints

Interval = tuple[int, int]  # smallest and largest value


def signed_bits(low: int, high: int) -> int:
    """Return the width of two's complement that holds low..high.

    >>> signed_bits(-4, 3), signed_bits(0, 4)
    (3, 4)
    """
    return 1 + max(int(high).bit_length() if high > 0 else 0, int(-low - 1).bit_length() if low < 0 else 0)


def datatype_of(low: int, high: int) -> str:
    """Return the narrowest QONNX integer datatype that holds low..high.

    >>> datatype_of(0, 255), datatype_of(-1, 3)
    ('UINT8', 'INT3')
    """
    if low >= 0:
        return f"UINT{max(1, int(high).bit_length())}"
    return f"INT{max(2, signed_bits(low, high))}"


def dot_interval(weight: Ints, low: Ints | int, high: Ints | int) -> tuple[Ints, Ints]:
    """Return the smallest and largest sum [O] of each row of `weight` [O, ...] over inputs in low..high.

    low, high: one number for all inputs, or an array that broadcasts against `weight`.
    """
    axes = tuple(range(1, weight.ndim))
    positive, negative = np.maximum(weight, 0), np.minimum(weight, 0)
    least, most = positive * low + negative * high, positive * high + negative * low
    return least.sum(axes), most.sum(axes)
