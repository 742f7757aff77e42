"""The properties of a module refute each kind of fault at its ports, and two faults inside."""

import pytest

from hw.text import RTL, sources_of
from sim.proofs.formal import PROPERTIES, prove
from tests.sim.proofs.faults import FAULTS, prove_changed
from tests.support.streams import parameters_name as _name

REFUTED = [
    ("nj_concat", {}, list(FAULTS)),
    ("nj_fifo", {"Depth": 2}, list(FAULTS)),
    ("nj_argmax", {"Classes": 2}, list(FAULTS)),
    ("nj_or_pool", {"Height": 2, "Width": 2}, list(FAULTS)),
    ("nj_sum_pool", {"Height": 2, "Width": 2, "Constant": "4'd1"}, list(FAULTS)),
    ("nj_table", {}, list(FAULTS)),
    ("nj_add", {}, list(FAULTS)),
    ("nj_affine", {}, list(FAULTS)),
    ("nj_dense", {"Weight": "8'b10110010"}, list(FAULTS)),
    ("nj_elman", {"Weight": "6'b100000", "Threshold": "8'h0f"}, ["beats_lost", "data_changed"]),
    ("nj_frame_sync", {}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_camera_sync", {}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_camera_crop", {"Height": 2, "Beats": 3, "Columns": 1}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_camera_bin", {"Columns": 1, "Bits": 1, "OutBits": 1}, list(FAULTS)),
    ("nj_fork", {}, list(FAULTS)),
    ("nj_join", {}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_line_buffer", {"Height": 2, "Width": 2}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_patches", {}, ["stall_ignored", "beats_lost", "data_changed"]),
]


EVENTS = [  # these modules take events instead of beats
    ("nj_frame_sync", ".room_i,", ".room_i(1'b1),"),
    ("nj_camera_sync", ".room_i,", ".room_i(1'b1),"),
    ("nj_camera_sync", ".s_user_i,", ".s_user_i(s_user_i && !s_last_i),"),
    ("nj_camera_sync", ".s_last_i,", ".s_last_i(s_last_i && !s_user_i),"),
    ("nj_camera_sync", ".s_cut_i,", ".s_cut_i(s_cut_i && !s_user_i),"),
    ("nj_camera_sync", ".end_broken_o(end_broken)", ".end_broken_o()"),
    ("nj_frame_flags", ".m_ready_i,", ".m_ready_i(1'b1),"),
    ("nj_frame_flags", ".end_i,", ".end_i(end_i && !broken_i),"),
    ("nj_frame_flags", ".broken_i,", ".broken_i(!broken_i),"),
    ("nj_frame_flags", ".s_valid_i,", ".s_valid_i(1'b1),"),
    ("nj_map_flags", ".m_ready_i,", ".m_ready_i(1'b1),"),
    ("nj_map_flags", ".broken_i,", ".broken_i(!broken_i),"),
    ("nj_map_flags", ".s_valid_i,", ".s_valid_i(1'b1),"),
    ("nj_map_flags", ".m_last_o(m_last), .m_end_o(m_end)", ".m_last_o(m_end), .m_end_o(m_last)"),
    ("nj_latency", ".end_i,", ".end_i(end_i && !result_i),"),
    ("nj_latency", ".result_i,", ".result_i(1'b0),"),
    ("nj_tags", ".end_i,", ".end_i(end_i && beat_i),"),
    ("nj_tags", ".result_i,", ".result_i(1'b0),"),
    ("nj_tags", ".beat_i,", ".beat_i(1'b1),"),
    ("nj_latency", ".latency_o(latency)", ".latency_o({latency[0], latency[Bits-1:1]})"),
]


@pytest.mark.parametrize(("module", "old", "new"), EVENTS)
def test_each_fault_at_the_ports_of_what_counts_frames_is_refuted(tmp_path, module, old, new):
    lines = (PROPERTIES / f"{module}_properties.sv").read_text()
    head, instance = lines.split(") u_", 1)
    name, rest = instance.split(" (", 1)  # the port's name may also stand in the text in front of the instance
    assert old in rest
    changed = tmp_path / f"{module}_properties.sv"
    changed.write_text(f"{head}) u_{name} ({rest.replace(old, new, 1)}")
    sources = [changed, PROPERTIES / "nj_stable.sv", *sources_of(module)]
    assert not prove(f"{module}_properties", {}, sources=sources, trace=False)


REJECTS = [  # of nj_reject, inside
    ("ahead == '0;", "1'b1;"),  # decisions go by order and not by number
    ("(!part_valid || ahead[NumberBits-1])", "!part_valid"),  # a decision that is late waits
    ("now_q - place >= delay_i", "now_q - place > delay_i"),
    ("paired ? says : otherwise_i", "decision_valid ? says : otherwise_i"),
]


@pytest.mark.parametrize(("old", "new"), REJECTS)
def test_each_fault_in_what_pairs_decisions_with_parts_is_refuted(tmp_path, old, new):
    text = (RTL / "nj_reject.sv").read_text()
    assert old in text
    (tmp_path / "nj_reject.sv").write_text(text.replace(old, new, 1))
    sources = [path for path in sources_of("nj_reject") if path.stem != "nj_reject"]
    sources += [tmp_path / "nj_reject.sv", PROPERTIES / "nj_reject_properties.sv"]
    assert not prove("nj_reject_properties", {}, method="bounded", depth=11, sources=sources, trace=False)


@pytest.mark.parametrize(
    ("module", "parameters", "fault"), [(m, p, fault) for m, p, faults in REFUTED for fault in faults], ids=_name
)
def test_each_fault_at_the_ports_is_refuted(tmp_path, module, parameters, fault):
    """The fault lies between the properties and the module, so it fits any module."""
    file = PROPERTIES / f"{module}_properties.sv"
    assert not prove_changed(tmp_path, module, parameters, file, *FAULTS[fault], trace=False)


def test_fifo_whose_data_changes_under_stall_is_refuted_with_a_trace(tmp_path):
    old, new = "if (pop) data_q <= beats[read_q];", "data_q <= beats[read_q];"
    verdict = prove_changed(tmp_path, "nj_fifo", {"Depth": 4}, RTL / "nj_fifo.sv", old, new)
    assert not verdict
    assert verdict.text.startswith("assertion at nj_stable.sv") or "nj_scoreboard.sv" in verdict.text
    assert "u_fifo" in verdict.trace.read_text()


def test_argmax_that_takes_the_last_of_equals_is_refuted(tmp_path):
    scan = RTL / "nj_argmax_scan.sv"
    old, new = "largest && lead < 0", "largest && lead <= 0"
    changed = prove_changed(tmp_path, "nj_argmax", {"ScoreBits": 1}, scan, old, new)
    assert not changed and "nj_scoreboard.sv" in changed.text


SAMPLED = [  # parts of the operating point that are read in a later clock than the scores are taken
    ("MarginBits'(offset_q);", "MarginBits'(signed'(point_i[OffsetBits-1:0]));"),
    ("margin_q < least_q", "margin_q < point_i[PointBits-1-:MarginBits]"),
]


@pytest.mark.parametrize(("old", "new"), SAMPLED)
def test_argmax_that_mixes_two_operating_points_is_refuted(tmp_path, old, new):
    changed = prove_changed(tmp_path, "nj_argmax", {"Classes": 2}, RTL / "nj_argmax.sv", old, new, trace=False)
    assert not changed
