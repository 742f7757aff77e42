"""Modules take parameters at the ends of their allowed ranges. Elaboration refuses those beyond."""

from collections.abc import Mapping

import pytest
from pyslang import driver

from hw.text import RTL, sources_of

# Module, parameters at an end of the allowed range, and one step beyond it; other parameters have their defaults.
ENDS: list[tuple[str, Mapping[str, int], Mapping[str, int]]] = [
    ("nj_accumulate", {"ConstantBits": 7}, {"ConstantBits": 8}),
    ("nj_accumulate", {"ConstantBits": 7, "OutBits": 2}, {"ConstantBits": 8}),
    ("nj_add3", {"Add": 2}, {"Add": 3}),
    ("nj_add_double", {"Bits": 7}, {"Bits": 8}),
    ("nj_add_or_start", {"CountBits": 8}, {"CountBits": 9}),
    ("nj_add", {"LeftBits": 8, "SumBits": 8}, {"LeftBits": 9, "SumBits": 8}),
    ("nj_affine", {"InBits": 8, "OutBits": 8}, {"InBits": 8, "OutBits": 7}),
    ("nj_argmax", {"Classes": 8, "ClassBits": 5}, {"Classes": 9, "ClassBits": 5}),
    (
        "nj_argmax",
        {"ScoreBits": 16, "OutScoreBits": 16, "OutMarginBits": 24},
        {"ScoreBits": 17, "OutScoreBits": 16, "OutMarginBits": 24},
    ),
    ("nj_argmax", {"ScoreBits": 14, "OutMarginBits": 16}, {"ScoreBits": 15, "OutMarginBits": 16}),
    ("nj_argmax", {"ScoreBits": 9, "OutMarginBits": 16}, {"ScoreBits": 9, "OutMarginBits": 17}),
    ("nj_argmax", {"ScoreBits": 9, "OutScoreBits": 16}, {"ScoreBits": 9, "OutScoreBits": 17}),
    ("nj_async_fifo", {"Depth": 4}, {"Depth": 2}),
    ("nj_async_fifo", {"Depth": 4096}, {"Depth": 8192}),
    ("nj_camera_drop", {"Least": 2}, {"Least": 1}),
    ("nj_camera_drop", {"Least": 31, "FreeBits": 5}, {"Least": 32, "FreeBits": 5}),
    ("nj_camera_bin", {"Bin": 4, "Pixels": 2}, {"Bin": 3, "Pixels": 2}),
    ("nj_camera_crop", {"Top": 1, "Rows": 3}, {"Top": 2, "Rows": 3}),
    ("nj_camera_crop", {"Left": 2, "Columns": 2}, {"Left": 2, "Columns": 3}),
    ("nj_camera_pixels", {"Pixels": 2}, {"Pixels": 1}),
    ("nj_camera_terms", {"Values": 3, "Channels": 3}, {"Values": 3, "Channels": 2}),
    ("nj_camera_terms", {"Depth": 8}, {"Depth": 7}),
    ("nj_column", {"Period": 2}, {"Period": 1}),
    ("nj_count7", {"Invert": 0b0011111}, {"Invert": 0b0100000}),
    ("nj_count7", {"N": 2, "Invert": 0x3FF}, {"N": 2, "Invert": 0x2000}),
    ("nj_dense", {"COut": 6, "Fold": 3}, {"COut": 6, "Fold": 4}),
    ("nj_dense", {"Beats": 1, "CIn": 4, "OutBits": 3}, {"Beats": 1, "CIn": 5, "OutBits": 3}),
    ("nj_digits", {"Bits": 14, "Digit": 1, "RoundBits": 4}, {"Bits": 15, "Digit": 1, "RoundBits": 4}),
    ("nj_digits", {"Bits": 15, "Digit": 1, "Signed": 1}, {"Bits": 16, "Digit": 1, "Signed": 1}),
    ("nj_elman_rows", {"Rows": 1}, {"Rows": 0}),
    ("nj_elman_rows", {"Columns": 1}, {"Columns": 0}),
    ("nj_fifo", {"Depth": 2}, {"Depth": 1}),
    ("nj_fifo", {"Depth": 4096}, {"Depth": 8192}),
    ("nj_fifo", {"Depth": 8}, {"Depth": 6}),
    ("nj_fork", {"Outputs": 2}, {"Outputs": 1}),
    ("nj_frame_flags", {"Depth": 4}, {"Depth": 2}),
    ("nj_frame_flags", {"Depth": 4096}, {"Depth": 8192}),
    ("nj_frame_flags", {"Depth": 16}, {"Depth": 12}),
    ("nj_gate", {"Classes": 64}, {"Classes": 65}),
    ("nj_gate", {"Classes": 2, "ClassBits": 3}, {"Classes": 2, "ClassBits": 2}),
    ("nj_jet3", {"Bits": 4, "Width": 5}, {"Bits": 4, "Width": 4}),
    ("nj_jet_steps", {"Stride": 2}, {"Stride": 3}),
    ("nj_jet_steps", {"Pad": 1}, {"Pad": 2}),
    ("nj_jet_sums", {"Slots": 2}, {"Slots": 3}),
    ("nj_jet_sums", {"ConstantBits": 10}, {"ConstantBits": 11}),
    ("nj_join", {"Inputs": 2}, {"Inputs": 1}),
    ("nj_latency", {"Depth": 2}, {"Depth": 1}),
    ("nj_latency", {"Depth": 8}, {"Depth": 6}),
    ("nj_leaf", {"RoundBits": 5}, {"RoundBits": 6}),
    ("nj_leaf3", {"RoundBits": 2}, {"RoundBits": 3}),
    ("nj_line_buffer", {"Kernel": 2, "Pad": 0}, {"Kernel": 1, "Pad": 0}),
    ("nj_line_buffer", {"Kernel": 3, "Pad": 1}, {"Kernel": 4, "Pad": 2}),
    ("nj_line_buffer", {"Stride": 1}, {"Stride": 0}),
    ("nj_line_buffer", {"Kernel": 3, "Pad": 1, "Height": 2}, {"Kernel": 3, "Pad": 1, "Height": 1}),
    ("nj_line_buffer", {"Kernel": 3, "Pad": 0, "Width": 3}, {"Kernel": 3, "Pad": 0, "Width": 2}),
    ("nj_map_flags", {"Rows": 1}, {"Rows": 0}),
    ("nj_map_flags", {"Columns": 1}, {"Columns": 0}),
    ("nj_or_pool", {"Height": 8, "Width": 8, "Size": 2}, {"Height": 8, "Width": 8, "Size": 1}),
    ("nj_or_pool", {"Height": 4, "Width": 3, "Size": 3}, {"Height": 4, "Width": 3, "Size": 4}),
    ("nj_or_pool", {"Height": 3, "Width": 4, "Size": 3}, {"Height": 3, "Width": 4, "Size": 4}),
    ("nj_patches", {"Kernel": 3, "Pad": 2}, {"Kernel": 3, "Pad": 3}),
    ("nj_patches", {"Stride": 1}, {"Stride": 0}),
    ("nj_patches", {"Kernel": 2, "Pad": 0, "Block": 1}, {"Kernel": 1, "Pad": 0, "Block": 1}),
    ("nj_patches", {"Kernel": 4, "Pad": 1, "Height": 2}, {"Kernel": 5, "Pad": 1, "Height": 2}),
    ("nj_patches", {"Kernel": 4, "Pad": 1, "Width": 2}, {"Kernel": 5, "Pad": 1, "Width": 2}),
    ("nj_reject", {"Depth": 8, "NumberBits": 5}, {"Depth": 8, "NumberBits": 4}),
    ("nj_result", {"Fold": 2, "Every": 2}, {"Fold": 2, "Every": 1}),
    ("nj_result", {"Fold": 1, "Every": 1}, {"Fold": 3, "Every": 1}),
    ("nj_serial_add3", {"Start": 2}, {"Start": 3}),
    ("nj_serial_sum", {"Start": 3}, {"Start": 4}),
    ("nj_steps", {"Simd": 8, "Repeat": 4}, {"Simd": 8, "Repeat": 3}),
    ("nj_sum_pool", {"SizeY": 8, "SizeX": 1}, {"SizeY": 9, "SizeX": 1}),
    ("nj_sum_pool", {"SizeX": 1}, {"SizeX": 0}),
    ("nj_sum_pool", {"C": 6, "Copies": 3}, {"C": 6, "Copies": 4}),
    ("nj_sum_pool", {"Thresholded": 0, "OutBits": 6}, {"Thresholded": 0, "OutBits": 5}),
    ("nj_tags", {"Depth": 2}, {"Depth": 1}),
    ("nj_tags", {"Depth": 8}, {"Depth": 6}),
    ("nj_uart_rx", {"Step": 1}, {"Step": 0}),
    ("nj_uart_rx", {"Step": 10922}, {"Step": 10923}),
    ("nj_uart_tx", {"Step": 1}, {"Step": 0}),
    ("nj_uart_tx", {"Step": 65536}, {"Step": 65537}),
]  # fmt: skip


