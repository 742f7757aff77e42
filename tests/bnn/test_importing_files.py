"""Files of other programs: batches, flattening by shapes, nodes behind the scores, nan and infinity."""

import brevitas.nn as qnn
import numpy as np
import onnx
import pytest
import torch
from brevitas.export import export_onnx_qcdq
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from bnn.errors import UserError
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.compare import compare
from tests.support.foreign import frames
from tests.support.graphs import Net, tfc

FRAMES = 9  # no multiple of the batches below


def imported(model, tmp_path, pixels="byte"):
    """Import a model and check that the file computes the same, to the bit of every score; return the import."""
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    found = import_model(load_model(path), "model.onnx", pixels)
    images = frames(found.network.input_shape, FRAMES)
    agreement = compare(found.network, found, load_model(path), images)
    assert (agreement.mismatches, agreement.largest_difference) == (0, 0)
    return found, images


def refused(model, tmp_path, words, pixels="byte"):
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    with pytest.raises(UserError, match=words):
        import_model(load_model(path), "model.onnx", pixels)


def maps(batch):
    """Return two maps of 4x4 made from a picture of 6x6."""
    return Net([batch, 1, 6, 6]).conv(2, 1, 3).norm(2, 300.0).sign()


# --- batches and shapes ---


@pytest.mark.parametrize("batch", ["N", 1, 4])
@pytest.mark.parametrize("flatten", ["Flatten", "view", "Reshape"])
def test_a_batch_of_any_size(batch, flatten, tmp_path):
    """Where the batch is free or 1, pictures are executed one at a time, else as many as the batch has."""
    net = maps(batch)
    if flatten == "Flatten":
        net.then("Flatten")
    elif flatten == "view":
        net.flatten_by_shape()
    else:
        net.then("Reshape", net.constant([4 if batch == 4 else -1, 32], np.int64))
    imported(net.dense(32, 3).model([batch, 3]), tmp_path)


def test_pictures_must_stay_apart(tmp_path):
    net = maps(4)
    net.then("Reshape", net.constant([1, 128], np.int64)).dense(128, 3)
    refused(
        net.model([1, 3]), tmp_path, r"\(Reshape, BIPOLAR -> BIPOLAR\): makes \[1, 128\] of pictures of \[2, 4, 4\]"
    )


@pytest.mark.parametrize("shape", [["N", 1, "H", 6], [1, 6], ["N", 1, 6], [2000, 1, 6, 6], [1, 5000, 6, 6]])
def test_pictures_of_no_fixed_size_or_too_many_are_refused(shape, tmp_path):
    if shape == [1, 6]:
        shape = [0, "P"]
    refused(Net(shape).then("Flatten").sign().dense(6, 3).model(), tmp_path, r"input 'x' (has shape|takes)")


@pytest.mark.parametrize("bits", [1, 2])
def test_the_model_zoos_flatten(bits, tmp_path):
    found, _ = imported(tfc(bits), tmp_path, "unit")
    assert found.network.input_shape == (1, 4, 4) and found.notes == ()


def test_what_no_output_needs_is_left_out(tmp_path):
    model = maps("N").flatten_by_shape().dense(32, 3).model()
    model.graph.node.append(helper.make_node("Abs", ["t0"], ["nobody"], "left"))
    imported(model, tmp_path)


@pytest.mark.parametrize("kind", [TensorProto.UINT8, TensorProto.INT64])
def test_inputs_of_integers_are_bytes(kind, tmp_path):
    net = Net(["N", 1, 6, 6]).then("Cast", to=TensorProto.FLOAT).then("Div", 255.0).conv(2, 1, 3).norm(2).sign()
    model = net.then("Flatten").dense(32, 3).model()
    model.graph.input[0].type.tensor_type.elem_type = kind
    imported(model, tmp_path, None)
    refused(model, tmp_path, "takes bytes, not pixels / 255; leave --pixels away", "unit")


def test_inputs_of_other_numbers_are_refused(tmp_path):
    model = maps("N").flatten_by_shape().dense(32, 3).model()
    for kind in (TensorProto.DOUBLE, TensorProto.INT8, TensorProto.BOOL):
        model.graph.input[0].type.tensor_type.elem_type = kind
        refused(model, tmp_path, r"input 'x' takes \w+; export it with a float32 or uint8 input")


