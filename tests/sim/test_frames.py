"""The bench's files: bit order of frames, results and streams."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finn_build.manifest import Output
from sim.frames import Events, pack_frames, read_events, to_signed, unpack_result, unpack_stream
from sim.runner import SimulationError


def test_channel_zero_is_the_low_byte_and_comes_last_in_the_file():
    images = np.array([[[[1, 2, 3], [4, 5, 6]]]], np.uint8)  # one frame, one row, two RGB pixels
    assert pack_frames(images, 24) == bytes([3, 2, 1, 6, 5, 4])
    assert pack_frames(images, 32) == bytes([0, 3, 2, 1, 0, 6, 5, 4])
    with pytest.raises(ValueError, match="do not fit"):
        pack_frames(images, 16)


@given(
    st.integers(2, 20).flatmap(
        lambda bits: st.tuples(st.just(bits), st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    )
)
def test_two_s_complement_comes_back(case):
    bits, value = case
    assert to_signed(value % 2**bits, bits) == value


def test_result_is_class_below_scores_below_margin():
    output = Output(
        tdata_bits=56, class_bits=8, broken_bit=7, unsure_bit=6, score_bits=16, margin_bits=16, value_bits=14,
        classes=("a", "b"),
    )  # fmt: skip
    beat = 1 | (0xFFFE << 8) | (0x0007 << 24) | (0xC009 << 40)
    assert unpack_result(beat, SimpleNamespace(output=output)) == (1, (-2, 7), 0xC009, False)
    assert unpack_result(beat | 1 << 6, SimpleNamespace(output=output)) == (1, (-2, 7), 0xC009, True)
    assert unpack_result(beat | 1 << 7, SimpleNamespace(output=output)).label == -1  # its frame was broken


def test_stream_beats_fill_rows_first():
    values, count = unpack_stream([0b10_01, 0b11_00, 0b01_10], (2, 2, 2), 2, True)
    assert count == 3 and values.tolist() == [[[1, -2], [0, -1]], [[-2, 1], [0, 0]]]


def test_event_log_is_read_and_a_cut_one_refused(tmp_path):
    log = tmp_path / "events.log"
    log.write_text("F 0\nL 3\nR 2a 9 1 0 0\nE 10\nR 2b 12 0 1 1\nD 40\n")
    events = read_events(log)
    assert events == Events([0], [3], [0x2A, 0x2B], [9, 12], events.faults, 40, False)
    assert len(events.faults) == 4 and events.faults[-1] == "result 1 says that its frame was broken"
    log.write_text("F 0\nL 3\n")
    with pytest.raises(SimulationError, match="ended before its time"):
        read_events(log)
