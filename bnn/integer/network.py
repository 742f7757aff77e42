"""The frozen network: a graph of integer layers.

From here on nothing is rounded: frozen torch network, this reference, QONNX execution, RTL and netlist agree to the
bit.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from bnn.integer import reference
from bnn.integer.layers import Interval, Layer, Misfit, Shape
from bnn.integer.reference import Ints

BATCH, BATCH_PIXELS = 64, 1 << 19  # frames and pixels computed at once; they bound memory and change no result
IMAGE, SCORES = "image", "scores"  # the first and the last tensor
PIXEL: Interval = (0, 255)
MOST_ELEMENTS = 1 << 26  # elements of one frame of a tensor


@dataclass(frozen=True, eq=False)
class Node:
    """A layer, the tensors that it reads and the tensor that it makes."""

    layer: Layer
    inputs: tuple[str, ...]
    output: str
    name: str  # of the node in the file
    words: str  # what messages call the node

    def shape(self, shapes: Mapping[str, Shape]) -> Shape:
        """Return the shape of the output. shapes: of the inputs, by name.

        Misfit when the layer does not fit its inputs, or when the output is empty or too large.
        """
        sources = [shapes[name] for name in self.inputs]
        made = self.layer.shape(*sources)
        if min(made) < 1 or math.prod(made) > MOST_ELEMENTS:
            raise Misfit(f"makes {list(made)} of {', '.join(str(list(shape)) for shape in sources)}")
        return made


class GraphBuilder:
    """Collects the nodes of a network, and names them as an exported model does: Pad_0, Conv_0, ...

    >>> from bnn.integer.layers import Pad
    >>> GraphBuilder().add(Pad(1, 0), IMAGE)
    'Pad_0_out'
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._counts: dict[str, int] = {}

    def add(self, layer: Layer, *inputs: str, words: str = "") -> str:
        """Append a layer that reads these tensors; return the name of the tensor that it makes.

        words: see `Node`; made from the name of the node when empty.
        """
        kind = type(layer).__name__
        name = f"{kind}_{self._counts.setdefault(kind, 0)}"
        self._counts[kind] += 1
        self.nodes.append(Node(layer, inputs, f"{name}_out", name, words or f"node {name} ({layer.operator})"))
        return f"{name}_out"

    def chain(self, layers: Iterable[Layer], tensor: str) -> str:
        """Append layers in a row, of which the first reads `tensor`; return the name of what the last one makes."""
        for layer in layers:
            tensor = self.add(layer, tensor)
        return tensor

    def finished(self) -> tuple[Node, ...]:
        """Return the nodes, the output of the last one renamed to "scores"."""
        *nodes, last = self.nodes
        return (*nodes, replace(last, output=SCORES))


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A network from uint8 pictures to integer scores, its nodes in topological order.

    The picture is the tensor "image", the last node makes "scores", and a node reads every other tensor. Every node has
    a name of its own. ValueError when that is not so.
    """

    input_shape: tuple[int, int, int]  # C, H, W
    nodes: tuple[Node, ...]
    classes: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        made, read = {IMAGE}, set[str]()
        for node in self.nodes:
            if not node.inputs or not made.issuperset(node.inputs) or node.output in made:
                raise ValueError(f"{node.words}: reads {node.inputs} and makes {node.output}, behind {sorted(made)}")
            made.add(node.output)
            read.update(node.inputs)
        names = [node.name for node in self.nodes]
        if len(set(names)) < len(names):
            raise ValueError(f"several nodes are called {max(names, key=names.count)}")
        if not self.nodes or self.nodes[-1].output != SCORES or made - read != {SCORES}:
            raise ValueError(
                f"no node reads {sorted(made - read - {SCORES})}, or the last node does not make the scores"
            )

    @classmethod
    def chain(
        cls,
        input_shape: tuple[int, int, int],
        layers: Iterable[Layer],
        classes: tuple[str, ...],
        metadata: Mapping[str, str] | None = None,
    ) -> "IntegerNetwork":
        """Return the network of layers in a row: each reads what the one in front of it makes."""
        builder = GraphBuilder()
        builder.chain(layers, IMAGE)
        return cls(input_shape, builder.finished(), classes, metadata or {})

    def with_layers(self, layers: Iterable[Layer]) -> "IntegerNetwork":
        """Return the network with these layers in its nodes, in order. ValueError when their number differs."""
        nodes = (replace(node, layer=layer) for node, layer in zip(self.nodes, layers, strict=True))
        return replace(self, nodes=tuple(nodes))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers in the order of the nodes."""
        return tuple(node.layer for node in self.nodes)

    @property
    def tensor_names(self) -> tuple[str, ...]:
        """The name of each layer's output, as in the exported model: Pad_0_out, Conv_0_out, ..."""
        return tuple(node.output for node in self.nodes)

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of a frame of every tensor, by name. Misfit when a layer does not fit its inputs."""
        shapes: dict[str, Shape] = {IMAGE: self.input_shape}
        for node in self.nodes:
            shapes[node.output] = node.shape(shapes)
        return shapes

    def intervals(self) -> dict[str, Interval]:
        """Return the interval of every tensor, by name, for uint8 pixels.

        Each layer's interval is exact for inputs that take any values of their intervals. Dependencies between tensors
        are ignored, so a tensor may not reach the ends of its interval.
        """
        intervals: dict[str, Interval] = {IMAGE: PIXEL}
        for node in self.nodes:
            intervals[node.output] = node.layer.interval(*(intervals[name] for name in node.inputs))
        return intervals

    @overload
    def run(self, images: NDArray[np.uint8], taps: Literal[False] = False) -> Ints: ...
    @overload
    def run(self, images: NDArray[np.uint8], taps: Literal[True]) -> tuple[Ints, dict[str, Ints]]: ...
    def run(self, images: NDArray[np.uint8], taps: bool = False) -> Ints | tuple[Ints, dict[str, Ints]]:
        """Return the scores of uint8 pictures [N, C, H, W]: [N, classes], of a map [N, classes, rows, columns].

        ValueError for pictures of other form.

        taps: return every layer's output by name as well.
        """
        if images.ndim != 4 or images.shape[1:] != self.input_shape or images.dtype != np.uint8:
            raise ValueError(f"expected uint8 [N, {self.input_shape}], got {images.dtype} {images.shape}")
        if not len(images):
            return np.zeros((0, *self.shapes()[SCORES]), np.int64)
        if taps:
            found = self.compute({IMAGE: images.astype(np.int64)}, self.tensor_names)
            return found[SCORES], found
        size = max(1, min(BATCH, BATCH_PIXELS // math.prod(self.input_shape[1:])))
        batches = (images[i : i + size].astype(np.int64) for i in range(0, len(images), size))
        return np.concatenate([self.compute({IMAGE: batch}, [SCORES])[SCORES] for batch in batches])

    def compute(self, known: Mapping[str, Ints], wanted: Sequence[str]) -> dict[str, Ints]:
        """Return the wanted tensors [N, ...], computed from the known ones [N, ...].

        Nothing in front of a known tensor is computed. KeyError when the known tensors are not enough.
        """
        needed, used = set(wanted) - set(known), []
        for node in reversed(self.nodes):
            if node.output in needed:
                used.append(node)
                needed.update(name for name in node.inputs if name not in known)
        values, last = dict(known), dict[str, Node]()
        for node in used:  # from the back, so that the last reader of a tensor comes first
            for name in node.inputs:
                last.setdefault(name, node)
        for node in reversed(used):
            values[node.output] = node.layer.run(*(values[name] for name in node.inputs))
            for name in {name for name in node.inputs if last[name] is node and name not in wanted}:
                del values[name]
        return {name: values[name] for name in wanted}

    def classify(self, scores: Ints) -> Ints:
        """Return the class indices of scores [N, classes, ...]; ties go to the lowest index."""
        return reference.argmax(scores)