def test_files_in_training_mode_are_refused(tmp_path):
    """In training mode a batch norm would use the statistics of the batch."""
    model = Net(["N", 1, 6, 6]).conv(2, 1, 3).norm(2).sign().then("Flatten").dense(32, 3).model(opset=14)
    model.graph.node[1].attribute.append(helper.make_attribute("training_mode", 1))
    refused(model, tmp_path, r"\(BatchNormalization, .* is in training mode; accepted: inference: call model.eval\(\)")
    net = maps("N").then("Dropout", 0.5, np.bool_(True)).then("Flatten").dense(32, 3)
    refused(net.model(), tmp_path, r"\(Dropout, .* is in training mode")


def test_attributes_that_contradict_weights_are_refused(tmp_path):
    net = Net(["N", 1, 6, 6]).conv(2, 1, 3, kernel_shape=[2, 2]).norm(2).sign().then("Flatten").dense(50, 3)
    refused(net.model(), tmp_path, r"\(Conv, .*(kernel_shape \[2, 2\] and weights|its shapes do not fit)")


def test_two_ways_of_padding_are_refused(tmp_path):
    net = Net(["N", 1, 6, 6]).conv(2, 1, 3, auto_pad="SAME_UPPER", pads=[0] * 4).sign().then("Flatten").dense(32, 3)
    refused(net.model(), tmp_path, r"\(Conv, .* has both auto_pad and pads")


def test_a_bias_must_be_one_per_output(tmp_path):
    """onnxruntime reads past the end of a Conv's short bias, and takes a column as Gemm's bias for the batch."""
    net = Net(["N", 1, 6, 6])
    net.then("Conv", net.weights(2, 1, 3, 3), np.float32([1.0])).norm(2).sign()
    refused(net.then("Flatten").dense(32, 3).model(), tmp_path, r"\(Conv, .* its bias is no constant per output")
    for shape, fits in (((3,), True), ((1,), True), ((1, 3), True), ((3, 1), False)):
        net = maps(3).then("Flatten")
        net.then("Gemm", net.weights(3, 32), np.ones(shape, np.float32), transB=1)
        if fits:
            path = tmp_path / "fits.onnx"
            onnx.save(net.model([3, 3]), path)
            found = import_model(load_model(path), "model.onnx", "byte")
            agreement = compare(found.network, found, load_model(path), frames((1, 6, 6), FRAMES))
            assert agreement.mismatches == 0
        else:
            refused(net.model([3, 3]), tmp_path, r"\(Gemm, .* its bias is no constant per output")


# --- ends ---


def no_shape(model):
    """Return an integer output without a shape, as some exporters leave it."""
    model.graph.output[0].type.tensor_type.ClearField("shape")
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64


@pytest.mark.parametrize("outputs", [3, 1])
@pytest.mark.parametrize("behind", ["nothing", "Flatten", "Squeeze", "squeezed", "scaled"])
def test_scores_of_a_convolution_over_the_whole_map(outputs, behind, tmp_path):
    net = maps(1 if behind == "squeezed" else "N").conv(outputs, 2, 4)
    shape = ["N", outputs]
    if behind == "Flatten":
        net.then("Flatten")
    elif behind == "Squeeze":
        net.then("Squeeze", net.constant([2, 3], np.int64))
    elif behind == "squeezed":  # x.squeeze(): the batch as well
        net.then("Squeeze", net.constant([0, 2, 3], np.int64)).then("Mul", np.full(outputs, 0.5)).then(
            "Softmax", axis=0
        )
        shape = [outputs]
    else:
        shape += [1, 1]
    if behind == "scaled":
        net.then("Mul", np.full((1, outputs, 1, 1), 0.5)).norm(outputs)
    found, images = imported(net.model(shape), tmp_path)
    assert found.network.classify(found.network.run(images)).max() > 0


