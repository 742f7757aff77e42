"""manifest.json of an accelerator folder: all that the next step (simulation, synthesis) needs to know.

A stream carries one beat per pixel, channel c at bits [c*bits +: bits]. What it means for the model:

    onnx tensor (cropped by pad_crop on every side) = decode.scale * stream + decode.offset[c]
"""

import dataclasses
import hashlib
import json
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnn.errors import UserError

FILE = "manifest.json"
SOURCE = "source.onnx"  # beside model.onnx, when that was imported from a file of another program: the file
PIXELS = "neuraljet.pixels"  # of model.onnx' metadata then: what the source takes, unit or byte
FORMAT = "neuraljet-accelerator"
VERSION = 1
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
RELATIVE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


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
    """The result stream m_axis: one beat per frame, the class in the low bits, then the signed scores."""

    tdata_bits: int
    class_bits: int
    score_bits: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Decode:
    """tensor = scale * stream + offset[c]."""

    scale: int
    offset: tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """One instance in the top module and the stream it puts out."""

    name: str
    operator: str  # of FINN's graph, JetConv_rtl for example
    module: str  # the wrapper, one per layer
    onnx_tensor: str  # of model.onnx, that the stream carries
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
class Manifest:
    """The whole file."""

    format: str
    version: int
    top: str
    input: Input
    output: Output
    layers: tuple[Layer, ...]
    clock_mhz: float
    fps: float | None  # asked for; None: a pixel per clock
    cycles_per_frame: int
    board: str | None
    part: str | None
    data: Mapping[str, Any]  # where the test pictures come from
    tools: Mapping[str, str]
    model_sha256: str
    files: Mapping[str, str]  # relative path -> SHA-256

    def computing(self) -> tuple[Layer, ...]:
        """The layers without the FIFOs between them."""
        return tuple(layer for layer in self.layers if layer.operator != "StreamFIFO_rtl")

    def in_cpp(self) -> tuple[str, ...]:
        """The layers that are C++: no RTL is there for them before Vitis HLS made some."""
        return tuple(layer.name for layer in self.layers if layer.operator.endswith("_hls"))

    def require_rtl(self, what: str) -> None:
        """UserError when a layer is C++ and `what`, a command, cannot do its work."""
        if self.in_cpp():
            raise UserError(
                f"{what} needs RTL, and {', '.join(self.in_cpp())} are C++ for Vitis HLS; check them with "
                "`neuraljet verify ACC --cppsim`, or build the accelerator with --backend rtl"
            )

    def to_json(self) -> str:
        """The text of the file."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"


def load(folder: Path) -> Manifest:
    """Read and check manifest.json in `folder`, and the hash of every file it lists.

    UserError when the folder is no accelerator, when a path would leave the folder, or when a file is
    missing or was changed.
    """
    folder = Path(folder)
    path = folder / FILE
    if not path.is_file():
        raise UserError(f"{folder} is not an accelerator folder (no {FILE} there); make one with `neuraljet build`")
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:  # also what is not UTF-8
        raise UserError(f"{path} is not valid JSON ({error}); build the accelerator again") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError(f"{path} is not of format '{FORMAT}'; make the folder with `neuraljet build`")
    version = content.get("version")
    if version != VERSION:
        raise UserError(f"{path} is of version {version!r}, this program reads {VERSION}; build the accelerator again")
    try:
        manifest: Manifest = parse(Manifest, content, "")
        _check(manifest)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: {error}; build the accelerator again") from error
    _check_files(folder, manifest)
    return manifest


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def parse(kind: Any, value: Any, where: str) -> Any:
    """`value` of parsed JSON as an instance of the annotated type `kind`; TypeError names the entry."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise TypeError(f"{where} must be an object")
        fields = typing.get_type_hints(kind)
        if set(fields) != set(value):
            wrong = sorted(set(fields) ^ set(value))
            raise TypeError(f"{where or 'the file'}: entries missing or unknown: {', '.join(map(str, wrong))}")
        entries = {n: parse(t, value[n], f"{where}.{n}".lstrip(".")) for n, t in fields.items()}
        return typing.cast(type, kind)(**entries)
    if origin is tuple:
        if not isinstance(value, list) or (arguments[-1] is not Ellipsis and len(value) != len(arguments)):
            raise TypeError(f"{where} must be a list" + ("" if arguments[-1] is Ellipsis else f" of {len(arguments)}"))
        return tuple(parse(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is Mapping or origin is typing.get_origin(Mapping[str, str]):
        if not isinstance(value, dict):
            raise TypeError(f"{where} must be an object")
        return {str(n): parse(arguments[1], item, f"{where}.{n}") for n, item in value.items()}
    if origin is types.UnionType:
        return None if value is None else parse(arguments[0], value, where)
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{where} is {value!r} and must be of type {kind.__name__}")
    return value


def _check(manifest: Manifest) -> None:
    """ValueError for values that no build gives; names end up in Verilog and on command lines."""
    layers = manifest.layers
    for name in (manifest.top, *(n for layer in layers for n in (layer.name, layer.module, layer.stream))):
        if not IDENTIFIER.fullmatch(name):
            raise ValueError(f"{name!r} is not an identifier")
    sizes = [
        *(getattr(manifest.input, f.name) for f in dataclasses.fields(Input)),
        manifest.output.tdata_bits, manifest.output.class_bits, manifest.output.score_bits, manifest.cycles_per_frame,
        *(n for layer in layers for n in (*layer.shape, layer.bits, layer.fold)),
    ]  # fmt: skip
    if min(sizes) < 1 or not layers or not manifest.output.classes:
        raise ValueError("sizes must be at least 1, and there must be layers and classes")
    for layer in layers:
        if len(layer.decode.offset) != layer.shape[2] or layer.pad_crop < 0:
            raise ValueError(f"layer {layer.name}: one offset per channel and a pad_crop from 0 are needed")
    for name in manifest.files:
        if not RELATIVE.fullmatch(name) or ".." in name.split("/"):
            raise ValueError(f"file name {name!r} does not stay inside the folder")


def _check_files(folder: Path, manifest: Manifest) -> None:
    inside = folder.resolve()
    if "model.onnx" not in manifest.files:
        raise UserError(f"{folder / FILE}: model.onnx is not among the files; build the accelerator again")
    for name, expected in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(inside):
            raise UserError(f"{path} leads outside the accelerator folder; build the accelerator again")
        if not path.is_file():
            raise UserError(f"{path} is missing; build the accelerator again")
        if sha256(path) != expected:
            raise UserError(f"{path} does not match its hash in {FILE}; it was changed: build the accelerator again")
    if manifest.files["model.onnx"] != manifest.model_sha256:
        raise UserError(f"{folder / FILE}: model_sha256 is not the hash of model.onnx; build the accelerator again")
