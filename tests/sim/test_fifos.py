"""FIFO depths by simulation: the gauge equals nj_fifo in every clock, and no smaller depths keep the rate."""

import numpy as np
import pytest

from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from sim.accelerator import verify
from sim.fifos import GAUGED, find_depths
from sim.modules import STALLS, Stall, run_streams
from tests.support.networks import random_network


@pytest.mark.parametrize("depth", [2, 8, 32])
def test_the_gauge_does_what_nj_fifo_does(depth):
    beats = np.random.default_rng(depth).integers(0, 32, 6 * depth + 20).tolist()
    stalls = (*STALLS, Stall(0.0, 0.95, 3))
    ways = [
        run_streams("nj_fifo", {"Depth": depth, "Bits": 5}, beats, len(beats), stalls=stalls, sources=sources)
        for sources in (None, [GAUGED])
    ]
    assert ways[0] == ways[1]


def test_a_gauge_without_a_depth_has_room():
    beats = list(range(200))
    (result,) = run_streams("nj_fifo", {}, beats, 200, stalls=[Stall(0.0, 0.9, 3)], sources=[GAUGED])
    assert result.beats == beats
    assert result.in_cycles == beats


def test_what_is_found_keeps_the_rate_and_less_does_not(tmp_path):
    model = tmp_path / "model.onnx"
    write_qonnx(random_network("binary", height=12, width=16), model)
    found = find_depths(model)
    (place,) = (place for place in found["places"] if place["depth"])
    assert found["depths"] == {place["layer"]: place["depth"]}
    assert place["stalled"] > 0

    def verified(depth):
        fifos = {place["layer"]: depth} if depth > 1 else {}
        build(model, tmp_path / f"depth{depth}", fifos=fifos)
        return verify(tmp_path / f"depth{depth}", "random", frames=8)

    assert verified(place["depth"])["passed"]
    slow = verified(place["depth"] // 2)
    assert not slow["passed"] and slow["mismatches"] == 0
    assert "clocks and not 192, as was promised" in slow["faults"][0] and "--fifos simulate" in slow["faults"][0]
