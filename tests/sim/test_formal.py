"""Handshakes and data of every module proven for small configurations, formulas of the combinational ones, and that
each kind of fault is refuted."""

from itertools import pairwise

import numpy as np
import pytest

import hw.adders.module
from bnn.errors import UserError
from hw.adders.lanes import Lanes, separable
from hw.adders.layer import Layer, jets_of
from hw.adders.module import Geometry, conv_module
from hw.adders.serial import Serial
from hw.bits import literal
from hw.matvec.matrix import Folding, Result, matvec_module, merged
from hw.text import RTL, sources_in, sources_of
from sim.design import write_cells
from sim.proofs import formal
from sim.proofs.formal import PROPERTIES, ProofError, combinational_paths, equivalent, prove

# Convolutions are written from their weights: kernel, stride, padding, weights [O, C, K, K], fold.
SMALL = {"Height": 2, "Width": 2, "Data": 0, "Frames": 6}  # a pipeline holds several frames of four pixels
JET = np.array([[[[1, 0, -1], [2, 0, -2], [1, 0, -1]]]])
SIGNS = np.array([[[[1, 1, -1], [1, -1, 1], [-1, 1, 1]]]])
TWO = np.concatenate([SIGNS, -JET])
JETS = np.concatenate([JET, [[[[1, 2, 1], [2, 4, 2], [1, 2, 1]]]]])


