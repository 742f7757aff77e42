"""Each row of the tables in docs/importing.md has examples, and their imports are what the row says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from bnn.errors import UserError
from bnn.integer.layers import Conv, Dense, Levels, MaxPool, Pad, Threshold
from bnn.integer.layers.sum_pool import SumPool
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.foreign.compare import compare
from finn_build.recognise import recognise
from tests.support.foreign import frames
from tests.support.graphs import QONNX, Net

DOCS = Path(__file__).resolve().parents[2] / "docs" / "importing.md"
Example = tuple[
    Callable[[], onnx.ModelProto], Any
]  # a file, and the kinds of layers that it becomes, or words of its refusal


def rows(heading: str) -> list[str]:
    """Return the first column of the table below a heading."""
    text = DOCS.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [line.split(" | ")[0].removeprefix("| ") for line in lines[1:]]


def pixels(shape: Any = ("N", 1, 6, 6), seed: int = 0) -> Net:
    return Net(list(shape), seed)


def maps(seed: int = 0) -> Net:
    """Return two maps of bits, 4x4."""
    return pixels(seed=seed).conv(2, 1, 3).norm(2, 300.0).sign()


def end(net: Net, features: int = 32) -> onnx.ModelProto:
    return net.then("Flatten").dense(features, 3).model()


def bits(net: Net, bits: int) -> Net:
    return net.then("Relu").quant(100.0, bits, signed=0)


def small_weights(most: int) -> np.ndarray:
    weight = np.random.default_rng(1).integers(-most, most + 1, (2, 1, 3, 3))
    weight[:, 0, 0, 0] = [most, 1 - most]
    weight[:, 0, 0, 1] = 1
    return weight * 0.25


def argmax(net: Net) -> onnx.ModelProto:
    model = net.then("ArgMax", axis=1, keepdims=0).model()
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(net.at, TensorProto.INT64, ["N"]))
    return model


def second_output() -> onnx.ModelProto:
    model = end(maps())
    model.graph.output.append(helper.make_tensor_value_info("t0", TensorProto.FLOAT, ["N", 2, 4, 4]))
    return model


def branches(operator: str, **attributes: Any) -> onnx.ModelProto:
    net = maps()
    before = net.at
    net.conv(2, 2, 3, pads=[1] * 4)
    net.at = net.node(operator, net.at, before, **attributes)
    return end(net.sign(), 64 if operator == "Concat" else 32)


def added(scale: float, maps_: int = 2) -> onnx.ModelProto:
    """Return a file that adds the sums of a convolution and `scale` times those of another one."""
    net = pixels().conv(maps_, 1, 3).norm(maps_, 300.0).sign()
    before = net.at
    first = net.conv(maps_, maps_, 3).at
    net.at = before
    net.at = net.node("Add", first, net.conv(maps_, maps_, 3).then("Mul", scale).at)
    return end(net.sign(), 4 * maps_)


def beside() -> onnx.ModelProto:
    """Return a file that joins a map with a convolution of it."""
    net = maps()
    before = net.at
    net.conv(2, 2, 1).sign()
    net.at = net.node("Concat", before, net.at, axis=1)
    return end(net, 64)


def residual(*, sign: bool = False) -> Net:
    """Return a net that adds a map to the sums of a convolution of it, or to their signs."""
    net = maps()
    before = net.at
    net.conv(2, 2, 3, pads=[1] * 4)
    return (net.sign() if sign else net).then("Add", before)


def nan_norm() -> onnx.ModelProto:
    net = pixels().conv(2, 1, 3)
    return end(net.then("BatchNormalization", [1, 1], [0, np.inf], [0, 0], [1, 1]).sign())


def ending(net: Net, shape: Any, *nodes: tuple[str, dict[str, Any]]) -> onnx.ModelProto:
    for operator, attributes in nodes:
        net.then(operator, **attributes)
    return net.model(shape)


def scored(classes: int = 3) -> Net:
    return maps().then("Flatten").dense(32, classes)


POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}
POOLED = ["Conv", "Threshold", "MaxPool", "Dense", "Bias"]
PLAIN = ["Conv", "Threshold", "Dense", "Bias"]
SUMMED = ["Conv", "Threshold", "SumPool", "Threshold", "Dense", "Bias"]
ENDED = ["Conv", "Threshold", "Conv", "Threshold", "SumPool", "Bias"]


def truncated(net: Net) -> Net:
    """Truncate two bits to one, rounding down."""
    numbers = [1.0, 0.0, 2.0, 1.0, 1.0]  # scale, zero point, bits in, scale and bits out
    return net.then("Trunc", *numbers, domain=QONNX, rounding_mode="FLOOR", signed=1, narrow=0)


def ending_in_means(scales: list[float]) -> onnx.ModelProto:
    """Return a file whose scores have an offset and a scale per class."""
    net = maps().conv(3, 2, 1).then("Add", 0.5).sign().then("GlobalAveragePool").then("Flatten")
    return net.then("Mul", scales).then("Add", [0.05, -0.1, 0.2]).model()


ACCEPTED: dict[str, list[Example]] = {
    "a batch of any size, or a free one": [
        (lambda n=n: end(pixels((n, 1, 6, 6)).conv(2, 1, 3).norm(2, 300.0).sign()), PLAIN) for n in ("N", 1, 3)
    ],
    "Flatten, Reshape, Squeeze, Unsqueeze that keep pictures apart; weights computed from constants": [
        (lambda: maps().flatten_by_shape().dense(32, 3).model(), PLAIN),
        (lambda: scored().then("Unsqueeze", np.int64(2)).model(["N", 3, 1]), r"makes \[1, 3, 1\]"),
    ],
    "scale, offset, quantizer of up to 8 bits on the input": [
        (lambda: end(pixels().then("Sub", 9.0).quant(2.0, 8).conv(2, 1, 3).norm(2).sign()), ["Levels", *PLAIN]),
        (lambda: end(pixels().then("Mul", 0.5).conv(2, 1, 3).norm(2).sign()), PLAIN),
    ],
    "sign on the input": [
        (lambda: end(pixels().then("Sub", 127.5).sign().conv(2, 1, 3).norm(2).sign()), ["Threshold", *PLAIN]),
        (lambda: end(pixels().then("Sub", 127.5).sign(), 36), ["Threshold", "Dense", "Bias"]),
        (lambda: end(pixels().then("Neg").then("Add", 9.5).sign(), 36), ["Levels", "Dense", "Bias"]),
    ],
    "Conv of square kernels up to 11x11, any stride, any channels; MatMul, Gemm. Weights +-1 times one positive scale "
    "per output, by BipolarQuant or Quant": [
        (lambda: end(pixels(("N", 3, 13, 13)).conv(2, 3, 11, strides=[2, 2]).norm(2, 900.0).sign(), 8), PLAIN),
    ],
    "weights of 2 to 4 bits: integers up to 8 times one scale per output": [
        (lambda m=m: end(pixels().then("Conv", small_weights(m)).norm(2, 300.0).sign()), PLAIN) for m in (1, 3, 8)
    ],
    "Conv padding of 0, or a Pad of -1 or 0 in front, the same on all sides, up to (K - 1) / 2 for a KxK kernel": [
        (lambda: end(maps().conv(2, 2, 3, pads=[1] * 4).sign()), ["Conv", "Threshold", "Pad", *PLAIN]),
        (
            lambda: end(maps().then("Pad", np.int64([0, 0, 1, 1, 0, 0, 1, 1]), -1.0).conv(2, 2, 3).sign()),
            ["Conv", "Threshold", "Pad", *PLAIN],
        ),
        (lambda: end(maps().conv(2, 2, 3, auto_pad="SAME_UPPER").sign()), ["Conv", "Threshold", "Pad", *PLAIN]),
        (lambda: end(maps().conv(2, 2, 4, pads=[1] * 4).sign(), 18), ["Conv", "Threshold", "Pad", *PLAIN]),
    ],
    "everything element by element between sums and sign that rises or falls: scales and offsets per tensor or "
    "channel, bias, BatchNormalization, Clip, Relu, PRelu and LeakyRelu with slopes above 0, ...": [
        (lambda n=n, a=a, c=c: end(pixels().conv(2, 1, 3).norm(2).then(n, *c, **a).then("Sub", 0.4).sign()), PLAIN)
        for n, a, c in (
            ("Mul", {}, [np.full((2, 1, 1), -0.5)]), ("Clip", {}, [-1.0, 1.0]), ("Relu", {}, []), ("Tanh", {}, []),
            ("PRelu", {}, [np.full((2, 1, 1), 0.25)]), ("LeakyRelu", {"alpha": 0.1}, []), ("Neg", {}, []),
        )
    ],
    "BipolarQuant, Quant of 1 bit (signed, or {0, 1}), MultiThreshold with one threshold": [
        (lambda: end(maps()), PLAIN),
        (lambda: end(pixels().conv(2, 1, 3).then("Relu").quant(9.0, 1, signed=0)), PLAIN),
        (
            lambda: end(
                pixels().conv(2, 1, 3).then(
                    "MultiThreshold", [[5.0], [-7.0]], domain="qonnx.custom_op.general", out_scale=2.0, out_bias=-1.0
                )
            ),
            PLAIN,
        ),
    ],
    "Quant of 2 to 4 bits, MultiThreshold with up to 15 thresholds, on sums; on pixels of one channel in front of a "
    "dense layer": [
        *((lambda b=b: end(bits(pixels().conv(2, 1, 3), b)), PLAIN) for b in (2, 4)),
        (lambda: end(bits(pixels(), 2), 36), PLAIN),
    ],
    "a dense layer on pixels of more bits or of several channels, square up to 11x11": [
        (lambda: end(pixels().then("Flatten").dense(36, 8).norm(8, 900.0).sign(), 8), PLAIN),
        (lambda: end(bits(pixels(("N", 3, 3, 3)), 2).then("Flatten").dense(27, 8).sign(), 8), ["Levels", *PLAIN]),
    ],
    "MaxPool before the sign, before or behind batch norm, or behind the sign": [
        (lambda: end(pixels().conv(2, 1, 3).then("MaxPool", **POOL).norm(2).sign(), 8), POOLED),
        (lambda: end(pixels().conv(2, 1, 3).norm(2).then("MaxPool", **POOL).sign(), 8), POOLED),
        (lambda: end(maps().then("MaxPool", **POOL), 8), POOLED),
        (lambda: end(maps().then("MaxPool", kernel_shape=[1, 1])), PLAIN),
    ],
    "Add of sums and a +-1 map, whatever scales them, or of the sums of two layers whose scales are to each other as "
    "small integers, and a sign behind it": [
        (lambda: end(residual().sign()), ["Conv", "Threshold", "Pad", "Conv", "Add", "Threshold", "Dense", "Bias"]),
        (lambda: added(1.5), ["Conv", "Threshold", "Conv", "Conv", "Add", "Threshold", "Dense", "Bias"]),
    ],
    "Concat of two to four maps that mean the same, along the channels": [
        (beside, ["Conv", "Threshold", "Conv", "Threshold", "Concat", "Dense", "Bias"])
    ],
    "AveragePool of windows side by side, also not square, GlobalAveragePool, ReduceMean and ReduceSum over rows and "
    "columns, behind a sign; Brevitas' TruncAvgPool2d": [
        (lambda: end(maps().then("AveragePool", **POOL).norm(2, 0.5).sign(), 8), SUMMED),
        (lambda: end(maps().then("AveragePool", kernel_shape=[3, 1], strides=[3, 1]).norm(2, 0.5).sign(), 8), SUMMED),
        (lambda: end(maps().then("Mul", -0.7).then("AveragePool", **POOL).then("Add", 0.1).sign(), 8), SUMMED),
        (lambda: end(maps().then("GlobalAveragePool").then("Neg").sign(), 2), SUMMED),
        (lambda: end(maps().then("ReduceSum", np.int64([2, 3]), keepdims=1).then("Sub", 1.0).sign(), 2), SUMMED),
        (lambda: maps().then("ReduceMean", axes=[-2, -1], keepdims=0).sign().dense(2, 3).model(), SUMMED),
        (lambda: end(bits(maps().then("AveragePool", **POOL).then("Mul", 250.0), 2), 8), SUMMED),
        (lambda: end(truncated(maps().then("AveragePool", **POOL)).sign(), 8), SUMMED),
    ],
    "a depthwise Conv of +-1 behind a sign, without padding or padded with -1": [
        (lambda: end(maps().conv(2, 1, 3, group=2).norm(2).sign(), 8), [*PLAIN[:2], *PLAIN]),
        (
            lambda: end(
                maps().then("Pad", np.int64([0, 0, 1, 1, 0, 0, 1, 1]), -1.0).conv(2, 1, 3, group=2).norm(2).sign()
            ),
            ["Conv", "Threshold", "Pad", *PLAIN],
        ),
    ],
    "means and sums of whole maps as the scores, behind a sign or a 1x1 Conv; means of the sums of a 1x1 Conv": [
        (lambda: maps().conv(3, 2, 1).then("Add", 0.5).sign().then("GlobalAveragePool").model(("N", 3, 1, 1)), ENDED),
        (lambda: ending_in_means([1.0, 1.0, 1.0]), ENDED),
        (lambda: ending_in_means([2.0, -1.0, 0.5]), ENDED),
        (lambda: maps().conv(3, 2, 1).then("GlobalAveragePool").then("Flatten").model(), PLAIN),
        (lambda: end(maps().conv(2, 2, 1).then("AveragePool", **POOL).norm(2, 0.5).sign(), 8), [*PLAIN[:2], *PLAIN]),
    ],
    "behind the last layer: scale and offset, per tensor or per class, batch norm": [
        (lambda: scored().then("Mul", 0.3).then("Add", [1.0, -2.0, 0.5]).norm(3).model(), PLAIN),
    ],
    "a Conv over the whole map as the last layer, scores [N, classes, 1, 1] or flattened": [
        (lambda: maps().conv(3, 2, 4).model(("N", 3, 1, 1)), PLAIN),
        (lambda: maps().conv(3, 2, 4).then("Flatten").model(), PLAIN),
    ],
    "Softmax, LogSoftmax, Sigmoid behind the scores": [
        (lambda n=n: scored().then(n).model(), PLAIN) for n in ("Softmax", "LogSoftmax", "Sigmoid")
    ],
    "ArgMax behind the scores": [(lambda: argmax(scored()), PLAIN)],
    "one score s": [
        (lambda: scored(1).model(("N", 1)), PLAIN),
        (lambda: scored(1).then("Sigmoid").model(("N", 1)), PLAIN),
    ],
}  # fmt: skip

REFUSED: dict[str, list[Example]] = {
    "weights of 5 bits and more": [(lambda: end(pixels().then("Conv", small_weights(13)).sign()), "its weights take")],
    "activations of 5 bits and more": [
        (lambda: end(bits(pixels().conv(2, 1, 3), 5)), r"Quant, FLOAT32 -> UINT5\): activations of more than four bits")
    ],
    "additions of two +-1 maps, of sums on other scales, without a sign behind or with pooling in front of it": [
        (
            lambda: end(residual(sign=True).sign()),
            r"\(Add, .* adds a \+-1 map and a \+-1 map; accepted: sums of one layer and",
        ),
        (lambda: added(0.7717, 24), r"\(Add, .* the sums of channel \d+ have no common integer scale, times 16 at"),
        (lambda: end(residual().then("MaxPool", **POOL).sign(), 8), "is the sign of pooled sums of two"),
    ],
    "concatenations of sums, or of maps that mean different things": [
        (lambda: branches("Concat", axis=1), r"\(Concat, .* reads the sums of .* without a sign"),
    ],
    "averages whose windows overlap or are padded, that no sign follows, or of sums of a larger Conv": [
        (lambda: end(maps().then("AveragePool", kernel_shape=[3, 3]).sign(), 8), r"strides \[1, 1\].*do not overlap"),
        (lambda: end(maps().then("AveragePool", **POOL, pads=[1] * 4).sign(), 18), "not padded"),
        (lambda: end(maps().then("ReduceMean", axes=[1], keepdims=1).sign(), 16), r"goes over axes \[1\]"),
        (lambda: end(maps().then("AveragePool", **POOL), 8), "reads the sums of AveragePool_3 without a sign"),
        (lambda: end(pixels().conv(2, 1, 3).then("AveragePool", **POOL).sign(), 8), "averages the sums of Conv_0"),
        (
            lambda: end(bits(pixels().conv(2, 1, 3), 2).then("AveragePool", **POOL).sign(), 8),
            "averages values of more than one bit",
        ),
        (lambda: end(pixels().then("AveragePool", **POOL).conv(2, 1, 3).sign(), 2), "averages values of more than"),
    ],
    "Resize, GELU and other operators": [
        (lambda: end(maps().then("Resize", "", [1.0, 1.0, 2.0, 2.0]), 128), "operator Resize has no"),
        (lambda: end(pixels().conv(2, 1, 3).then("Erf").then("Abs").sign()), "operator Erf has no"),
    ],
    "MaxPool whose windows overlap, are padded or not square, or pool pixels": [
        (lambda: end(maps().then("MaxPool", kernel_shape=[3, 3]), 8), r"strides \[1, 1\].*do not overlap"),
        (lambda: end(maps().then("MaxPool", **POOL, pads=[1] * 4), 18), "not padded"),
        (lambda: end(maps().then("MaxPool", kernel_shape=[2, 1], strides=[2, 1]), 16), "square windows"),
        (lambda: end(pixels().then("MaxPool", **POOL).conv(2, 1, 3).sign(), 2), "reads pooled pixels"),
    ],
    "kernels that are not square or above 11x11, dilation": [
        (lambda: end(pixels().then("Conv", np.ones((2, 1, 1, 3))).sign(), 48), "square kernels"),
        (lambda: end(pixels(("N", 1, 12, 12)).conv(2, 1, 12).sign(), 2), "up to 11x11"),
        (lambda: end(pixels().conv(2, 1, 3, dilations=[2, 2]).sign(), 8), "dilation 1"),
    ],
    "padding that differs by side, or wider than (K - 1) / 2: a 2x2 kernel with 1, a 4x4 kernel with 2": [
        (lambda: end(maps().conv(2, 2, 3, pads=[1, 0, 1, 0]).sign(), 16), "the same padding on all sides"),
        (
            lambda: end(maps().conv(2, 2, 2, pads=[1] * 4).sign(), 50),
            "too wide for a 2x2 kernel; accepted: at most 0",
        ),
        (
            lambda: end(maps().conv(2, 2, 4, pads=[2] * 4).sign(), 50),
            "too wide for a 4x4 kernel; accepted: at most 1",
        ),
    ],
    "padding with what no value of the map stands for": [
        (
            lambda: end(maps().then("Pad", np.int64([0, 0, 1, 1, 0, 0, 1, 1]), 0.5).conv(2, 2, 3).sign()),
            "pads with 0.5, which no integer stands for",
        ),
        (lambda: end(pixels().then("Sub", 0.3).conv(2, 1, 3, pads=[1] * 4).sign(), 72), "pads with 0, which no pixel"),
    ],
    "+-1 convolutions in groups of several maps, or on pixels, or padded with 0": [
        (lambda: end(maps().conv(4, 1, 3, group=2).norm(4).sign(), 16), "in 2 groups"),
        (lambda: end(pixels(("N", 2, 6, 6)).conv(2, 1, 3, group=2).norm(2).sign()), "in 2 groups"),
        (lambda: end(maps().conv(2, 1, 3, group=2, pads=[1] * 4).norm(2).sign()), "pads a .-1 map with 0"),
    ],
    "batch norm between a sign and the next layer that differs by channel": [
        (lambda: end(maps().norm(2).conv(2, 2, 3).sign(), 8), r"makes other values of \+-1"),
    ],
    "a dense layer on pixels of 5 to 8 bits above 11x11, or not square": [
        (
            lambda: end(pixels(("N", 1, 12, 12)).quant(8.0, 6, signed=0).then("Flatten").dense(144, 4).sign(), 4),
            r"\(MatMul, UINT6, BIPOLAR -> FLOAT32\): is a dense layer on pixels of more than one bit, 1 x 12 x 12",
        ),
        (lambda: end(pixels(("N", 1, 3, 4)).then("Flatten").dense(12, 4).sign(), 4), r"a dense layer on pixels"),
    ],
    "PRelu, LeakyRelu with a slope below 0, where that turns a sign around": [
        (
            lambda: end(pixels(seed=1).conv(2, 1, 3).then("LeakyRelu", alpha=-1.0).then("Sub", 90.5).sign()),
            "its slope in",
        ),
    ],
    "Softmax over anything but the classes; ArgMax of one score": [
        (lambda: maps().conv(3, 2, 4).then("Softmax", axis=-1).model(("N", 3, 1, 1)), "does not go over the classes"),
        (lambda: argmax(scored(1)), "there is one score"),
    ],
    "more than 256 classes": [(lambda: scored(257).model(("N", 257)), "makes 257 scores; accepted: at most 256")],
    "outputs beside the scores and the class": [(second_output, "its output 't0' is no score and no class")],
    "pictures of no fixed size": [(lambda: end(pixels(("N", 1, "H", 6)).conv(2, 1, 3).sign()), "of fixed size")],
    "integer operators of ONNX (QCDQ, QOp)": [
        (
            lambda: end(pixels().then("QuantizeLinear", 1.0).then("DequantizeLinear", 1.0), 36),
            "brevitas.export.export_qonnx",
        )
    ],
    "NaN or infinity in weights, batch norm, scales, offsets, thresholds": [(nan_norm, "is inf in channel 1")],
}


def examples(table: dict[str, list[Example]]) -> list[Any]:
    return [pytest.param(*example, id=f"{row[:40]}-{i}") for row in table for i, example in enumerate(table[row])]


def test_every_row_has_an_example():
    assert rows("What is accepted") == list(ACCEPTED)
    assert rows("What is refused") == list(REFUSED)


def read(make, tmp_path):
    path = tmp_path / "model.onnx"
    onnx.save(make(), path)
    found = import_model(load_model(path), "model.onnx", "byte")
    recognise(found.network)
    return path, found


@pytest.mark.parametrize(("make", "becomes"), examples(ACCEPTED))
def test_what_is_accepted(make, becomes, tmp_path):
    if isinstance(becomes, str):
        return test_what_is_refused(make, becomes, tmp_path)
    path, found = read(make, tmp_path)
    assert [type(layer).__name__ for layer in found.network.layers] == becomes
    agreement = compare(found.network, found, load_model(path), frames(found.network.input_shape, 7))
    assert agreement.mismatches == 0 and agreement.largest_difference <= agreement.bound
    return None


@pytest.mark.parametrize(("make", "words"), examples(REFUSED))
def test_what_is_refused(make, words, tmp_path):
    with pytest.raises(UserError, match=words) as error:
        read(make, tmp_path)
    assert str(error.value).startswith("model.onnx: ")


def test_the_layers_of_the_table_are_those_of_the_network():
    kinds = {Conv, Dense, Levels, MaxPool, Pad, SumPool, Threshold}
    named = {name for row in ACCEPTED.values() for _, becomes in row if isinstance(becomes, list) for name in becomes}
    assert {kind.__name__ for kind in kinds} | {"Add", "Bias", "Concat"} == named
