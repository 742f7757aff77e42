"""The contract of a layer of the integer network, and how to add one.

Write a module in this package that holds one subclass of `Layer`. It is a frozen dataclass (`eq=False`, because fields
may be arrays) whose fields are integer arrays (int64) and sizes. The package imports the module, and the reader of
files finds the class; no other file has to name it. The class says:

    operator, reads    the ONNX or QONNX operators that messages name and that a layer may begin with in a file
    run                the integer function, in NumPy: the golden model that everything else is compared with
    interval           smallest and largest value of the output, from those of the inputs
    shape              the shape of a frame of the output, or Misfit with the reason why there is none
    torch              the same function on torch tensors
    write, read        the layer as QONNX nodes, and back: what `write` writes `read` reads as an equal layer

`run`, `interval`, `shape` and `torch` get one positional argument per tensor that the layer reads: `(x,) = inputs` for
one, `left, right = inputs` for two. `run` and `torch` take tensors of frames, [N, C, H, W] or [N, F], and do not change
them. Frames are independent of each other. `shape` leaves N out.

Check the fields in `shape`, not when the layer is made: files are read without trust, and `shape` is asked about every
layer that a file holds. Raise Misfit in words that follow the name of the node.

Import torch, onnx and bnn.qonnx inside of methods or under TYPE_CHECKING. bnn.qonnx imports the layers, and programs
that only need integers should not wait for torch.

`write` calls `file.constant` or `file.weights` for each array and `file.node` for each operator. The last node makes
`output`, annotated with its datatype: BIPOLAR for +-1, else `datatype_of(*interval)`. `read` gets the first node of the
layer. It returns None when the nodes are another layer that begins with the same operator, and raises
`file.refuse(node, why)` when they are this layer with something that hardware does not do. A layer of one node returns
`file.found(layer, node)`, any other a `Found`. Classes that share an operator are asked in turn, those with
`particular = True` first.

A layer that may be made several times or multiplied (importing of foreign files asks for it) overrides `copied` and
`multiplied`. `pad.py` is the shortest example, `max_pool.py` writes several nodes, `concat.py` reads several tensors.

docs/contributing.md names the files that give the layer hardware, training and importing.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bnn.integer.intervals import Interval
from bnn.integer.reference import Ints

if TYPE_CHECKING:
    from onnx import NodeProto
    from torch import Tensor

    from bnn.qonnx.read import FileGraph
    from bnn.qonnx.write import FileWriter

Shape = tuple[int, ...]  # of one frame: C, H, W of a map, F of a vector


class Misfit(ValueError):
    """A layer does not fit the tensors that it reads. The message says why, in words that follow the node's name."""


@dataclass(frozen=True, eq=False)
class Found:
    """A layer read from a file, and the nodes and tensors there that it stands for."""

    layer: "Layer"
    inputs: tuple[str, ...]  # the tensors that it reads
    output: str  # the tensor that it makes
    nodes: tuple["NodeProto", ...]  # all nodes that the layer replaces
    named: "NodeProto"  # the node whose name the layer takes


class Layer(ABC):
    """One integer operation. See the module's docstring for the contract."""

    operator: ClassVar[str]  # ONNX or QONNX operator that messages name
    reads: ClassVar[tuple[str, ...]]  # operators that the layer's first node may have in a file
    particular: ClassVar[bool] = False  # is `read` asked before those of other layers that begin with these operators?
    passes_bits: ClassVar[bool] = False  # are the outputs elements of the inputs (or padding), so that +-1 stay +-1?

    @abstractmethod
    def run(self, *inputs: Ints) -> Ints:
        """Return the integer function of the inputs, each [N, C, H, W] or [N, F]. This is the golden model."""

    @abstractmethod
    def interval(self, *inputs: Interval) -> Interval:
        """Return the smallest and largest value of the output. inputs: the same of each input."""

    @abstractmethod
    def shape(self, *inputs: Shape) -> Shape:
        """Return the shape of a frame of the output. Misfit when the layer does not fit the shapes of its inputs."""

    @abstractmethod
    def torch(self, *inputs: "Tensor") -> "Tensor":
        """Return what `run` returns, in the inputs' float type.

        The inputs hold integers. The caller chooses a type wide enough that every sum is exact.
        """

    def copied(self, times: int, together: int = 1) -> "Layer":
        """Return the layer that makes every channel `times` times, the copies side by side.

        together: this many neighbouring channels are copied as one group. A linear layer makes the copies from its
        inputs as they are; any other layer reads inputs that have the same copies. Misfit when there is no such form.
        """
        raise Misfit(f"{type(self).__name__} cannot make a channel several times")

    def multiplied(self, factors: Ints) -> "Layer":
        """Return the layer whose output channel o is multiplied by factors[o]. Misfit when it has no such form."""
        raise Misfit(f"{type(self).__name__} cannot multiply what it makes")

    @abstractmethod
    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write the layer's nodes into a QONNX file.

        name: of the node. inputs, output: the tensors that it reads and makes. interval: of the output.
        """

    @classmethod
    @abstractmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Return the layer that begins with `node`; None when another layer begins there.

        UserError names the node when it is this layer with something that hardware does not do.
        """


def same(what: str, found: int, of: str, wanted: int) -> None:
    """Raise Misfit unless both numbers are equal. what, of: what they count, in the plural."""
    if found != wanted:
        raise Misfit(f"{found} {what} do not fit {wanted} {of}")


def repeated(values: Ints, times: int, together: int) -> Ints:
    """Return values [O, ...] with every group of `together` rows repeated `times` times."""
    rows = values.reshape(-1, together, *values.shape[1:])  # [O / together, together, ...]
    return np.repeat(rows, times, axis=0).reshape(-1, *values.shape[1:])


def need_map(shape: Shape) -> None:
    """Raise Misfit unless `shape` has rows and columns."""
    if len(shape) != 3:
        raise Misfit("stands behind a dense layer; maps are needed in front of it")
