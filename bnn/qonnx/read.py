"""Read a QONNX file in the form that `bnn.qonnx.write` gives it back into the integer network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper
from qonnx.core.modelwrapper import ModelWrapper

from bnn.errors import UserError
from bnn.integer.layers import Bias, Found, Layer, Misfit, Shape
from bnn.integer.network import IMAGE, SCORES, IntegerNetwork, Node
from bnn.integer.reference import Ints
from bnn.limits import MOST_CHANNELS
from bnn.qonnx.file import load_model
from bnn.storage.names import class_fault, printable

MOST = 1 << 40  # largest magnitude of an integer in the file; sums of many stay exact in 64 bits


def read_qonnx(path: Path) -> IntegerNetwork:
    """Return the integer network of a file in the form that `write_qonnx` gives it.

    UserError names the node when the graph holds anything else.
    """
    return network_of(load_model(path), str(path))


def network_of(model: ModelWrapper, where: str) -> IntegerNetwork:
    """Return the integer network of `model`. where: what messages call the file. UserError names the node."""
    try:
        return FileGraph(model, where).network()
    except UserError as error:
        text = str(error)
        raise UserError(text if text.startswith(where) else f"{where}: {text}") from error


class FileGraph:
    """The nodes and constants of a file, as the layers read them. UserError unless it has one input of raw pixels."""

    def __init__(self, model: ModelWrapper, where: str) -> None:
        graph = model.graph
        shape = model.get_tensor_shape(graph.input[0].name) if graph.input else None
        if len(graph.input) != 1 or shape is None or len(shape) != 4 or min(shape) < 1 or shape[1] > MOST_CHANNELS:
            raise UserError(f"{where}: needs one input of shape [1, channels, height, width], found {shape}")
        self.picture = str(graph.input[0].name)
        if str(model.get_tensor_datatype(self.picture)) not in ("UINT8", "DataType.UINT8"):
            raise UserError(f"{where}: input '{self.picture}' must be annotated UINT8 (raw pixels)")
        self._model, self._where = model, where
        self.input_shape = (shape[1], shape[2], shape[3])
        self._shapes: dict[str, Shape] = {self.picture: self.input_shape}  # of the tensors read so far
        self._names: set[str] = set()  # of the layers' nodes
        self._kinds: dict[str, list[type[Layer]]] = {}
        for kind in sorted(Layer.__subclasses__(), key=lambda kind: not kind.particular):
            for operator in kind.reads:
                self._kinds.setdefault(operator, []).append(kind)

    # --- what layers ask for ---

    def attributes(self, node: onnx.NodeProto) -> dict[str, Any]:
        """Return the attributes of a node by name."""
        return {a.name: helper.get_attribute_value(a) for a in node.attribute}

    def is_constant(self, node: onnx.NodeProto, index: int) -> bool:
        """Return whether input `index` of a node is a constant of the file."""
        return index < len(node.input) and self._model.get_initializer(node.input[index]) is not None

    def is_tensor(self, name: str) -> bool:
        """Return whether a tensor is the picture, or made by a layer that has been read."""
        return name in self._shapes

    def integers(self, node: onnx.NodeProto, index: int) -> Ints:
        """Return input `index` of a node. UserError when it is no constant, or holds something else than integers."""
        tensor = node.input[index] if index < len(node.input) else ""
        value = self._model.get_initializer(tensor)
        if value is None:
            raise self.refuse(node, f"its input '{tensor}' must be a constant in the file")
        rounded = np.rint(value)
        if not np.array_equal(rounded, value):
            raise self.refuse(
                node,
                f"'{tensor}' holds float values such as {value[rounded != value].flat[0]:g}; only integer weights can "
                "be built: train with binary or jet layers and export the frozen network",
            )
        beyond = np.abs(rounded) > MOST
        if beyond.any():
            raise self.refuse(
                node,
                f"'{tensor}' holds {value[beyond].flat[0]:g}; integers from -{MOST} to {MOST} are accepted: export the "
                "frozen network again",
            )
        return rounded.astype(np.int64)

    def datatype(self, tensor: str) -> str:
        """Return the name of the QONNX datatype that a tensor is annotated with."""
        return str(self._model.get_tensor_datatype(tensor)).removeprefix("DataType.")

    def shape(self, tensor: str) -> Shape:
        """Return the shape of a frame of a tensor. KeyError unless `is_tensor` says that it is known."""
        return self._shapes[tensor]

    def only_reader(self, node: onnx.NodeProto) -> onnx.NodeProto | None:
        """Return the only node that reads the output of this node; None when no node or several do."""
        readers = [other for other in self._model.graph.node if node.output[0] in other.input]
        return readers[0] if len(readers) == 1 else None

    def maker(self, tensor: str) -> onnx.NodeProto | None:
        """Return the node that makes a tensor; None for the picture and constants."""
        return next((node for node in self._model.graph.node if tensor in node.output), None)

    def refuse(self, node: onnx.NodeProto, why: str) -> UserError:
        """Return the error that names a node and says why it cannot be built."""
        return UserError(f"node {node.name} ({node.op_type}): {why}")

    def found(self, layer: Layer, node: onnx.NodeProto) -> Found:
        """Return what `Layer.read` returns for a layer that stands for this node alone and reads its first input."""
        return Found(layer, (node.input[0],), node.output[0], (node,), node)

    # --- the whole network ---

    def network(self) -> IntegerNetwork:
        """Return the integer network of the file. UserError names the node that cannot be read."""
        nodes: list[Node] = []
        done: set[str] = set()  # outputs of the nodes that an earlier layer stands for
        for node in self._model.graph.node:
            if node.output[0] in done:
                continue
            for name in node.input[:1]:
                if not self.is_tensor(name):
                    raise self.refuse(node, f"reads '{name}', which no node in front of it makes")
            if node.op_type == "ArgMax":
                self._check_class(node)
                continue
            found = self._layer(node)
            done.update(used.output[0] for used in found.nodes)
            nodes.append(self._node(found))
        return self._finish(nodes)

    def _layer(self, node: onnx.NodeProto) -> Found:
        """Return the layer that begins with this node. UserError when no layer does."""
        for kind in self._kinds.get(node.op_type, ()):
            found = kind.read(self, node)
            if found is not None:
                return found
        accepted = ", ".join(sorted({*self._kinds, "ArgMax"}))
        raise self.refuse(node, f"operator {node.op_type} is not supported; accepted are {accepted}")

    def _node(self, found: Found) -> Node:
        """Return the network's node for a layer, and keep the shape of its output. UserError when it does not fit."""
        output, operator = found.output, found.named.op_type
        name = found.named.name
        if not name or name in self._names:
            name = output.removesuffix("_out")
        self._names.add(name)
        node = Node(found.layer, found.inputs, output, name, f"{self._where}: node {name} ({operator})")
        try:
            self._shapes[output] = node.shape(self._shapes)
        except Misfit as misfit:
            raise self.refuse(found.named, str(misfit)) from misfit
        return node

    def _check_class(self, node: onnx.NodeProto) -> None:
        """Raise UserError unless an ArgMax gives the class as hardware does."""
        a = self.attributes(node)
        if a.get("axis", 0) not in (1, -1) or a.get("select_last_index", 0):
            raise self.refuse(node, "only axis 1 with ties to the lowest index is supported")

    def _finish(self, nodes: list[Node]) -> IntegerNetwork:
        """Return the network of these nodes, with the tensor names that the project uses.

        UserError unless it ends in scores, every tensor leads to them, and the class names fit.
        """
        where = self._where
        if not nodes or not isinstance(nodes[-1].layer, Bias):
            raise UserError(
                f"{where}: the network must end in an Add of integers (the scores), found "
                f"{', '.join(type(node.layer).__name__ for node in nodes[-2:]) or 'nothing'}"
            )
        last = nodes[-1].output
        read = {name for node in nodes for name in node.inputs}
        for node in nodes[:-1]:
            if node.output not in read:
                raise UserError(f"{node.words}: nobody reads what it makes; every tensor must lead to the scores")
        renamed = {self.picture: IMAGE, last: SCORES}
        nodes = [
            Node(
                node.layer, tuple(renamed.get(name, name) for name in node.inputs),
                renamed.get(node.output, node.output), node.name, node.words,
            )
            for node in nodes
        ]  # fmt: skip
        metadata: Mapping[str, str] = {p.key: p.value for p in self._model.model.metadata_props}
        scores = self._shapes[last][0]
        names = metadata.get("neuraljet.classes")
        classes = tuple(json.loads(names)) if names else tuple(f"class{i}" for i in range(scores))
        for name in classes:
            fault = class_fault(name) if isinstance(name, str) else "it is no text"
            if fault:
                raise UserError(f"{where}: class name '{printable(str(name)[:80])}' is not allowed: {fault}; rename it")
        if len(classes) != scores:
            raise UserError(f"{where}: {len(classes)} class names for {scores} scores")
        return IntegerNetwork(self.input_shape, tuple(nodes), classes, metadata)
