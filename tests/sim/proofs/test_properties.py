"""Handshakes and data of every module are proved in small configurations, those of digits in both forms."""

import pytest

from sim.proofs.formal import prove
from tests.support.streams import parameters_name as _name

# Proved for all time.
PROVEN = [
    ("nj_concat", {}),
    ("nj_edge", {}),
    ("nj_fifo", {"Depth": 2}),
    ("nj_fifo", {"Depth": 4}),
    ("nj_argmax", {"Classes": 2}),
    ("nj_argmax", {"Classes": 3, "ScoreBits": 1}),
    ("nj_or_pool", {"Height": 4, "Width": 4}),
    ("nj_or_pool", {"Height": 3, "Width": 5}),
    ("nj_or_pool", {"Height": 4, "Width": 4, "Minimum": "1'b1"}),
    ("nj_sum_pool", {"Height": 3, "Width": 4, "Negative": "1'b1", "Constant": "4'hf"}),
    ("nj_sum_pool", {"Height": 2, "Width": 2, "C": 2, "Copies": 2, "SizeX": 1, "Thresholded": 0, "Constant": "8'h2e"}),
    ("nj_table", {}),
    ("nj_add", {}),
    ("nj_add", {"RightBits": 3}),
    ("nj_affine", {}),
    ("nj_dense", {"Weight": "8'b10110010"}),
    ("nj_dense", {"Weight": "8'b10110010", "Fold": 2}),
    ("nj_elman_rows", {}),
    ("nj_elman_rows", {"Rows": 1, "Columns": 1, "CIn": 1, "COut": 1}),
    ("nj_elman", {"Weight": "6'b100000", "Threshold": "8'h0f"}),
    ("nj_frame_sync", {}),
    ("nj_frame_sync", {"Beats": 4}),
    ("nj_frame_flags", {}),
    ("nj_map_flags", {}),
    ("nj_camera_sync", {}),
    ("nj_gray", {}),
    ("nj_camera_crop", {"Height": 2, "Beats": 3, "Columns": 1}),
    ("nj_camera_bin", {"Columns": 1, "Bits": 1, "OutBits": 1}),
    ("nj_fork", {}),
    ("nj_join", {}),
    ("nj_fork_join", {}),
    ("nj_latency", {}),
    ("nj_tags", {}),
    ("nj_line_buffer", {"Height": 2, "Width": 2}),
    ("nj_line_buffer", {"Height": 2, "Width": 2, "Eager": 0}),
    ("nj_line_buffer", {"Kernel": 2, "Pad": 0}),
    ("nj_patches", {}),
    ("nj_patches", {"Block": 1}),
    ("nj_serial", {"Plain": 0}),
    ("nj_serial", {"Plain": 1, "Digit": 2, "Digits": 2}),
    ("nj_serial", {"Plain": 0, "Digit": 2, "Digits": 2, "Invert": "5'b10010", "Start": 1, "Limit": "4'd3"}),
    ("nj_digits", {"Plain": 1, "Bits": 8, "Digit": 3, "RoundBits": 2}),
    ("nj_digits", {"Plain": 0, "N": 3, "Signed": 1}),
    ("nj_digits", {"Plain": 0, "N": 3, "Bits": 8, "RoundBits": 4}),
    ("nj_digits", {"Plain": 0, "Bits": 8, "Digit": 3, "RoundBits": 2, "Signed": 1}),
    ("nj_jet3", {"Plain": 0}),
    ("nj_jet3", {"Plain": 1, "Signed": 1, "Width": 5}),
    ("nj_jet3", {"Plain": 0, "Signed": 1, "Width": 4, "Period": 2}),
]  # fmt: skip
DEEPER = [
    ("nj_fifo", {"Depth": 8, "Bits": 1}),
    ("nj_or_pool", {"Height": 6, "Width": 6, "C": 2}),
    ("nj_or_pool", {"Height": 6, "Width": 3, "Size": 3}),
    ("nj_sum_pool", {"Height": 4, "Width": 4, "C": 2, "Constant": "8'h1e"}),
    ("nj_sum_pool", {"Height": 3, "Width": 5, "SizeX": 5, "SizeY": 3, "Thresholded": 0, "Constant": "4'd2"}),
    ("nj_dense", {"Beats": 3, "CIn": 2, "Weight": "12'b110110010110", "Thresholded": 1, "Threshold": "8'h1f"}),
    ("nj_elman_rows", {"Rows": 3, "Columns": 3, "CIn": 1, "COut": 4}),
    ("nj_elman", {"Weight": "6'b100000", "Threshold": "8'h0f", "Fold": 2}),
    ("nj_elman", {"Rows": 3, "CIn": 2, "Weight": "8'b10000000", "Threshold": "8'h0f"}),
    ("nj_line_buffer", {"Height": 3, "Width": 3}),
    ("nj_line_buffer", {"Height": 3, "Width": 4, "Stride": 2}),
    ("nj_patches", {"Kernel": 3, "Pad": 1, "Frames": 4}),
    ("nj_frame_flags", {"Depth": 8}),
    ("nj_map_flags", {"Rows": 3, "Columns": 3}),
    ("nj_camera_sync", {"Height": 1, "Beats": 3}),
    ("nj_async_fifo", {}),
    ("nj_camera_crop", {}),
    ("nj_camera_crop", {"Top": 0, "Left": 0, "Rows": 3, "Columns": 3}),
    ("nj_camera_bin", {}),
    ("nj_camera_bin", {"Pixels": 2, "Columns": 1, "Rows": 2}),
    ("nj_camera_bin", {"Bin": 1, "Weight": "16'd1", "Bits": 1, "OutBits": 1}),
    ("nj_camera_bin", {"Columns": 1, "Weight": "16'd6", "Most": 4}),
    ("nj_fork", {"Outputs": 3}),
    ("nj_join", {"Inputs": 3, "Bits": 2}),
    ("nj_fork_join", {"Depth": 4}),
    ("nj_latency", {"Depth": 4, "Bits": 4}),
    ("nj_reject", {}),
    ("nj_serial", {"Plain": 0, "Digit": 3, "Digits": 2, "Shift": 2, "Start": 2}),
    ("nj_serial", {"Plain": 1, "Digits": 4, "Shift": 0, "Invert": "5'b11111", "Limit": "4'd8"}),
]


