"""The test of Smirnov (two-sample Kolmogorov-Smirnov), exact, in integers: do two samples come from one source?

Ties only make the true probability smaller than the one returned, so a level that is kept without ties is kept with
them.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def distance(one: Ints, other: Ints) -> int:
    """Return the largest |n i - m j| over all values x, where i of the m values of `one` and j of the n of `other` are
    at most x. Divided by m n this is the largest distance of the two distribution functions.

    >>> distance(np.array([1, 2]), np.array([2, 3, 4]))
    4
    """
    values = np.concatenate([one, other])
    below_one = np.searchsorted(np.sort(one), values, side="right")
    below_other = np.searchsorted(np.sort(other), values, side="right")
    return int(np.abs(len(other) * below_one - len(one) * below_other).max())


@lru_cache(maxsize=4096)
def chance(reached: int, one: int, other: int) -> float:
    """Return the probability that `distance` is at least `reached` for two samples of one source, of these sizes.

    The order of the m + n values is a path of m steps up and n to the right, and every path is as likely. Those that
    come `reached` away from the diagonal are counted, by adding positive terms only, so small probabilities are right
    too. It takes min(m, n) passes over max(m, n) numbers.
    """
    if reached <= 0:
        return 1.0
    m, n = sorted((one, other))
    right = np.arange(n + 1)
    every = np.ones(n + 1)  # paths to (i, j), scaled so that there is one to (m, n)
    far = (m * right >= reached).astype(float)  # those of them that were far away somewhere
    for i in range(1, m + 1):
        scale = i / (i + n)
        every = np.cumsum(scale * every)
        begin = max(0, (n * i - reached) // m + 1)  # from here on, and before `end`, (i, j) is near the diagonal
        end = min(n + 1, -(-(n * i + reached) // m))
        near = np.cumsum(scale * far[begin:end]) + (every[begin - 1] if begin else 0.0)
        far = every.copy()
        far[begin:end] = near
    return min(1.0, float(far[n]))
