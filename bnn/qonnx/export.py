"""The frozen network as a QONNX file, and back.

    image [1,C,H,W] UINT8 -> Pad, Conv, MultiThreshold, MaxPool ... -> Flatten -> MatMul -> Add -> scores
                                                                                            -> ArgMax -> class

Pooling that takes the minimum of some maps is a MaxPool between two Mul by the same +-1.

A jet layer is an ordinary Conv whose weights are the composed integer kernels, so every QONNX tool can
read the file. All tensors are annotated with their integer datatypes.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from bnn.errors import UserError
from bnn.integer.fitting import Misfit, Shape, output_shape
from bnn.integer.network import Bias, Conv, Dense, IntegerNetwork, Layer, Levels, MaxPool, Pad, Threshold, ranges
from bnn.qonnx.file import load_model
from bnn.storage.files import write_file
from bnn.storage.records import CLASS_NAME

OPSET = 14
FORMAT = "1"
MOST = 1 << 40  # magnitude of an integer in the file: sums of many stay exact in 64 bits
MOST_CHANNELS = 4096  # of a picture


def smallest_datatype(low: int, high: int) -> str:
    """The narrowest QONNX integer datatype that holds low..high."""
    if low >= 0:
        return f"UINT{max(1, int(high).bit_length())}"
    return f"INT{max(2, 1 + max(int(high).bit_length(), int(-low - 1).bit_length()))}"


def _weight_datatype(weight: np.ndarray) -> str:
    if np.isin(weight, (-1, 1)).all():
        return "BIPOLAR"
    return smallest_datatype(min(int(weight.min()), -1), int(weight.max()))


def write_qonnx(network: IntegerNetwork, path: Path) -> None:
    """Write `network` to `path` as one self-contained QONNX file."""
    nodes: list[onnx.NodeProto] = []
    initializers: list[onnx.TensorProto] = []
    datatypes: dict[str, str] = {"image": "UINT8"}
    shapes: dict[str, list[int]] = {"image": [1, *network.input_shape]}

    def constant(name: str, value: np.ndarray, datatype: str | None, dtype: type = np.float32) -> str:
        written: np.ndarray = np.ascontiguousarray(value, dtype)
        if not np.array_equal(written.astype(np.int64).ravel(), np.ravel(value)):
            raise UserError(f"{name} holds integers beyond {2**24}, which float32, the type of ONNX, rounds")
        initializers.append(numpy_helper.from_array(written, name))
        if datatype is not None:
            datatypes[name] = datatype
        return name

    current = "image"
    sizes = ranges(network)
    for layer, output, (low, high) in zip(network.layers, network.tensor_names, sizes, strict=True):
        name = output.removesuffix("_out") if output != "scores" else "Bias_0"
        shape = shapes[current]
        if isinstance(layer, Pad):
            p = layer.amount
            pads = constant(f"{name}_pads", np.array([0, 0, p, p, 0, 0, p, p]), None, np.int64)
            datatype = "TERNARY" if (datatypes[current], layer.value) == ("BIPOLAR", 0) else datatypes[current]
            value = constant(f"{name}_value", np.array(layer.value), datatype)
            nodes.append(helper.make_node("Pad", [current, pads, value], [output], name, mode="constant"))
            shape = [*shape[:2], shape[2] + 2 * p, shape[3] + 2 * p]
        elif isinstance(layer, Conv):
            k = layer.weight.shape[2]
            weight = constant(f"{name}_weight", layer.weight, _weight_datatype(layer.weight))
            nodes.append(
                helper.make_node(
                    "Conv", [current, weight], [output], name, dilations=[1, 1], group=layer.groups,
                    kernel_shape=[k, k], pads=[0, 0, 0, 0], strides=[layer.stride, layer.stride],
                )
            )  # fmt: skip
            height, width = ((size - k) // layer.stride + 1 for size in shape[2:])
            shape = [1, layer.weight.shape[0], height, width]
            datatype = smallest_datatype(low, high)
        elif isinstance(layer, Threshold):
            t = layer.thresholds
            limits = smallest_datatype(min(int(t.min()), -1), int(t.max()))
            table = constant(f"{name}_thresholds", t.reshape(-1, 1), limits)
            nodes.append(
                helper.make_node(
                    "MultiThreshold", [current, table], [output], name, domain="qonnx.custom_op.general",
                    out_scale=2.0, out_bias=-1.0, out_dtype="BIPOLAR",
                )
            )  # fmt: skip
            datatype = "BIPOLAR"
        elif isinstance(layer, Levels):
            datatype = smallest_datatype(low, high) if (low, high) != (-1, 1) or layer.step != 2 else "BIPOLAR"
            table = constant(f"{name}_thresholds", layer.thresholds, smallest_datatype(-1, int(layer.thresholds.max())))
            nodes.append(
                helper.make_node(
                    "MultiThreshold", [current, table], [output], name, domain="qonnx.custom_op.general",
                    out_scale=float(layer.step), out_bias=float(layer.low), out_dtype=datatype,
                )
            )  # fmt: skip
        elif isinstance(layer, MaxPool):
            s, datatype = layer.size, datatypes[current]
            pooled = [*shape[:2], shape[2] // s, shape[3] // s]
            source, target = current, output
            if layer.signs is not None:
                signs = constant(f"{name}_signs", layer.signs.reshape(1, -1, 1, 1), "BIPOLAR")
                source, target = f"{name}_turned", f"{name}_pooled"
                nodes.append(helper.make_node("Mul", [current, signs], [source], f"{name}_turn"))
                shapes |= {source: shape, target: pooled}
                datatypes |= {source: datatype, target: datatype}
            nodes.append(
                helper.make_node(
                    "MaxPool", [source], [target], name, kernel_shape=[s, s], strides=[s, s], pads=[0, 0, 0, 0]
                )
            )
            if layer.signs is not None:
                nodes.append(helper.make_node("Mul", [target, signs], [output], f"{name}_turn_back"))
            shape = pooled
        elif isinstance(layer, Dense):
            if len(shape) == 4:
                flat = name.replace("Dense", "Flatten") + "_out"
                nodes.append(helper.make_node("Flatten", [current], [flat], flat.removesuffix("_out"), axis=1))
                shapes[flat], datatypes[flat] = [1, int(np.prod(shape))], datatypes[current]
                current = flat
            weight = constant(f"{name}_weight", layer.weight, _weight_datatype(layer.weight))
            nodes.append(helper.make_node("MatMul", [current, weight], [output], name))
            shape, datatype = [1, layer.weight.shape[1]], smallest_datatype(low, high)
        else:
            bias_type = smallest_datatype(min(int(layer.bias.min()), -1), int(layer.bias.max()))
            bias = constant(f"{name}_bias", layer.bias, bias_type)
            nodes.append(helper.make_node("Add", [current, bias], [output], name))
            datatype = smallest_datatype(low, high)
        shapes[output], datatypes[output] = shape, datatype
        current = output
    nodes.append(helper.make_node("ArgMax", [current], ["class"], "ArgMax_0", axis=1, keepdims=0))

    graph = helper.make_graph(
        nodes,
        "neuraljet",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shapes["image"])],
        [
            helper.make_tensor_value_info(current, TensorProto.FLOAT, shapes[current]),
            helper.make_tensor_value_info("class", TensorProto.INT64, [1]),
        ],
        initializers,
        value_info=[
            helper.make_tensor_value_info(t, TensorProto.FLOAT, s)
            for t, s in shapes.items()
            if t not in ("image", current)
        ],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("qonnx.custom_op.general", 1)]
    proto = helper.make_model(graph, opset_imports=opsets, producer_name="neuraljet", ir_version=8)
    metadata = {**network.metadata, "neuraljet.format": FORMAT, "neuraljet.classes": json.dumps(list(network.classes))}
    helper.set_model_props(proto, metadata)
    model = ModelWrapper(proto)
    for tensor, datatype in datatypes.items():
        model.set_tensor_datatype(tensor, DataType[datatype])
    write_file(path, model.model.SerializeToString())


def read_qonnx(path: Path) -> IntegerNetwork:
    """Read a file in the form that `write_qonnx` gives back into the chain of integer layers.

    UserError naming the node when the graph holds anything else.
    """
    return chain_of(load_model(path), str(path))


def _integers(model: ModelWrapper, node: onnx.NodeProto, index: int) -> np.ndarray:
    tensor = node.input[index] if index < len(node.input) else ""
    value = model.get_initializer(tensor)
    if value is None:
        raise UserError(f"node {node.name} ({node.op_type}): its input '{tensor}' must be a constant in the file")
    rounded = np.rint(value)
    if not np.array_equal(rounded, value):
        raise UserError(
            f"node {node.name} ({node.op_type}): '{tensor}' holds float values such as "
            f"{value[rounded != value].flat[0]:g}; only integer weights can be built: train with binary or jet layers "
            "and export the frozen network"
        )
    beyond = np.abs(rounded) > MOST
    if beyond.any():
        raise UserError(
            f"node {node.name} ({node.op_type}): '{tensor}' holds {value[beyond].flat[0]:g}; integers are accepted up "
            f"to {MOST} either way: export the frozen network again"
        )
    return rounded.astype(np.int64)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def chain_of(model: ModelWrapper, where: str) -> IntegerNetwork:
    """The graph of `model` as an IntegerNetwork; `where` is how messages call the file. UserError names the node."""
    try:
        return _chain_of(model, where)
    except UserError as error:
        text = str(error)
        raise UserError(text if text.startswith(where) else f"{where}: {text}") from error


def _chain_of(model: ModelWrapper, where: str) -> IntegerNetwork:
    graph = model.graph
    shape = model.get_tensor_shape(graph.input[0].name) if graph.input else None
    if len(graph.input) != 1 or shape is None or len(shape) != 4 or min(shape) < 1 or shape[1] > MOST_CHANNELS:
        raise UserError(f"{where}: needs one input of shape [1, channels, height, width], found {shape}")
    if str(model.get_tensor_datatype(graph.input[0].name)) not in ("UINT8", "DataType.UINT8"):
        raise UserError(f"{where}: input '{graph.input[0].name}' must be annotated UINT8 (raw pixels)")
    current = graph.input[0].name
    layers: list[Layer] = []
    frame: Shape = tuple(shape[1:])  # of the present tensor
    turned: np.ndarray | None = None  # signs by which the maps are multiplied at present
    for node in graph.node:
        if current not in node.input[:1]:
            raise UserError(
                f"node {node.name} ({node.op_type}) does not follow its predecessor; "
                "only a plain chain of layers can be built"
            )
        if node.op_type == "Mul":
            turned = _turn(model, node, turned)
        elif turned is not None and node.op_type != "MaxPool":
            raise _refuse(node, "follows a Mul; only a MaxPool between two Mul by the same +-1 is supported")
        else:
            layer = _layer_of(model, node, frame[0])
            if isinstance(layer, MaxPool) and turned is not None:
                layer = MaxPool(layer.size, turned)
            if layer is not None:
                try:
                    frame = output_shape(layer, frame)
                except Misfit as misfit:
                    raise _refuse(node, str(misfit)) from misfit
                layers.append(layer)
        if node.op_type != "ArgMax":
            current = node.output[0]
    if len(layers) < 2 or not isinstance(layers[-1], Bias) or not isinstance(layers[-2], Dense):
        raise UserError(f"{where}: the network must end in MatMul, Add (integer scores), found {_kinds(layers[-2:])}")
    metadata: Mapping[str, str] = {p.key: p.value for p in model.model.metadata_props}
    scores = len(layers[-1].bias)
    names = metadata.get("neuraljet.classes")
    classes = tuple(json.loads(names)) if names else tuple(f"class{i}" for i in range(scores))
    for name in classes:
        if not isinstance(name, str) or not CLASS_NAME.fullmatch(name):
            raise UserError(f"{where}: class name {name!r} must be letters, digits, '.', '_' or '-'; rename the class")
    if len(classes) != scores:
        raise UserError(f"{where}: {len(classes)} class names for {scores} scores")
    return IntegerNetwork((shape[1], shape[2], shape[3]), tuple(layers), classes, metadata)


def _turn(model: ModelWrapper, node: onnx.NodeProto, turned: np.ndarray | None) -> np.ndarray | None:
    """The signs after a Mul: those of its constant, or none when it takes the same back."""
    signs = _integers(model, node, 1).reshape(-1)
    if not np.isin(signs, (-1, 1)).all() or (turned is not None and not np.array_equal(turned, signs)):
        raise _refuse(node, "only a MaxPool between two Mul by the same +-1 is supported")
    return signs if turned is None else None


def _kinds(layers: list[Layer]) -> str:
    return ", ".join(type(layer).__name__ for layer in layers) or "nothing"


def _refuse(node: onnx.NodeProto, why: str) -> UserError:
    return UserError(f"node {node.name} ({node.op_type}): {why}")


def _layer_of(model: ModelWrapper, node: onnx.NodeProto, channels: int) -> Layer | None:
    a = _attributes(node)
    if node.op_type == "Pad":
        pads = _integers(model, node, 1)
        value = int(_integers(model, node, 2).reshape(-1)[0]) if len(node.input) > 2 else 0
        bipolar = str(model.get_tensor_datatype(node.input[0])).endswith("BIPOLAR")
        if pads.shape != (8,) or pads[[0, 1, 4, 5]].any() or len(set(pads[[2, 3, 6, 7]].tolist())) != 1:
            raise _refuse(node, f"pads {pads.tolist()} are not the same on the four sides of the map")
        if a.get("mode", b"constant") != b"constant":
            raise _refuse(node, f"mode {a['mode'].decode(errors='replace')} is not supported; pad with a constant")
        if value not in ((-1, 0) if bipolar else (0,)):
            raise _refuse(
                node,
                f"pads a {'+-1 map' if bipolar else 'pixel map'} with {value}; "
                f"pad with {'-1 or 0' if bipolar else '0'} and train again",
            )
        return Pad(int(pads[2]), value)
    if node.op_type == "Conv":
        weight = _integers(model, node, 1)
        strides, dilations = a.get("strides", [1, 1]), a.get("dilations", [1, 1])
        if any(a.get("pads", [0])) or a.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            raise _refuse(
                node,
                "pads with zeros inside the convolution, which a +-1 map cannot hold; "
                "put an explicit Pad with value -1 (0 on pixels) in front and train with it",
            )
        if weight.ndim != 4 or weight.shape[2] != weight.shape[3]:
            raise _refuse(node, f"weights of shape {weight.shape}; only square 2-D kernels are supported")
        if len(set(strides)) != 1 or set(dilations) != {1}:
            raise _refuse(node, f"strides {strides}, dilations {dilations}; both strides must be equal, dilations 1")
        if len(node.input) > 2:
            raise _refuse(node, "has a bias; fold it into the thresholds that follow")
        return Conv(weight, int(strides[0]), int(a.get("group", 1)))
    if node.op_type == "MultiThreshold":
        thresholds = _integers(model, node, 1)
        step, low = a.get("out_scale", 1.0), a.get("out_bias", 0.0)
        single = thresholds.ndim == 2 and thresholds.shape[1] == 1 and (step, low) == (2.0, -1.0)
        if thresholds.ndim != 2 or (not single and (step not in (-2, -1, 1, 2) or low != int(low))):
            raise _refuse(
                node,
                "only one threshold per channel with outputs +-1 (out_scale 2, out_bias -1) is supported, or, on "
                "pixels, any with integer outputs (out_scale 1 or 2 or their negatives)",
            )
        if not single:
            return Levels(thresholds, int(low), int(step))
        single_row = len(thresholds) == 1
        return Threshold(np.repeat(thresholds[:, 0], channels) if single_row else thresholds[:, 0])
    if node.op_type == "MaxPool":
        kernel, strides = a["kernel_shape"], a.get("strides", [1, 1])
        if len({*kernel, *strides}) != 1 or any(a.get("pads", [0])) or a.get("ceil_mode", 0):
            raise _refuse(
                node, f"kernel {kernel}, strides {strides}: windows must be square, not overlap and not be padded"
            )
        return MaxPool(int(kernel[0]))
    if node.op_type == "Flatten":
        if a.get("axis", 1) != 1:
            raise _refuse(node, "only axis 1 is supported")
        return None
    if node.op_type == "MatMul":
        weight = _integers(model, node, 1)
        one_bit = weight.ndim == 2 and (np.abs(weight) == np.abs(weight[:1])).all() and weight.all()
        if weight.ndim != 2 or not (one_bit or (weight % 2 == 0).all()):
            raise _refuse(
                node,
                "weights must all be +1 or -1, or twice the integers of a few bits, in front of the scores times "
                "an integer per score",
            )
        return Dense(weight)
    if node.op_type == "Add":
        return Bias(_integers(model, node, 1).reshape(-1))
    if node.op_type == "ArgMax":
        if a.get("axis", 0) not in (1, -1) or a.get("select_last_index", 0):
            raise _refuse(node, "only axis 1 with ties to the lowest index is supported")
        return None
    raise _refuse(
        node,
        f"operator {node.op_type} is not supported; "
        "accepted are Pad, Conv, MultiThreshold, MaxPool, Mul by +-1, Flatten, MatMul, Add and ArgMax",
    )
