"""Layers are recognised by their weights, and FINN's graph computes what the integer reference computes."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnn.errors import UserError
from bnn.integer import reference
from bnn.integer.layers import Bias, Conv, Dense, Levels, MaxPool, Pad, Threshold
from bnn.integer.layers.elman import Elman
from bnn.integer.network import GraphBuilder, IntegerNetwork
from finn_build import adapter
from finn_build.recognise import recognise
from finn_build.recognise.convolution import with_inside_map
from finn_build.recognise.rule import Graph
from finn_build.recognise.rules import RULES
from finn_build.recognise.rules.binary_conv import BinaryConvRule
from finn_build.recognise.rules.bottleneck import BottleneckRule
from finn_build.recognise.rules.jets import JetRule
from finn_build.recognise.stages import Stream, bipolar
from tests.support.networks import (
    FORMS,
    Random,
    depthwise_network,
    elman_network,
    images_for,
    random_network,
    sum_pool_network,
)

OPERATORS = {
    "constrained": ["JetConv_rtl"],
    "separable": ["JetConv_rtl"],
    "bottleneck": ["BinaryConv_rtl", "JetConv_rtl"],
    "binary": ["BinaryConv_rtl"],
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_recognised_by_their_weights(form):
    _, stages = recognise(random_network(form, hidden=5))
    first = "BinaryConv_rtl" if form == "binary" else "JetConv_rtl"
    tail = ["BinaryDense_rtl", "BinaryDense_rtl", "ScoreArgMax_rtl"]
    assert [s.operator for s in stages] == [first, "BinaryMaxPool_rtl", *OPERATORS[form], *tail]
    grouped = [s.attributes.get("Grouped", 0) for s in stages if s.operator == "JetConv_rtl"]
    assert grouped == {"constrained": [0, 0], "separable": [0, 0], "bottleneck": [0, 0], "binary": []}[form]
    sums = [s for s in stages if s.kind == "sums"]
    assert all(s.nodes == ("Pad_1", "Conv_1") and s.output.crop == 1 for s in sums)
    assert stages[0].nodes == ("Pad_0", "Conv_0", "Threshold_0")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "options",
    [
        {"hidden": 5, "seed": 1},
        {"kernel": 5, "height": 11, "width": 13, "seed": 2},
        {"colors": 3, "padding": False, "seed": 3},
        {"stride": 2, "first_stride": 2, "pool": 1, "height": 15, "seed": 4},
        {"pool": 3, "classes": 1, "seed": 5},
    ],
    ids=str,
)
def test_graph_equals_reference(form, options):
    network = random_network(form, **options)
    check_graph(network)


def check_graph(network):
    """Compare FINN's graph with the reference, stream by stream."""
    images = images_for(network, 4)
    scores, tensors = network.run(images, taps=True)
    with adapter.workspace():
        from qonnx.core.onnx_exec import execute_onnx

        from finn_build.graph import make_design

        design = make_design(*recognise(network), {})
        for i, image in enumerate(images):
            pixels = image.transpose(1, 2, 0)[None].astype(np.float32)
            found = execute_onnx(design.model, {"image": pixels}, return_full_exec_context=True)
            assert found["class"].item() == network.classify(scores[i : i + 1])[0]
            for node in design.nodes[:-1]:  # every stream, decoded as the manifest will tell
                stream = found[f"{node.name}_out"].astype(np.int64)
                if node.output.datatype == "BIPOLAR":
                    stream = (stream + 1) // 2
                decoded = node.output.scale * stream + node.output.offset
                if node.output.tensor not in tensors:
                    continue
                expected, crop = tensors[node.output.tensor][i : i + 1], node.output.crop
                if expected.ndim == 4:
                    expected = expected[:, :, crop:-crop, crop:-crop] if crop else expected
                    expected = expected.transpose(0, 2, 3, 1)
                assert np.array_equal(decoded, expected), node.name


@pytest.mark.parametrize("seed", range(8))
def test_graph_equals_reference_on_sums_of_windows(seed):
    network = sum_pool_network(seed)
    _, stages = recognise(network)
    assert any(stage.layer == "SumPool" for stage in stages)
    check_graph(network)


@pytest.mark.parametrize("seed", [0, 3])
def test_graph_equals_reference_on_recurrent_heads(seed):
    network = elman_network(seed)
    _, stages = recognise(network)
    assert "Elman_rtl" in [stage.operator for stage in stages]
    check_graph(network)


