"""nj_frame_sync passes right packets unchanged, repairs wrong ones, and reports exactly the wrong ones."""

import random

import pytest

from sim.modules import STALLS, Stall, run_streams
from tests.support.streams import framed

HEAVY = (*STALLS, Stall(0.9, 0.0, 1), Stall(0.0, 0.9, 2), Stall(0.9, 0.9, 3))


def check(packets, beats, stalls=STALLS, room=None):
    """Run `packets` (see framed) with `room` at room_i; return the frames and the outcome of the run without stalls."""
    frames, broken, marks = framed(packets, beats)
    data = [beat for packet in packets for beat in packet if beat is not None]
    last = [int(i == len(p) - 1) for p in packets for i, beat in enumerate(p) if beat is not None]
    expected = [beat for frame in frames for beat in frame]
    results = run_streams(
        "nj_frame_sync", {"Beats": beats, "DataBits": 8}, data, len(expected), stalls=stalls,
        extra_in={"s_last_i": last, "room_i": room or [1] * len(last)},
        watch=["frame_error_o", "error_pulse_o", "end_o", "end_broken_o"],
    )  # fmt: skip
    for stall, result in zip(stalls, results, strict=True):
        assert result.beats == expected, stall
        assert result.watched["frame_error_o"][-1] == int(bool(broken)), stall
        # the flag rises at the first output after the clock in which the rule was broken
        seen = [out > result.in_cycles[broken[0]] if broken else False for out in result.out_cycles]
        assert result.watched["frame_error_o"][:-1] == [int(s) for s in seen], stall
        ends = [place == beats - 1 for frame in frames for place in range(len(frame))]
        assert result.watched["end_o"][:-1] == [int(end) for end in ends], stall
        said = [flag for end, flag in zip(ends, result.watched["end_broken_o"], strict=False) if end]
        assert said == [int(mark) for mark in marks[: len(said)]], stall
        pulses = {result.in_cycles[position] + 1 for position in broken}
        assert result.watched["error_pulse_o"][:-1] == [int(out in pulses) for out in result.out_cycles], stall
    return frames, results[0]


def packet(length, start=1, ended=True):
    return [(start + i) % 255 + 1 for i in range(length)] + ([] if ended else [None])


def test_right_packets_pass_at_a_beat_per_clock():
    frames, free = check([packet(8, 1), packet(8, 40), packet(8, 90)], 8)
    assert len(frames) == 3 and free.in_cycles == list(range(24)) == free.out_cycles


def test_no_frame_begins_before_there_was_room():
    right = [packet(8, 1), packet(8, 40), packet(8, 90)]
    _, free = check(right, 8, room=[int(beat % 8 != 7) for beat in range(24)])  # low when a frame ends
    assert free.in_cycles == [beat + beat // 8 for beat in range(24)] == free.out_cycles


def test_a_frame_that_began_behind_no_tlast_is_broken_however_it_ends():
    thrice = packet(24, 3)  # three frames of 8, or one that is three times too long
    _, broken, marks = framed([thrice, packet(8, 40)], 8)
    assert (broken, marks) == ([7, 23], [True, True, False])
    check([thrice, packet(8, 40)], 8, HEAVY)


def test_short_packet_is_filled_with_zero_and_the_next_is_whole():
    frames, _ = check([packet(8), packet(3, 50), packet(8, 90), packet(7, 7), packet(1, 9), packet(8, 20)], 8)
    assert frames[1] == [*packet(3, 50), 0, 0, 0, 0, 0] and frames[2] == packet(8, 90)


def test_excess_is_dropped_and_gives_no_frame_of_its_own():
    packets = [packet(11), packet(8, 50), packet(15, 80), packet(16, 10), packet(8, 120)]
    frames, _ = check(packets, 8, HEAVY)
    assert frames == [packets[0][:8], packets[1], packets[2][:8], packets[3][:8], packets[4]]


def test_one_missing_tlast_loses_the_next_frame_only():
    frames, _ = check([packet(8), packet(8, 50, ended=False), packet(8, 90), packet(8, 120)], 8, HEAVY)
    assert [frame[0] for frame in frames] == [2, 51, 121]


def test_a_source_without_tlast_loses_its_second_frame_only():
    never = [packet(8, 10 * start, ended=False) for start in range(1, 9)]
    frames, _ = check(never, 8, HEAVY)
    assert [frame[0] for frame in frames] == [11, 31, 41, 51, 61, 71, 81]


def test_transfers_of_many_frames_are_cut_by_the_count():
    transfers = [packet(8, 10 * n, ended=n % 4 == 0) for n in range(1, 13)]  # TLAST after 4, 8 and 12
    frames, _ = check(transfers, 8)
    assert [frame[0] for frame in frames] == [11, *range(31, 122, 10)]


def test_a_right_packet_ends_the_count_and_excess_is_dropped_again():
    never = [packet(8, 10 * start, ended=False) for start in (1, 2, 3)]
    frames, _ = check([*never, packet(8, 40), packet(8, 50), packet(13, 60), packet(8, 70)], 8)
    assert [frame[0] for frame in frames] == [11, 31, 41, 51, 61, 71] and frames[-1] == packet(8, 70)
    counted, _ = check([*never, packet(13, 60), packet(8, 70)], 8)  # no right packet comes before the excess
    assert counted[2:] == [packet(13, 60)[:8], [*packet(13, 60)[8:], 0, 0, 0], packet(8, 70)]


@pytest.mark.parametrize("length", [1, 5, 8 + 3])
def test_reset_forgets_the_frame_under_way(length):
    """Every run begins with a reset. All but the first then find half a frame, or half a packet that is dropped."""
    frames, _ = check([packet(8), packet(length, 60, ended=False)], 8, HEAVY)
    assert frames[0] == packet(8) and len(frames[1]) == min(length, 8)


def test_one_beat_frames():
    check([packet(1), packet(1, 5), packet(1, 7, ended=False), packet(1, 9), packet(3, 11), packet(1, 20)], 1)


@pytest.mark.slow
@pytest.mark.parametrize("beats", [1, 2, 5, 16])
def test_any_packets(beats):
    draw = random.Random(beats)
    packets = [packet(draw.randint(1, 3 * beats), draw.randrange(255), ended=draw.random() < 0.8) for _ in range(60)]
    right = [packet(beats, draw.randrange(255)) for _ in range(3)]
    check([*packets, *right, *packets[:20], packet(3 * beats), *right], beats, HEAVY)
