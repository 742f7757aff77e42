"""nj_camera_sync makes whole frames of any video, and tells exactly of the broken ones."""

import random

import numpy as np
import pytest

from sim.modules import STALLS, Stall, run_streams
from sim.video import Framed, Line, framed_video, marks

HEAVY = (*STALLS, Stall(0.9, 0.0, 1), Stall(0.0, 0.9, 2))


def line(first, count, starts=False, ended=True):
    return Line(np.arange(first, first + count) % 255 + 1, starts, ended)


def frame(first, height=3, beats=4):
    return [line(first + y * beats, beats, y == 0) for y in range(height)]


def check(lines, height=3, beats=4, stalls=STALLS, room=None) -> Framed:
    """Run `lines` with `room` at room_i; compare beats, ends, flags and errors, and return what is due."""
    due = framed_video(lines, height, beats)
    data, user, last = (part.tolist() for part in marks(lines))
    expected = [int(beat) for found in due.frames for beat in found]
    size = height * beats
    results = run_streams(
        "nj_camera_sync", {"Height": height, "Beats": beats, "DataBits": 8}, data, len(expected), stalls=stalls,
        extra_in={"s_user_i": user, "s_last_i": last, "s_cut_i": [0] * len(last), "room_i": room or [1] * len(last)},
        watch=["frame_error_o", "end_o", "end_broken_o"],
    )  # fmt: skip
    for stall, result in zip(stalls, results, strict=True):
        assert result.beats == expected, stall
        assert result.watched["frame_error_o"][-1] == int(due.errors > 0), stall
        assert result.watched["end_o"][:-1] == [int(i % size == size - 1) for i in range(len(expected))], stall
        assert result.watched["end_broken_o"][size - 1 : -1 : size] == [int(mark) for mark in due.broken], stall
    return due


def test_right_frames_pass_at_a_beat_per_clock():
    due = check([*frame(1), *frame(40), *frame(80)])
    assert due.broken == [False] * 3 and due.errors == 0


def test_a_source_that_begins_in_the_middle_of_a_frame():
    due = check([line(7, 2), line(9, 4), *frame(40)], stalls=HEAVY)
    assert due.broken == [False] and due.errors == 0


@pytest.mark.parametrize(("which", "count"), [(0, 1), (1, 3), (1, 5), (2, 11), (2, 2)])
def test_a_line_too_short_or_too_long_breaks_its_frame_only(which, count):
    broken = frame(20)
    broken[which] = line(60, count, which == 0)
    due = check([*frame(1), *broken, *frame(80)], stalls=HEAVY)
    assert due.broken == [False, True, False] and due.errors == 1
    assert due.frames[1][4 * which : 4 * which + 4].tolist() == [*range(61, 61 + min(4, count)), 0, 0, 0][:4]


def test_a_start_in_the_middle_cuts_a_frame_and_begins_a_right_one():
    for kept in (1, 2):
        due = check([*frame(1)[:kept], *frame(40)], stalls=HEAVY)
        assert due.broken == [True, False] and due.frames[0].tolist()[4 * kept :] == [0] * (12 - 4 * kept)
    due = check([*frame(1)[:1], line(9, 2, ended=False), *frame(40)], stalls=HEAVY)
    assert due.broken == [True, False]


def test_a_line_without_end_is_dropped_up_to_the_next_end_or_start():
    long = [line(1, 4, True), line(5, 7, ended=False), *frame(40)]
    assert check(long, stalls=HEAVY).broken == [True, False]
    lost = [line(1, 4, True, ended=False), line(20, 4), line(30, 4), line(34, 4), *frame(40)]
    assert check(lost, stalls=HEAVY).frames[0].tolist() == [2, 3, 4, 5, *range(31, 39)]


def test_lines_too_many_belong_to_no_frame_and_are_an_error_once():
    due = check([*frame(1), line(20, 4), line(24, 4), *frame(40)[:], *frame(60)], stalls=HEAVY)
    assert due.broken == [False] * 3 and due.errors == 1
    unended = [*frame(1)[:2], line(9, 6), line(30, 4), *frame(40)]
    assert check(unended).errors == 1


def test_no_frame_begins_before_there_was_room():
    room = [int(i % 12 != 11) for i in range(36)]
    check([*frame(1), *frame(40), *frame(80)], stalls=HEAVY, room=room)


@pytest.mark.parametrize(("height", "beats"), [(1, 1), (2, 3)])
def test_any_video(height, beats):
    draw = random.Random(height * 10 + beats)
    lines = []
    for start in range(40):
        made = frame(start, height, beats)
        if draw.random() < 0.5:
            place = draw.randrange(height)
            kind = draw.randrange(4)
            if kind == 0:
                made[place] = line(99, draw.randint(1, 3 * beats), place == 0)
            elif kind == 1:
                made = made[: draw.randint(0, height)] or [line(5, beats)]
            elif kind == 2:
                made += [line(50, draw.randint(1, beats + 1))] * draw.randint(1, 2)
            else:
                made[-1] = line(77, draw.randint(1, 2 * beats), height == 1, ended=False)
        lines += made
    broken = check([*lines, *frame(3, height, beats)], height, beats, (*STALLS, Stall(0.5, 0.8, 5))).broken
    assert broken[-1] is False and 3 < sum(broken) < len(broken) - 3
