"""Check the C++ of an accelerator against the network: every layer alone, then all of them as one dataflow.

g++ compiles what Vitis HLS would take, with the ap_types headers that the hls4ml package carries.
"""

import importlib.metadata
import importlib.util
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.integer.reference import Ints
from bnn.storage.cache import cache_folder, keep
from bnn.storage.records import Record
from bnn.system import processes
from bnn.system.threads import threads
from finn_build.manifest import PIXEL_STREAM, Manifest, StreamLayer
from finn_build.operating import point_in
from finn_build.results import point_word
from sim.localise import expected_stream
from sim.pictures import choose_pictures, planes
from sim.points import points_to_check
from sim.runner import SimulationError, check_tools, contents, versions
from sim.runtime import digest
from sim.subject import Subject, opened_subject

BENCH = Path(__file__).resolve().parent / "benches" / "nj_cppsim.cpp"
FLAGS = ("-O2", "-std=c++14", "-Wno-unknown-pragmas", "-Wno-attributes")
COMPILE_TIMEOUT_S = 300.0
FRAME_TIMEOUT_S = 30.0
BATCH = 64  # frames at a time: what every layer puts out is kept for them
REPORT = "cppsim.json"
TYPES = "nj_types.h"
INPUTS = ("NJ_IN", "NJ_IN1")  # macros of the bench: the widths of the streams that a function reads


@dataclass(frozen=True)
class Program:
    """A function in C++, compiled, and the widths of its streams in bits."""

    name: str
    path: Path
    out_bits: int
    seconds: float  # that compiling took; 0 when it was found in the cache


@dataclass(frozen=True)
class UnitReport(Record):
    """What was found of a layer, or of all as one."""

    name: str
    compile_seconds: float  # 0 when it was found in the cache
    mismatches: int


@dataclass(frozen=True)
class BeatDifference(Record):
    """The first beat of a layer that differs."""

    layer: str
    frame: int
    element: int | None  # the beat; None when there are too few or too many beats


@dataclass(frozen=True)
class CppVerification(Record):
    """cppsim.json."""

    format: str
    version: int
    passed: bool
    data: str
    frames: int
    mismatches: int
    accuracy: float | None
    units: tuple[UnitReport, ...]
    first_mismatch: BeatDifference | None
    model_sha256: str
    run_seconds: float
    seconds: float


def verify_cppsim(
    acc: Path,
    data: str | Path | None = None,
    frames: str | int | None = None,
    resize: bool = False,
    seed: int = 1,
    trust: bool = False,
) -> CppVerification:
    """Compile every HLS layer of the accelerator folder `acc`, and run it, and all in a row, on pictures.

    data, frames, resize, trust: as for `sim.accelerator.verify`; None `frames` is all. A layer reads what the reference
    says is put out before it, so that each is judged for itself. The arg-max is run at several operating points on
    each picture, the whole at one of them, in turn (sim.points). Write cppsim.json into the folder and return what it
    says. Raise UserError for a damaged folder or one without C++, SimulationError when the compiler or a program fails.
    """
    started = time.perf_counter()
    with opened_subject(acc, REPORT, trust=trust) as subject:
        manifest = subject.manifest
        if f"hls/{manifest.top}.cpp" not in manifest.files:
            raise UserError(f"{acc} has no C++ of its layers; make one with `neuraljet build ... --backend hls`")
        pictures = choose_pictures(manifest, data, "all" if frames is None else frames, resize, seed)
        check_tools()
        judge = Judge(subject, _programs(subject), seed)
        running, correct = time.perf_counter(), 0
        for begin in range(0, len(pictures.images), BATCH):
            classes = judge.run(pictures.images[begin : begin + BATCH], begin)
            if pictures.labels is not None:
                correct += int((classes == pictures.labels[begin : begin + BATCH]).sum())
        count, wrong = len(pictures.images), judge.wrong
        report = CppVerification(
            format="neuraljet-cppsim",
            version=1,
            passed=not any(wrong.values()),
            data=pictures.name,
            frames=count,
            mismatches=len(set().union(*wrong.values())),
            accuracy=correct / count if pictures.labels is not None else None,
            units=tuple(
                UnitReport(name, round(program.seconds, 2), len(wrong[name]))
                for name, program in judge.programs.items()
            ),
            first_mismatch=judge.first,
            model_sha256=manifest.model_sha256,
            run_seconds=round(time.perf_counter() - running, 3),
            seconds=round(time.perf_counter() - started, 3),
        )
        subject.write(report)
    return report


