"""Handshakes and data of every module proven for small configurations, formulas of the combinational ones, and that
each kind of fault is refuted."""

import pytest

from bnn.errors import UserError
from hw.ops.rtl import RTL, sources_of
from sim import formal
from sim.formal import PROPERTIES, combinational_paths, equivalent, prove

SELECT = {"Select": "12'b011_010_100_001"}  # nj_fold_sum: two outputs, two maps, jets 0 to 1 of either sign
JET = {"Select": "5'd4"}  # one output of one map, less the jet of orders 0 down and 1 across
SMALL = {"Height": 2, "Width": 2, "Data": 0, "Frames": 4}  # a pipeline holds several frames of four pixels
POINTS = {"Kernel": 1, "Pad": 0, "Height": 2, "Width": 2, "COut": 2, "Fold": 2, "Weight": "2'b01", "Frames": 4}
COLUMNS = {"Kernel": 2, "Pad": 0, "Height": 2, "Width": 2, "Weight": "4'b1101", "Frames": 5}

# For all time.
PROVEN = [
    ("nj_fifo", {"Depth": 3}),
    ("nj_fifo", {"Depth": 4}),
    ("nj_argmax", {"Classes": 3}),
    ("nj_or_pool", {"Height": 4, "Width": 4}),
    ("nj_or_pool", {"Height": 3, "Width": 5}),
    ("nj_dense", {"Weight": "8'b10110010"}),
    ("nj_dense", {"Weight": "8'b10110010", "Fold": 2}),
    ("nj_fold_sum", SELECT),
    ("nj_fold_sum", {**SELECT, "Fold": 2, "Thresholded": 0}),
    ("nj_frame_sync", {"DropExcess": 0}),
    ("nj_frame_sync", {"DropExcess": 1}),
    ("nj_line_buffer", {"Height": 2, "Width": 2}),
    ("nj_line_buffer", {"Kernel": 2, "Pad": 0}),
    ("nj_binary_conv", SMALL),
    ("nj_binary_conv", POINTS),
    ("nj_jet_conv", {**JET, **SMALL}),
]  # fmt: skip
DEEPER = [
    ("nj_fifo", {"Depth": 8, "Bits": 1}),
    ("nj_argmax", {"Classes": 5, "ClassBits": 3}),
    ("nj_or_pool", {"Height": 6, "Width": 6, "C": 2}),
    ("nj_or_pool", {"Height": 6, "Width": 3, "Size": 3}),
    ("nj_dense", {"Beats": 3, "CIn": 2, "Weight": "12'b110110010110", "Thresholded": 1, "Threshold": "8'h1f"}),
    ("nj_line_buffer", {"Height": 3, "Width": 3}),
    ("nj_line_buffer", {"Height": 3, "Width": 4, "Stride": 2}),
    ("nj_binary_conv", COLUMNS),
]
# From reset on, for so many clocks; 3x3 kernels with data.
BOUNDED = [
    ("nj_binary_conv", {"Weight": "9'b101101100"}, 16),
    ("nj_jet_conv", {"Select": "5'd4"}, 16),
]
BOUNDED_DEEPER = [
    ("nj_binary_conv", {"Weight": "18'b101101100011010110", "COut": 2, "Fold": 2, "Thresholded": 0}, 20),
    ("nj_jet_conv", {"Select": "10'b00100_10001", "COut": 2, "Fold": 2, "Thresholded": 0}, 20),
]


def _name(value):
    return "-".join(f"{k}{v}" for k, v in value.items()) if isinstance(value, dict) else None


@pytest.mark.parametrize(("module", "parameters"), PROVEN, ids=_name)
def test_properties_hold_for_all_time(module, parameters):
    verdict = prove(f"{module}_properties", parameters)
    assert verdict, verdict.text


@pytest.mark.slow
@pytest.mark.parametrize(("module", "parameters"), DEEPER, ids=_name)
def test_properties_hold_for_all_time_on_larger_ones(module, parameters):
    verdict = prove(f"{module}_properties", parameters, timeout_s=1200)
    assert verdict, verdict.text


