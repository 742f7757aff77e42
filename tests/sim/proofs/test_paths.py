"""No module has a path from ready to valid, or from valid to ready, without a register."""

import pytest

from hw.matvec.folding import Folding
from hw.text import RTL, sources_in
from sim.proofs.formal import combinational_paths
from tests.support.written import TWO, convolution, matrix

# Paths on which handshakes could form a loop without a register: valid may not depend on ready
# of the same port, nor ready on valid.
STREAMS = {
    "nj_add": {},
    "nj_camera_sync": {},
    "nj_camera_view": {},
    "nj_camera_mean": {"Weight": 9},
    "nj_affine": {},
    "nj_argmax": {},
    "nj_concat": {},
    "nj_dense": {"Beats": 1, "CIn": 4},
    "nj_elman": {},
    "nj_fifo": {},
    "nj_frame_sync": {},
    "nj_frame_flags": {},
    "nj_map_flags": {},
    "nj_fork": {},
    "nj_jets": {"Height": 4, "Width": 4},
    "nj_join": {},
    "nj_line_buffer": {},
    "nj_table": {},
    "nj_or_pool": {},
    "nj_sum_pool": {},
    "nj_patches": {"Height": 4, "Width": 4},
}


FORBIDDEN = {("m_ready_i", "m_valid_o"), ("m_ready_i", "m_data_o")}
FORBIDDEN |= {(port, "s_ready_o") for port in ("s_valid_i", "s_data_i", "s_last_i", "s_user_i")}


@pytest.mark.parametrize("fold", [1, 2])
def test_no_path_from_ready_to_valid_or_back_in_a_convolution(tmp_path, fold):
    _, text = convolution(TWO, fold, [1, 0])
    layer = tmp_path / "layer.sv"
    layer.write_text(text)
    paths = combinational_paths("layer", sources=[*sources_in(text), layer])
    assert paths == ({("m_ready_i", "s_ready_o")} if fold == 1 else set())


@pytest.mark.parametrize(
    "folding", [Folding(3, 1, 2, 1, 2), Folding(1, 4, 2, 1, 2), Folding(1, 4, 2, 1, 2, True)], ids=str
)
def test_no_path_from_ready_to_valid_or_back_in_a_matrix(tmp_path, folding):
    _, text = matrix(folding)
    layer = tmp_path / "layer.sv"
    layer.write_text(text)
    paths = combinational_paths("layer", sources=[*sources_in(text), layer])
    assert paths & FORBIDDEN == set() and paths <= {("m_ready_i", "s_ready_o")}


@pytest.mark.parametrize("module", STREAMS)
def test_no_path_from_ready_to_valid_or_back(module):
    paths = combinational_paths(module, STREAMS[module])
    # a join's ready depends on the valids of the other inputs; as no valid depends on a ready, no loop closes
    assert paths & FORBIDDEN == ({("s_valid_i", "s_ready_o")} if module == "nj_join" else set())
    allowed = {("m_ready_i", "s_ready_o")} | (paths & FORBIDDEN)
    if module in ("nj_fork", "nj_join"):
        allowed |= {("s_valid_i", "m_valid_o"), ("s_data_i", "m_data_o")}
    if module == "nj_frame_sync":
        allowed |= {("s_valid_i", "m_valid_o"), ("s_data_i", "m_data_o"), ("s_last_i", "end_broken_o")}
        allowed |= {("s_valid_i", "end_o"), ("m_ready_i", "end_o")}  # to registers of nj_frame_flags
    if module == "nj_camera_sync":
        allowed |= {("m_ready_i", "end_o")}
    if module in ("nj_frame_flags", "nj_map_flags"):
        allowed |= {("s_valid_i", "m_valid_o")}  # an allowed result passes at once
    assert paths <= allowed
    if module in ("nj_fifo", "nj_or_pool", "nj_sum_pool", "nj_argmax", "nj_patches"):
        assert not paths  # a chain of ready signals ends here


def test_a_path_from_ready_to_valid_is_found(tmp_path):
    text = (RTL / "nj_fifo.sv").read_text()
    changed = tmp_path / "nj_fifo.sv"
    changed.write_text(text.replace("assign m_valid_o = valid_q;", "assign m_valid_o = valid_q && m_ready_i;"))
    assert combinational_paths("nj_fifo", sources=[RTL / "nj_pkg.sv", changed]) == {("m_ready_i", "m_valid_o")}
