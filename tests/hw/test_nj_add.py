"""nj_add adds two streams, each times a constant per channel, and compares, a beat per clock; so does its C++."""

import numpy as np
import pytest
from onnx import helper, numpy_helper

from hw.bits import literal
from hw.cpp import layer_header
from sim.cppsim import pack as beats_of
from sim.modules import STALLS, run_streams
from sim.runner import SimulationError
from tests.hw.test_cpp import compiled
from tests.support.streams import pack, unpack

CASES = [
    (1, 4, 1, 1, 3),  # channels, bits of both streams, largest factors
    (5, 6, 1, 1, 1),
    (4, 5, 1, 3, 9),  # a bit moves the threshold, and the sums count several times
    (3, 5, 4, 1, 1),
    (4, 6, 7, 5, 6),
]


def drawn(channels, bits, other_bits, most, other_most):
    """Return streams [200, C], factors and thresholds [C] with the ends of all ranges, and the width of a sum."""
    rng = np.random.default_rng(channels + 10 * bits + 100 * other_bits)
    a = rng.integers(-(1 << bits - 1), 1 << bits - 1, (200, channels))
    b = rng.integers(0, 2, (200, channels)) if other_bits == 1 else rng.integers(
        -(1 << other_bits - 1), 1 << other_bits - 1, (200, channels)
    )  # fmt: skip
    left, right = rng.integers(1, most + 1, channels), rng.integers(-other_most, other_most + 1, channels)
    sums = left * a + right * b
    limits = sums[rng.integers(0, len(sums), channels), np.arange(channels)]
    limits[0], limits[-1] = sums[:, 0].min(), sums[:, -1].max() + 1
    far = most * (1 << bits - 1) + other_most * (1 << other_bits - 1) * 2 + int(np.abs(limits).max())
    return a, b, left, right, limits, far.bit_length() + 1


@pytest.mark.parametrize("case", CASES, ids=str)
def test_equals_the_formula(case):
    a, b, left, right, limits, width = drawn(*case)
    channels, bits, other_bits, *_ = case
    tables = {"Left": left, "Right": right, "Threshold": limits}
    parameters = {"C": channels, "LeftBits": bits, "RightBits": other_bits, "SumBits": width}
    parameters |= {name: literal(values, width) for name, values in tables.items()}
    beats = [pack(x, bits) | pack(y, other_bits) << channels * bits for x, y in zip(a, b, strict=True)]
    expected = (left * a + right * b >= limits).astype(int).tolist()
    results = run_streams("nj_add", parameters, beats, len(beats))
    for stall, result in zip(STALLS, results, strict=True):
        assert [unpack(beat, channels, 1) for beat in result.beats] == expected, stall
    assert results[0].in_cycles == list(range(len(beats)))
    assert results[0].out_cycles == [cycle + 1 for cycle in results[0].in_cycles]


def test_refuses_a_sum_narrower_than_its_terms():
    with pytest.raises(SimulationError, match="SumBits = 4, at least LeftBits = 6 and RightBits = 1"):
        run_streams("nj_add", {"SumBits": 4}, [0], 1)


@pytest.mark.parametrize("case", CASES[2::2], ids=str)
def test_its_cpp_equals_the_formula(case, tmp_path):
    a, b, left, right, limits, width = drawn(*case)
    channels, bits, other_bits, *_ = case
    constants = {
        "Beats": 20, "Channels": channels, "LeftBits": bits, "RightBits": other_bits, "SumBits": width,
        "In0Width": 8 * -(-channels * bits // 8), "In1Width": 8 * -(-channels * other_bits // 8), "OutWidth": 8,
    }  # fmt: skip
    element = f"const ap_int<{width}>"
    tables = {f"{element} left": left, f"{element} right": right, f"{element} threshold": limits}
    header = layer_header("layer", "a test", "nj_add.hpp", constants, "nj_add<Layer>", tables)
    run = compiled(tmp_path, header, channels * bits, channels, more_bits=channels * other_bits)
    frames = (x.reshape(10, 4, 5, channels) for x in (a, b))
    got = run(*(beats_of(x, width) for x, width in zip(frames, (bits, other_bits), strict=True)))
    wanted = (left * a + right * b >= limits).astype(np.int64)
    assert np.array_equal(got, beats_of(wanted.reshape(10, 4, 5, channels), 1))


def operator(backend, first, second, channels, tables):
    """Return an operator Add on a node of its own, for maps of 4x5."""
    from hw.ops.operators import operator_class

    shape = [1, 4, 5, channels]
    node = helper.make_node(
        f"Add_{backend}", ["a", "b"], ["y"], "layer", domain=f"finn.custom_op.fpgadataflow.{backend}",
        backend="fpgadataflow", inputShape=shape, inputShape1=shape, outputShape=shape, inputDataType=first,
        inputDataType1=second, outputDataType="BIPOLAR",
        **{name: numpy_helper.from_array(values, name) for name, values in tables.items()},
    )  # fmt: skip
    return operator_class(node.op_type)(node)


@pytest.mark.parametrize("other", ["BIPOLAR", "INT4"])
def test_operator_decides_as_the_formula(other):
    rng = np.random.default_rng(2)
    tables = {"Left": np.array([1, 3, 2]), "Right": np.array([-4, 1, 5]), "Threshold": np.array([0, -7, 9])}
    add = operator("rtl", "INT5", other, 3, tables)
    a = rng.integers(-16, 16, (1, 4, 5, 3))
    b = rng.choice([-1, 1], (1, 4, 5, 3)) if other == "BIPOLAR" else rng.integers(-8, 8, (1, 4, 5, 3))
    context = {"a": a.astype(np.float32), "b": b.astype(np.float32)}
    add.execute_node(context, None)
    bits = (b + 1) // 2 if other == "BIPOLAR" else b
    sums = tables["Left"] * a + tables["Right"] * bits
    assert np.array_equal(context["y"], np.where(sums >= tables["Threshold"], 1, -1))
    assert add.instream_widths() == [15, 3 if other == "BIPOLAR" else 12] and add.get_outstream_width() == 3
    found = add.schedule(np.array([0, 1, 5]), np.array([2, 2, 3]))
    assert [times.tolist() for times in (*found.taken, found.results)] == [[2, 2, 5], [2, 2, 5], [3, 3, 6]]
    assert add.get_exp_cycles() == 20 and add.foldings(20) == [{"Fold": 1}]


def test_operator_refuses_bits_on_the_left():
    tables = {name: np.ones(2, np.int64) for name in ("Left", "Right", "Threshold")}
    operator("rtl", "INT5", "BIPOLAR", 2, tables).verify_node()
    for first, left in (("BIPOLAR", 1), ("INT5", 0)):
        with pytest.raises(ValueError, match="its first input must be sums, times 1 or more"):
            operator("rtl", first, "BIPOLAR", 2, {**tables, "Left": np.full(2, left)}).verify_node()