@pytest.mark.parametrize(("module", "parameters", "depth"), BOUNDED, ids=_name)
def test_convolutions_are_right_in_the_first_clocks(module, parameters, depth):
    verdict = prove(f"{module}_properties", parameters, method="bounded", depth=depth)
    assert verdict, verdict.text


@pytest.mark.slow
@pytest.mark.parametrize(("module", "parameters", "depth"), BOUNDED_DEEPER, ids=_name)
def test_convolutions_are_right_in_more_clocks(module, parameters, depth):
    verdict = prove(f"{module}_properties", parameters, method="bounded", depth=depth, timeout_s=1200)
    assert verdict, verdict.text


def _prove_changed(tmp_path, module, parameters, file, old, new, **options):
    """`prove` with a copy of one of the files, in which `old` is replaced once."""
    sources = [
        PROPERTIES / f"{name}.sv" for name in (f"{module}_properties", "nj_scoreboard", "nj_stable", "nj_windows")
    ]
    sources += sources_of(module)
    text = file.read_text()
    assert old in text
    changed = tmp_path / file.name
    changed.write_text(text.replace(old, new, 1))
    sources = [changed if source == file else source for source in sources]
    return prove(f"{module}_properties", parameters, sources=sources, **options)


FAULTS = {
    "stall_ignored": (".m_ready_i,", ".m_ready_i(1'b1),"),
    "beats_lost": (".s_valid_i,", ".s_valid_i(s_valid_i && !s_data_i[0]),"),
    "beats_doubled": ("take = s_valid_i && s_ready", "take = s_valid_i && s_ready && !s_data_i[0]"),
    "data_changed": (".s_data_i,", ".s_data_i(s_data_i ^ $bits(s_data_i)'(1)),"),
}
REFUTED = [
    ("nj_fifo", {"Depth": 2}, list(FAULTS)),
    ("nj_argmax", {"Classes": 2}, list(FAULTS)),
    ("nj_or_pool", {"Height": 2, "Width": 2}, list(FAULTS)),
    ("nj_dense", {"Weight": "8'b10110010"}, list(FAULTS)),
    ("nj_fold_sum", SELECT, ["stall_ignored", "data_changed"]),
    ("nj_frame_sync", {}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_line_buffer", {"Height": 2, "Width": 2}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_binary_conv", SMALL, ["stall_ignored", "beats_lost"]),
    ("nj_jet_conv", {**JET, **SMALL}, ["stall_ignored", "beats_lost"]),
]


@pytest.mark.parametrize(
    ("module", "parameters", "fault"), [(m, p, fault) for m, p, faults in REFUTED for fault in faults], ids=_name
)
def test_each_fault_at_the_ports_is_refuted(tmp_path, module, parameters, fault):
    """The fault lies between the properties and the module, so that it fits whatever the module looks like inside."""
    file = PROPERTIES / f"{module}_properties.sv"
    assert not _prove_changed(tmp_path, module, parameters, file, *FAULTS[fault], trace=False)


def test_fifo_whose_data_changes_under_stall_is_refuted_with_a_trace(tmp_path):
    old, new = "if (pop) data_q <= beats[read_q];", "data_q <= beats[read_q];"
    verdict = _prove_changed(tmp_path, "nj_fifo", {"Depth": 3}, RTL / "nj_fifo.sv", old, new)
    assert not verdict
    assert verdict.text.startswith("assertion at nj_stable.sv") or "nj_scoreboard.sv" in verdict.text
    assert "u_fifo" in verdict.trace.read_text()


def test_argmax_that_takes_the_last_of_equals_is_refuted(tmp_path):
    changed = _prove_changed(tmp_path, "nj_argmax", {}, RTL / "nj_argmax.sv", "score > best_q", "score >= best_q")
    assert not changed and "nj_scoreboard.sv" in changed.text


def test_induction_with_z3(tmp_path):
    """The other engine; a register stage needs no invariant beyond its properties."""
    assert prove("nj_stage_properties", method="induction", depth=5, sources=_stage(tmp_path, "!full_q || m_ready_i"))
    refuted = prove("nj_stage_properties", method="induction", depth=5, sources=_stage(tmp_path, "1'b1"))
    assert not refuted and refuted.trace.is_file()


