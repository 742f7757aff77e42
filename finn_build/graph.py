"""FINN's graph: stages become nodes of qonnx, NHWC, with datatypes annotated. Needs `adapter.workspace`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from qonnx.core.datatype import DataType
from qonnx.core.modelwrapper import ModelWrapper
from qonnx.custom_op.registry import getCustomOp

from finn_build.manifest import FIFO, PIXEL_STREAM, input_name
from finn_build.recognise import Stage, Stream
from hw.ops.operators import operator_class

DOMAIN = "finn.custom_op.fpgadataflow"  # and the back-end: .rtl or .hls
DEFAULT_PART = "xc7z020clg400-1"  # for FINN's estimates when no board is given


@dataclass(frozen=True, eq=False)
class Instance:
    """A stage with the name of its instance, its module and its stream, and the streams that it reads."""

    name: str
    stage: Stage
    inputs: tuple[str, ...]  # names of instances, or PIXEL_STREAM
    sources: tuple[Stream, ...]  # those streams

    @property
    def source(self) -> Stream:
        """The stream that it reads, or the first of them."""
        return self.sources[0]

    @property
    def output(self) -> Stream:
        """The stream that it puts out."""
        return self.stage.output


@dataclass(frozen=True, eq=False)
class Design:
    """The instances in topological order, and FINN's view of them."""

    pixels: Stream
    nodes: tuple[Instance, ...]
    model: ModelWrapper
    operators: Mapping[str, Any] = field(repr=False)  # FINN operator of each node's name


def make_design(
    pixels: Stream, stages: Sequence[Stage], metadata: Mapping[str, str], fifos: Mapping[str, int] | None = None
) -> Design:
    """Return FINN's graph of the stages, named: input "image" [1, H, W, C], output "class" [1, 1] or [1, H', W', 1].

    The tensor behind node n is called n's name plus "_out". fifos: depths by the `input_name` of the input behind each.
    """
    nodes = with_fifos(named(pixels, stages), fifos or {})
    model = _model(pixels, nodes, metadata)
    operators = {node.name: getCustomOp(proto) for node, proto in zip(nodes, model.graph.node, strict=True)}
    for operator in operators.values():
        operator.verify_node()
    return Design(pixels, nodes, model, operators)


def named(pixels: Stream, stages: Sequence[Stage]) -> tuple[Instance, ...]:
    """Return the stages with their names and what each reads."""
    counts: dict[str, int] = {}
    makers = {pixels.tensor: (PIXEL_STREAM, pixels)}
    nodes = []
    for stage in stages:
        number = counts.setdefault(stage.kind, 0)
        counts[stage.kind] += 1
        single = sum(other.kind == stage.kind for other in stages) == 1 and stage.kind in ("scores", "argmax")
        inputs, sources = zip(*(makers[tensor] for tensor in stage.inputs), strict=True)
        nodes.append(Instance(stage.kind if single else f"{stage.kind}_{number}", stage, inputs, sources))
        makers[stage.output.tensor] = (nodes[-1].name, stage.output)
    return tuple(nodes)


def is_map(design: Design) -> bool:
    """Return whether a frame has a result for each cell of a map, not a single one."""
    return prod(design.nodes[-1].output.shape[:2]) > 1


def readers(nodes: Sequence[Instance], name: str) -> list[tuple[Instance, int]]:
    """Return the instances that read the stream of that name, each with the number of its input."""
    return [(node, i) for node in nodes for i, source in enumerate(node.inputs) if source == name]


def forks(nodes: Sequence[Instance]) -> dict[str, list[tuple[Instance, int]]]:
    """Return the inputs that read each stream that is read more than once, by its name."""
    found = {name: readers(nodes, name) for name in (PIXEL_STREAM, *(node.name for node in nodes))}
    return {name: inputs for name, inputs in found.items() if len(inputs) > 1}


def fork_sites(nodes: Sequence[Instance]) -> int:
    """Return the LUT sites of all forks. Synthesis counted 5, 7 and 11 sites for 2, 3 and 4 outputs."""
    return sum(2 * len(inputs) + (1 if len(inputs) < 4 else 3) for inputs in forks(nodes).values())