@pytest.mark.parametrize(
    ("ends", "cut"),
    [
        ([("Softmax", {"axis": 1})], "Softmax"),
        ([("LogSoftmax", {})], "LogSoftmax"),
        ([("Sigmoid", {})], "Sigmoid"),
        ([("Mul", {}), ("Softmax", {"axis": -1}), ("Identity", {}), ("ArgMax", {"axis": 1})], "Softmax"),
        ([("ArgMax", {"axis": -1, "keepdims": 0})], None),
        ([("Identity", {})], None),
    ],
)
def test_what_follows_the_scores_is_left_out_with_a_note(ends, cut, tmp_path):
    net = maps("N").flatten_by_shape().dense(32, 3)
    for operator, attributes in ends:
        net.then(operator, *([0.3] if operator == "Mul" else []), **attributes)
    model = net.model(("N",) if ends[-1][0] == "ArgMax" else ("N", 3))
    if ends[-1][0] == "ArgMax":
        no_shape(model)
    found, images = imported(model, tmp_path)
    if cut is None:
        assert found.notes == ()
    else:
        assert len(found.notes) == 1 and f"{cut} is left out; classes and scores are those in front" in found.notes[0]
    assert len(set(found.network.classify(found.network.run(images)).tolist())) > 1


def test_softmax_over_anything_else_is_refused(tmp_path):
    net = maps("N").conv(3, 2, 4)
    refused(net.then("Softmax", axis=-1).model(("N", 3, 1, 1)), tmp_path, r"\(Softmax.*does not go over the classes")
    net = maps("N").conv(3, 2, 4)
    net.then("Softmax", axis=1).then("Mul", 100.0)
    refused(net.model(("N", 3, 1, 1)), tmp_path, r"\(Softmax, FLOAT32 -> FLOAT32\): operator Softmax")


@pytest.mark.parametrize("sigmoid", [False, True])
def test_one_score_is_two_classes(sigmoid, tmp_path):
    """The sign of the score decides; 0 gives class 0."""
    net = maps("N").flatten_by_shape().dense(32, 1).then("Add", 12.0)
    if sigmoid:
        net.then("Sigmoid")
    found, images = imported(net.model(("N", 1)), tmp_path)
    assert "one score; class1 where it is above 0, class0 elsewhere" in found.notes[0]
    assert ("Sigmoid is left out" in found.notes[-1]) == sigmoid
    images = frames(found.network.input_shape, 300)
    scores = found.network.run(images)
    floats = found.float_scores(scores)
    assert np.array_equal(floats[:, 0], -floats[:, 1]) and (floats == 0).any()
    classes = found.network.classify(scores)
    assert np.array_equal(classes, (floats[:, 1] > 0).astype(int)) and set(classes.tolist()) == {0, 1}
    assert found.network.classes == ("class0", "class1")


def test_the_largest_of_one_score_is_refused(tmp_path):
    net = maps("N").flatten_by_shape().dense(32, 1).then("ArgMax", axis=1)
    model = net.model()
    no_shape(model)
    refused(model, tmp_path, r"\(ArgMax.*is 0 for every picture: there is one score")


def test_outputs_that_are_no_scores_are_refused(tmp_path):
    model = maps("N").flatten_by_shape().dense(32, 3).model()
    model.graph.output.append(helper.make_tensor_value_info("t0", TensorProto.FLOAT, ["N", 2, 4, 4]))
    refused(model, tmp_path, "its output 't0' is no score and no class")


# --- slopes ---


@pytest.mark.parametrize("operator", ["PRelu", "LeakyRelu"])
def test_slopes_above_zero(operator, tmp_path):
    net = Net(["N", 1, 6, 6]).conv(2, 1, 3).norm(2, 300.0).then("Add", 0.2)
    if operator == "PRelu":
        net.then("PRelu", np.array([0.25, 0.5]).reshape(2, 1, 1))
    else:
        net.then("LeakyRelu", alpha=0.1)
    found, _ = imported(net.then("Add", 0.1).sign().then("Flatten").dense(32, 3).model(), tmp_path)
    assert not any("gives the same" in note for note in found.notes)


@pytest.mark.parametrize("operator", ["PRelu", "LeakyRelu"])
def test_a_slope_below_zero_is_refused_by_name_and_channel(operator, tmp_path):
    net = Net(["N", 1, 6, 6], seed=1).conv(2, 1, 3)
    if operator == "PRelu":
        net.then("PRelu", np.array([0.25, -0.5]).reshape(2, 1, 1))
        words = r"node PRelu_1 \(PRelu, FLOAT32 -> FLOAT32\): its slope in channel 1 is -0.5, and the sign"
    else:
        net.then("LeakyRelu", alpha=-1.0)
        words = r"node LeakyRelu_1 \(LeakyRelu, FLOAT32 -> FLOAT32\): its slope in channel 0 is -1, and the sign"
    refused(net.then("Sub", 90.5).sign().then("Flatten").dense(32, 3).model(), tmp_path, words)