class Judge:
    """Runs the layers one by one on what the reference gives them to read, and notes the frames that differ."""

    def __init__(self, subject: Subject, programs: Mapping[str, Program], seed: int) -> None:
        """programs: by name of the module, the layers in order and the whole last. seed: of the operating points."""
        self.own, self.seed = point_in(subject.acc, subject.manifest.output, subject.manifest.model_sha256), seed
        self.points: tuple[OperatingPoint, ...] = ()  # chosen for the first batch
        self.manifest, self.network, self.programs = subject.manifest, subject.network, programs
        self.wrong: dict[str, set[int]] = {name: set() for name in programs}
        self.first: BeatDifference | None = None

    def run(self, images: NDArray[np.uint8], begin: int) -> Ints:
        """Judge every layer and the whole on a batch [N, H, W, C] whose first frame is `begin`; return the classes."""
        scores, tensors = self.network.run(planes(images), taps=True)
        output, layers = self.manifest.output, self.manifest.computing()
        self.points = self.points or points_to_check(scores, output, self.own, self.seed)
        pixels = pack(images.astype(np.int64), 8)
        streams = {PIXEL_STREAM: pixels}  # beats [N, beats, bytes] by the name of the stream
        for layer in layers:
            program = self.programs[layer.module]
            inputs = [streams[name] for name in read_by(self.manifest, layer)]
            if layer is layers[-1]:
                for point in self.points:
                    got = run_program(program, *inputs, point=point_word(point, output))
                    self._note(layer.module, layer.name, begin, got, result_words(scores, point, self.manifest))
                continue
            got = run_program(program, *inputs)
            if layer.onnx_tensor in tensors:
                wanted = pack(expected_stream(layer, tensors[layer.onnx_tensor]), layer.bits)
            else:  # the model has no such tensor: the next layer is judged on what this one puts out
                wanted = got
            streams[layer.stream] = wanted
            self._note(layer.module, layer.name, begin, got, wanted)
        for number, point in enumerate(self.points):
            some = np.arange(len(images)) % len(self.points) == number
            if some.any():
                got = run_program(self.programs[self.manifest.top], pixels[some], point=point_word(point, output))
                for frame, _ in _differences(got, result_words(scores[some], point, self.manifest)):
                    self.wrong[self.manifest.top].add(begin + int(np.flatnonzero(some)[frame]))
        return decide(scores, self.own).classes

    def _note(self, module: str, name: str, begin: int, got: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> None:
        """Note the frames in which a layer differs."""
        for frame, element in _differences(got, wanted):
            self.wrong[module].add(begin + frame)
            self.first = self.first or BeatDifference(name, begin + frame, element)


def read_by(manifest: Manifest, layer: StreamLayer) -> tuple[str, ...]:
    """Return the names of the streams that a layer reads; C++ has no FIFOs between them."""
    return tuple(PIXEL_STREAM if source is None else source.stream for source in manifest.sources(layer))


def ap_types() -> Path:
    """Return the folder of ap_int.h and hls_stream.h; raise UserError without hls4ml, which brings them."""
    spec = importlib.util.find_spec("hls4ml")
    folder = Path(spec.origin).parent / "templates" / "vivado" / "ap_types" if spec and spec.origin else None
    if folder is None or not (folder / "ap_int.h").is_file():
        raise UserError("C++ simulation needs the headers of the PyPI package 'hls4ml': run `make setup`")
    return folder


def types(flags: Sequence[str]) -> list[str]:
    """Return arguments of g++ that give it the types of Vitis HLS, precompiled once for these `flags`.

    Reading them takes 1.3 s of a processor, twice for a program of two files, and 0.1 s when they are precompiled. With
    flags that do not fit g++ reads them as they are.
    """
    headers, release = ap_types(), importlib.metadata.version("hls4ml")
    text = "".join(f"#include <{name}>\n" for name in ("ap_int.h", "hls_stream.h", "cstdio", "cstdlib", "iostream"))
    folder = cache_folder("cppsim") / f"types-{digest(list(flags), versions(), release, text)}"

    def make(place: Path) -> None:
        (place / TYPES).write_text(text)
        command = ["g++", *flags, "-I", str(headers), "-x", "c++-header", TYPES, "-o", f"{TYPES}.gch"]
        environment = {**os.environ, "TMPDIR": str(place)}
        done = processes.run(command, cwd=place, env=environment, timeout_s=COMPILE_TIMEOUT_S)
        if done.code:
            raise SimulationError(f"g++ does not take the types of Vitis HLS:\n{done.output[-4000:]}")

    keep(folder, (f"{TYPES}.gch", TYPES), make)
    return [*flags, "-I", str(headers), "-include", str(folder / TYPES)]


def _programs(subject: Subject) -> dict[str, Program]:
    """Compile the layers and the whole, by the names of their modules."""
    manifest, layers = subject.manifest, subject.manifest.computing()
    bits = {PIXEL_STREAM: manifest.input.tdata_bits}
    bits |= {layer.stream: 8 * ceil(layer.shape[2] * layer.bits / 8) for layer in layers}
    bits[layers[-1].stream] = manifest.output.tdata_bits
    point = manifest.output.point_bits
    jobs = [
        (
            layer.module, [bits[name] for name in read_by(manifest, layer)], bits[layer.stream],
            point if layer is layers[-1] else 0,
        )
        for layer in layers
    ]  # fmt: skip
    jobs.append((manifest.top, [bits[PIXEL_STREAM]], bits[layers[-1].stream], point))
    with threads(2) as pool:
        return {program.name: program for program in pool.map(lambda job: _compile(subject.acc, *job), jobs)}


def _compile(acc: Path, name: str, in_bits: Sequence[int], out_bits: int, point_bits: int) -> Program:
    """Compile hls/<name>.cpp with the bench, or find it by the content of all that it can include.

    point_bits: of the operating point, of a function that takes one.
    """
    folder = acc / "hls"
    assert len(in_bits) <= len(INPUTS), f"{name} reads {len(in_bits)} streams"
    inputs = [f"-D{macro}={bits}" for macro, bits in zip(INPUTS, in_bits, strict=False)]
    flags = [f"-DNJ_TOP={name}", *inputs, f"-DNJ_OUT={out_bits}"]
    flags += [f"-DNJ_POINT={point_bits}"] if point_bits else []
    sources = [BENCH, *sorted(folder.glob("nj_*.hpp")), *_includes(folder, name)]
    ap_types()
    key = digest([*FLAGS, *flags], versions(), [importlib.metadata.version("hls4ml")], contents(sources))
    kept = cache_folder("cppsim") / f"{name}-{key}"

    def make(place: Path) -> None:
        command = [
            "g++", *types(FLAGS), *flags, "-I", str(folder), str(BENCH), str(folder / f"{name}.cpp"),
            "-o", str(place / name),
        ]  # fmt: skip
        try:
            environment = {**os.environ, "TMPDIR": str(place)}
            done = processes.run(command, env=environment, timeout_s=COMPILE_TIMEOUT_S)
        except processes.TimeLimit:
            raise SimulationError(f"g++ needed more than {COMPILE_TIMEOUT_S:g} s for {name}.cpp") from None
        if done.code:
            raise SimulationError(f"g++ does not take {folder / name}.cpp:\n{done.output[-4000:]}")

    started = time.perf_counter()
    fresh = keep(kept, (name,), make)
    return Program(name, kept / name, out_bits, time.perf_counter() - started if fresh else 0.0)


def _includes(folder: Path, name: str) -> list[Path]:
    """Return the .cpp and the layer headers that it names."""
    source = folder / f"{name}.cpp"
    text = source.read_text()
    return [source, *(path for path in sorted(folder.glob("*.hpp")) if f'"{path.name}"' in text)]


def result_words(scores: Ints, point: OperatingPoint, manifest: Manifest) -> NDArray[np.uint8]:
    """Return the result words [N, 1, bytes] of whole frames with these scores [N, classes]."""
    output, found = manifest.output, decide(scores, point)
    fields = [
        pack(
            (found.classes | found.unsure.astype(np.int64) << output.unsure_bit)[:, None, None, None], output.class_bits
        ),
        pack(scores[:, None, None, :], output.score_bits),
        pack(found.margins[:, None, None, None], output.margin_bits),
    ]
    return np.concatenate(fields, axis=2)


def pack(values: Ints, bits: int) -> NDArray[np.uint8]:
    """Pack [N, H, W, C] as beats [N, H*W, bytes], channel 0 in the low bits, two's complement.

    >>> pack(np.array([[[[1, -1]]]]), 4).tolist()
    [[[241]]]
    """
    n, height, width, channels = values.shape
    planes = (values[..., None] >> np.arange(bits)) & 1  # [N, H, W, C, bits]
    rows = planes.reshape(n, height * width, channels * bits).astype(np.uint8)
    return np.packbits(rows, axis=2, bitorder="little")


def run_program(program: Program, *inputs: NDArray[np.uint8], point: int | None = None) -> NDArray[np.uint8]:
    """Send frames [N, beats, bytes] through, of each stream that it reads; return [N, beats out, bytes].

    point: the operating point of all of them, for a function that takes one.

    All inputs have as many beats. The bench takes those of a frame of the first stream, then of the second.
    """
    count, beats, _ = inputs[0].shape
    data = np.concatenate([each.reshape(count, -1) for each in inputs], axis=1).tobytes()
    try:
        limit = 60 + FRAME_TIMEOUT_S * count
        arguments = [str(beats), *([f"0x{point:x}"] if point is not None else [])]
        done = processes.run([program.path, *arguments], data=data, timeout_s=limit)
    except processes.TimeLimit:
        raise SimulationError(f"{program.name} did not end in time on {count} frames") from None
    if done.code:
        raise SimulationError(f"{program.name} ended with {done.code}: {done.output}")
    raw = np.frombuffer(done.data, np.uint8)
    if len(raw) % (count * program.out_bits // 8):
        raise SimulationError(f"{program.name} gave {len(raw)} bytes for {count} frames: no whole number a frame")
    return raw.reshape(count, -1, program.out_bits // 8)


def _differences(got: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> Iterator[tuple[int, int | None]]:
    """Yield the frames that differ, each with the first beat that does, None when it has too few or too many."""
    if got.shape != wanted.shape:
        yield from ((frame, None) for frame in range(len(wanted)))
        return
    differs = (got != wanted).any(2)
    for frame in np.flatnonzero(differs.any(1)):
        yield int(frame), int(np.argmax(differs[frame]))
