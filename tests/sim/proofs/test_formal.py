"""Proofs run with both engines, are kept in the cache, need their tools, and do not count when they assert nothing."""

from pathlib import Path

import pytest

from bnn.errors import UserError
from sim.proofs import formal
from sim.proofs.formal import PROPERTIES, ProofError, equivalent, prove


def test_induction_with_z3(tmp_path):
    """z3 proves a register stage by induction, because its properties are an invariant."""
    assert prove("nj_stage_properties", method="induction", depth=5, sources=_stage(tmp_path, "!full_q || m_ready_i"))
    refuted = prove("nj_stage_properties", method="induction", depth=5, sources=_stage(tmp_path, "1'b1"))
    assert not refuted and refuted.trace.is_file()


def _stage(tmp_path, ready):
    text = (Path(__file__).parents[1] / "rtl" / "nj_stage_properties.sv").read_text()
    file = tmp_path / "nj_stage_properties.sv"
    file.write_text(text.replace("!full_q || m_ready_i", ready))
    return [file, PROPERTIES / "nj_stable.sv"]


def test_nothing_to_prove_is_no_proof(tmp_path):
    """Neither a property module without assertions nor a condition that no input fulfils counts as proved."""
    (tmp_path / "nj_empty.sv").write_text(
        "module nj_empty (input logic x_i, output logic y_o); assign y_o = x_i; endmodule"
    )
    with pytest.raises(ProofError, match="selection contains 0 elements"):
        prove("nj_empty", {}, sources=[tmp_path / "nj_empty.sv"])
    right = {"count_o": "$countones(bits_i)"}
    with pytest.raises(ProofError, match="no input fulfils bits_i > 16, so nothing is proved"):
        equivalent("nj_popcount", {"Width": 4}, right, assuming="bits_i > 16")


def test_a_proof_is_found_again_and_a_refutation_is_not(tmp_path, monkeypatch):
    specification = {"count_o": "$countones(bits_i)"}
    equivalent("nj_popcount", {"Width": 3}, specification)
    monkeypatch.setattr(formal, "run_yosys", lambda *_: pytest.fail("Yosys was called"))
    assert equivalent("nj_popcount", {"Width": 3}, specification)
    with pytest.raises(pytest.fail.Exception):
        equivalent("nj_popcount", {"Width": 3}, {"count_o": "$countones(~bits_i)"})


def test_unknown_output_is_a_user_error():
    with pytest.raises(UserError, match=r"has the outputs \['count_o'\]"):
        equivalent("nj_popcount", {"Width": 4}, {"total_o": "0"})


def test_missing_solver_is_a_user_error(monkeypatch):
    monkeypatch.setattr(formal.shutil, "which", lambda *_, **__: None)
    with pytest.raises(UserError, match="pip install z3-solver"):
        prove("nj_fifo_properties", {"Depth": 32})
