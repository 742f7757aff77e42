"""manifest.json of an accelerator folder tells the next step (simulation, synthesis) all that it needs to know.

A stream carries one beat per pixel, channel c at bits [c*bits +: bits]. What it means for the model:

    onnx tensor (cropped by pad_crop on every side) = decode.scale * stream + decode.offset[c]
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bnn.camera import Camera
from bnn.errors import UserError
from bnn.storage.files import restore, write_file
from bnn.storage.hashes import Damage, check_names, first_damage
from bnn.storage.names import class_fault
from bnn.storage.records import OPTIONAL, Record, check_seal, entries, parse, parse_json, seal_of
from finn_build.folders import ACCELERATOR, REPORTS
from finn_build.keywords import RESERVED

FILE, FORMAT = ACCELERATOR.file, ACCELERATOR.format
SOURCE = "source.onnx"  # lies beside an imported model.onnx: the file of another program that was imported
PIXELS = "neuraljet.pixels"  # key in the metadata of an imported model.onnx: the source takes unit or byte
VERSION = 4  # 2: sealed; results say whether their frame was broken. 3: layers say what they read. 4: operating point
PIXEL_STREAM = "pixels"
FIFO = "StreamFIFO_rtl"
LARGEST = 2**31 - 1  # largest number of clocks, pixels, bits or MHz
SOURCES = ("rtl", "mem", "hls")
LOGS = (".log", ".jou")  # tools leave these where they ran
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


@dataclass(frozen=True)
class Input:
    """The pixel stream s_axis: one beat per pixel, one byte per channel, TLAST on the last of a frame."""

    height: int
    width: int
    channels: int
    bits: int  # of one channel
    tdata_bits: int
    beats_per_frame: int


@dataclass(frozen=True)
class Output:
    """The result stream m_axis: one beat per frame, the class in the low bits, then the signed scores, then the margin.

    Of a map of cells (`Manifest.cells`) it is one beat per cell: TLAST ends a row, and TUSER[1] a frame.

    Bit `broken_bit`, the highest of the class' field, is 1 when the frame was broken (cut, too short or too long);
    all else means nothing then. TUSER of the accelerator says the same. Bit `unsure_bit`, below it, is 1 when the
    margin is less than the least one. Class, margin and unsure are those of bnn.integer.decision at the operating point
    that the accelerator has then; scores are the network's own.
    """

    tdata_bits: int
    class_bits: int  # of the field; the scores begin above
    broken_bit: int
    unsure_bit: int
    score_bits: int  # of a score in the result, whole bytes
    margin_bits: int  # of the margin in the result, whole bytes
    value_bits: int  # of a score in the network, which says how wide an operating point is: bnn.integer.decision.Widths
    classes: tuple[str, ...]

    @property
    def point_bits(self) -> int:
        """The width of the port operating_point."""
        return self.value_bits + 2 + (len(self.classes) - 1) * (self.value_bits + 1)


@dataclass(frozen=True)
class Decode:
    """tensor = scale * stream + offset[c]."""

    scale: int
    offset: tuple[int, ...]


@dataclass(frozen=True)
class StreamLayer:
    """One instance in the top module, the streams it reads and the one it puts out."""

    name: str
    operator: str  # of FINN's graph, JetConv_rtl for example
    module: str  # the wrapper, one per layer
    onnx_tensor: str  # the tensor of model.onnx that the stream carries
    inputs: tuple[str, ...]  # streams: "pixels", or outputs of layers before it
    stream: str  # wire prefix in the top: <stream>_tdata, _tvalid, _tready
    shape: tuple[int, int, int]  # height, width, channels
    bits: int  # of one element
    signed: bool
    decode: Decode
    pad_crop: int
    fold: int  # clocks per output pixel
    cycles_per_frame: int
    source_nodes: tuple[str, ...]  # of model.onnx


@dataclass(frozen=True)
class Estimates:
    """estimates.json."""

    part: str
    layers: tuple[Mapping[str, Any], ...]
    total: Mapping[str, float]


@dataclass(frozen=True)
class Manifest:
    """The whole file."""

    format: str
    version: int
    top: str
    input: Input
    output: Output
    layers: tuple[StreamLayer, ...]
    clock_mhz: float
    fps: float | None  # the requested rate; None: a pixel per clock
    ramb18_sites: int  # LUT sites that a RAMB18 was worth
    cycles_per_frame: int
    frames_in_flight: int  # frames that may wait for their results at full rate, after their last pixel
    board: str | None
    part: str | None
    backend: str  # as requested: rtl, hls or auto, then NAME=BACKEND
    fifos: Mapping[str, int]  # depths, by `input_name` of the input behind
    data: Mapping[str, Any]  # where the test pictures come from
    tools: Mapping[str, str]
    model_sha256: str
    files: Mapping[str, str]  # relative path -> SHA-256
    seal: str  # bnn.storage.records.seal_of all others
    # rtl/nj_camera_accelerator.v is between this camera and `top` (finn_build.camera); None: the camera gives `input`
    camera: Camera | None = field(default=None, metadata={OPTIONAL: True})

    @property
    def cells(self) -> tuple[int, int]:
        """The rows and columns of the map of results; (1, 1) where a frame has one result."""
        rows, columns, _ = self.layers[-1].shape
        return rows, columns

    def require_one_result(self, folder: Path) -> None:
        """Raise UserError when a frame has a map of results. folder: of the accelerator."""
        if self.cells != (1, 1):
            raise UserError(
                f"{folder} has a map of {self.cells[0]}x{self.cells[1]} cells, and this is for accelerators with one "
                "result a frame; verify, synth, prove and classify --map take maps"
            )

    def computing(self) -> tuple[StreamLayer, ...]:
        """Return the layers without the FIFOs between them."""
        return tuple(layer for layer in self.layers if layer.operator != FIFO)

    def sources(self, layer: StreamLayer) -> tuple[StreamLayer | None, ...]:
        """Return the layers whose streams reach `layer`, through FIFOs or directly. None is the picture."""
        makers = {found.stream: found for found in self.layers}
        sources = [makers.get(name) for name in layer.inputs]
        return tuple(
            makers.get(found.inputs[0]) if found is not None and found.operator == FIFO else found for found in sources
        )

    def in_cpp(self) -> tuple[str, ...]:
        """Return the names of the layers in C++. They have no RTL until Vitis HLS makes it."""
        return tuple(layer.name for layer in self.layers if layer.operator.endswith("_hls"))

    def require_rtl(self, what: str) -> None:
        """Raise UserError when a layer is C++, so that the command `what` cannot do its work."""
        if self.in_cpp():
            raise UserError(
                f"{what} needs RTL, and {', '.join(self.in_cpp())} are C++ for Vitis HLS; check them with "
                "`neuraljet verify ACC --cppsim`, or build the accelerator with --backend rtl"
            )

    def to_json(self) -> str:
        """Return the text of the file."""
        return json.dumps(entries(self), indent=2) + "\n"


def input_name(name: str, index: int) -> str:
    """Return the name of a layer's input in `fifos`: the layer's name, with a number from the second input on.

    >>> input_name("add_0", 0), input_name("add_0", 1)
    ('add_0', 'add_0.1')
    """
    return name if index == 0 else f"{name}.{index}"


def load(folder: Path) -> Manifest:
    """Read and check manifest.json in `folder`, and the hash of every file it lists.

    UserError when the folder is no accelerator, when its manifest was changed since `build` sealed it or says what no
    build says, when a path would leave the folder, or when a file is missing, was changed or was added to the sources.
    `finn_build.trust` checks that manifest, model.onnx and RTL go together, and who made them.
    """
    folder = Path(folder)
    path = folder / FILE
    restore(folder)
    if not path.is_file():
        raise UserError(f"{folder} is not an accelerator folder (no {FILE} there); make one with `neuraljet build`")
    try:
        content = parse_json(path.read_bytes())
    except ValueError as error:  # also for bytes that are not UTF-8
        raise UserError(f"{path} is not valid JSON ({error}); build the accelerator again") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError(f"{path} is not of format '{FORMAT}'; make the folder with `neuraljet build`")
    version = content.get("version")
    if version != VERSION or not isinstance(version, int):
        raise UserError(
            f"{path} is of version {str(version)[:20]!r}, this program reads {VERSION}; build the accelerator again"
        )
    try:
        manifest: Manifest = parse(Manifest, content, "")
        check(manifest)
        check_seal(content)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: {error}; build the accelerator again") from error
    _check_files(folder, manifest)
    return manifest


def sealed(manifest: Manifest) -> Manifest:
    """Return the manifest with its seal. ValueError when it says what `load` refuses."""
    check(manifest)
    return replace(manifest, seal=seal_of(entries(manifest)))


def write_report(folder: Path, manifest: Manifest, name: str, report: Record) -> None:
    """Write the report of a command into the accelerator `folder`, unless the folder was built again meanwhile."""
    assert name in REPORTS, name
    path = Path(folder) / FILE
    try:
        content = parse_json(path.read_bytes())
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict) or content.get("seal") != manifest.seal:
        raise UserError(f"{folder} was built again or changed while this ran; give the command again")
    write_file(Path(folder) / name, report.to_json())


def estimates(folder: Path) -> dict[str, Any]:
    """estimates.json of an accelerator: {"part", "layers": [{"name", ...}], "total": {...}}; empty without one."""
    path = Path(folder) / "estimates.json"
    if not path.is_file():
        return {}
    try:
        content = parse_json(path.read_bytes())
        found: Estimates = parse(Estimates, content, "")
        if not all(isinstance(row.get("name"), str) for row in found.layers):
            raise ValueError("every layer must have a name")
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: {error}; build the accelerator again") from error
    assert isinstance(content, dict)
    return content


def check(manifest: Manifest) -> None:
    """Raise ValueError for values that no build writes. Names end up in Verilog, in Tcl and on command lines."""
    layers, size, output = manifest.layers, manifest.input, manifest.output
    if not layers or not output.classes:
        raise ValueError("there must be layers and classes")
    for name in (manifest.top, *(n for layer in layers for n in (layer.name, layer.module, layer.stream))):
        if not IDENTIFIER.fullmatch(name) or name in RESERVED:
            raise ValueError(f"{name[:60]!r} is not an identifier")
    for what in ("name", "module", "stream"):
        names = [getattr(layer, what) for layer in layers]
        if len({*names, manifest.top}) <= len(names):
            raise ValueError(f"the layers have a {what} twice, or that of the top module")
    _check_streams(layers)
    check_ports(size, output)
    sizes = [
        manifest.cycles_per_frame, manifest.frames_in_flight,
        *(n for layer in layers for n in (*layer.shape, layer.bits, layer.fold)),
        *(layer.cycles_per_frame for layer in layers),
    ]  # fmt: skip
    if min(sizes) < 1 or max(sizes) > LARGEST:
        raise ValueError(f"sizes must be at least 1 and at most {LARGEST}")
    for layer in layers:
        if len(layer.decode.offset) != layer.shape[2] or not 0 <= layer.pad_crop <= LARGEST:
            raise ValueError(f"layer {layer.name}: one offset per channel and a pad_crop from 0 are needed")
        if max(abs(n) for n in (layer.decode.scale, *layer.decode.offset)) > LARGEST or layer.decode.scale < 1:
            raise ValueError(f"layer {layer.name}: decode is out of range")
    slowest = max(size.beats_per_frame, *(layer.cycles_per_frame for layer in layers))
    if not slowest <= manifest.cycles_per_frame <= 2 * slowest:  # two layers together may be slower than each alone
        raise ValueError(f"cycles_per_frame is {manifest.cycles_per_frame}, and the slowest layer takes {slowest}")
    if not 0 < manifest.clock_mhz <= LARGEST or (manifest.fps is not None and not 0 < manifest.fps <= LARGEST):
        raise ValueError("clock_mhz and fps must be above 0")
    if not 0 <= manifest.ramb18_sites <= LARGEST:
        raise ValueError("ramb18_sites is out of range")
    if manifest.fps is not None and int(manifest.clock_mhz * 1e6 / manifest.fps) < slowest:
        raise ValueError(f"a frame takes {slowest} clocks, too many for the {manifest.fps:g} frames/s promised")
    from finn_build.boards import boards  # not at the top: the Python of a board cannot read TOML

    parts = {name: board.part for name, board in boards().items()}
    if manifest.part != (None if manifest.board is None else parts.get(manifest.board)):
        raise ValueError(f"part {str(manifest.part)[:40]!r} is not that of board {str(manifest.board)[:40]!r}")
    for name, depth in manifest.fifos.items():
        if not 0 <= depth <= LARGEST:
            raise ValueError(f"the FIFO before {name[:40]!r} has a depth out of range")
    if manifest.camera is not None and (*manifest.camera.size, manifest.camera.channels) != layer_shape(size):
        raise ValueError("camera does not make the pictures that the network takes")
    _check_data(manifest.data)
    check_names(manifest.files)


def layer_shape(size: Input) -> tuple[int, int, int]:
    """Return height, width and channels."""
    return size.height, size.width, size.channels


def _check_streams(layers: tuple[StreamLayer, ...]) -> None:
    """Raise ValueError unless each layer reads outputs of layers before it, and every output but the last is read."""
    made, read = {PIXEL_STREAM}, set[str]()
    for layer in layers:
        if not layer.inputs or not made.issuperset(layer.inputs) or layer.stream == PIXEL_STREAM:
            raise ValueError(
                f"the layers are not in the order of model.onnx: {layer.name} reads what none in front of it puts out"
            )
        if layer.operator == FIFO and len(layer.inputs) != 1:
            raise ValueError(f"the FIFO {layer.name} has several inputs")
        made.add(layer.stream)
        read.update(layer.inputs)
    if made - read != {layers[-1].stream}:
        raise ValueError("every stream but that of the last layer must be read")


def _check_data(data: Mapping[str, Any]) -> None:
    from bnn.data.source import parse_source  # reading pictures needs Pillow, which a board may lack

    parse_source(data)


def check_ports(size: Input, output: Output) -> None:
    """Raise ValueError when widths and sizes of pixels and result do not fit together."""
    sizes = [
        *dataclasses.astuple(size), output.tdata_bits, output.class_bits, output.score_bits, output.margin_bits,
        output.value_bits,
    ]  # fmt: skip
    if min(sizes) < 1 or max(sizes) > LARGEST:
        raise ValueError(f"sizes must be at least 1 and at most {LARGEST}")
    if (size.bits, size.tdata_bits) != (8, 8 * size.channels) or size.beats_per_frame != size.height * size.width:
        raise ValueError("a beat must be a pixel of one byte per channel")
    used = output.class_bits + len(output.classes) * output.score_bits + output.margin_bits
    if output.tdata_bits != -(-used // 8) * 8 or len(output.classes) > 1 << max(0, output.class_bits - 2):
        raise ValueError(f"class, scores and margin take {used} bits and not {output.tdata_bits}")
    if (output.broken_bit, output.unsure_bit) != (output.class_bits - 1, output.class_bits - 2):
        raise ValueError(
            f"broken_bit is {output.broken_bit} and unsure_bit {output.unsure_bit}, and must be the highest of the "
            "class' field"
        )
    if output.value_bits > output.score_bits or output.value_bits + 2 > output.margin_bits:
        raise ValueError(f"scores of {output.value_bits} bits do not fit their fields in the result")
    for name in output.classes:
        fault = class_fault(name)
        if fault:
            raise ValueError(f"class name {name[:80]!r} is not allowed: {fault}")
    if len(set(output.classes)) < len(output.classes):
        raise ValueError("two classes have one name")


def _check_files(folder: Path, manifest: Manifest) -> None:
    if "model.onnx" not in manifest.files:
        raise UserError(f"{folder / FILE}: model.onnx is not among the files; build the accelerator again")
    damage = first_damage(folder, manifest.files)
    if damage is not None:
        path, what = damage
        words = {
            Damage.OUTSIDE: "leads outside the accelerator folder;",
            Damage.MISSING: "is missing;",
            Damage.CHANGED: f"does not match its hash in {FILE}; it was changed:",
        }
        raise UserError(f"{path} {words[what]} build the accelerator again")
    if manifest.files["model.onnx"] != manifest.model_sha256:
        raise UserError(f"{folder / FILE}: model_sha256 is not the hash of model.onnx; build the accelerator again")
    for name in SOURCES:  # a compiler looks here for files that a source names
        for entry in sorted((folder / name).iterdir()) if (folder / name).is_dir() else ():
            if f"{name}/{entry.name}" not in manifest.files and not entry.is_dir() and entry.suffix not in LOGS:
                raise UserError(f"{entry} is not among the files that build wrote; take it away")
