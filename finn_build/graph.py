"""FINN's graph: stages become nodes of qonnx, NHWC, with datatypes annotated. Needs `adapter.workspace`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.recognise import Stage, Stream
from hw.ops.operators import operator_class

DOMAIN = "finn.custom_op.fpgadataflow"  # and the back-end: .rtl or .hls
DEFAULT_PART = "xc7z020clg400-1"  # for FINN's estimates when no board is given


@dataclass(frozen=True, eq=False)
class Node:
    """A stage with the name of its instance, module and stream, and what it reads."""

    name: str
    stage: Stage
    source: Stream

    @property
    def output(self) -> Stream:
        return self.stage.output


@dataclass(frozen=True, eq=False)
class Design:
    """The chain of nodes and FINN's view of it."""

    pixels: Stream
    nodes: tuple[Node, ...]
    model: ModelWrapper
    operators: Mapping[str, Any] = field(repr=False)  # FINN operator of each node's name


def make_design(pixels: Stream, stages: Sequence[Stage], metadata: Mapping[str, str]) -> Design:
    """FINN's graph of the named stages: input "image" [1, H, W, C], output "class" [1, 1].

    The tensor behind node n is called n's name plus "_out".
    """
    nodes = named(pixels, stages)
    model = _model(pixels, nodes, metadata)
    operators = {node.name: getCustomOp(proto) for node, proto in zip(nodes, model.graph.node, strict=True)}
    for operator in operators.values():
        operator.verify_node()
    return Design(pixels, nodes, model, operators)


def named(pixels: Stream, stages: Sequence[Stage]) -> tuple[Node, ...]:
    """The stages with their names and what each reads."""
    counts: dict[str, int] = {}
    nodes, source = [], pixels
    for stage in stages:
        number = counts.setdefault(stage.kind, 0)
        counts[stage.kind] += 1
        single = sum(other.kind == stage.kind for other in stages) == 1 and stage.kind in ("scores", "argmax")
        nodes.append(Node(stage.kind if single else f"{stage.kind}_{number}", stage, source))
        source = stage.output
    return tuple(nodes)


def _model(pixels: Stream, nodes: Sequence[Node], metadata: Mapping[str, str]) -> ModelWrapper:
    tensors = {"image": pixels}
    protos, current = [], "image"
    shapes = _shapes(pixels, nodes)
    for node in nodes:
        output = f"{node.name}_out" if node is not nodes[-1] else "class"
        protos.append(_proto(node, current, output, shapes[current], shapes[output]))
        tensors[output] = node.output
        current = output
    graph = helper.make_graph(
        protos,
        "neuraljet_accelerator",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shapes["image"])],
        [helper.make_tensor_value_info(current, TensorProto.FLOAT, shapes[current])],
        value_info=[
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes[name])
            for name in tensors
            if name not in ("image", current)
        ],
    )
    opsets = [helper.make_opsetid("", 14), *(helper.make_opsetid(f"{DOMAIN}.{end}", 1) for end in ("rtl", "hls"))]
    proto = helper.make_model(graph, opset_imports=opsets, producer_name="neuraljet", ir_version=8)
    helper.set_model_props(proto, dict(metadata))
    model = ModelWrapper(proto)
    for name, stream in tensors.items():
        model.set_tensor_datatype(name, DataType[stream.datatype])
    return model


def _shapes(pixels: Stream, nodes: Sequence[Node]) -> dict[str, list[int]]:
    """Tensors are maps until an operator flattens them."""
    shapes, flat = {"image": [1, *pixels.shape]}, False
    for node in nodes:
        flat = flat or operator_class(node.stage.operator).flattens
        name = f"{node.name}_out" if node is not nodes[-1] else "class"
        shapes[name] = [1, node.output.shape[2]] if flat else [1, *node.output.shape]
    return shapes


def _proto(node: Node, source: str, target: str, source_shape: list[int], target_shape: list[int]) -> Any:
    attributes: dict[str, Any] = {
        name: numpy_helper.from_array(value.astype(np.int64), name) if isinstance(value, np.ndarray) else value
        for name, value in node.stage.attributes.items()
    }
    if node.stage.operator == "StreamFIFO_rtl":
        attributes |= {
            "folded_shape": source_shape,
            "normal_shape": source_shape,
            "dataType": node.output.datatype,
        }
    else:
        attributes |= {
            "inputShape": source_shape,
            "outputShape": target_shape,
            "inputDataType": node.source.datatype,
            "outputDataType": node.output.datatype,
        }
    return helper.make_node(
        node.stage.operator, [source], [target], node.name, domain=f"{DOMAIN}.{node.stage.backend}",
        backend="fpgadataflow", **attributes,
    )  # fmt: skip
