"""Write the frozen network as a QONNX file.

    image [1,C,H,W] UINT8 -> Pad, Conv, MultiThreshold, MaxPool ... -> Flatten -> MatMul -> Add -> scores
                                                                                            -> ArgMax -> class
    a map of cells (bnn.integer.maps):                           ... -> Conv -> Add -> scores [1,classes,rows,columns]

Each layer writes its own nodes (bnn.integer.layers). A jet layer is an ordinary Conv whose weights are the composed
integer kernels, so every QONNX tool can read the file. All tensors are annotated with their integer datatypes.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper

from bnn.errors import UserError
from bnn.integer.intervals import datatype_of
from bnn.integer.layers import Shape
from bnn.integer.network import IMAGE, SCORES, IntegerNetwork
from bnn.storage.files import write_file

OPSET = 14
FORMAT = "1"
CLASS = "class"


class FileWriter:
    """Collects the nodes, constants and tensors of a file, which the layers write one after the other."""

    def __init__(self, shapes: dict[str, Shape]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._shapes = shapes  # by tensor, of one frame
        self._whole: dict[str, Shape] = {}  # of tensors in which the frames do not come first
        self._datatypes = {IMAGE: "UINT8"}

    def shape(self, tensor: str) -> Shape:
        """Return the shape of one frame of a tensor."""
        return self._shapes[tensor]

    def datatype(self, tensor: str) -> str:
        """Return the QONNX datatype of a tensor or constant."""
        return self._datatypes[tensor]

    def datatypes(self) -> dict[str, str]:
        """Return the datatypes of all tensors and constants that have one, by name."""
        return dict(self._datatypes)

    def constant(self, name: str, value: np.ndarray, datatype: str | None, dtype: type = np.float32) -> str:
        """Write a constant and return its name.

        datatype: of QONNX, None for shapes and the like. dtype: the type in the file. UserError when that would round
        the value.
        """
        written: np.ndarray = np.ascontiguousarray(value, dtype)
        if not np.array_equal(written.astype(np.int64).ravel(), np.ravel(value)):
            raise UserError(f"{name} holds integers beyond {2**24}, which float32, the type of ONNX, rounds")
        self.constants.append(numpy_helper.from_array(written, name))
        if datatype is not None:
            self._datatypes[name] = datatype
        return name

    def weights(self, name: str, value: np.ndarray) -> str:
        """Write integer weights and return the constant's name. Their datatype is BIPOLAR when all are +-1."""
        signs = np.isin(value, (-1, 1)).all()
        return self.constant(
            name, value, "BIPOLAR" if signs else datatype_of(min(int(value.min()), -1), int(value.max()))
        )

    def node(
        self,
        operator: str,
        inputs: Sequence[str],
        output: str,
        name: str,
        datatype: str,
        shape: Shape | None = None,
        whole: Shape | None = None,
        **attributes: Any,
    ) -> None:
        """Write a node.

        datatype: of its output. shape: of a frame of its output; only for tensors between the nodes of one layer.
        whole: in its place the shape with one frame, where the frames do not come first.
        """
        self.nodes.append(helper.make_node(operator, list(inputs), [output], name, **attributes))
        self._datatypes[output] = datatype
        if shape is not None:
            self._shapes[output] = shape
        if whole is not None:
            self._whole[output] = whole

    def tensors(self) -> dict[str, list[int]]:
        """Return the shapes of all tensors by name, with a batch of one frame."""
        frames = {name: [1, *shape] for name, shape in self._shapes.items()}
        return frames | {name: list(shape) for name, shape in self._whole.items()}


def write_qonnx(network: IntegerNetwork, path: Path) -> None:
    """Write `network` to `path` as one self-contained QONNX file. UserError for integers that float32 would round."""
    file, intervals = FileWriter(network.shapes()), network.intervals()
    for node in network.nodes:
        name = "Bias_0" if node.output == SCORES else node.output.removesuffix("_out")
        node.layer.write(file, name, node.inputs, node.output, intervals[node.output])
    file.nodes.append(helper.make_node("ArgMax", [SCORES], [CLASS], "ArgMax_0", axis=1, keepdims=0))
    shapes = file.tensors()
    graph = helper.make_graph(
        file.nodes,
        "neuraljet",
        [helper.make_tensor_value_info(IMAGE, TensorProto.FLOAT, shapes[IMAGE])],
        [
            helper.make_tensor_value_info(SCORES, TensorProto.FLOAT, shapes[SCORES]),
            helper.make_tensor_value_info(CLASS, TensorProto.INT64, [1, *shapes[SCORES][2:]]),
        ],
        file.constants,
        value_info=[
            helper.make_tensor_value_info(tensor, TensorProto.FLOAT, shape)
            for tensor, shape in shapes.items()
            if tensor not in (IMAGE, SCORES)
        ],
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("qonnx.custom_op.general", 1)]
    proto = helper.make_model(graph, opset_imports=opsets, producer_name="neuraljet", ir_version=8)
    metadata = {**network.metadata, "neuraljet.format": FORMAT, "neuraljet.classes": json.dumps(list(network.classes))}
    helper.set_model_props(proto, metadata)
    model = ModelWrapper(proto)
    for tensor, datatype in file.datatypes().items():
        model.set_tensor_datatype(tensor, DataType[datatype])
    write_file(path, model.model.SerializeToString())
