"""What a tensor of a foreign file is in integers, and the layers that the file has become so far."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import onnx

from bnn.errors import UserError
from bnn.integer.layers import Layer, Threshold
from bnn.qonnx.foreign.decisions import Decisions
from bnn.qonnx.foreign.graph import Graph
from bnn.qonnx.foreign.values import Sums, Values

PICTURE = -1  # the place of the picture; outputs of layers have the places 0, 1, ...


class Undecided(ABC):
    """The result of several layers that has no integers of its own until a sign decides it."""

    @abstractmethod
    def sign(self, walk: "Walk", node: onnx.NodeProto, state: "State", low: float, high: float) -> int:
        """Append the layers that decide; return the place of the +-1. UserError names a node when no layers can.

        node: the last pending node of `state`; it makes every element `low` or `high`.
        """


@dataclass(frozen=True, eq=False)
class State:
    """What a tensor of the file is: pixels, integers with a meaning (Values), integer sums (Sums), or not decided yet.

    Nodes that treat all elements of a channel alike wait in `pending`. They are executed when a sign, a quantizer or a
    linear layer follows, because only then is it known which integers they lead to.
    """

    shape: tuple[int, int, int]  # C, H, W of a picture's map; kept when it is flattened
    flat: bool  # the file's tensor is a row, without rows and columns of maps
    place: int = PICTURE  # of the layer whose output stands for the tensor in front of the pending nodes
    now: Values | Sums | Undecided | None = None  # what that output is; None: pixels
    pending: tuple[onnx.NodeProto, ...] = ()  # nodes between that output and this tensor
    pending_flat: bool = False  # `flat` of the tensor in front of the pending nodes
    pad: int | None = None  # the integer that pads the map; a Conv must follow
    shared: bool = False  # several nodes read this tensor, or one in front of it since the last linear layer

    def settled(self, now: Values | Sums | Undecided, place: int) -> "State":
        """Return the state of the output at `place`, which is `now`, with nothing pending."""
        return replace(self, now=now, place=place, pending=(), pending_flat=self.flat)

    def waiting_for(self, node: onnx.NodeProto) -> "State":
        """Return the state with one more node pending."""
        return replace(self, pending=(*self.pending, node))


@dataclass(eq=False)
class Emitted:
    """A layer that the file has become. Later steps may replace `layer`."""

    layer: Layer
    inputs: tuple[int, ...]  # the places that it reads
    name: str  # of the file's node
    words: str  # what messages call that node


@dataclass(frozen=True, eq=False)
class DecidedAt:
    """A tensor of signs or levels in the file, and the places in the network that belong to it."""

    tensor: str
    threshold: int  # the place of its Threshold
    last: int  # the place of the last pool behind the Threshold, or that of the Threshold
    found: Decisions


class Walk:
    """The layers that the file has become so far. Steps (bnn.qonnx.foreign.steps) append to them.

    unit: the file takes pixels / 255.
    """

    def __init__(self, graph: Graph, unit: bool) -> None:
        self.graph, self.unit = graph, unit
        self.layers: list[Emitted] = []
        self.notes: list[str] = []
        self.decided: list[DecidedAt] = []

    def emit(self, layer: Layer, node: onnx.NodeProto, *places: int) -> int:
        """Append a layer that reads the outputs at these places; return its own place. It gets the name of `node`."""
        self.layers.append(Emitted(layer, places, node.name, self.graph.describe(node)))
        return len(self.layers) - 1

    def makers_of_bits(self, place: int) -> list[int] | None:
        """Return the places of the layers that make the bits at `place`; None when there are no bits.

        These are Thresholds, the layers whose sums they read, and layers behind them that pass bits on
        (`Layer.passes_bits`).
        """
        if place == PICTURE:
            return None
        emitted = self.layers[place]
        if isinstance(emitted.layer, Threshold):
            return [place, *emitted.inputs]
        if not emitted.layer.passes_bits:
            return None
        found = [place]
        for source in emitted.inputs:
            makers = self.makers_of_bits(source)
            if makers is None:
                return None
            found += makers
        return list(dict.fromkeys(found))

    def refuse_shared(self, state: State, node: onnx.NodeProto, why: str) -> UserError:
        """Return the error for a change to `state` that another branch, which reads the same tensor, would see."""
        return self.graph.refuse(node, f"{why}, and another branch of the network reads it too", "one reader there")