@pytest.mark.parametrize(("module", "parameters"), PROVEN, ids=_name)
def test_properties_hold_for_all_time(module, parameters):
    verdict = prove(f"{module}_properties", parameters)
    assert verdict, verdict.text


@pytest.mark.slow
@pytest.mark.parametrize(("module", "parameters"), DEEPER, ids=_name)
def test_properties_hold_for_all_time_on_larger_ones(module, parameters):
    verdict = prove(f"{module}_properties", parameters, timeout_s=1200)
    assert verdict, verdict.text


# Right for all pixels until the first windows are complete: with stalls how many there are, without them what they are.
# Of nj_argmax more clocks than two beats take, of nj_reject enough for a part that is lost and others behind it.
ONE, TWO = {"Selection": "10'b1011000001", "Constant": "8'h9b"}, "20'b10110000010001101001"
FIRST_CLOCKS = [
    ("nj_argmax", {"Classes": 3}, 24),
    ("nj_jets", {**ONE, "Flowing": "1'b1"}, 170),
    ("nj_jets", {"Slots": 2, "Selection": TWO, "Constant": "8'h9b", "Pad": 1, "Flowing": "1'b1"}, 200),
    ("nj_reject", {"Lossless": "1'b0"}, 11),
]


@pytest.mark.parametrize(("module", "parameters", "clocks"), FIRST_CLOCKS, ids=_name)
def test_properties_hold_in_the_first_clocks(module, parameters, clocks):
    verdict = prove(f"{module}_properties", parameters, method="bounded", depth=clocks)
    assert verdict, verdict.text


# nj_digits in every form of its choice: one digit, two, up to four, eight, sixteen, and a last one alone.
FORMS = [
    ("nj_digits", {"Module": 0, **parameters})
    for parameters in (
        {"Bits": 3, "Digit": 3, "RoundBits": 1}, {"Bits": 5, "Digit": 3, "RoundBits": 1, "Signed": 1},
        {"Bits": 7, "Digit": 2, "RoundBits": 2}, {"Bits": 6, "Digit": 1, "RoundBits": 3},
        {"Bits": 9, "Digit": 1, "RoundBits": 4, "Signed": 1}, {"Bits": 14, "Digit": 1, "RoundBits": 4},
    )
]  # fmt: skip
FORMS += [
    ("nj_serial_add", {"Module": 1, "Digit": digit, "Shift": shift, "Invert": f"5'd{invert}"})
    for digit, shift, invert in ((1, 0, 0), (1, 2, 1), (3, 0, 1), (2, 1, 0), (2, 3, 1))
]
FORMS += [
    ("nj_serial_sum", {"Module": 2, "Digit": digit, "Invert": invert})
    for digit, invert in ((1, "5'b00000"), (1, "5'b10110"), (2, "5'b01101"), (4, "5'b00001"))
]


@pytest.mark.parametrize(("module", "parameters"), FORMS, ids=_name)
def test_both_forms_of_a_module_of_digits_are_the_same(module, parameters):
    verdict = prove("nj_forms_properties", parameters)
    assert verdict, verdict.text