def _stage(tmp_path, ready):
    text = (PROPERTIES.parent.parent / "tests" / "sim" / "rtl" / "nj_stage_properties.sv").read_text()
    file = tmp_path / "nj_stage_properties.sv"
    file.write_text(text.replace("!full_q || m_ready_i", ready))
    return [file, PROPERTIES / "nj_stable.sv"]


# The ways on which a cycle of handshakes could close without a register: what says "I have" may not wait for "I take"
# at the same port, nor the other way round.
STREAMS = {
    "nj_argmax": {},
    "nj_binary_conv": {"Height": 4, "Width": 4, "CIn": 2, "COut": 2, "Fold": 2},
    "nj_dense": {"Beats": 1, "CIn": 4},
    "nj_fifo": {},
    "nj_fold_sum": {},
    "nj_frame_sync": {},
    "nj_jet_conv": {"Height": 4, "Width": 4},
    "nj_line_buffer": {},
    "nj_or_pool": {},
}


@pytest.mark.parametrize("module", STREAMS)
def test_no_path_from_ready_to_valid_or_back(module):
    ready = "s_last_o" if module == "nj_fold_sum" else "s_ready_o"
    paths = combinational_paths(module, STREAMS[module])
    forbidden = {("m_ready_i", "m_valid_o"), ("m_ready_i", "m_data_o")}
    forbidden |= {(port, ready) for port in ("s_valid_i", "s_data_i", "s_last_i")}
    assert paths & forbidden == set()
    allowed = {("m_ready_i", ready)}
    if module == "nj_frame_sync":
        allowed |= {("s_valid_i", "m_valid_o"), ("s_data_i", "m_data_o")}
    assert paths <= allowed
    if module in ("nj_fifo", "nj_or_pool", "nj_argmax"):
        assert not paths  # a row of ready signals ends here


def test_a_path_from_ready_to_valid_is_found(tmp_path):
    text = (RTL / "nj_fifo.sv").read_text()
    changed = tmp_path / "nj_fifo.sv"
    changed.write_text(text.replace("assign m_valid_o = valid_q;", "assign m_valid_o = valid_q && m_ready_i;"))
    assert combinational_paths("nj_fifo", sources=[changed]) == {("m_ready_i", "m_valid_o")}


@pytest.mark.parametrize("width", [1, 5, 6, 7, 16, 36, 100])
def test_popcount_counts(width):
    assert equivalent("nj_popcount", {"Width": width}, {"count_o": "$countones(bits_i)"})


def _jet(taps, bits):
    """The specification of nj_jet_axis: y_k = sum_i B(k)_i x_i, each in its own width."""
    rows = {
        3: [(1, 2, 1), (1, 0, -1), (1, -2, 1)],
        5: [(1, 4, 6, 4, 1), (1, 2, 0, -2, -1), (1, 0, -2, 0, 1), (1, -2, 0, 2, -1), (1, -4, 6, -4, 1)],
    }[taps]
    wide = bits + taps - 1
    terms = [f"{wide}'($signed(x_i[{i * bits}+:{bits}]))" for i in range(taps)]
    sums = [" + ".join(f"{wide}'({w}) * {t}" for w, t in zip(row, terms, strict=True)) for row in rows]
    return {"y_o": "{" + ", ".join(f"{wide}'({s})" for s in reversed(sums)) + "}"}


@pytest.mark.parametrize(("taps", "bits"), [(3, 2), (3, 9), (5, 2), (5, 6)])
def test_jet_axis_is_its_kernels(taps, bits):
    verdict = equivalent("nj_jet_axis", {"Taps": taps, "InBits": bits}, _jet(taps, bits))
    assert verdict, verdict.text


def test_a_wrong_formula_is_refuted_where_it_is_wrong():
    verdict = equivalent("nj_popcount", {"Width": 20}, {"count_o": "$countones(bits_i) + (bits_i == 20'h5a5a5)"})
    assert not verdict and verdict.inputs == {"bits_i": 0x5A5A5}
    assumed = equivalent(
        "nj_popcount", {"Width": 20}, {"count_o": "$countones(bits_i) + (bits_i == 20'h5a5a5)"}, assuming="!bits_i[0]"
    )
    assert assumed


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
        prove("nj_fifo_properties", {"Depth": 9})