def with_fifos(nodes: Sequence[Instance], depths: Mapping[str, int]) -> tuple[Instance, ...]:
    """Return the nodes with a FIFO in front of every input whose `input_name` is in `depths`."""
    found: list[Instance] = []
    count = 0
    for node in nodes:
        inputs = list(node.inputs)
        for i, (name, source) in enumerate(zip(node.inputs, node.sources, strict=True)):
            if input_name(node.name, i) in depths:
                stage = Stage(FIFO, "fifo", {"depth": depths[input_name(node.name, i)]}, (source.tensor,), source, ())
                inputs[i] = f"fifo_{count}"
                found.append(Instance(inputs[i], stage, (name,), (source,)))
                count += 1
        found.append(replace(node, inputs=tuple(inputs)))
    return tuple(found)


def _model(pixels: Stream, nodes: Sequence[Instance], metadata: Mapping[str, str]) -> ModelWrapper:
    shapes = _shapes(pixels, nodes)
    tensors = {PIXEL_STREAM: "image", **{node.name: f"{node.name}_out" for node in nodes}, nodes[-1].name: "class"}
    streams = {PIXEL_STREAM: pixels, **{node.name: node.output for node in nodes}}
    values = {name: helper.make_tensor_value_info(tensors[name], TensorProto.FLOAT, shapes[name]) for name in streams}
    inside = [value for name, value in values.items() if name not in (PIXEL_STREAM, nodes[-1].name)]
    graph = helper.make_graph(
        [_proto(node, tensors, shapes) for node in nodes],
        "neuraljet_accelerator",
        [values[PIXEL_STREAM]],
        [values[nodes[-1].name]],
        value_info=inside,
    )
    opsets = [helper.make_opsetid("", 14), *(helper.make_opsetid(f"{DOMAIN}.{end}", 1) for end in ("rtl", "hls"))]
    proto = helper.make_model(graph, opset_imports=opsets, producer_name="neuraljet", ir_version=8)
    helper.set_model_props(proto, dict(metadata))
    model = ModelWrapper(proto)
    for name, stream in streams.items():
        model.set_tensor_datatype(tensors[name], DataType[stream.datatype])
    return model


def _shapes(pixels: Stream, nodes: Sequence[Instance]) -> dict[str, list[int]]:
    """Return the shape of each stream's tensor: maps until an operator flattens them, which leaves maps of cells."""
    shapes, flat = {PIXEL_STREAM: [1, *pixels.shape]}, set[str]()
    for node in nodes:
        single = prod(node.output.shape[:2]) == 1
        if (single and operator_class(node.stage.operator).flattens) or flat.intersection(node.inputs):
            flat.add(node.name)
        shapes[node.name] = [1, node.output.shape[2]] if node.name in flat else [1, *node.output.shape]
    return shapes


def _proto(node: Instance, tensors: Mapping[str, str], shapes: Mapping[str, list[int]]) -> Any:
    attributes: dict[str, Any] = {
        name: numpy_helper.from_array(value.astype(np.int64), name) if isinstance(value, np.ndarray) else value
        for name, value in node.stage.attributes.items()
    }
    if node.stage.operator == FIFO:
        shape = shapes[node.inputs[0]]
        attributes |= {"folded_shape": shape, "normal_shape": shape, "dataType": node.output.datatype}
    else:
        attributes |= {"outputShape": shapes[node.name], "outputDataType": node.output.datatype}
        for i, (name, source) in enumerate(zip(node.inputs, node.sources, strict=True)):
            attributes |= {f"inputShape{i or ''}": shapes[name], f"inputDataType{i or ''}": source.datatype}
    return helper.make_node(
        node.stage.operator, [tensors[name] for name in node.inputs], [tensors[node.name]], node.name,
        domain=f"{DOMAIN}.{node.stage.backend}", backend="fpgadataflow", **attributes,
    )  # fmt: skip
