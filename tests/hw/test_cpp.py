"""The C++ layers of hw/hls, compiled by g++, equal the integer reference."""

import subprocess
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from bnn import jets
from bnn.integer import reference
from bnn.integer.decision import OperatingPoint
from bnn.integer.intervals import signed_bits
from bnn.integer.layers.elman import Elman
from bnn.integer.layers.sum_pool import SumPool
from finn_build.results import point_word
from hw import cpp
from hw.adders.layer import ConvLayer
from hw.bits import dot_range
from hw.dataflow import PICTURE, Call, network_top
from hw.jets.folding import JetFolding
from hw.jets.layer import selected
from hw.jets.schedule import Raster
from hw.ops.binary_max_pool import max_pool_header
from hw.ops.conv_header import Geometry, conv_header, jets_header
from hw.ops.dense_header import dense_header
from hw.ops.elman import elman_header
from hw.ops.hls import HEADERS
from hw.ops.pixel_table import table_header
from hw.ops.score_affine import affine_header
from hw.ops.score_argmax import argmax_header, point_bits
from hw.ops.sum_pool import sum_pool_header
from sim.cppsim import BENCH, FLAGS, pack, result_words, types


@dataclass(frozen=True)
class Case:
    """A convolution with random weights."""

    height: int
    width: int
    kernel: int
    stride: int
    pad: int
    inputs: int
    outputs: int
    fold: int
    jets: bool = False
    grouped: bool = False
    bits: int = 1
    signed: bool = False
    thresholded: bool = True
    inside_map: bool = False
    weights: tuple[int, ...] = (-1, 1)


CASES = [
    Case(9, 7, 3, 1, 1, 5, 6, 3),
    Case(8, 9, 4, 2, 2, 3, 4, 1, thresholded=False),  # windows begin after the end of a row
    Case(7, 6, 1, 1, 0, 9, 4, 2, thresholded=False),
    Case(7, 8, 3, 1, 1, 3, 4, 1, bits=8),
    Case(8, 8, 3, 1, 1, 3, 8, 4, jets=True, bits=5, signed=True),
    Case(9, 8, 5, 2, 2, 2, 4, 2, jets=True, bits=8, thresholded=False),
    Case(6, 7, 3, 1, 1, 6, 6, 2, jets=True, grouped=True, bits=4, signed=True),
    Case(7, 6, 3, 1, 1, 4, 6, 3, inside_map=True),
    Case(7, 6, 3, 1, 1, 3, 4, 2, bits=8, weights=(-1, 0, 1)),
    Case(7, 6, 3, 1, 0, 2, 4, 1, bits=3, signed=True, weights=(-2, 0, 1, 3), thresholded=False),
    Case(8, 9, 4, 2, 2, 3, 4, 1, inside_map=True),
    Case(7, 8, 3, 1, 1, 6, 6, 2, grouped=True),
]