# --- other formats, nan and infinity ---


def test_integer_operators_of_onnx_are_told_how_to_export(tmp_path):
    model = nn.Sequential(
        qnn.QuantIdentity(bit_width=8, return_quant_tensor=True),
        qnn.QuantConv2d(1, 2, 3, weight_bit_width=2, bias=False),
        nn.BatchNorm2d(2), qnn.QuantReLU(bit_width=2), nn.Flatten(), nn.Linear(32, 3),
    ).eval()  # fmt: skip
    path = tmp_path / "model.onnx"
    with torch.no_grad():
        export_onnx_qcdq(model, torch.rand(1, 1, 6, 6), export_path=str(path), dynamo=False)
    with pytest.raises(UserError, match=r"\((Quant|Dequant).*QCDQ or QOp.*export the network with brevitas.export.ex"):
        import_model(load_model(path), "model.onnx", "unit")
    net = Net(["N", 1, 6, 6])
    net.then("ConvInteger", net.constant(np.ones((1, 1, 3, 3)), np.uint8)).then("Flatten")
    model = net.model(("N", 16))
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT32
    refused(model, tmp_path, r"\(ConvInteger.*brevitas.export.export_qonnx")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", range(8))
def test_numbers_that_are_none_are_refused_by_node_tensor_and_channel(place, value, tmp_path):
    """Weights, norm, scale, offset and thresholds."""
    net = Net(["N", 1, 6, 6]).conv(2, 1, 3).norm(2).then("Mul", np.ones((2, 1, 1)))
    thresholds = net.constant(np.array([[0.0], [1.0]]))
    net.then("MultiThreshold", thresholds, domain=net.domain, out_scale=2.0, out_bias=-1.0, out_dtype="BIPOLAR")
    model = net.then("Flatten").dense(32, 3).model()
    operator = ["Conv", *["BatchNormalization"] * 4, "Mul", "MultiThreshold", "BipolarQuant"][place]
    tensor = model.graph.initializer[place]
    wrong = numpy_helper.to_array(tensor).copy()
    wrong.reshape(-1)[-1] = value
    tensor.CopyFrom(numpy_helper.from_array(wrong, tensor.name))
    where = r"at \[1, 0, 2, 2\]" if place == 0 else r"at \[2, 31\]" if place == 7 else "in channel 1"
    refused(model, tmp_path, rf"node \w+ \({operator}.*: its input 'c{place}' is {value:g} {where}; accepted: finite")


def test_attributes_and_statistics_that_make_no_number_are_refused(tmp_path):
    model = Net(["N", 1, 6, 6]).conv(2, 1, 3).norm(2).sign().then("Flatten").dense(32, 3).model()
    model.graph.node[1].attribute.append(helper.make_attribute("epsilon", float("nan")))
    refused(model, tmp_path, r"\(BatchNormalization.*its attribute epsilon is nan")
    model.graph.node[1].attribute[0].f = 1e-5
    variance = model.graph.initializer[4]
    variance.CopyFrom(numpy_helper.from_array(np.array([1.0, -2.0], np.float32), variance.name))
    refused(model, tmp_path, r"\(BatchNormalization.*gives nan in channel 1")


def test_huge_statistics_are_thresholds_out_of_reach(tmp_path):
    net = Net(["N", 1, 6, 6]).conv(6, 1, 3)
    mean = [1e6, -1e6, 1e30, 3e38, 0.0, 5.0]
    net.then("BatchNormalization", np.ones(6), np.zeros(6), mean, [1, 1, 1, 1, 1e-30, 0.0])
    found, images = imported(net.sign().then("Flatten").dense(96, 3).model(), tmp_path)
    _, tensors = found.network.run(images, taps=True)
    bits = tensors["Threshold_0_out"]
    assert [set(np.unique(bits[:, c]).tolist()) for c in range(4)] == [{-1}, {1}, {-1}, {-1}]
    assert len(np.unique(bits[:, 4:])) == 2
