"""nj_frame_sync passes right packets untouched, repairs wrong ones, and reports exactly those."""

import random

import pytest

from sim.modules import STALLS, run_streams


def repaired(packets, beats, drop_excess):
    """(frames, beats of input that break the rule) as the module's contract says, packet by packet.

    A packet ends with TLAST unless it is None-terminated: `[1, 2, None]` is two beats without.
    """
    out, broken, current, dropping = [], [], [], False
    position = 0
    for packet in packets:
        ended = packet[-1] is not None
        data = packet if ended else packet[:-1]
        for index, beat in enumerate(data):
            last = ended and index == len(data) - 1
            if dropping:
                dropping = not last
            else:
                current.append(beat)
                if last and len(current) < beats:
                    broken.append(position)
                    current += [0] * (beats - len(current))
                elif len(current) == beats and not last:
                    broken.append(position)
                    dropping = drop_excess
                if len(current) == beats:
                    out.append(current)
                    current = []
            position += 1
    assert not current, "a test must end on a whole frame"
    return out, broken


def check(packets, beats, drop_excess=False):
    frames, broken = repaired(packets, beats, drop_excess)
    data = [beat for packet in packets for beat in packet if beat is not None]
    last = [int(i == len(p) - 1) for p in packets for i, beat in enumerate(p) if beat is not None]
    expected = [beat for frame in frames for beat in frame]
    results = run_streams(
        "nj_frame_sync", {"Beats": beats, "DataBits": 8, "DropExcess": int(drop_excess)}, data, len(expected),
        extra_in={"s_last_i": last}, watch=["frame_error_o", "error_pulse_o"],
    )  # fmt: skip
    for stall, result in zip(STALLS, results, strict=True):
        assert result.beats == expected, stall
        assert result.watched["frame_error_o"][-1] == int(bool(broken)), stall
        # the flag is seen up at the first output after the clock in which the rule was broken
        seen = [out > result.in_cycles[broken[0]] if broken else False for out in result.out_cycles]
        assert result.watched["frame_error_o"][:-1] == [int(s) for s in seen], stall
        pulses = {result.in_cycles[position] + 1 for position in broken}
        assert result.watched["error_pulse_o"][:-1] == [int(out in pulses) for out in result.out_cycles], stall
    return frames, results[0]


def packet(length, start=1, ended=True):
    return [(start + i) % 255 + 1 for i in range(length)] + ([] if ended else [None])


def test_right_packets_pass_at_a_beat_per_clock():
    frames, free = check([packet(8, 1), packet(8, 40), packet(8, 90)], 8)
    assert len(frames) == 3 and free.in_cycles == list(range(24)) == free.out_cycles


def test_short_packet_is_filled_with_zero_and_the_next_is_whole():
    frames, _ = check([packet(8), packet(3, 50), packet(8, 90), packet(7, 7), packet(1, 9), packet(8, 20)], 8)
    assert frames[1] == [*packet(3, 50), 0, 0, 0, 0, 0] and frames[2] == packet(8, 90)


def test_missing_tlast_loses_no_frame():
    frames, _ = check([packet(8), packet(8, 50, ended=False), packet(8, 90), packet(8, 120)], 8)
    assert [frame[0] for frame in frames] == [2, 51, 91, 121]
    many = [packet(8, start, ended=start == 60) for start in (20, 40, 60)]  # one transfer of three frames
    assert len(check([*many, packet(8, 80)], 8)[0]) == 4


def test_excess_is_a_short_frame_of_its_own_or_dropped():
    packets = [packet(11), packet(8, 50), packet(26, 80), packet(8, 120)]
    frames, _ = check(packets, 8)
    assert frames[1] == [*packet(11)[8:], 0, 0, 0, 0, 0] and frames[-1] == packets[3]
    frames, _ = check(packets, 8, drop_excess=True)
    assert frames == [packets[0][:8], packets[1], packets[2][:8], packets[3]]


def test_one_beat_frames():
    check([packet(1), packet(1, 5), packet(1, 7, ended=False), packet(1, 9)], 1)


@pytest.mark.slow
@pytest.mark.parametrize("drop_excess", [False, True])
@pytest.mark.parametrize("beats", [1, 2, 5, 16])
def test_any_packets(beats, drop_excess):
    draw = random.Random(beats)
    packets = [packet(draw.randint(1, 3 * beats), draw.randrange(255), ended=draw.random() < 0.8) for _ in range(60)]
    check([*packets, packet(3 * beats), packet(beats)], beats, drop_excess)
