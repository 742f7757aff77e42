"""What `build` says about an accelerator: estimates.json, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bnn.storage.records import FLAT, Record


@dataclass(frozen=True)
class Resources(Record):
    """The estimated resources of an FPGA part."""

    lut: int  # LUT sites
    ff: int
    bram18: int
    uram: int
    dsp: int


@dataclass(frozen=True)
class LayerResources(Record):
    """An instance in the top module: how it is built, and its resources."""

    name: str
    operator: str
    variant: str  # how it is built, in a few words
    fold: int  # clocks per output pixel
    cycles_per_frame: int
    resources: Resources = field(metadata={FLAT: True})
    instead_of: Mapping[str, Any] | None  # entries of the best other finn_build.folding.Choice that keeps the rate
    share: float  # of all LUT sites


@dataclass(frozen=True)
class Estimates(Record):
    """estimates.json."""

    part: str
    layers: tuple[LayerResources, ...]
    total: Resources


@dataclass(frozen=True)
class BuiltLayer(Record):
    """A layer's resources and the shape that it puts out."""

    estimate: LayerResources = field(metadata={FLAT: True})
    shape: tuple[int, int, int]  # height, width, channels


@dataclass(frozen=True)
class Built(Record):
    """What `build` returns."""

    cycles_per_frame: int
    fps: float  # at this clock
    clock_mhz: float
    board: str | None
    estimate: Resources
    layers: tuple[BuiltLayer, ...]
    search_seconds: float  # the part of `seconds` in which the layers' foldings were chosen
    notes: tuple[str, ...]  # on the import and the rate
    seconds: float
