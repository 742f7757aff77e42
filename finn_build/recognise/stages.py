"""What rules make: stages of hardware, and the streams between them."""

from dataclasses import dataclass, replace

import numpy as np

from bnn.integer.intervals import signed_bits
from bnn.integer.reference import Ints

Attributes = dict[str, int | Ints]  # of an operator of FINN's graph


@dataclass(frozen=True, eq=False)
class Stream:
    """A stream from one stage to others. It stands for the model's tensor x = scale * stream + offset[c].

    Maps can be padded with 0 of the stream only.
    """

    shape: tuple[int, int, int]  # height, width, channels
    datatype: str  # of QONNX: UINT8, BIPOLAR, INTn
    scale: int
    offset: Ints  # [C]
    tensor: str  # of the model
    crop: int = 0  # rows and columns of padding on every side of the model's tensor that the stream lacks
    levels: bool = False  # quantized pixels

    @property
    def kind(self) -> str:
        """What the stream carries, in words for messages."""
        words = {"UINT8": "pixels (UINT8)", "BIPOLAR": "a +-1 map (BIPOLAR)"}
        return words.get(self.datatype, f"{'quantized pixels' if self.levels else 'sums'} ({self.datatype})")

    @property
    def range(self) -> tuple[int, int]:
        """The smallest and the largest value that an element of the stream can have."""
        if self.datatype == "BIPOLAR":
            return 0, 1
        if self.datatype == "UINT8":
            return 0, 255
        bits = int(self.datatype.removeprefix("INT"))
        return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


@dataclass(frozen=True, eq=False)
class Stage:
    """One operator of FINN's graph: its type, its attributes, what it reads and makes, the nodes it stands for."""

    operator: str
    kind: str  # first part of its name
    attributes: Attributes
    inputs: tuple[str, ...]  # the tensors of the streams that it reads
    output: Stream
    nodes: tuple[str, ...]  # of the model

    @property
    def layer(self) -> str:
        """The operator without its back-end."""
        return self.operator.rsplit("_", 1)[0]

    @property
    def backend(self) -> str:
        """The back-end: rtl or hls."""
        return self.operator.rsplit("_", 1)[1]

    def made_with(self, backend: str) -> "Stage":
        """Return the same stage made by another back-end."""
        return replace(self, operator=f"{self.layer}_{backend}")


def bipolar(shape: tuple[int, int, int], tensor: str) -> Stream:
    """Return the stream of a +-1 map with one bit per element."""
    return Stream(shape, "BIPOLAR", 2, np.full(shape[2], -1, np.int64), tensor)


def integers(low: int, high: int) -> str:
    """Return the datatype that holds low..high; FINN has none of one bit.

    >>> integers(-4, 3), integers(0, 0)
    ('INT3', 'INT2')
    """
    return f"INT{max(2, signed_bits(low, high))}"
