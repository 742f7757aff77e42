"""The exact test of Smirnov: equal to SciPy's, to enumeration, and never too bold with ties."""

import itertools

import numpy as np
import pytest
from scipy import stats

from bnn.drift.smirnov import chance, distance


@pytest.mark.parametrize(("m", "n"), [(2, 3), (3, 3), (4, 6), (5, 2)])
def test_it_counts_every_order(m, n):
    """Every order of m + n different values is as likely."""
    orders = [np.array(found) for found in itertools.combinations(range(m + n), m)]
    distances = [distance(one, np.setdiff1d(np.arange(m + n), one)) for one in orders]
    for reached in range(m * n + 1):
        share = np.mean([found >= reached for found in distances])
        assert chance(reached, m, n) == pytest.approx(share, abs=1e-12)
        assert chance(reached, n, m) == chance(reached, m, n)


def test_it_is_scipys():
    r = np.random.default_rng(0)
    for m, n, shift in itertools.product((5, 30, 50), (50, 173), (0.0, 0.5, 2.0)):
        one, other = r.permutation(100_000)[:m] + int(30_000 * shift), r.permutation(100_000)[:n]
        other = other[~np.isin(other, one)]
        known = stats.ks_2samp(one, other, method="exact")
        reached = distance(one, other)
        assert reached / (m * len(other)) == pytest.approx(known.statistic)
        assert chance(reached, m, len(other)) == pytest.approx(known.pvalue, rel=1e-6)


def test_the_smallest_chances_are_right():
    """Only two orders of all reach the largest distance, and 1 minus nearly 1 would not find them."""
    for m, n in ((20, 30), (50, 4096)):
        from math import comb

        assert chance(m * n, m, n) == pytest.approx(2 / comb(m + n, m), rel=1e-9)


def test_ties_make_it_careful():
    """Of values with many ties, at most as many samples are below a level as it says, and some are."""
    r, level = np.random.default_rng(1), 0.05
    below = [chance(distance(r.integers(0, 4, 20), r.integers(0, 4, 60)), 20, 60) <= level for _ in range(2000)]
    assert 0 < np.mean(below) < level