def compiled(
    folder, header: str | None, in_bits: int, out_bits: int, top: str | None = None, more_bits: int = 0, points: int = 0
):  # fmt: skip
    """Return a function from beats [N, beats, bytes] to beats: of the layer `header`, or of a network's `top`.

    more_bits: of the second input, whose beats [N, beats, bytes] the function takes too. points: the bits of an
    operating point, which it takes as well.
    """
    if header is not None:
        (folder / "layer.hpp").write_text(header)
    widths = [in_bits, *([more_bits] if more_bits else [])]
    (folder / "layer.cpp").write_text(top or cpp.layer_top("layer", "a test", widths, out_bits, points))
    out_bytes = -(-out_bits // 8)
    program = folder / "layer"
    more = [f"-DNJ_IN1={8 * -(-more_bits // 8)}"] if more_bits else []
    more += [f"-DNJ_POINT={points}"] if points else []
    subprocess.run(
        ["g++", *types([*FLAGS, "-O0", "-Wall"]), *more, "-I", HEADERS, "-I", folder, "-DNJ_TOP=layer",
         f"-DNJ_IN={8 * -(-in_bits // 8)}", f"-DNJ_OUT={8 * out_bytes}", BENCH, folder / "layer.cpp", "-o", program],
        check=True,
    )  # fmt: skip

    def run(beats, *others, point=None):
        rows = np.concatenate([each.reshape(len(each), -1) for each in (beats, *others)], axis=1)
        words = [str(beats.shape[1]), *([] if point is None else [f"0x{point:x}"])]
        done = subprocess.run([program, *words], input=rows.tobytes(), capture_output=True, check=True)
        return np.frombuffer(done.stdout, np.uint8).reshape(len(beats), -1, out_bytes)

    return run


@pytest.mark.parametrize("header", sorted(HEADERS.glob("*.hpp")), ids=lambda path: path.name)
def test_headers_include_what_they_use(header):
    """The tests compile them behind the types of Vitis HLS, which would hide that an #include is missing."""
    text = header.read_text()
    for used, needed in (("ap_", "ap_int.h"), ("hls::stream", "hls_stream.h")):
        assert used not in text or f"#include <{needed}>" in text


@pytest.mark.parametrize("case", CASES, ids=str)
def test_convolutions(case, tmp_path):
    rng = np.random.default_rng(3)
    reads = 1 if case.grouped else case.inputs
    if case.jets:
        group = jets.group(case.kernel - 1)
        signs = rng.integers(-1, 2, (case.outputs, reads, 1, 1))  # a kernel may be missing
        weight = group[rng.integers(len(group), size=(case.outputs, reads))] * signs
    else:
        weight = rng.choice(case.weights, (case.outputs, reads, case.kernel, case.kernel))
    if case.inside_map:
        weight = np.concatenate([weight, rng.integers(-5, 6, (case.outputs, 1, case.kernel, case.kernel))], axis=1)
    low, high = (-(1 << case.bits - 1), (1 << case.bits - 1) - 1) if case.signed else (0, (1 << case.bits) - 1)
    maps = rng.integers(low, high + 1, (3, case.inputs, case.height, case.width))
    seen = np.concatenate([maps, np.ones_like(maps[:, :1])], axis=1) if case.inside_map else maps
    sums = reference.convolve(reference.pad(seen, case.pad, 0), weight, case.stride, case.inputs if case.grouped else 1)
    least, most = dot_range(weight, low, high)
    thresholds = np.sort(rng.integers(least.min() - 2, most.max() + 3, case.outputs)) if case.thresholded else None
    out_bits = 1 if case.thresholded else signed_bits(int(least.min()), int(most.max()))
    geometry = Geometry(case.height, case.width, case.kernel, case.stride, case.pad)
    header = conv_header(
        "layer", "a test", geometry, weight, thresholds, case.bits, case.signed, case.grouped, case.fold, out_bits,
        case.inside_map,
    )  # fmt: skip
    run = compiled(tmp_path, header, case.inputs * case.bits, case.outputs * out_bits)
    wanted = sums if thresholds is None else (reference.threshold(sums, thresholds) + 1) // 2
    got = run(pack(maps.transpose(0, 2, 3, 1), case.bits))
    assert np.array_equal(got, pack(wanted.transpose(0, 2, 3, 1), out_bits))


@pytest.mark.parametrize(
    ("height", "width", "stride", "pad", "maps", "outputs", "lanes", "slots", "bits", "thresholded"),
    [
        (6, 5, 1, 0, 4, 7, 2, 2, 3, True),  # the last group is not full
        (5, 6, 1, 1, 3, 5, 1, 1, 4, False),
        (7, 7, 2, 1, 2, 6, 6, 2, 1, True),  # one step a window
    ],
)  # fmt: skip
def test_jets_that_a_memory_selects(
    height, width, stride, pad, maps, outputs, lanes, slots, bits, thresholded, tmp_path
):  # fmt: skip
    rng, signed = np.random.default_rng(maps), bits > 1
    weight = jets.group(2)[rng.integers(0, 9, (outputs, maps))] * rng.integers(-1, 2, (outputs, maps, 1, 1))
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    x = rng.integers(low, high + 1, (3, maps, height, width))
    sums = reference.convolve(reference.pad(x, pad, 0), weight, stride)
    limits = np.array([rng.choice(sums[:, o].ravel()) for o in range(outputs)]) if thresholded else None
    least, most = dot_range(weight, low, high)
    out_bits = 1 if thresholded else signed_bits(int(least.min()), int(most.max()))
    layer = selected(ConvLayer(weight, limits, bits, signed, out_bits=out_bits), Raster(height, width, stride, pad))
    assert layer is not None
    folding, geometry = JetFolding(maps, outputs, lanes, slots), Geometry(height, width, 3, stride, pad)
    header = jets_header("layer", "a test", geometry, weight, layer, folding)
    run = compiled(tmp_path, header, maps * bits, outputs * out_bits)
    wanted = sums if limits is None else (reference.threshold(sums, limits) + 1) // 2
    assert np.array_equal(run(pack(x.transpose(0, 2, 3, 1), bits)), pack(wanted.transpose(0, 2, 3, 1), out_bits))


@pytest.mark.parametrize(("low", "high", "bits"), [(0, 1, 1), (0, 255, 8), (-8, 7, 4)])
def test_tables_of_pixels(low, high, bits, tmp_path):
    rng = np.random.default_rng(6)
    table, pixels = rng.integers(low, high + 1, (3, 256)), rng.integers(0, 256, (2, 5, 4, 3))
    run = compiled(tmp_path, table_header("layer", "a test", 5, 4, table, bits), 24, 3 * bits)
    assert np.array_equal(run(pack(pixels, 8)), pack(table[np.arange(3), pixels], bits))


def test_scores_on_a_common_scale(tmp_path):
    rng = np.random.default_rng(7)
    multiplier, bias, sums = rng.integers(-9, 10, 4), rng.integers(-90, 91, 4), rng.integers(-32, 32, (50, 1, 1, 4))
    run = compiled(tmp_path, affine_header("layer", "a test", multiplier, bias, 6, 11), 24, 44)
    assert np.array_equal(run(pack(sums, 6)), pack(multiplier * sums + bias, 11))


@pytest.mark.parametrize(("thresholded", "fold"), [(True, 2), (False, 3)])
def test_dense_layers(thresholded, fold, tmp_path):
    rng = np.random.default_rng(4)
    weight = rng.choice([-1, 1], (5 * 12, 6))
    maps = rng.integers(0, 2, (20, 5, 3, 4))
    sums = reference.dense(2 * maps - 1, weight)
    thresholds = np.array([-61, -10, 0, 3, 60, 61]) if thresholded else None
    bias = None if thresholded else rng.integers(-9, 10, 6)
    out_bits = 1 if thresholded else 8
    header = dense_header("layer", "a test", weight, 12, thresholds, bias, fold, out_bits)
    run = compiled(tmp_path, header, 5, 6 * out_bits)
    wanted = sums >= thresholds if thresholded else sums + bias
    got = run(pack(maps.transpose(0, 2, 3, 1), 1))
    assert np.array_equal(got, pack(wanted.astype(np.int64)[:, None, None], out_bits))


def test_pooling_drops_incomplete_windows(tmp_path):
    maps = np.random.default_rng(5).integers(0, 2, (5, 9, 7, 8))
    minimum = np.array([0, 1, 0, 0, 1, 0, 0, 0, 1])
    run = compiled(tmp_path, max_pool_header("layer", "a test", 7, 8, 3, minimum), 9, 9)
    flip = minimum.reshape(-1, 1, 1)
    wanted = reference.max_pool(maps ^ flip, 3) ^ flip
    assert np.array_equal(run(pack(maps.transpose(0, 2, 3, 1), 1)), pack(wanted.transpose(0, 2, 3, 1), 1))


@pytest.mark.parametrize(("size", "thresholded"), [((3, 2), True), ((7, 8), False), ((1, 1), False)])
def test_sums_of_windows(size, thresholded, tmp_path):
    maps, pixels = np.random.default_rng(5).integers(0, 2, (5, 4, 7, 8)), size[0] * size[1]
    negative, constant = np.array([0, 1, 1, 0, 0, 1, 0, 0]), np.array([-pixels, -2, -1, 0, 1, 2, pixels, pixels + 1])
    out_bits = 1 if thresholded else signed_bits(-2 * pixels, 2 * pixels + 1)
    header = sum_pool_header("layer", "a test", (7, 8), size, 2, negative, thresholded, constant, out_bits)
    run = compiled(tmp_path, header, 4, 8 * out_bits)
    sums = SumPool(size, 1 - 2 * negative, copies=2).run(2 * maps - 1)
    limits = constant.reshape(-1, 1, 1)
    wanted = (sums >= limits).astype(np.int64) if thresholded else sums + limits
    assert np.array_equal(run(pack(maps.transpose(0, 2, 3, 1), 1)), pack(wanted.transpose(0, 2, 3, 1), out_bits))


@pytest.mark.parametrize(("columns", "fold"), [(3, 1), (1, 3)])
def test_states_are_passed_from_row_to_row(tmp_path, columns, fold):
    r = np.random.default_rng(columns)
    maps = r.integers(0, 2, (9, 5, 4, columns))
    weight, recurrent = (r.choice(np.array([1, -1]), (n, 6)) for n in (5 * columns, 6))
    layer = Elman(weight, recurrent, np.array([-99, 99, -2, 0, 1, 2]))
    run = compiled(tmp_path, elman_header("layer", "a test", layer, 4, columns, fold), 5, 6)
    wanted = (layer.run(2 * maps - 1) + 1) // 2
    assert np.array_equal(run(pack(maps.transpose(0, 2, 3, 1), 1)), pack(wanted[:, None, None], 1))


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_the_decision_is_that_of_the_integers(tmp_path, classes):
    r = np.random.default_rng(classes)
    scores = np.concatenate([r.integers(-4, 4, (60, classes)), r.choice([-4, 3], (10, classes))])
    width, point_width = 8 + 8 * classes + 8, point_bits(classes, 3)
    header = argmax_header("layer", "a test", classes, 3)
    run = compiled(tmp_path, header, 8 * -(-3 * classes // 8), width, points=point_width)
    output = SimpleNamespace(
        value_bits=3, classes=range(classes), class_bits=8, unsure_bit=6, score_bits=8, margin_bits=8
    )
    points = [OperatingPoint((0,) * classes), OperatingPoint((0, 2, -1)[:classes], 2)]
    points += [OperatingPoint((0, -8, 7)[:classes], 31), OperatingPoint((0, 7, -8)[:classes], 7)]
    for point in points:
        got = run(pack(scores[:, None, None], 3), point=point_word(point, output))
        assert np.array_equal(got, result_words(scores, point, SimpleNamespace(output=output)))


def test_streams_that_several_layers_read(tmp_path):
    """Each of three layers adds the picture, the results of all layers in front of it and its own number."""
    calls: list[Call] = []
    for number in range(3):
        name, sources = f"unit{number}", (PICTURE, *(call.layer for call in calls))
        inputs = ", ".join(f"hls::stream<ap_uint<16> > &in{i}" for i in range(len(sources)))
        total = " + ".join(f"in{i}.read()" for i in range(len(sources)))
        (tmp_path / f"{name}.hpp").write_text(
            f"#include <hls_stream.h>\n#include <ap_int.h>\nnamespace {name}_layer {{ static void frame({inputs}, "
            f"hls::stream<ap_uint<16> > &out) {{ for (int i = 0; i < 5; i++) out.write({total} + {number}); }} }}\n"
        )
        calls.append(Call(name, sources, (4,) * len(sources), 16, 5))
    top = network_top("layer", "a test", 16, 5, calls)
    assert top.count("nj_fork<5, 16>") == 3
    run = compiled(tmp_path, None, 16, 16, top)
    x = np.random.default_rng(0).integers(0, 1000, (4, 1, 5, 1))
    assert np.array_equal(run(pack(x, 16)), pack(4 * x + 1 + 2, 16))
