"""The shared stream bench passes right results on, and catches each breach of the handshake."""

from pathlib import Path

import pytest

from sim.modules import STALLS, Stall, run_stream, run_streams
from sim.runner import SimulationError

SKID = [Path(__file__).parent / "rtl" / "skid.sv"]


def test_all_stalls_give_the_same_beats_and_a_free_run_takes_one_clock_each():
    add = 0x1234_5678_9ABC_DEF0_1122_3344
    beats = [(i * 0x9E37_79B9_7F4A_7C15) % 2**100 for i in range(300)]
    results = run_streams("skid", {"Width": 100, "Add": add}, beats, len(beats), sources=SKID)
    for stall, result in zip(STALLS, results, strict=True):
        assert result.beats == [(beat + add) % 2**100 for beat in beats], stall
    free = results[0]
    assert free.in_cycles == list(range(300)) and free.out_cycles == list(range(1, 301))
    assert results[-1].out_cycles[-1] > 500  # the stalls took place


def test_the_seed_decides_the_stalls():
    stalls = [Stall(0.5, 0.5, 1), Stall(0.5, 0.5, 1), Stall(0.5, 0.5, 2)]
    a, b, c = run_streams("skid", {}, list(range(50)), 50, stalls=stalls, sources=SKID)
    assert a == b and a.beats == c.beats and a.out_cycles != c.out_cycles


def test_further_ports_go_with_the_beats():
    last = [0, 0, 1, 0, 1]
    extra = {"s_last_i": last}
    (result,) = run_streams(
        "skid", {}, [1, 2, 3, 4, 5], 5, stalls=[Stall(0.3, 0.3)], sources=SKID, extra_in=extra, watch=["m_last_o"]
    )
    assert result.watched["m_last_o"][:5] == last


@pytest.mark.parametrize(
    ("fault", "message"),
    [(1, "m_valid_o fell"), (2, "m_data_o changed"), (3, "after all 30 expected"), (4, "29 of 30 out")],
)
def test_each_fault_is_caught(fault, message):
    with pytest.raises(SimulationError, match=message):
        run_streams(
            "skid", {"Fault": fault}, list(range(30)), 30, stalls=[Stall(0, 0.5)], sources=SKID, silence_limit=200
        )


def test_too_few_expected_beats_do_not_pass():
    with pytest.raises(SimulationError, match="after all 29 expected"):
        run_stream("skid", {}, list(range(30)), 29, sources=SKID)
