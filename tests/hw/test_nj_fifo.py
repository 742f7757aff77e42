"""nj_fifo: first in, first out, Depth + 1 beats, two clocks through, a beat per clock."""

import numpy as np
import pytest

from sim.modules import STALLS, Stall, run_streams
from sim.runner import SimulationError


@pytest.mark.parametrize(("depth", "bits"), [(2, 1), (4, 3), (16, 32), (64, 70), (128, 2)])
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


@pytest.mark.parametrize("depth", [1, 6, 8192])
def test_refuses_a_depth_that_is_none(depth):
    with pytest.raises(SimulationError, match=f"Depth = {depth}, must be a power of two"):
        run_streams("nj_fifo", {"Depth": depth}, [0], 1)
