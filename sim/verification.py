"""What a verification found out: what it returns, and what it leaves in the accelerator folder as JSON."""

from dataclasses import dataclass, field

from bnn.qonnx.foreign.compare import Agreement
from bnn.storage.records import FLAT, NAMED, OPTIONAL, Record


@dataclass(frozen=True)
class Difference(Record):
    """The first place in which a stream between two layers differs from the reference."""

    layer: str
    operator: str
    onnx_tensor: str
    element: tuple[int, int, int] | None  # y, x, c; None when every element is right, or the tensor has none
    expected: int | None = None
    got: int | None = None  # None when the element never came
    elements_wrong: int = 0
    elements: int = 0
    beats: int = 0
    beats_expected: int = 0


@dataclass(frozen=True)
class Mismatch(Record):
    """The first frame that differed, looked into."""

    frame: int
    reproduced: str | None  # "alone", "in sequence" after the frames before it; None when neither run differed
    expected_class: int
    expected_scores: tuple[int, ...]
    # of the result, None when none came; -1 when it says that its frame was broken
    result_class: int | None = field(default=None, metadata={NAMED: "class"})
    scores: tuple[int, ...] | None = None
    where: Difference | None = field(default=None, metadata={FLAT: True})


@dataclass(frozen=True)
class Rates(Record):
    """Rate and latency in clocks, as observed at the ports; None when there were too few results to tell."""

    cycles_per_frame: float | None  # between the results of back-to-back frames; an int when it is whole
    frames_per_second: float | None  # at the clock rate that the accelerator was built for
    latency_cycles: int | None  # from the last pixel of a frame to its result, the longest seen
    frame_latency_cycles: int | None  # from the first pixel of the first frame to its result


@dataclass(frozen=True)
class AtPoint(Record):
    """An operating point, and how many results at it were compared."""

    offsets: tuple[int, ...]
    least_margin: int
    results: int
    mismatches: int


@dataclass(frozen=True)
class Points(Record):
    """The operating points that results were compared at; the first one is that of the folder."""

    passes: int  # over the pictures, behind the first, in which the points change from frame to frame
    points: tuple[AtPoint, ...]


@dataclass(frozen=True)
class Netlist(Record):
    """The netlist that was simulated in place of the RTL."""

    family: str
    cells: dict[str, int]  # how many of each type
    map_seconds: float


@dataclass(frozen=True)
class SourceAgreement(Record):
    """How the file that was imported, executed by qonnx, agrees with the network."""

    agreement: Agreement = field(metadata={FLAT: True})
    notes: tuple[str, ...]


@dataclass(frozen=True)
class CameraCheck(Record):
    """What came of whole frames of a camera, sent to what stands in front of the accelerator too."""

    frames: int  # that the camera began, in whatever state
    events: dict[str, int]  # how many of them were right, and how many disturbed in which way
    ended: int  # frames that were passed on, each compared in what was passed on and in whether it is broken
    broken: int  # of these
    pixels: int  # of the network that were compared
    results: int  # that were compared, those of right frames in full
    mismatches: int  # frames, pixels and results that differ, are missing or too many
    faults: tuple[str, ...]
    idle: float  # probability that the camera has no beat in a clock, and that the sink takes no result
    clocks: int  # simulated
    seconds: float

    @property
    def right(self) -> bool:
        """Is everything as it must be?"""
        return not self.mismatches and not self.faults


@dataclass(frozen=True)
class Verification(Record):
    """verification.json, or netlist_verification.json of a netlist."""

    format: str
    version: int
    passed: bool
    frames: int
    mismatches: int  # frames of which a part of a result differs (class, score, margin, unsure), or that gave none
    faults: tuple[str, ...]  # breaches of the protocol or the rate, in words
    accuracy: float | None  # None when the pictures have no labels of the network's classes
    rates: Rates = field(metadata={FLAT: True})
    cycles: int  # simulated
    cycles_per_second: int  # simulated in a second
    build_seconds: float
    first_mismatch: Mismatch | None
    data: str  # the name of the pictures
    backpressure: float
    seed: int
    model_sha256: str
    seconds: float
    operating_points: Points
    # The file leaves out what does not apply: of a netlist, and of an accelerator imported from another program's file.
    netlist: Netlist | None = field(default=None, metadata={FLAT: True})
    camera: CameraCheck | None = field(default=None, metadata={OPTIONAL: True})
    source: SourceAgreement | None = field(default=None, metadata={OPTIONAL: True})
