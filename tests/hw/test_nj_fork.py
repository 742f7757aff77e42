"""nj_fork gives every output each beat once, when that output is ready, and takes the beat when all have it."""

import pytest

from hw.text import sources_of
from sim.runner import simulate


@pytest.mark.parametrize(("outputs", "bits"), [(2, 1), (3, 40)])
def test_fork(outputs, bits):
    parameters = {"Outputs": outputs, "Bits": bits}
    simulate("nj_fork", sources_of("nj_fork"), "tests.hw.fork_bench", parameters=parameters)
