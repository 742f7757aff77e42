"""Slices of frames, simulated apart, say what one simulation of all frames says."""

import dataclasses
from itertools import pairwise

import pytest

from bnn.engines import opened
from sim import accelerator, farmed
from sim.accelerator import verify
from sim.bench import BenchRun
from sim.frames import Events
from sim.slices import Slice, cuts, joined
from tests.sim.test_accelerator import NO_RESULT, WRONG_LATER
from tests.support.tiny import tiny_accelerator

OF_THE_CLOCK = ("seconds", "build_seconds", "cycles_per_second")
BEATS, LATENCY = 64, 70


@pytest.mark.parametrize("total", [1, 19, 20, 59, 60, 61, 1000, 10_001])
@pytest.mark.parametrize("pieces", [1, 2, 3, 16])
@pytest.mark.parametrize("overlap", [2, 5, 40])
def test_slices_cover_all_frames_and_share_as_many_as_asked(total, pieces, overlap):
    found = cuts(total, pieces, overlap)
    assert 1 <= len(found) <= pieces
    assert found[0][0] == 0 and found[-1][1] == total
    assert all(end - later == overlap for (_, end), (later, _) in pairwise(found))
    own = [end - begin - overlap * (number > 0) for number, (begin, end) in enumerate(found)]
    assert sum(own) == total and max(own) - min(own) <= 1
    assert len(found) == 1 or min(own) >= 2 * overlap


def part(begin, end, wrong=(), late=0, **changes):
    """Return a slice of an accelerator that takes a pixel a clock, and its first frame `late` clocks later."""
    first = [BEATS * place + late * (place > 0) for place in range(end - begin)]
    events = Events(
        first, [clock + BEATS - 1 for clock in first], [frame % 7 for frame in range(begin, end)],
        [clock + LATENCY for clock in first], [], first[-1] + LATENCY + 100,
    )  # fmt: skip
    run = BenchRun(dataclasses.replace(events, **changes), 0.0, 1.0)
    return Slice(begin, end, run, wrong)


def test_right_slices_become_one():
    whole, found = part(0, 100), joined([part(0, 40), part(37, 70), part(66, 100)], stalled=False)
    assert found == dataclasses.replace(whole, run=dataclasses.replace(whole.run, seconds=3.0))


def test_what_does_not_fit_is_not_joined():
    one, two = part(0, 40), part(37, 70)
    assert joined([one, part(37, 70, late=5)], stalled=False) is not None  # over before the last shared frame
    shifted = part(37, 70)
    shifted.run.events.first[2] += 1  # taken earlier there: less full
    assert joined([one, shifted], stalled=False) is None
    assert joined([one, shifted], stalled=True) is not None
    lost = part(37, 70)
    lost.run.events.cycles.pop()
    for wrong in (part(37, 70, (50,)), part(37, 70, faults=["x"]), part(37, 70, stuck=True), lost):
        assert joined([one, wrong], stalled=True) is None
        assert joined([wrong, two], stalled=True) is None
        assert joined([wrong], stalled=False) is wrong


@pytest.fixture
def whole_runs(monkeypatch):
    """Return a list that grows with each simulation of all frames in this process."""
    found, simulate = [], accelerator.simulate_frames
    for module in (accelerator, farmed):
        monkeypatch.setattr(module, "simulate_frames", lambda *given: found.append(given[-2:]) or simulate(*given))
    return found


@pytest.mark.parametrize(
    ("planted", "more", "wholes"),
    [({}, {}, 0), ({}, {"backpressure": 0.3}, 0), (WRONG_LATER, {}, 1), (NO_RESULT, {"points": 0}, 1)],
    ids=["right", "stalled", "wrong after five frames", "a result less"],
)  # fmt: skip
def test_the_report_is_that_of_one_simulation(tmp_path, whole_runs, planted, more, wholes):
    acc = tiny_accelerator(tmp_path / "acc", planted)
    expected = verify(acc, "random", frames=60, **more).entries()
    whole_runs.clear()
    found = verify(acc, "random", frames=60, engine="local:2", **more).entries()
    assert len(whole_runs) == wholes
    clocks = ("cycles", "cycles_per_frame", "frames_per_second", "latency_cycles", "frame_latency_cycles")
    for name in (*OF_THE_CLOCK, *(clocks if more.get("backpressure") else ())):
        assert expected.pop(name) is not None and found.pop(name) is not None
    assert found == expected and found["passed"] is not bool(planted)


def test_what_only_a_slice_shows_is_a_fault(tmp_path, monkeypatch):
    """A frame is wrong when it is the fifth since the reset, and what one simulation says is said to be right."""
    acc = tiny_accelerator(tmp_path / "acc", WRONG_LATER)
    compare = farmed.compared

    def compared(run, output, expected, begin, end):
        found = compare(run, output, expected, begin, end)
        return found if end - begin < 120 else dataclasses.replace(found, wrong=())

    monkeypatch.setattr(farmed, "compared", compared)
    report = verify(acc, "random", frames=60, engine="local:2", points=1)
    assert not report.passed and report.mismatches == 0
    assert report.faults == (
        "frame 5 is wrong in a simulation that begins with frame 0, and not in one of all frames",
        "frame 61 is wrong in a simulation that begins with frame 56, and not in one of all frames",
    )


def test_a_worker_that_sees_another_accelerator_says_so(tmp_path):
    acc = tiny_accelerator(tmp_path / "acc")
    description = {
        "accelerator": str(acc),
        "seal": "another",
        "frames": str(acc / "manifest.json"),
        "frames_sha256": "",
    }
    with pytest.raises(accelerator.UserError, match="was built again or changed while this ran"):
        farmed.simulate_slice(description)
    with pytest.raises(accelerator.UserError, match=r"a worker does not see .*: keep the accelerator in a folder that"):
        farmed.simulate_slice({**description, "frames": str(tmp_path / "none")})


def test_a_wrong_engine_is_told_before_anything_is_done(tmp_path):
    with pytest.raises(accelerator.UserError, match="give one of local, local:N"):
        verify(tiny_accelerator(tmp_path / "acc"), "random", frames=2, engine="threads")
    with opened("local:2") as engine:
        assert engine.here
