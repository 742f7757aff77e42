"""What a rule is, and the network as rules look at it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import ClassVar, Generic, TypeVar

from bnn.integer.layers import Layer
from bnn.integer.network import IntegerNetwork, Node
from finn_build.recognise.stages import Stage, Stream

Match = TypeVar("Match")


class Refused(Exception):
    """The pattern was found, but the hardware cannot do it, for the given reason. `node` is the cause."""

    def __init__(self, node: Node, why: str) -> None:
        super().__init__(f"{node.words}: {why}")
        self.node, self.why = node, why


class Graph:
    """The network, and the streams of those tensors for which stages were found."""

    def __init__(
        self, network: IntegerNetwork, streams: Mapping[str, Stream], takes_sums: Callable[[Node], bool]
    ) -> None:
        """takes_sums: tells whether a rule's pattern that begins with a node takes sums."""
        self.takes_sums = takes_sums
        self._readers: dict[str, list[Node]] = {}
        for node in network.nodes:
            for name in dict.fromkeys(node.inputs):
                self._readers.setdefault(name, []).append(node)
        self._streams = streams

    def source(self, node: Node) -> Stream:
        """Return the stream that a node with one input reads."""
        (name,) = node.inputs
        return self._streams[name]

    def sources(self, node: Node) -> tuple[Stream, ...]:
        """Return the streams that a node reads, in the order of its inputs."""
        return tuple(self._streams[name] for name in node.inputs)

    def readers(self, node: Node) -> tuple[Node, ...]:
        """Return the nodes that read what `node` makes."""
        return tuple(self._readers.get(node.output, ()))

    def next(self, node: Node, *kinds: type[Layer]) -> Node | None:
        """Return the only reader of `node`'s output, if it has no other input and is of these kinds; else None.

        Without kinds, any kind will do.
        """
        readers = self.readers(node)
        found = len(readers) == 1 and len(readers[0].inputs) == 1 and isinstance(readers[0].layer, kinds or Layer)
        return readers[0] if found else None


class Rule(ABC, Generic[Match]):
    """A piece of the network and the stages it becomes. A module of `finn_build.recognise.rules` registers its rules.

    Match: what `match` finds and the other two methods need.
    """

    priority: ClassVar[int]  # rules are tried in this order, specific ones before general ones
    pattern: ClassVar[str]  # the layers and the stages they become, for people

    @abstractmethod
    def match(self, graph: Graph, node: Node) -> Match | None:
        """Find the pattern that begins with `node`; None when another one begins there.

        Only its last node may have readers outside. Refused when the pattern is almost complete.
        """

    @abstractmethod
    def check(self, graph: Graph, match: Match) -> None:
        """Raise Refused with the reason when the hardware cannot do what was found."""

    @abstractmethod
    def rewrite(self, graph: Graph, match: Match) -> list[Stage]:
        """Return the stages, which stand for all nodes of what was found and nothing else."""

    def takes_sums(self, node: Node) -> bool:
        """Return whether a pattern begins with `node` that reads a convolution's sums, without thresholds."""
        return False
