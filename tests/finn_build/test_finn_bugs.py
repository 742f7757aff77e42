"""FINN's own flow (finn-plus 1.6.1, qonnx 1.0) gives two wrong answers; ours are right."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.core.onnx_exec import execute_onnx
from qonnx.transformation.bipolar_to_xnor import ConvertBipolarMatMulToXnorPopcount
from qonnx.transformation.general import GiveUniqueNodeNames
from qonnx.transformation.infer_datatypes import InferDataTypes
from qonnx.transformation.infer_shapes import InferShapes
from qonnx.transformation.lower_convs_to_matmul import LowerConvsToMatMul

from bnn.integer.layers import Bias, Conv, Dense, Pad, Threshold
from bnn.integer.network import IntegerNetwork
from finn_build import adapter
from finn_build.recognise import recognise
from hw.adders.layer import ConvLayer
from hw.adders.module import Geometry, conv_module
from tests.hw.test_convolution import run_layer


def test_a_popcount_of_144_does_not_fit_the_accumulator_that_finn_chooses():
    """MVAU sizes a popcount of 0..144 as a dot product of -144..144 over weights +-1 and inputs {0, 1}.

    With as many positive as negative weights that is -72..72, 8 bits. Still all 144 bits may agree.
    """
    inputs = 144
    weight = np.tile([1, 0], inputs // 2)[:, None].astype(np.float32)  # bits of +-1
    node = helper.make_node(
        "MVAU_hls", ["x", "w"], ["y"], "mvau", domain="finn.custom_op.fpgadataflow.hls", backend="fpgadataflow",
        MW=inputs, MH=1, SIMD=1, PE=1, inputDataType="BINARY", weightDataType="BINARY", outputDataType="UINT32",
        noActivation=0, binaryXnorMode=1, numInputVectors=[1],
    )  # fmt: skip
    graph = helper.make_graph(
        [node], "mvau", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])], [numpy_helper.from_array(weight, "w")],
    )  # fmt: skip
    with adapter.workspace():
        from qonnx.custom_op.registry import getCustomOp

        model = ModelWrapper(helper.make_model(graph))
        model.set_tensor_datatype("x", DataType["BINARY"])
        model.set_tensor_datatype("w", DataType["BINARY"])
        chosen = getCustomOp(model.graph.node[0]).minimize_accumulator_width(model)
    popcount = int((weight[:, 0] == weight[:, 0]).sum())  # for the picture that equals the weights
    assert popcount == 144 and not chosen.allowed(popcount)  # INT8
    assert np.array(popcount).astype(np.int8) == -112  # a C++ accumulator of that type holds this value

    # ours: the same weights as a 3x3 kernel of 16 maps, with threshold 140 on the popcount; exact on both sides of it
    kernel = (2 * weight[:, 0].astype(np.int64) - 1).reshape(1, 16, 3, 3)
    agreeing = (kernel + 1) // 2
    other = agreeing.copy()
    other[0, 0] ^= 1  # 9 bits less
    limit = 140 - int((kernel < 0).sum())  # sum(w b) = popcount - #(w < 0)
    layer = ConvLayer(kernel, np.array([limit]), 1)
    text = conv_module("layer", layer, Geometry(3, 3), "a layer").text
    result = run_layer(layer, text, np.concatenate([agreeing, other]), 2)[0]
    assert result.beats == [1, 0]


def test_zero_padding_becomes_minus_one_in_finn_without_a_word():
    """ConvertBipolarMatMulToXnorPopcount behind a lowered convolution whose windows reach outside."""
    rng = np.random.default_rng(5)
    weight = rng.choice(np.array([-1, 1]), (4, 2, 3, 3))
    thresholds = np.array([100, 150])
    nodes = [
        helper.make_node(
            "MultiThreshold", ["x", "t"], ["s"], "sign", domain="qonnx.custom_op.general", out_scale=2.0,
            out_bias=-1.0, out_dtype="BIPOLAR",
        ),
        helper.make_node("Conv", ["s", "w"], ["y"], "conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1],
            dilations=[1, 1], group=1),
    ]  # fmt: skip
    constants = [
        numpy_helper.from_array(thresholds[:, None].astype(np.float32), "t"),
        numpy_helper.from_array(weight.astype(np.float32), "w"),
    ]
    graph = helper.make_graph(
        nodes, "padded", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2, 5, 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 5, 6])], constants,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 14), helper.make_opsetid("qonnx.custom_op.general", 1)]
    model = ModelWrapper(helper.make_model(graph, opset_imports=opsets))
    model.set_tensor_datatype("x", DataType["UINT8"])
    model.set_tensor_datatype("w", DataType["BIPOLAR"])
    model = model.transform(InferShapes()).transform(InferDataTypes()).transform(GiveUniqueNodeNames())
    image = rng.integers(0, 256, (1, 2, 5, 6))
    meant = execute_onnx(model, {"x": image.astype(np.float32)})["y"]
    lowered = model.transform(LowerConvsToMatMul()).transform(InferDataTypes())
    popcounts = lowered.transform(ConvertBipolarMatMulToXnorPopcount())
    assert "XnorPopcountMatMul" in {node.op_type for node in popcounts.graph.node}
    wrong = execute_onnx(popcounts, {"x": image.astype(np.float32)})["y"]

    def ours(value: int) -> np.ndarray:
        layers = (Threshold(thresholds), Pad(1, value), Conv(weight), Threshold(np.zeros(4, np.int64)),
                  Dense(np.ones((120, 2), np.int64)), Bias(np.zeros(2, np.int64)))  # fmt: skip
        network = IntegerNetwork.chain((2, 5, 6), layers, ("a", "b"))
        recognise(network)  # it can be built
        return network.run(image.astype(np.uint8), taps=True)[1]["Conv_0_out"]

    assert np.array_equal(ours(0), meant)
    assert not np.array_equal(wrong, meant) and np.array_equal(wrong, ours(-1))
    assert np.array_equal(wrong[..., 1:-1, 1:-1], meant[..., 1:-1, 1:-1])  # only the border differs
