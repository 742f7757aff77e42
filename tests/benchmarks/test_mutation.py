"""The mutation benchmark plants single faults, and proves of mutants without a fault that they have none."""

import json

import pytest

from hw.text import RTL
from tests.benchmarks.mutation.__main__ import Found, outcomes, row
from tests.benchmarks.mutation.checks import CHECKS, ROOT, Outcome, Workplace, unseen
from tests.benchmarks.mutation.mutants import Mutant, mutants
from tests.benchmarks.mutation.same import same
from tests.benchmarks.mutation.trial import EXPLAINED, key

SOURCE = """// A comment with a + b.
module nj_toy #(
  parameter int unsigned Width = 4 + 4
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic [Width-1:0] a_i,
  input  logic [Width-1:0] b_i,
  output logic [Width-1:0] c_o
);
  always_ff @(posedge clk_i) begin
    if (rst_i) c_o <= '0;
    else c_o <= a_i + 2'd3;
  end
endmodule
"""


def test_every_fault_replaces_one_piece(tmp_path):
    file = tmp_path / "nj_toy.sv"
    file.write_text(SOURCE)
    found = {(m.kind, m.line, SOURCE[m.start : m.end], m.new) for m in mutants(file)}
    assert found == {
        ("condition", 12, "rst_i", "!(rst_i)"), ("dropped", 12, "c_o <= '0;", ";"), ("constant", 12, "'0", "'1"),
        ("name", 12, "c_o", "a_i"), ("name", 13, "c_o", "a_i"), ("dropped", 13, "c_o <= a_i + 2'd3;", ";"),
        ("operator", 13, "+", "-"), ("constant", 13, "2'd3", "2'd0"), ("name", 13, "a_i", "b_i"),
    }  # fmt: skip


def test_every_module_has_checks_and_faults():
    assert set(CHECKS) == {file.stem for file in RTL.glob("*.sv")}
    for file in RTL.glob("*.sv"):
        assert all((ROOT / step[0]).is_file() for step in CHECKS[file.stem])
        found = mutants(file)
        assert len(found) >= 5 and all(one.mutated() != one.text for one in found)


def test_checks_that_do_not_see_the_module_are_found(tmp_path, monkeypatch):
    """The tests of nj_fifo say nothing about nj_affine."""
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path / "kept"))
    steps = [("tests/hw/test_parameters.py", "-k", f"{module} and contract") for module in ("nj_affine", "nj_fifo")]
    monkeypatch.setitem(CHECKS, "nj_affine", tuple(steps))
    assert unseen(Workplace(tmp_path / "place"), "nj_affine") == steps[1:]


def test_a_proof_without_verdict_kills_nothing(tmp_path):
    place = Workplace(tmp_path)
    text = 'from sim.proofs.formal import ProofError\n\n\ndef test_slow():\n    raise ProofError("nj_x: {}")\n'
    for name, reason in (("slow", "TIMEOUT after 300.0 s"), ("wrong", "ERROR after 1.0 s")):
        (place.tree / "tests" / f"test_{name}.py").write_text(text.format(reason))
    steps = [(f"tests/test_{name}.py",) for name in ("slow", "wrong")]
    table = (RTL / "nj_table.sv").read_text()
    assert place.check("nj_table", table, steps[:1]) == Outcome(True, "no verdict: test_slow")
    assert place.check("nj_table", table, steps) == Outcome(False, "test_slow")


def fifo(old, new):
    """Return nj_fifo with one piece of its text replaced."""
    text = (RTL / "nj_fifo.sv").read_text()
    start = text.index(old)
    return Mutant("nj_fifo", text, "operator", start, start + len(old), new)


def test_a_change_that_is_no_fault_is_proven_so():
    assert same(fifo("endmodule", "logic unread;\nassign unread = s_valid_i;\nendmodule"))
    assert not same(fifo("rst_i)", "!rst_i)"))


def test_a_record_of_a_worker_stands_for_the_same_fault():
    mutant = fifo("rst_i)", "!rst_i)")
    where = {"kind": "operator", "start": mutant.start, "end": mutant.end, "new": mutant.new}
    record = {"found": [{**where, "passed": False, "by": "some_test", "equal": ""}]}
    assert outcomes("nj_fifo", record) == [Found(mutant, Outcome(False, "some_test"))]


def test_what_is_equal_counts_as_no_fault():
    mutant = fifo("rst_i)", "!rst_i)")
    killed, survived = Outcome(False, "some_test"), Outcome(True)
    assert row([Found(mutant, killed), Found(mutant, survived), Found(mutant, survived, "proven")]) == {
        "faults": 2, "killed": 1, "equal": 1,
    }  # fmt: skip


def test_explanations_are_of_texts():
    assert all(len(name) == 16 and reason for name, reason in json.loads(EXPLAINED.read_text()).items())
    assert key(fifo("rst_i)", "!rst_i)")) != key(fifo("rst_i)", "1'b0)"))


@pytest.mark.parametrize("module", ["nj_fifo", "nj_dense"])
def test_a_fault_is_told_by_file_and_line(module):
    mutant = mutants(RTL / f"{module}.sv")[0]
    assert str(mutant).startswith(f"{module}.sv:{mutant.line}: ") and "  ->  " in str(mutant)