def errors(module: str, parameters: Mapping[str, int]) -> list[str]:
    """Return what the module's own checks ($error) say about these parameters."""
    run = driver.Driver()
    run.addStandardArgs()
    settings = [f"-G{name}={value}" for name, value in parameters.items()]
    words = ["slang", "-DNJ_GENERIC", "--top", module, *settings, *map(str, sources_of(module))]
    assert run.parseCommandLine(" ".join(words), driver.CommandLineOptions()) and run.processOptions()
    assert run.parseAllSources()
    made = run.createCompilation()
    return [str(d.args) for d in made.getAllDiagnostics() if "ErrorTask" in str(d.code)]


def _name(value):
    return "-".join(f"{k}{v}" for k, v in value.items()) if isinstance(value, dict) else None


@pytest.mark.parametrize(("module", "allowed", "refused"), ENDS, ids=_name)
def test_what_is_refused_begins_where_the_contract_ends(module, allowed, refused):
    assert errors(module, allowed) == []
    assert any(f"{module}: " in text for text in errors(module, refused))


def test_every_check_is_reached():
    """The cases above make every check of every module fail once."""
    for file in RTL.glob("*.sv"):
        said = {text for module, _, refused in ENDS if module == file.stem for text in errors(module, refused)}
        assert len(said) >= file.read_text().count("$error("), file.name