# For all time.
PROVEN = [
    ("nj_fifo", {"Depth": 2}),
    ("nj_fifo", {"Depth": 4}),
    ("nj_argmax", {"Classes": 2}),
    ("nj_argmax", {"Classes": 3}),
    ("nj_or_pool", {"Height": 4, "Width": 4}),
    ("nj_or_pool", {"Height": 3, "Width": 5}),
    ("nj_or_pool", {"Height": 4, "Width": 4, "Minimum": "1'b1"}),
    ("nj_table", {}),
    ("nj_affine", {}),
    ("nj_dense", {"Weight": "8'b10110010"}),
    ("nj_dense", {"Weight": "8'b10110010", "Fold": 2}),
    ("nj_frame_sync", {}),
    ("nj_frame_sync", {"Beats": 4}),
    ("nj_frame_flags", {}),
    ("nj_fork", {}),
    ("nj_join", {}),
    ("nj_fork_join", {}),
    ("nj_latency", {}),
    ("nj_line_buffer", {"Height": 2, "Width": 2}),
    ("nj_line_buffer", {"Height": 2, "Width": 2, "Eager": 0}),
    ("nj_line_buffer", {"Kernel": 2, "Pad": 0}),
    ("nj_patches", {}),
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
    ("nj_argmax", {"Classes": 5, "ClassBits": 3}),
    ("nj_or_pool", {"Height": 6, "Width": 6, "C": 2}),
    ("nj_or_pool", {"Height": 6, "Width": 3, "Size": 3}),
    ("nj_dense", {"Beats": 3, "CIn": 2, "Weight": "12'b110110010110", "Thresholded": 1, "Threshold": "8'h1f"}),
    ("nj_line_buffer", {"Height": 3, "Width": 3}),
    ("nj_line_buffer", {"Height": 3, "Width": 4, "Stride": 2}),
    ("nj_patches", {"Kernel": 3, "Pad": 1, "Frames": 4}),
    ("nj_frame_flags", {"Depth": 8}),
    ("nj_fork", {"Outputs": 3}),
    ("nj_join", {"Inputs": 3, "Bits": 2}),
    ("nj_fork_join", {"Depth": 4}),
    ("nj_latency", {"Depth": 4, "Bits": 4}),
    ("nj_serial", {"Plain": 0, "Digit": 3, "Digits": 2, "Shift": 2, "Start": 2}),
    ("nj_serial", {"Plain": 1, "Digits": 4, "Shift": 0, "Invert": "5'b11111", "Limit": "4'd8"}),
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


def _serial(layer, name, clocks, masked):
    return Serial(layer, name, jets_of(layer)).write()


def _columns(layer, name, clocks, masked):
    return Serial(layer, name, jets_of(layer), clocks).write()


def _lanes(layer, name, clocks, masked):
    return Lanes(layer, name, separable(layer), clocks, masked).write()


def convolution(weight, fold=1, thresholds=None, *, pad=1, bits=1, way=None, **parameters):
    """A written convolution, as the properties' parameters and sources. way: how, else the cheapest."""
    outputs, maps, kernel, _ = weight.shape
    size = {"Height": 3, "Width": 3, **parameters}
    limits = None if thresholds is None else np.array(thresholds)
    layer = Layer(weight, limits, bits, fold=fold, out_bits=1 if limits is not None else 6)
    with pytest.MonkeyPatch.context() as patch:
        if way is not None:
            patch.setattr(hw.adders.module, "write", way)
        module = conv_module("layer", layer, Geometry(size["Height"], size["Width"], 1, pad), "under proof")
    settings = {
        **size, "CIn": maps, "InBits": bits, "Kernel": kernel, "Pad": pad, "COut": outputs, "Fold": fold,
        "Weight": literal(weight.ravel(), 4), "Thresholded": int(limits is not None), "Depth": module.latency + 6,
        "Threshold": literal([0] * outputs if limits is None else limits, 4),
    }  # fmt: skip
    return settings, module.text


def _prove_convolution(tmp_path, settings, text, harness=None, **options):
    layer = tmp_path / "layer.sv"
    layer.write_text(text)
    names = ("nj_convolution_properties", "nj_stable", "nj_windows")
    properties = [harness or PROPERTIES / f"{names[0]}.sv", *(PROPERTIES / f"{name}.sv" for name in names[1:])]
    sources = [*sources_in(text), *properties, layer]
    return prove("nj_convolution_properties", settings, sources=sources, **options)


@pytest.mark.parametrize(
    ("weight", "fold", "thresholds", "more"),
    [
        (SIGNS, 1, [1], SMALL),
        (JET, 1, [1], SMALL),
        (TWO, 2, [1, 0], SMALL),
        (np.array([[[[1]]], [[[-1]]]]), 2, [1, 0], {"pad": 0, "Height": 2, "Width": 2, "Frames": 5}),
        (JETS, 2, [1, 3], {**SMALL, "way": _lanes}),
    ],
)
def test_convolutions_keep_their_beats_for_all_time(tmp_path, weight, fold, thresholds, more):
    verdict = _prove_convolution(tmp_path, *convolution(weight, fold, thresholds, **more))
    assert verdict, verdict.text


@pytest.mark.parametrize(
    ("weight", "fold", "thresholds", "bits", "way"),
    [
        (SIGNS, 1, [1], 1, None),
        (JET, 1, None, 1, None),
        (TWO, 2, [1, 0], 1, None),
        (np.concatenate([JET, -JET]), 2, [2, 0], 2, _serial),
        (np.concatenate([JET, -JET]), 2, [2, 0], 2, _columns),
        (JETS, 2, [1, 3], 1, _lanes),
    ],
)
def test_convolutions_are_right_in_the_first_clocks(tmp_path, weight, fold, thresholds, bits, way):
    settings, text = convolution(weight, fold, thresholds, bits=bits, way=way, Frames=3)
    verdict = _prove_convolution(tmp_path, settings, text, method="bounded", depth=18)
    assert verdict, verdict.text


@pytest.mark.parametrize("fault", ["stall_ignored", "beats_lost"])
def test_faults_at_the_ports_of_a_convolution_are_refuted(tmp_path, fault):
    text = (PROPERTIES / "nj_convolution_properties.sv").read_text()
    old, new = FAULTS[fault]
    assert old in text
    harness = tmp_path / "nj_convolution_properties.sv"
    harness.write_text(text.replace(old, new, 1))
    assert not _prove_convolution(tmp_path, *convolution(SIGNS, 1, [1], **SMALL), harness=harness, trace=False)


def test_a_convolution_with_a_wrong_weight_is_refuted(tmp_path):
    settings, _ = convolution(SIGNS, 1, [1])
    other = SIGNS.copy()
    other[0, 0, 2, 1] *= -1
    _, text = convolution(other, 1, [1])
    assert not _prove_convolution(tmp_path, settings, text, method="bounded", depth=18, trace=False)


def matrix(folding, seed=0, thresholded=True, times=1):
    """A written matrix of +-1, as the properties' parameters and sources; times: thresholds of a sum."""
    rng = np.random.default_rng(seed)
    inputs = folding.beats * folding.in_bits
    weight = np.repeat(rng.choice(np.array([-1, 1]), (folding.outputs, inputs // folding.repeat)), folding.repeat, 1)
    low, high = (1, inputs + 1) if thresholded else (-3, 4)  # a threshold of 0 is always reached, whatever comes in
    constants = rng.integers(low, high, folding.outputs * times)
    weight = np.repeat(weight, times, axis=0)
    settings = {
        "Beats": folding.beats, "InBits": folding.in_bits, "Outputs": len(weight),
        "Weight": literal((weight > 0).ravel().astype(int), 1), "Thresholded": int(thresholded),
        "Constant": literal(constants, 4), "OutBits": 1 if thresholded else 5,
        "Wait": folding.words * folding.groups + 8, "Most": 8,
    }  # fmt: skip
    weight, result = merged(weight, constants) if thresholded else (weight, Result(constants, False, 5))
    return settings, matvec_module("layer", "under proof", folding, result, weight)


def _prove_matrix(tmp_path, settings, text, harness=None, **options):
    layer = tmp_path / "layer.sv"
    layer.write_text(text)
    names = ("nj_matvec_properties", "nj_scoreboard", "nj_stable", "nj_taken")
    properties = [harness or PROPERTIES / f"{names[0]}.sv", *(PROPERTIES / f"{name}.sv" for name in names[1:])]
    return prove("nj_matvec_properties", settings, sources=[*sources_in(text), *properties, layer], **options)


MATRICES = {  # and whether they are thresholded
    Folding(3, 1, 2, 1, 2): True,  # two beats of a word, one in the last
    Folding(1, 3, 2, 1, 2): False,  # two words of a beat
    Folding(2, 1, 2, 1, 1, replay=True): True,
    Folding(1, 4, 2, 1, 2, repeat=2): True,  # neighbours share a weight
}


def test_matrices_with_two_thresholds_of_a_sum_are_right_for_all_time(tmp_path):
    settings, text = matrix(Folding(1, 2, 2, 1, 2), seed=2, times=2)
    assert ".OutBits(2)" in text
    verdict = _prove_matrix(tmp_path, settings, text)
    assert verdict, verdict.text


@pytest.mark.parametrize("folding", MATRICES, ids=str)
def test_matrices_are_right_for_all_time(tmp_path, folding):
    verdict = _prove_matrix(tmp_path, *matrix(folding, thresholded=MATRICES[folding]))
    assert verdict, verdict.text


@pytest.mark.parametrize("fault", ["stall_ignored", "beats_lost", "beats_doubled", "data_changed"])
@pytest.mark.parametrize("folding", MATRICES, ids=str)
def test_faults_at_the_ports_of_a_matrix_are_refuted(tmp_path, folding, fault):
    """Where a beat has two words the beat that is lost is one that is never taken."""
    text = (PROPERTIES / "nj_matvec_properties.sv").read_text()
    old, new = FAULTS[fault]
    assert old in text
    harness = tmp_path / "nj_matvec_properties.sv"
    harness.write_text(text.replace(old, new, 1))
    settings, layer = matrix(folding, thresholded=MATRICES[folding])
    options = {"method": "bounded", "depth": 40, "trace": False}
    assert not _prove_matrix(tmp_path, settings, layer, harness=harness, **options)


def _prove_changed(tmp_path, module, parameters, file, old, new, **options):
    """`prove` with a copy of one of the files, in which `old` is replaced once."""
    sources = [
        PROPERTIES / f"{name}.sv"
        for name in (f"{module}_properties", "nj_scoreboard", "nj_stable", "nj_taken", "nj_windows")
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
    ("nj_table", {}, list(FAULTS)),
    ("nj_affine", {}, list(FAULTS)),
    ("nj_dense", {"Weight": "8'b10110010"}, list(FAULTS)),
    ("nj_frame_sync", {}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_fork", {}, list(FAULTS)),
    ("nj_join", {}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_line_buffer", {"Height": 2, "Width": 2}, ["stall_ignored", "beats_lost", "data_changed"]),
    ("nj_patches", {}, ["stall_ignored", "beats_lost", "data_changed"]),
]


EVENTS = [  # modules that are told of events instead of taking beats
    ("nj_frame_sync", ".room_i,", ".room_i(1'b1),"),
    ("nj_frame_flags", ".m_ready_i,", ".m_ready_i(1'b1),"),
    ("nj_frame_flags", ".end_i,", ".end_i(end_i && !broken_i),"),
    ("nj_frame_flags", ".broken_i,", ".broken_i(!broken_i),"),
    ("nj_frame_flags", ".s_valid_i,", ".s_valid_i(1'b1),"),
    ("nj_latency", ".end_i,", ".end_i(end_i && !result_i),"),
    ("nj_latency", ".result_i,", ".result_i(1'b0),"),
    ("nj_latency", ".latency_o(latency)", ".latency_o({latency[0], latency[Bits-1:1]})"),
]


@pytest.mark.parametrize(("module", "old", "new"), EVENTS)
def test_each_fault_at_the_ports_of_what_counts_frames_is_refuted(tmp_path, module, old, new):
    lines = (PROPERTIES / f"{module}_properties.sv").read_text()
    head, instance = lines.split(") u_", 1)
    name, rest = instance.split(" (", 1)  # the port's name may stand in the text before the instance as well
    assert old in rest
    changed = tmp_path / f"{module}_properties.sv"
    changed.write_text(f"{head}) u_{name} ({rest.replace(old, new, 1)}")
    sources = [changed, PROPERTIES / "nj_stable.sv", *sources_of(module)]
    assert not prove(f"{module}_properties", {}, sources=sources, trace=False)


@pytest.mark.parametrize(
    ("module", "parameters", "fault"), [(m, p, fault) for m, p, faults in REFUTED for fault in faults], ids=_name
)
def test_each_fault_at_the_ports_is_refuted(tmp_path, module, parameters, fault):
    """The fault lies between the properties and the module, so that it fits whatever the module looks like inside."""
    file = PROPERTIES / f"{module}_properties.sv"
    assert not _prove_changed(tmp_path, module, parameters, file, *FAULTS[fault], trace=False)


def test_fifo_whose_data_changes_under_stall_is_refuted_with_a_trace(tmp_path):
    old, new = "if (pop) data_q <= beats[read_q];", "data_q <= beats[read_q];"
    verdict = _prove_changed(tmp_path, "nj_fifo", {"Depth": 4}, RTL / "nj_fifo.sv", old, new)
    assert not verdict
    assert verdict.text.startswith("assertion at nj_stable.sv") or "nj_scoreboard.sv" in verdict.text
    assert "u_fifo" in verdict.trace.read_text()


def test_argmax_that_takes_the_last_of_equals_is_refuted(tmp_path):
    changed = _prove_changed(tmp_path, "nj_argmax", {}, RTL / "nj_argmax.sv", "_q > best_q", "_q >= best_q")
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
    "nj_affine": {},
    "nj_argmax": {},
    "nj_dense": {"Beats": 1, "CIn": 4},
    "nj_fifo": {},
    "nj_frame_sync": {},
    "nj_frame_flags": {},
    "nj_fork": {},
    "nj_join": {},
    "nj_line_buffer": {},
    "nj_table": {},
    "nj_or_pool": {},
    "nj_patches": {"Height": 4, "Width": 4},
}


FORBIDDEN = {("m_ready_i", "m_valid_o"), ("m_ready_i", "m_data_o")}
FORBIDDEN |= {(port, "s_ready_o") for port in ("s_valid_i", "s_data_i", "s_last_i")}


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
    # a join's inputs wait for each other's valids; as no path leads from ready to valid, no cycle closes
    assert paths & FORBIDDEN == ({("s_valid_i", "s_ready_o")} if module == "nj_join" else set())
    allowed = {("m_ready_i", "s_ready_o")} | (paths & FORBIDDEN)
    if module in ("nj_fork", "nj_join"):
        allowed |= {("s_valid_i", "m_valid_o"), ("s_data_i", "m_data_o")}
    if module == "nj_frame_sync":
        allowed |= {("s_valid_i", "m_valid_o"), ("s_data_i", "m_data_o"), ("s_last_i", "end_broken_o")}
        allowed |= {("s_valid_i", "end_o"), ("m_ready_i", "end_o")}  # to registers of nj_frame_flags
    if module == "nj_frame_flags":
        allowed |= {("s_valid_i", "m_valid_o")}  # a result that may pass passes at once
    assert paths <= allowed
    if module in ("nj_fifo", "nj_or_pool", "nj_argmax", "nj_patches"):
        assert not paths  # a row of ready signals ends here


def test_a_path_from_ready_to_valid_is_found(tmp_path):
    text = (RTL / "nj_fifo.sv").read_text()
    changed = tmp_path / "nj_fifo.sv"
    changed.write_text(text.replace("assign m_valid_o = valid_q;", "assign m_valid_o = valid_q && m_ready_i;"))
    assert combinational_paths("nj_fifo", sources=[RTL / "nj_pkg.sv", changed]) == {("m_ready_i", "m_valid_o")}


@pytest.mark.parametrize("width", [1, 5, 6, 7, 16, 36, 100])
def test_popcount_counts(width):
    assert equivalent("nj_popcount", {"Width": width}, {"count_o": "$countones(bits_i)"})


def _bits(names, inverts):
    """Bits of x_i as summands, some inverted."""
    return " + ".join(f"8'({'~' if invert else ''}x_i[{i}] & 1'b1)" for i, invert in zip(names, inverts, strict=True))


def _lanes(size, width, lanes, invert):
    """Counts of `size` bits of each of some lanes side by side, their bits gathered place by place."""
    counts = []
    for n in range(lanes):
        places = range(n, size * lanes, lanes)
        counts.append(f"({_bits(places, [invert >> place & 1 for place in places])})")
    return _gathered(counts, width)


def _gathered(words, width):
    """Words of `width` bits side by side: bit w of word n at w * N + n."""
    return "{" + ", ".join(f"1'({word} >> {place})" for place in reversed(range(width)) for word in words[::-1]) + "}"


def _word(lane, first, width):
    """Bits first, ... of lane `lane` of two, as one word of x_i."""
    return "{" + ", ".join(f"x_i[{2 * place + lane}]" for place in reversed(range(first, first + width))) + "}"


def _equal(lane, pairs, count):
    """Number of the first `count` of `pairs` bits that x_i and lane `lane` of w_i have in common."""
    first = lane * pairs
    return f"8'($countones(x_i[{count - 1}:0] ~^ w_i[{first + count - 1}:{first}]))" if count else "8'd0"


def _matches(lanes, pairs):
    """nj_match: the lowest bit of each lane's count, and what each two pairs carry."""
    low = [f"1'({_equal(lane, pairs, pairs)})" for lane in range(lanes)]
    ends = [min(2 * k, pairs) for k in range((pairs + 1) // 2 + 1)]
    twos = [
        f"1'(({_equal(lane, pairs, end)} >> 1) - ({_equal(lane, pairs, begin)} >> 1))"
        for lane in range(lanes)
        for begin, end in pairwise(ends)
    ]
    return {"low_o": "{" + ", ".join(low[::-1]) + "}", "twos_o": "{" + ", ".join(twos[::-1]) + "}"}


WORDS = ("64'hfedcba9876543210", "64'h0f1e2d3c4b5a6978")

# As arithmetic and as cells, each against its formula in one line.
FORMULAS = [
    ("nj_count3", {"Invert": "3'b010"}, {"s_o": f"2'({_bits(range(3), (0, 1, 0))})"}),
    ("nj_count7", {"Invert": "7'b0010110"}, {"s_o": f"3'({_bits(range(7), (0, 1, 1, 0, 1, 0, 0))})"}),
    ("nj_count3", {"N": 2, "Invert": "6'b011010"}, {"s_o": _lanes(3, 2, 2, 0b011010)}),
    ("nj_count7", {"N": 2, "Invert": "14'b00000110110001"}, {"s_o": _lanes(7, 3, 2, 0b00000110110001)}),
    ("nj_count7", {"N": 3}, {"s_o": _lanes(7, 3, 3, 0)}),
    (
        "nj_add3", {"Width": 6, "Invert": "3'b101", "Add": 2},
        {"sum_o": "6'(~x_i[5:0] + x_i[11:6] + ~x_i[17:12] + 6'd2)"},
    ),
    (
        "nj_add3", {"N": 2, "Width": 3, "Invert": "3'b010", "Add": 1},
        {"sum_o": _gathered([f"3'({_word(n, 0, 3)} + ~{_word(n, 3, 3)} + {_word(n, 6, 3)} + 1)" for n in range(2)], 3)},
    ),
    ("nj_reach", {"Width": 11, "Limit": "12'd1234", "Invert": "1'b1"}, {"reach_o": "!(x_i >= 11'd1234)"}),
    ("nj_reach", {"Width": 8, "Limit": "9'd256"}, {"reach_o": "1'b0"}),
    (
        "nj_reach", {"N": 2, "Width": 4, "Limit": "10'b00101_01001"},
        {"reach_o": "{{x_i[7], x_i[5], x_i[3], x_i[1]} >= 4'd5, {x_i[6], x_i[4], x_i[2], x_i[0]} >= 4'd9}"},
    ),
    (  # several lanes of several groups: a lane's limit ends where the next one's begins
        "nj_reach", {"N": 2, "Width": 7, "Limit": "16'h2345"},
        {"reach_o": f"{{{_word(1, 0, 7)} >= 7'h23, {_word(0, 0, 7)} >= 7'h45}}"},
    ),
    (
        "nj_leaf", {"N": 3, "RoundBits": 2, "Pass": "12'hbd7", "Invert": "12'h3a5"},
        {"leaf_o": "({3{x_i}} & 3'(12'hbd7 >> (4'd3 * round_i))) ^ 3'(12'h3a5 >> (4'd3 * round_i))"},
    ),
    (
        "nj_leaf", {"N": 2, "RoundBits": 5, "Pass": WORDS[0], "Invert": WORDS[1]},
        {"leaf_o": f"({{2{{x_i}}}} & 2'({WORDS[0]} >> (7'd2 * round_i))) ^ 2'({WORDS[1]} >> (7'd2 * round_i))"},
    ),
    ("nj_match", {"N": 2, "Pairs": 6}, _matches(2, 6)),
    ("nj_match", {"N": 3, "Pairs": 5}, _matches(3, 5)),
    (
        "nj_add_or_start", {"Width": 6, "CountBits": 3, "Start": "6'd41"},
        {"sum_o": "count_i + (first_i ? 6'd41 : sum_i)"},
    ),
    ("nj_or_lanes", {"N": 5}, {"y_o": "a_i | (b_i & {5{keep_i}})"}),
    (
        "nj_leaf3", {"RoundBits": 2, "Pass": "12'hbd7", "Invert": "12'h3a5"},
        {"s_o": "2'($countones((x_i & 3'(12'hbd7 >> (4'd3 * round_i))) ^ 3'(12'h3a5 >> (4'd3 * round_i))))"},
    ),
]  # fmt: skip


# What an index beyond the last word selects is anything; here it is what the tree makes of it.
SELECTED = {2: "index_i", 3: "index_i", 5: "index_i > 4 ? 3'd4 : index_i", 11: "index_i",
            18: "index_i > 16 ? {4'd8, index_i[0]} : index_i"}  # fmt: skip
# The chip's cells, which nothing else instantiates, as Yosys says they behave; and what is made of them alone.
CHIP = [
    (
        "nj_lut2", "LUT6_2", {"Init": "64'h9d2c5680a3f1b74e"},
        {"o6_o": "1'(64'h9d2c5680a3f1b74e >> x_i)", "o5_o": "1'(32'ha3f1b74e >> x_i[4:0])"},
    ),
    *(
        (  # what it adds are the generated bits and those that make the propagated ones of them
            "nj_carry", "CARRY4", {"Width": width},
            {
                "sum_o": "Width'(generate_i + (generate_i ^ propagate_i) + carry_i)",
                "carry_o": "Width'(((Width + 1)'(generate_i) + (Width + 1)'(generate_i ^ propagate_i) + carry_i"
                " ^ (Width + 1)'(propagate_i)) >> 1)",
            },
        )
        for width in (1, 4, 6)
    ),
    *(
        ("nj_select", "LUT6_2", {"Ways": ways, "Bits": 3}, {"y_o": f"3'(x_i >> 8'd3 * ({index}))"})
        for ways, index in SELECTED.items()
    ),
]  # fmt: skip


@pytest.mark.parametrize("generic", [True, False])
@pytest.mark.parametrize(("module", "cell", "parameters", "formula"), CHIP, ids=_name)
def test_the_chips_cells_are_their_formulas(tmp_path, module, cell, parameters, formula, generic):
    sources = [*sources_of(module), *write_cells([cell], tmp_path / "cells.v")[:1]]
    verdict = equivalent(module, parameters, formula, sources=sources, generic=generic)
    assert verdict, verdict.text


@pytest.mark.parametrize("plain", [0, 1])
@pytest.mark.parametrize(("module", "parameters", "formula"), FORMULAS, ids=_name)
def test_compressors_are_their_formulas(module, parameters, formula, plain):
    verdict = equivalent(module, {**parameters, "Plain": plain}, formula)
    assert verdict, verdict.text


# nj_digits by how it chooses: one digit, two, up to four, eight, sixteen, and a last one alone.
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


def test_what_is_undefined_is_not_equal_to_anything(tmp_path):
    """A LUT whose content was never written: X, which a tool may take for what it likes."""
    text = (RTL / "nj_leaf.sv").read_text()
    old = "init[i] = value(Lanes == 2 && i < 32 ? n + 1 : n, i);"
    assert old in text
    changed = tmp_path / "nj_leaf.sv"
    changed.write_text(text.replace(old, ";"))
    sources = [changed if path.stem == "nj_leaf" else path for path in sources_of("nj_leaf")]
    formula = {"leaf_o": "{2{x_i}}"}
    assert equivalent("nj_leaf", {"Plain": 0}, formula)
    assert not equivalent("nj_leaf", {"Plain": 0}, formula, sources=sources)


def test_a_wrong_formula_is_refuted_where_it_is_wrong():
    verdict = equivalent("nj_popcount", {"Width": 20}, {"count_o": "$countones(bits_i) + (bits_i == 20'h5a5a5)"})
    assert not verdict and verdict.inputs == {"bits_i": 0x5A5A5}
    assumed = equivalent(
        "nj_popcount", {"Width": 20}, {"count_o": "$countones(bits_i) + (bits_i == 20'h5a5a5)"}, assuming="!bits_i[0]"
    )
    assert assumed


def test_nothing_to_prove_is_no_proof(tmp_path):
    """A property module that has lost its assertions, and a condition that no input fulfils."""
    (tmp_path / "nj_empty.sv").write_text(
        "module nj_empty (input logic x_i, output logic y_o); assign y_o = x_i; endmodule"
    )
    with pytest.raises(ProofError, match="selection contains 0 elements"):
        prove("nj_empty", {}, sources=[tmp_path / "nj_empty.sv"])
    right = {"count_o": "$countones(bits_i)"}
    with pytest.raises(ProofError, match="no input fulfils bits_i > 16, so nothing is proven"):
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
