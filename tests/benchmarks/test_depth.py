"""The depth benchmark measures what it says."""

import re

from tests.benchmarks.depth import reference


def test_the_reference_is_three_luts_and_a_carry_chain_of_sixteen_places():
    delay, path = reference()
    kinds = [re.match(r"\S+ ([A-Z]+)", cell)[1] for cell in path]
    assert kinds == ["FDRE", "LUT", "LUT", "CARRY", "CARRY", "CARRY", "CARRY", "LUT", "FDRE"]
    assert 1000 < delay < 5000  # picoseconds
