"""The graph of a foreign QONNX file: constants are folded, shapes are known, and errors name the node.

Shapes are inferred as qonnx' own clean-up does it. Nodes that read only shapes and weights are executed once, in front
of all others, and the number of values that they may make is bounded.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from bnn.errors import UserError
from bnn.limits import MOST_CHANNELS
from bnn.qonnx.foreign import nodes as single
from bnn.qonnx.foreign.nodes import FORMER, QONNX, QUANTIZERS, Array, NodeError, attributes

RESHAPING = ("Flatten", "Reshape", "Squeeze", "Unsqueeze")
ALIKE = "constants that are one value, or one per channel"
OPERATORS = "operators of ONNX and QONNX"
FOLDED = (
    "Constant", "ConstantOfShape", "Identity", "Cast", "Shape", "Size", "Gather", "Slice", "Concat", "Split", "Expand",
    "Range", "Tile", "Where", "Equal", "Transpose", *RESHAPING, "Add", "Sub", "Mul", "Div", "Mod", "Pow", "Sqrt", "Neg",
    "Abs", "Exp", "Log", "Reciprocal", "Sign", "Round", "Floor", "Ceil", "Clip", "Min", "Max", "Relu", "Tanh",
    "Sigmoid", "MatMul", "ReduceMean", "ReduceSum", "ReduceMin", "ReduceMax", "ReduceProd", "ReduceL1", "ReduceL2",
    *QUANTIZERS,
)  # fmt: skip
FINITE = "finite numbers (did the training diverge?)"
UNBOUNDED = ("Clip", "Min", "Max")  # an infinite constant of these means that there is no bound
OF_QONNX = (*QUANTIZERS, "MultiThreshold", "Trunc")
OF_CHANNELS = ("BatchNormalization", "MultiThreshold")  # their constants belong to channels, whatever their rank
INTEGER = (
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger",
    "MatMulInteger", "QGemm", "QLinearAdd", "QLinearMul",
)  # fmt: skip
KINDS = (onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8, onnx.TensorProto.INT32, onnx.TensorProto.INT64)  # of pixels
MOST_VALUES = 1 << 25  # values of all constants that are computed
MOST_PIXELS = 1 << 26  # values of a picture, in all channels
MOST_NODES = 10_000
MOST_FRAMES = 1024  # pictures in a batch that the file fixes


class Graph:
    """The nodes of a model that depend on the picture, in order; every constant's value and every tensor's shape.

    Every node has a name. `batch` is the number of pictures that the file takes at once, 1 where it leaves that free.
    UserError when the model has not exactly one input, or when a node has an unknown domain, reads nan or infinity, is
    in training mode, or cannot be executed.
    """

    def __init__(self, model: ModelWrapper, where: str) -> None:
        self.model, self.where = ModelWrapper(model.model, make_deepcopy=True), where
        graph = self.model.graph
        self.opsets = {entry.domain: entry.version for entry in self.model.model.opset_import}
        self.opset = single.opset_of(self.opsets)
        self.constants: dict[str, Array] = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}
        self._computed = 0  # values of constants
        inputs = [tensor for tensor in graph.input if tensor.name not in self.constants]
        if len(inputs) != 1:
            names = ", ".join(tensor.name for tensor in inputs)
            raise UserError(f"{where}: has {len(inputs)} inputs ({names}); only one, the picture, is accepted")
        self.input = inputs[0].name
        self.shapes, self._kinds = {self.input: self._of_input(inputs[0])}, {}
        self._kinds[self.input] = inputs[0].type.tensor_type.elem_type
        self.batch = self.shapes[self.input][0]
        self._producer: dict[str, onnx.NodeProto] = {}
        self.nodes: list[onnx.NodeProto] = []
        for index, node in enumerate(graph.node):
            node.name = node.name or f"{node.op_type}_{index}"
            if node.domain in FORMER:
                node.domain = QONNX
        needed = self._needed()
        if len(needed) > MOST_NODES:
            raise UserError(f"{where}: has {len(needed)} nodes; at most {MOST_NODES} are accepted")
        del graph.node[:]
        graph.node.extend(needed)
        for node in graph.node:
            self._producer |= dict.fromkeys(node.output, node)
            self._check(node)
            moving = self.moving(node)
            if not moving:
                self._fold(node)
            elif node.op_type in ("Shape", "Size"):
                self.constants |= zip(node.output, self._of_shape(node), strict=False)
            else:
                self.nodes.append(node)
                for name, (kind, shape) in zip(filter(None, node.output), self._made(node), strict=False):
                    self.shapes[name], self._kinds[name] = shape, kind
        for tensor in graph.output:
            if tensor.name not in self.shapes:
                raise UserError(f"{where}: no node makes its output '{tensor.name}' of the picture; export it again")

    def tensors(self) -> dict[str, tuple[int, list[int]]]:
        """Return the ONNX type and the shape of every tensor by name."""
        found = {name: (self._kinds[name], shape) for name, shape in self.shapes.items()}
        for name, value in self.constants.items():
            found[name] = helper.np_dtype_to_tensor_dtype(value.dtype), list(value.shape)
        return found

    def _of_input(self, tensor: onnx.ValueInfoProto) -> list[int]:
        """Return the input's shape, with a batch of 1 where it is free. UserError unless it is a picture or a row."""
        kind, dims = tensor.type.tensor_type.elem_type, tensor.type.tensor_type.shape.dim
        if kind not in KINDS:
            name = {value: key for key, value in onnx.TensorProto.DataType.items()}.get(kind, f"type {kind}")
            raise UserError(
                f"{self.where}: input '{tensor.name}' takes {name}; export it with a float32 or uint8 input"
            )
        shape = [d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else 0 for d in dims]
        if len(shape) not in (2, 4) or min(shape[1:]) < 1:
            said = [d.dim_param or d.dim_value for d in dims]
            raise UserError(
                f"{self.where}: input '{tensor.name}' has shape {said}; accepted: "
                "[N, channels, height, width] or [N, pixels] of fixed size"
            )
        if len(shape) == 4 and shape[1] > MOST_CHANNELS:
            raise UserError(f"{self.where}: input '{tensor.name}' takes {shape[1]} channels; at most {MOST_CHANNELS}")
        if math.prod(shape[1:]) > MOST_PIXELS:
            raise UserError(
                f"{self.where}: input '{tensor.name}' takes pictures of {shape[1:]}; at most {MOST_PIXELS} values"
            )
        if shape[0] > MOST_FRAMES:
            raise UserError(
                f"{self.where}: input '{tensor.name}' takes {shape[0]} pictures at once; export it with one"
            )
        return [max(shape[0], 1), *shape[1:]]

    def _needed(self) -> list[onnx.NodeProto]:
        """Return the nodes that an output of the file depends on, in order."""
        wanted = {tensor.name for tensor in self.model.graph.output}
        found = []
        for node in reversed(self.model.graph.node):
            if wanted & set(node.output):
                wanted |= set(node.input)
                found.append(node)
        return found[::-1]

    def _check(self, node: onnx.NodeProto) -> None:
        """Raise UserError unless the domain is known, the node not in training mode, and all its numbers finite."""
        if node.op_type in INTEGER:
            raise self.refuse(
                node,
                "the file holds quantizers as integer operators of ONNX (QCDQ or QOp)",
                "QONNX: export the network with brevitas.export.export_qonnx",
            )
        if node.domain not in ("", "ai.onnx", QONNX):
            raise self.refuse(node, f"its domain '{node.domain}' is unknown", OPERATORS)
        if node.domain == QONNX and node.op_type not in OF_QONNX:
            raise self.refuse(node, "is no operator of QONNX that is known here", ", ".join(OF_QONNX))
        training = self.constant(node, 2) if node.op_type == "Dropout" else attributes(node).get("training_mode", 0)
        if training is not None and np.any(training):
            raise self.refuse(node, "is in training mode", "inference: call model.eval() before the export")
        bad = np.isnan if node.op_type in UNBOUNDED else _no_number
        for name in node.input:
            value = self.constants.get(name)
            if value is not None and value.dtype.kind == "f" and bad(value).any():
                raise self.refuse(node, f"its input '{name}' is {_first(value, bad(value))}", FINITE)
        for name, value in {} if node.op_type == "Constant" else attributes(node).items():
            if isinstance(value, (float, list)) and any(
                isinstance(v, float) and bad(np.array(v)) for v in np.ravel(value)
            ):
                raise self.refuse(node, f"its attribute {name} is {value}", FINITE)

    def _fold(self, node: onnx.NodeProto) -> None:
        """Execute a node that reads constants alone; its outputs become constants. UserError when it is not FOLDED."""
        if node.op_type not in FOLDED:
            raise self.refuse(node, "computes weights by an operator that is not executed here", ", ".join(FOLDED))
        self._computed += sum(math.prod(shape) for _, shape in self._made(node))
        if self._computed > MOST_VALUES:
            raise self.refuse(node, f"makes constants of more than {MOST_VALUES} values in all", "smaller constants")
        self.constants |= zip(node.output, self.execute(node, {}), strict=False)

    def _of_shape(self, node: onnx.NodeProto) -> list[Array]:
        """Return what a Shape or Size node makes of its input, whose shape is known."""
        shape = self.shapes[node.input[0]]
        if node.op_type == "Size":
            return [np.array(np.prod(shape), np.int64)]
        a = attributes(node)
        return [np.array(shape[a.get("start", 0) : a.get("end", len(shape))], np.int64)]

    def _made(self, node: onnx.NodeProto) -> list[tuple[int, list[int]]]:
        """Return ONNX type and shape of each output of a node. UserError when its shapes do not fit."""
        moving = {name: (self._kinds[name], self.shapes[name]) for name in self.moving(node)}
        try:
            return single.made(node, self.opset, moving, self.constants)
        except NodeError as error:
            raise self.refuse(node, f"its shapes do not fit ({error})", "tensors of known shapes") from error

    def check_shape(self, node: onnx.NodeProto, shape: tuple[int, int, int]) -> None:
        """Raise UserError unless the node's output has this shape for each picture, as ONNX infers it.

        Else the node's attributes contradict its weights.
        """
        made = self.shapes[node.output[0]]
        if made[-3:] != list(shape) if len(made) == 4 else math.prod(made) != self.batch * math.prod(shape):
            why = f"makes {made} by its attributes, {list(shape)} by its weights"
            raise self.refuse(node, why, "attributes and weights that agree")

    def moving(self, node: onnx.NodeProto) -> list[str]:
        """Return the inputs of a node that depend on the picture."""
        return [name for name in node.input if name and name not in self.constants]

    def readers(self, tensor: str) -> list[onnx.NodeProto]:
        """Return the nodes that read a tensor."""
        return [node for node in self.nodes if tensor in node.input]

    def constant(self, node: onnx.NodeProto, index: int) -> Array | None:
        """Return input `index` of a node; None when it is absent or no constant."""
        return self.constants.get(node.input[index]) if index < len(node.input) else None

    def execute(self, node: onnx.NodeProto, values: Mapping[str, Array]) -> list[Array]:
        """Return the outputs of one node. UserError when it cannot be executed.

        values: its inputs that are no constants, by name, of any batch size.
        """
        context = {name: values[name] if name in values else self.constants[name] for name in node.input if name}
        try:
            return single.execute(node, self.opsets, context, self.model.graph)
        except NodeError as error:
            raise self.refuse(node, f"cannot be executed ({error})", OPERATORS) from error

    def run(self, x: Array, nodes: Sequence[onnx.NodeProto], flat: bool) -> Array:
        """Return [L, C]: what nodes that work element by element make of the values x [L, C] of each channel.

        flat: the tensor is a row, without rows and columns of maps. MaxPool is skipped, because it chooses among
        elements. UserError when a node does not treat all elements of a channel alike, or makes nan.
        """
        length, channels = x.shape
        if not flat:
            x = x[:, :, None, None]
        for node in nodes:
            if node.op_type == "MaxPool":
                continue
            if node.op_type in RESHAPING:
                rank = len(self.shapes[node.output[0]])
                x = x.reshape(length, channels, *[1] * (rank - 2))
                continue
            sizes = [self.constants[name].size for name in node.input if name in self.constants]
            if node.op_type != "MultiThreshold" and any(size not in (1, channels) for size in sizes):
                raise self.refuse(node, f"its constants of {max(sizes)} values go over {channels} channels", ALIKE)
            if node.op_type not in OF_CHANNELS and not all(
                _by_channel(self.constants[name].shape, x.ndim) for name in node.input if name in self.constants
            ):
                raise self.refuse(node, "its constants differ within a channel", ALIKE)
            y = self.execute(node, {self.moving(node)[0]: x})[0]
            if y.shape != x.shape:
                raise self.refuse(node, "its constants differ within a channel", ALIKE)
            if y.dtype.kind == "f" and (bad := np.isnan(y)).any():
                raise self.refuse(node, f"gives nan in channel {np.argwhere(bad)[0][1]}", FINITE)
            x = y
        return x.reshape(length, channels)

    # --- words ---

    def datatype(self, tensor: str) -> str:
        """Return the QONNX datatype of a tensor, as messages name it."""
        annotated = self.model.get_tensor_datatype(tensor)
        if annotated is not None and annotated != DataType["FLOAT32"]:
            return str(annotated.name)
        node = self._producer.get(tensor)
        if node is None:
            return "FLOAT32"
        if node.op_type == "BipolarQuant":
            return "BIPOLAR"
        if node.op_type in QUANTIZERS and node.domain == QONNX:
            bits = self.constant(node, 3)
            a = attributes(node)
            kind = "INT" if a.get("signed", 1) else "UINT"
            if bits is None or bits.size != 1:
                return f"{kind}?"
            if kind == "UINT":
                return f"UINT{bits.item():g}"
            return "BIPOLAR" if bits.item() == 1 else f"INT{bits.item():g}"
        if node.op_type in ("MaxPool", "Flatten", "Reshape", "Pad", "Transpose", "Identity", "Concat", "Dropout"):
            return self.datatype(node.input[0])
        return "FLOAT32"

    def describe(self, node: onnx.NodeProto) -> str:
        """Return what messages call a node: the file, its name, its operator and its datatypes."""
        reads = ", ".join(self.datatype(name) for name in node.input if name and name not in self._parameters(node))
        makes = self.datatype(node.output[0])
        return f"{self.where}: node {node.name} ({node.op_type}, {reads or 'constants'} -> {makes})"

    def refuse(self, node: onnx.NodeProto, why: str, accepted: str) -> UserError:
        """Return the error that describes a node, says why it cannot be built, and what is accepted instead."""
        return UserError(f"{self.describe(node)}: {why}; accepted: {accepted}")

    def _parameters(self, node: onnx.NodeProto) -> set[str]:
        """Return the inputs whose datatype tells a reader nothing: scales, shapes, statistics."""
        if node.op_type in ("Conv", "MatMul", "Gemm"):
            return set(node.input[2:])
        return {name for name in node.input[1:] if name in self.constants}


def _no_number(value: Array) -> Array:
    return ~np.isfinite(value)


def _first(value: Array, bad: Array) -> str:
    """Return the first bad value, its place, and how many more there are, in words."""
    place = [int(i) for i in np.argwhere(bad)[0]]
    axes = [axis for axis, size in enumerate(value.shape) if size > 1]
    where = f" in channel {place[axes[0]]}" if len(axes) == 1 else f" at {place}" if axes else ""
    more = f", and {int(bad.sum()) - 1} more" if bad.sum() > 1 else ""
    return f"{value[tuple(place)]:g}{where}{more}"


def _by_channel(shape: Sequence[int], rank: int) -> bool:
    """Return whether a constant of that shape holds one value, or one per channel, for a tensor of that rank.

    Channels are the tensor's second axis.
    """
    beyond = len(shape) - rank
    return all(size == 1 or axis == 1 + beyond for axis, size in enumerate(shape))
