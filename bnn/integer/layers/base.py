"""What a layer of the integer network says about itself."""

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

Shape = tuple[int, ...]  # of one frame: C, H, W, or F behind a dense layer


class Misfit(ValueError):
    """Why a layer does not fit the tensors that it reads."""


@dataclass(frozen=True, eq=False)
class Found:
    """A layer read from a file, the tensors that it reads and makes there, and the nodes that it stands for."""

    layer: "Layer"
    inputs: tuple[str, ...]
    output: str
    nodes: tuple["NodeProto", ...]
    named: "NodeProto"  # the one of them whose name the layer has


class Layer(ABC):
    """One integer operation. Subclasses are frozen dataclasses; a module of this package that holds one registers it.

    Tensors are [N, C, H, W] or [N, F]; frames are independent of each other.
    """

    operator: ClassVar[str]  # of ONNX or QONNX, as messages call it
    reads: ClassVar[tuple[str, ...]]  # operators of ONNX and QONNX with which it may begin in a file
    particular: ClassVar[bool] = False  # is it asked before the others that begin with these operators?
    passes_bits: ClassVar[bool] = False  # does it choose among or arrange elements, so that +-1 stay what they are?

    @abstractmethod
    def run(self, *inputs: Ints) -> Ints:
        """Return the integer function of the inputs: the golden model."""

    @abstractmethod
    def interval(self, *inputs: Interval) -> Interval:
        """Return the exact interval of the output for inputs in these intervals."""

    @abstractmethod
    def shape(self, *inputs: Shape) -> Shape:
        """Return the shape of a frame's output. Misfit says why the layer does not fit its inputs."""

    @abstractmethod
    def torch(self, *inputs: "Tensor") -> "Tensor":
        """Return the same function of integers held in floats wide enough that every sum is exact."""

    def copied(self, times: int, together: int = 1) -> "Layer":
        """Return the layer that makes every channel so many times, side by side, of inputs that come so.

        together: so many channels in a row are copied as one. Linear layers read each channel once. Misfit when there
        is no such layer.
        """
        raise Misfit(f"{type(self).__name__} cannot make a channel several times")

    def multiplied(self, factors: Ints) -> "Layer":
        """Return the layer that makes channel o times the integer factors[o]. Misfit when there is no such layer."""
        raise Misfit(f"{type(self).__name__} cannot multiply what it makes")

    @abstractmethod
    def write(self, file: "FileWriter", name: str, inputs: Sequence[str], output: str, interval: Interval) -> None:
        """Write the layer's nodes into a QONNX file.

        name: of the node. inputs, output: tensors. interval: what the output can be.
        """

    @classmethod
    @abstractmethod
    def read(cls, file: "FileGraph", node: "NodeProto") -> Found | None:
        """Read the layer that begins with `node`; None when that begins another one.

        UserError names the node when it is this layer with something that the hardware does not do.
        """


def same(what: str, found: int, of: str, wanted: int) -> None:
    """Misfit unless both numbers are the same."""
    if found != wanted:
        raise Misfit(f"{found} {what} do not fit {wanted} {of}")


def repeated(values: Ints, times: int, together: int) -> Ints:
    """Return values [O, ...] with every `together` rows so many times, one copy after the other."""
    rows = values.reshape(-1, together, *values.shape[1:])
    return np.repeat(rows, times, axis=0).reshape(-1, *values.shape[1:])


def need_map(shape: Shape) -> None:
    """Misfit unless `shape` has rows and columns."""
    if len(shape) != 3:
        raise Misfit("stands behind a dense layer; maps are needed in front of it")