def test_a_recurrent_head_of_pixels_is_refused():
    r = Random(0)
    layers = (Elman(r.signs(4, 3), r.signs(3, 3), np.zeros(3, int)), Dense(r.signs(3, 2)), Bias(np.zeros(2, int)))
    with pytest.raises(UserError, match=r"Elman_0 \(RNN\): reads pixels \(UINT8\); only \+-1 maps are accepted"):
        recognise(IntegerNetwork.chain((1, 3, 4), layers, ("a", "b")))


@pytest.mark.parametrize("seed", range(6))
def test_graph_equals_reference_on_depthwise_convolutions(seed):
    network = depthwise_network(seed)
    _, stages = recognise(network)
    assert "DepthwiseConv_rtl" in [stage.operator for stage in stages]
    check_graph(network)


@pytest.mark.parametrize("maps", [4, 5])
@pytest.mark.parametrize("kernel", [3, 4])
def test_graph_equals_reference_on_what_others_export(maps, kernel):
    """They have quantized pixels, true zeros around maps of +-1, minimum pooling, and scores on a common scale."""
    r = Random(maps + kernel)
    table = np.sort(r.r.integers(0, 257, (2, 9)), axis=1)
    layers = (
        Levels(table, -4), Pad(1, 0), Conv(r.signs(maps, 2, 3, 3)), Threshold(r.thresholds(maps, 9)),
        MaxPool(2, r.signs(maps)), Pad(1, 0), Conv(r.signs(6, maps, kernel, kernel)), Threshold(r.thresholds(6, 6)),
        Dense(r.signs(6 * (8 - kernel) ** 2, 3) * np.array([3, 70, 1])), Bias(np.array([5, -900, 0])),
    )  # fmt: skip
    network = IntegerNetwork.chain((2, 10, 10), layers, ("a", "b", "c"))
    _, stages = recognise(network)
    assert [s.operator for s in stages] == [
        "PixelTable_rtl", "BinaryConv_rtl", "BinaryMaxPool_rtl", "BinaryConv_rtl", "BinaryDense_rtl",
        "ScoreAffine_rtl", "ScoreArgMax_rtl",
    ]  # fmt: skip
    assert stages[3].attributes["InsideMap"] == 1 and stages[3].attributes["Weight"].shape[1] == maps + 1
    check_graph(network)


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(2, 5), st.integers(1, 7), st.integers(1, 7))
@settings(max_examples=150, deadline=None, print_blob=True)
def test_a_plane_of_ones_is_zero_padding(seed, maps, kernel, height, width):
    """This holds for every kernel and frame, also for frames that one window covers."""
    r = np.random.default_rng(seed)
    pad = int(r.integers(0, (kernel - 1) // 2 + 1))
    if min(height, width) + 2 * pad < kernel:
        return
    weight = r.choice(np.array([-1, 1]), (6, maps, kernel, kernel))
    thresholds = r.integers(-6, 7, 6)
    x = r.choice(np.array([-1, 1]), (8, maps, height, width))
    expected = reference.threshold(reference.convolve(reference.pad(x, pad, 0), weight), thresholds)
    wide, limits = with_inside_map(weight, thresholds, height, width)
    bits = np.concatenate([(x + 1) // 2, np.ones((8, 1, height, width), int)], axis=1)
    sums = reference.convolve(reference.pad(bits, pad, 0), wide)
    assert np.array_equal(reference.threshold(sums, limits), expected)


def test_a_two_channel_sum_of_pixels_feeds_jets():
    r = Random(7)
    layers = (
        Conv(r.signs(5, 3, 1, 1)), Conv(r.jets(5, 1), groups=5), Threshold(r.thresholds(5, 200)),
        Dense(r.signs(5 * 36, 2)), Bias(np.array([1, -2])),
    )  # fmt: skip
    network = IntegerNetwork.chain((3, 8, 8), layers, ("a", "b"))
    _, stages = recognise(network)
    assert [s.operator for s in stages][:2] == ["BinaryConv_rtl", "JetConv_rtl"]
    assert stages[0].output.datatype == "INT11" and stages[0].output.scale == 1  # -765..765


R = Random(9)
CONV, LIMIT = Conv(R.jets(4, 1)), Threshold(np.zeros(4, np.int64))
END = (Dense(R.signs(4 * 36, 2)), Bias(np.array([0, 0])))


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ((Pad(1, -1), CONV, LIMIT, *END), r"Pad_0 \(Pad\).*pixels.*with 0"),
        ((CONV, LIMIT, Pad(1, 0), Conv(R.jets(4, 4)), LIMIT, *END), r"Pad_0 \(Pad\).*\+-1 map.*pad with -1"),
        ((Conv(R.r.integers(9, 12, (4, 1, 3, 3))), LIMIT, *END), r"Conv_0 \(Conv\).*neither"),
        ((CONV, LIMIT, Conv(np.tile(np.eye(3, dtype=int), (4, 4, 1, 1))), LIMIT, *END), r"Conv_1 \(Conv\).*neither"),
        ((CONV, *END), r"Conv_0 \(Conv\): its sums go to MatMul.*MultiThreshold"),
        ((CONV, MaxPool(2), LIMIT, *END), r"Conv_0 \(Conv\): its sums go to MaxPool"),
        ((MaxPool(2), CONV, LIMIT, *END), r"MaxPool_0 \(MaxPool\): pools pixels \(UINT8\)"),
        ((LIMIT, CONV, *END), r"Threshold_0 \(MultiThreshold\): 4 thresholds for 1 channels"),
        ((CONV, LIMIT, LIMIT, *END), r"Threshold_1 \(MultiThreshold\): needs pixels, a Conv"),
        ((CONV, LIMIT, Levels(np.zeros((4, 2)), 0), *END), r"Levels_0 \(MultiThreshold\): needs pixels, a Conv"),
        (
            (CONV, LIMIT, Pad(1, 0), Conv(R.signs(2, 4, 1, 1)), Conv(R.jets(4, 2)), LIMIT, *END),
            r"Pad_0 \(Pad\).*pad with -1.*0 is accepted in front of KxK kernels of \+-1",
        ),
        ((CONV, LIMIT, Pad(1, 2), Conv(R.signs(4, 4, 3, 3)), LIMIT, *END), r"Pad_0 \(Pad\).*pads a \+-1 map with 2"),
        (
            (CONV, LIMIT, Dense(3 * R.signs(4 * 36, 4)), Threshold(np.zeros(4, int)), Dense(R.signs(4, 2)), END[1]),
            r"Dense_0 \(MatMul\): its weights are neither all \+-1 nor all even",
        ),
        ((Pad(1, 0), LIMIT, *END), r"Threshold_0 \(MultiThreshold\): a Pad must be followed by a Conv"),
        ((Dense(R.signs(64, 2)), Bias(np.array([0, 0]))), r"Dense_0 \(MatMul\): reads pixels \(UINT8\)"),
        ((CONV, Threshold(np.zeros(3, int)), *END), r"Threshold_0 \(MultiThreshold\): 3 thresholds for 4"),
        ((Conv(R.jets(4, 2)), LIMIT, *END), r"Conv_0 \(Conv\): weights \[4, 2, 3, 3\].*1 channels"),
        ((CONV, LIMIT, Conv(R.jets(4, 2), groups=2), LIMIT, *END), r"Conv_1 \(Conv\).*groups"),
        ((CONV, LIMIT, Conv(R.signs(4, 2, 3, 3), groups=2), LIMIT, *END), r"Conv_1 \(Conv\).*4 groups of one channel"),
        ((CONV, LIMIT, Conv(R.signs(4, 1, 12, 12), groups=4), LIMIT, *END), r"Conv_1 \(Conv\): 12x12 kernels"),
        ((CONV, LIMIT, Pad(1, 0), Conv(R.signs(4, 1, 3, 3), groups=4), LIMIT, *END), r"Pad_0 \(Pad\).*pad with -1"),
        (
            (CONV, LIMIT, Conv(R.jets(8, 1), groups=4), Threshold(np.zeros(8)), *END),
            r"Conv_1 \(Conv\): 8 outputs in 4 groups",
        ),
        ((Conv(R.signs(4, 1, 12, 12)), LIMIT, *END), r"Conv_0 \(Conv\).*up to 11x11"),
        ((CONV, LIMIT, Conv(R.signs(2, 4, 1, 1)), Conv(R.signs(4, 2, 3, 3)), LIMIT, *END), r"Conv_2.*only jets"),
        (
            (Pad(2, 0), CONV, LIMIT, *END),
            r"Conv_0 \(Conv\): padding 2 is too wide for a 3x3 kernel; accepted: at most 1",
        ),
        ((Conv(R.jets(4, 1), 9), LIMIT, *END), r"Conv_0 \(Conv\): stride 9"),
        ((CONV, LIMIT, MaxPool(7), *END), r"MaxPool_0 \(MaxPool\): windows of 7x7 on a map of 6x6"),
        ((CONV, LIMIT, MaxPool(1), *END), r"MaxPool_0 \(MaxPool\): windows of 1x1"),
        ((CONV, LIMIT, MaxPool(3), Conv(R.jets(4, 4)), LIMIT, *END), r"Conv_1 \(Conv\): a map of 2x2 is too small"),
        ((CONV, LIMIT, Dense(R.signs(7, 2)), END[1]), r"Dense_0 \(MatMul\): 7 rows"),
        ((CONV, LIMIT, END[0]), r"Dense_0 \(MatMul\): must be followed"),
        ((CONV, LIMIT, *END, Dense(R.signs(2, 2)), END[1]), r"Dense_1 \(MatMul\): stands behind the scores"),
        ((CONV, LIMIT, Bias(np.zeros(4, int)), *END), r"Bias_0 \(Add\): needs a MatMul"),
    ],
)
def test_what_cannot_be_built_is_named(layers, words):
    with pytest.raises(UserError, match=words):
        recognise(IntegerNetwork.chain((1, 8, 8), layers, ("a", "b")))


@pytest.mark.parametrize("kind", ["jets", "a jet a map", "binary", "zeros, 4 maps", "zeros, 3 maps", "pixels"])
def test_sums_that_a_layer_takes_come_out_without_thresholds(kind):
    """weight * stream decodes to the convolution of the model, including its padding."""
    r = Random(11)
    maps = 3 if "3" in kind else 4
    weight, groups, pad = {
        "jets": (r.jets(5, maps), 1, -1), "a jet a map": (r.jets(4, 1), 4, -1), "pixels": (r.signs(5, maps, 3, 3), 1, 0)
    }.get(kind, (r.signs(5, maps, 3, 3), 1, 0 if "zeros" in kind else -1))  # fmt: skip
    conv = Conv(weight, groups=groups)
    # no layer takes sums yet, so the layers behind only serve to read them
    network = IntegerNetwork.chain((maps, 6, 7), (Pad(1, pad), conv, MaxPool(2)), ("a", "b"))
    source = bipolar((6, 7, maps), "image")
    if kind == "pixels":
        source = Stream((6, 7, maps), "UINT8", 1, np.zeros(maps, np.int64), "image")
    stream = r.r.integers(0, source.range[1] + 1, (3, maps, 6, 7))
    graph = Graph(network, {"image": source}, lambda node: isinstance(node.layer, MaxPool))
    rule = JetRule() if "jet" in kind else BinaryConvRule()
    match = rule.match(graph, network.nodes[0])
    rule.check(graph, match)
    (stage,) = rule.rewrite(graph, match)
    assert stage.nodes == ("Pad_0", "Conv_0") and stage.inputs == ("image",) and stage.output.tensor == "Conv_0_out"
    if stage.attributes.get("InsideMap"):
        stream = np.concatenate([stream, np.ones((3, 1, 6, 7), int)], axis=1)
    sums = reference.convolve(reference.pad(stream, 1, 0), stage.attributes["Weight"], groups=groups)
    assert stage.output.range[0] <= sums.min() and sums.max() <= stage.output.range[1]
    x = source.scale * stream[:, :maps] + source.offset[:, None, None]
    expected = reference.convolve(reference.pad(x, 1, pad), weight, groups=groups)
    assert np.array_equal(stage.output.scale * sums + stage.output.offset[:, None, None], expected)


def test_rules_are_registered_by_being_there_and_tried_in_a_fixed_order():
    names = [type(rule).__name__ for rule in RULES]
    places = [names.index(name) for name in ("SeparableRule", "BottleneckRule", "JetRule", "BinaryConvRule")]
    assert places == sorted(places) and len(set(names)) == len(names)
    assert {"PixelTableRule", "MaxPoolRule", "DenseRule", "ScoresRule"} <= set(names)
    assert [rule.priority for rule in RULES] == sorted(rule.priority for rule in RULES)


def test_a_map_that_two_layers_read_is_not_fused_away():
    """Two layers read the sums of a 1x1 convolution, so neither may fuse with it."""
    builder = GraphBuilder()
    sums = builder.add(Conv(R.signs(2, 1, 1, 1)), "image")
    builder.add(Threshold(np.zeros(2, int)), builder.add(Conv(R.jets(4, 2)), sums))
    builder.add(Dense(R.signs(2 * 64, 2)), builder.add(Threshold(np.zeros(2, int)), sums))
    nodes = builder.finished()
    graph = Graph(SimpleNamespace(nodes=nodes), {}, lambda node: False)
    assert graph.next(nodes[0]) is None and len(graph.readers(nodes[0])) == 2
    assert BottleneckRule().match(graph, nodes[0]) is None


def test_too_many_classes_are_refused():
    layers = (CONV, LIMIT, Dense(R.signs(4 * 36, 300)), Bias(np.zeros(300, int)))
    with pytest.raises(UserError, match=r"300 classes are too many; an accelerator has at most 256"):
        recognise(IntegerNetwork.chain((1, 8, 8), layers, tuple(f"c{i}" for i in range(300))))
