"""A camera that cannot wait: two clocks, frames dropped whole or cut where there is no room, each of them counted."""

import json
from pathlib import Path

import pytest

from hw.text import sources_of
from sim.runner import noise, simulate

CROSSING = Path(__file__).parent / "rtl" / "nj_camera_crossing.sv"
HEIGHT, BEATS, FRAMES = 4, 6, 14
SIZE = HEIGHT * BEATS
CLOCKS = [(100, 37), (100, 90), (101, 100)]  # periods of the camera's clock and of the sink's


def run(tmp_path, camera, sink, stalls, seed=1):
    job, outcome = tmp_path / "job.json", tmp_path / "outcome.json"
    job.write_text(
        json.dumps(
            {"height": HEIGHT, "beats": BEATS, "frames": FRAMES, "camera": camera, "sink": sink, "stalls": stalls,
             "seed": seed}
        )
    )  # fmt: skip
    simulate(
        "nj_camera_crossing", [*sources_of("nj_camera_fifo"), *sources_of("nj_camera_sync"), CROSSING],
        "tests.hw.camera_crossing_bench", parameters={"Height": HEIGHT, "Beats": BEATS},
        build_args=("--x-assign", "unique", "--x-initial", "unique"), plusargs=noise(seed), timeout_s=300,
        env={"NJ_CROSSING_JOB": str(job), "NJ_CROSSING_OUTCOME": str(outcome)},
    )  # fmt: skip
    found = json.loads(outcome.read_text())
    beats = found["beats"]
    assert len(beats) % SIZE == 0
    frames = []
    for begin in range(0, len(beats), SIZE):
        data, ends, broken = zip(*beats[begin : begin + SIZE], strict=True)
        assert ends == (0,) * (SIZE - 1) + (1,)
        frames.append((list(data), bool(broken[-1])))
    return frames, found["dropped"]


def check(frames, dropped):
    """Every frame is whole and right, or begins so, goes on with zeros and is told; return which were right and cut."""
    right, cut = [], []
    for data, broken in frames:
        number, begin = divmod(data[0] - 1, SIZE)
        assert begin == 0
        sent = list(range(data[0], data[0] + SIZE))
        kept = next((i for i, beat in enumerate(data) if beat == 0), SIZE)
        assert data == sent[:kept] + [0] * (SIZE - kept) and broken == (kept < SIZE)
        (cut if broken else right).append(number)
    came = [data[0] for data, _ in frames]
    assert came == sorted(set(came))
    assert dropped == FRAMES - len(right)  # dropped whole, and cut
    return right, cut


@pytest.mark.parametrize(("camera", "sink"), CLOCKS)
def test_all_frames_cross_when_the_sink_takes_them(tmp_path, camera, sink):
    right, cut = check(*run(tmp_path, camera, sink, []))
    assert right == list(range(FRAMES)) and cut == []


@pytest.mark.parametrize(("camera", "sink"), CLOCKS[:2])
def test_frames_without_room_are_dropped_or_cut_and_counted_and_later_ones_are_right(tmp_path, camera, sink):
    frame = camera * (SIZE + 2 * HEIGHT + 31)
    stalls = [[2.2 * frame, 5.5 * frame], [8.5 * frame, 8.9 * frame]]
    right, cut = check(*run(tmp_path, camera, sink, stalls))
    assert {0, 1, 7, 11, 12, 13} <= set(right) and cut and len(right) + len(cut) < FRAMES
