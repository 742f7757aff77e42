"""The algebra of neural jet features: kernels that are products of [1 1] and [1 -1].

Per axis a kernel is a product of n two-tap factors, n = K - 1: S = [1 1] (smooth) or D = [1 -1]
(difference). Factors commute, so only the number k of D's counts, and a 2-D kernel is the outer
product of two axis kernels: (n+1)^2 = 9 kernels for 3x3 and 25 for 5x5.

    n=2   [1 2 1]      [1 0 -1]       [1 -2 1]
    n=4   [1 4 6 4 1]  [1 2 0 -2 -1]  [1 0 -2 0 1]  [1 -2 0 2 -1]  [1 -4 6 -4 1]

Source of the idea: Simons & Lee, "Efficient Binarized Convolutional Layers for Visual Inspection Applications on
Resource-Limited FPGAs and ASICs", Electronics 10(13):1511, 2021, its section 3.1 "Constrained Neural Jet Features";
before it 8(5):588 and 8(6):661. The full text was not available; this is a reconstruction from abstract and headings.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

KERNEL_SIZES = (3, 5)


@lru_cache
def _axis_kernels(n: int) -> Ints:
    rows = []
    for k in range(n + 1):
        row = np.array([1], dtype=np.int64)
        for factor in range(n):
            row = np.convolve(row, [1, -1] if factor < k else [1, 1])
        rows.append(row)
    kernels = np.stack(rows)
    kernels.setflags(write=False)
    return kernels


def axis_kernels(n: int) -> Ints:
    """Return all axis kernels of order n: [n+1, n+1], row k = S^(n-k) D^k.

    >>> axis_kernels(2).tolist()
    [[1, 2, 1], [1, 0, -1], [1, -2, 1]]
    """
    if n < 1:
        raise ValueError(f"the order of an axis kernel is at least 1, not {n}")
    return _axis_kernels(n)


def kernel(n: int, ky: int, kx: int) -> Ints:
    """Return the 2-D kernel with `ky` differences down and `kx` across: [n+1, n+1]."""
    rows = axis_kernels(n)
    return np.outer(rows[ky], rows[kx])


def group(n: int) -> Ints:
    """Return every kernel of the group: [(n+1)^2, n+1, n+1], index ky * (n+1) + kx."""
    return np.stack([kernel(n, ky, kx) for ky in range(n + 1) for kx in range(n + 1)])


def compose(signs: Ints) -> Ints:
    """Return kernels from factor signs [..., 2n] (first n down, last n across; +1 = S, -1 = D): [..., n+1, n+1].

    >>> compose(np.array([1, 1, 1, -1])).tolist()
    [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
    """
    n = signs.shape[-1] // 2
    orders = (signs < 0).reshape(*signs.shape[:-1], 2, n).sum(-1)  # [..., 2]
    rows = axis_kernels(n)
    return rows[orders[..., 0]][..., :, None] * rows[orders[..., 1]][..., None, :]


def factorise(weights: Ints) -> tuple[int, int, int] | None:
    """Read a [K, K] kernel back as (sign, ky, kx), or None when it is not +-(one of the group).

    An all-zero kernel is (0, 0, 0): the input channel is skipped.

    >>> factorise(-kernel(2, 1, 2))
    (-1, 1, 2)
    >>> factorise(np.eye(3, dtype=np.int64)) is None
    True
    """
    weights = np.asarray(weights)
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1] or weights.shape[0] not in KERNEL_SIZES:
        return None
    if not weights.any():
        return (0, 0, 0)
    integers = weights.astype(np.int64)
    return _meaning(weights.shape[0] - 1).get(integers.tobytes()) if np.array_equal(integers, weights) else None


@lru_cache
def _meaning(n: int) -> dict[bytes, tuple[int, int, int]]:
    """Return by its bytes what `factorise` says of every kernel of the group and of its negative."""
    orders = [(ky, kx) for ky in range(n + 1) for kx in range(n + 1)]
    return {(sign * kernel(n, ky, kx)).tobytes(): (sign, ky, kx) for ky, kx in orders for sign in (-1, 1)}
