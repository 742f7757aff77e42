"""nj_fifo: first in, first out, Depth + 1 beats, two clocks through, a beat per clock."""

import numpy as np
import pytest

from sim.modules import STALLS, Stall, run_streams
from sim.runner import SimulationError


@pytest.mark.parametrize(("depth", "bits"), [(2, 1), (5, 3), (16, 32), (33, 70)])
def test_keeps_order_and_holds_what_it_promises(depth, bits):
    r = np.random.default_rng(depth)
    beats = [int.from_bytes(r.bytes(16), "little") & ((1 << bits) - 1) for _ in range(6 * depth + 20)]
    stalls = (*STALLS, Stall(0.0, 0.95, 3))
    results = run_streams("nj_fifo", {"Depth": depth, "Bits": bits}, beats, len(beats), stalls=stalls)
    for result in results:
        assert result.beats == beats
    free = results[0]
    assert free.in_cycles == list(range(len(beats)))
    assert free.out_cycles == [cycle + 2 for cycle in free.in_cycles]
    slow = results[-1]  # the sink is the bottleneck: the memory fills up
    held = [sum(out >= cycle for out in slow.out_cycles[: i + 1]) for i, cycle in enumerate(slow.in_cycles)]
    assert max(held) == depth + 1


def test_refuses_a_depth_that_is_none():
    with pytest.raises(SimulationError, match="Depth = 1, must be at least 2"):
        run_streams("nj_fifo", {"Depth": 1}, [0], 1)
