"""What a tensor of a foreign file is in integers, and the layers made of the file so far."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import onnx

from bnn.errors import UserError
from bnn.integer.layers import Layer, Threshold
from bnn.qonnx.foreign.decisions import Decisions
from bnn.qonnx.foreign.graph import Graph
from bnn.qonnx.foreign.values import Sums, Values

PICTURE = -1  # the place of the picture among the layers' outputs


class Undecided(ABC):
    """What several layers make together, without integers of its own until a sign decides it."""

    @abstractmethod
    def sign(self, walk: "Walk", node: onnx.NodeProto, state: "State", low: float, high: float) -> int:
        """Append the layers that decide; return the place of the +-1. UserError names a node when there are none.

        node: the last pending one of `state`, which makes `low` or `high` of every element.
        """


@dataclass(frozen=True, eq=False)
class State:
    """What a tensor of the file is: pixels, integers with a meaning (Values), integer sums (Sums), or not decided yet.

    Nodes that treat every element alike are pending: they are executed once it is known what they end in.
    """

    shape: tuple[int, int, int]  # C, H, W
    flat: bool  # the tensor has no rows and columns (any more)
    place: int = PICTURE  # of the layer whose output stands for it
    now: Values | Sums | Undecided | None = None  # None: pixels
    pending: tuple[onnx.NodeProto, ...] = ()
    pending_flat: bool = False  # had the tensor in front of the pending nodes no rows and columns?
    pad: int | None = None  # integer that pads the map, until a Conv reads it
    shared: bool = False  # is it, or what it is made of since the last linear layer, read by several nodes?

    def settled(self, now: Values | Sums | Undecided, place: int) -> "State":
        """Return the state with this meaning and nothing pending."""
        return replace(self, now=now, place=place, pending=(), pending_flat=self.flat)

    def waiting_for(self, node: onnx.NodeProto) -> "State":
        """Return the state with one more node pending."""
        return replace(self, pending=(*self.pending, node))


@dataclass(eq=False)
class Emitted:
    """A layer, the places of what it reads, and the node of the file that it has its name of."""

    layer: Layer
    inputs: tuple[int, ...]
    name: str
    words: str


@dataclass(frozen=True, eq=False)
class DecidedAt:
    """A tensor of signs or levels in the file, and the places of its Threshold and of the last pool behind that."""

    tensor: str
    threshold: int
    last: int
    found: Decisions


class Walk:
    """The layers made so far. Steps (bnn.qonnx.foreign.steps) append to them, and may still change the last ones."""

    def __init__(self, graph: Graph, unit: bool) -> None:
        self.graph, self.unit = graph, unit
        self.layers: list[Emitted] = []
        self.notes: list[str] = []
        self.decided: list[DecidedAt] = []

    def emit(self, layer: Layer, node: onnx.NodeProto, *places: int) -> int:
        """Append a layer that reads what is at these places; return its own place."""
        self.layers.append(Emitted(layer, places, node.name, self.graph.describe(node)))
        return len(self.layers) - 1

    def makers_of_bits(self, place: int) -> list[int] | None:
        """Return the places of the layers that make the bits there, back to what their Thresholds read.

        None when there are no bits. Between the Thresholds and `place` are layers that choose or arrange bits only.
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
        """Return the error for a change that others who read the same would see."""
        return self.graph.refuse(node, f"{why}, and another branch of the network reads it too", "one reader there")
