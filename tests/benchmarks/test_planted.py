"""Checks find the faults planted for them, and pass without a fault. `make planted` also runs those that simulate."""

import pytest

from tests.benchmarks.planted.__main__ import CHECKS, both

FAST = [check for check in CHECKS if not check.slow]
SLOW = [check for check in CHECKS if check.slow]


@pytest.mark.parametrize("check", FAST, ids=lambda check: f"{check.name}: {check.fault}")
def test_a_planted_fault_is_caught(check):
    right, wrong = both(check)
    assert right is None and wrong


@pytest.mark.slow
@pytest.mark.parametrize("check", SLOW, ids=lambda check: f"{check.name}: {check.fault}")
def test_a_planted_fault_in_what_takes_long_is_caught(check):
    right, wrong = both(check)
    assert right is None and wrong
