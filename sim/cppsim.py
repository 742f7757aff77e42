"""The C++ of an accelerator against the network: every layer alone, then all of them as one dataflow.

g++ compiles what Vitis HLS would take, with the ap_types headers that the hls4ml package carries.
"""

import importlib.metadata
import importlib.util
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bnn.errors import UserError
from bnn.integer.network import IntegerNetwork
from bnn.integer.reference import Ints
from bnn.qonnx.read import read_qonnx
from bnn.storage.cache import cache_folder, keep
from bnn.storage.files import require_room
from bnn.system import processes
from bnn.system.threads import threads
from finn_build.manifest import Manifest, StreamLayer, write_report
from finn_build.trust import opened
from sim.frames import unpack_result
from sim.localise import expected_stream
from sim.pictures import choose_pictures, planes
from sim.runner import SimulationError, check_tools, contents, digest, versions

BENCH = Path(__file__).resolve().parent / "benches" / "nj_cppsim.cpp"
FLAGS = ("-O2", "-std=c++14", "-Wno-unknown-pragmas", "-Wno-attributes")
COMPILE_TIMEOUT_S = 300.0
FRAME_TIMEOUT_S = 30.0
BATCH = 64  # frames at a time: what every layer puts out is kept for them
REPORT = "cppsim.json"


@dataclass(frozen=True)
class Unit:
    """A function in C++, compiled."""

    name: str
    program: Path
    seconds: float  # that compiling took; 0 when it was found in the cache


def verify_cppsim(
    acc: Path,
    data: str | Path | None = None,
    frames: str | int | None = None,
    resize: bool = False,
    seed: int = 1,
    trust: bool = False,
) -> dict[str, Any]:
    """Compile every HLS layer of the accelerator folder `acc`, and run it, and all in a row, on pictures.

    data, frames, resize, trust: as for `sim.accelerator.verify`; None `frames` is all. A layer reads what the reference
    says is put out before it, so that each is judged for itself. Writes cppsim.json into the folder and returns it.
    UserError for a damaged folder or one without C++; SimulationError when the compiler or a program fails.
    """
    started = time.perf_counter()
    acc = Path(acc)
    require_room(acc, REPORT)
    with opened(acc, trust=trust) as manifest:
        return _verify(acc, manifest, data, frames, resize, seed, started)


def _verify(
    acc: Path,
    manifest: Manifest,
    data: str | Path | None,
    frames: str | int | None,
    resize: bool,
    seed: int,
    started: float,
) -> dict[str, Any]:
    if f"hls/{manifest.top}.cpp" not in manifest.files:
        raise UserError(f"{acc} has no C++ of its layers; make one with `neuraljet build ... --backend hls`")
    network = read_qonnx(acc / "model.onnx")
    pictures = choose_pictures(manifest, data, "all" if frames is None else frames, resize, seed)
    check_tools()
    layers = manifest.computing()
    sizes = _widths(manifest, layers)
    names = [*(layer.module for layer in layers), manifest.top]
    with threads(2) as pool:
        units = list(pool.map(lambda item: _compile(acc, *item), zip(names, sizes, strict=True)))
    wrong: dict[str, set[int]] = {unit.name: set() for unit in units}
    first: dict[str, Any] | None = None
    correct = 0
    running = time.perf_counter()
    for begin in range(0, len(pictures.images), BATCH):
        images = pictures.images[begin : begin + BATCH]
        streams, scores, classes = _streams(network, manifest, layers, images)
        if pictures.labels is not None:
            correct += int((classes == pictures.labels[begin : begin + BATCH]).sum())
        for index, layer in enumerate(layers):
            read, wanted = streams[index], streams[index + 1]
            assert read is not None
            got = _run(units[index], read, sizes[index][1])
            if wanted is None:  # the model has no such tensor: the next layer is judged on what this one puts out
                streams[index + 1] = got
                continue
            for frame, element in _differences(got, wanted):
                wrong[layer.module].add(begin + frame)
                first = first or {"layer": layer.name, "frame": begin + frame, "element": element}
        assert streams[0] is not None
        got = _run(units[-1], streams[0], sizes[-1][1])
        results = [unpack_result(int.from_bytes(row.tobytes(), "little"), manifest) for row in got[:, 0]]
        for frame, (label, score) in enumerate(zip(classes, scores, strict=True)):
            if results[frame] != (int(label), score.tolist()):
                wrong[manifest.top].add(begin + frame)
    count = len(pictures.images)
    report = {
        "format": "neuraljet-cppsim",
        "version": 1,
        "passed": not any(wrong.values()),
        "data": pictures.name,
        "frames": count,
        "mismatches": len(set().union(*wrong.values())),
        "accuracy": correct / count if pictures.labels is not None else None,
        "units": [
            {"name": unit.name, "compile_seconds": round(unit.seconds, 2), "mismatches": len(wrong[unit.name])}
            for unit in units
        ],
        "first_mismatch": first,
        "model_sha256": manifest.model_sha256,
        "run_seconds": round(time.perf_counter() - running, 3),
        "seconds": round(time.perf_counter() - started, 3),
    }
    write_report(acc, manifest, REPORT, report)
    return report


def ap_types() -> Path:
    """The folder of ap_int.h and hls_stream.h; UserError when hls4ml, which brings them, is not installed."""
    spec = importlib.util.find_spec("hls4ml")
    folder = Path(spec.origin).parent / "templates" / "vivado" / "ap_types" if spec and spec.origin else None
    if folder is None or not (folder / "ap_int.h").is_file():
        raise UserError("C++ simulation needs the headers of the PyPI package 'hls4ml': run `make setup`")
    return folder


def _widths(manifest: Manifest, layers: Sequence[StreamLayer]) -> list[tuple[int, int]]:
    """Widths of the streams of each layer, then of the whole: (in, out) in bits."""
    bits = [manifest.input.tdata_bits, *(8 * ceil(layer.shape[2] * layer.bits / 8) for layer in layers[:-1])]
    bits.append(manifest.output.tdata_bits)
    return [*pairwise(bits), (bits[0], bits[-1])]


def _compile(acc: Path, name: str, widths: tuple[int, int]) -> Unit:
    """hls/<name>.cpp with the bench, found again by the content of all that it can include."""
    folder = acc / "hls"
    flags = [*FLAGS, f"-DNJ_TOP={name}", f"-DNJ_IN={widths[0]}", f"-DNJ_OUT={widths[1]}"]
    sources = [BENCH, *sorted(folder.glob("nj_*.hpp")), *_includes(folder, name)]
    headers = ap_types()
    key = digest(flags, versions(), [importlib.metadata.version("hls4ml")], contents(sources))
    kept = cache_folder("cppsim") / f"{name}-{key}"

    def make(place: Path) -> None:
        command = [
            "g++", *flags, "-I", str(headers), "-I", str(folder), str(BENCH), str(folder / f"{name}.cpp"),
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
    return Unit(name, kept / name, time.perf_counter() - started if fresh else 0.0)


def _includes(folder: Path, name: str) -> list[Path]:
    """The .cpp and the layer headers it names."""
    source = folder / f"{name}.cpp"
    text = source.read_text()
    return [source, *(path for path in sorted(folder.glob("*.hpp")) if f'"{path.name}"' in text)]


def _streams(
    network: IntegerNetwork, manifest: Manifest, layers: Sequence[StreamLayer], images: NDArray[np.uint8]
) -> tuple[list[NDArray[np.uint8] | None], Ints, Ints]:
    """Beats [N, beats, bytes] of the pixels and of what each layer puts out, by the reference; scores and classes.

    None where the model has no tensor of that stream.
    """
    scores, tensors = network.run(planes(images), taps=True)
    classes = network.classify(scores)
    streams: list[NDArray[np.uint8] | None] = [pack(images.astype(np.int64), 8)]
    for layer in layers[:-1]:
        tensor = tensors.get(layer.onnx_tensor)
        streams.append(None if tensor is None else pack(expected_stream(layer, tensor), layer.bits))
    output = manifest.output
    result = np.concatenate([pack(classes[:, None, None, None], output.class_bits),
                             pack(scores[:, None, None, :], output.score_bits)], axis=2)  # fmt: skip
    missing = output.tdata_bits // 8 - result.shape[2]
    return [*streams, np.pad(result, ((0, 0), (0, 0), (0, missing)))], scores, classes


def pack(values: Ints, bits: int) -> NDArray[np.uint8]:
    """[N, H, W, C] as beats [N, H*W, bytes], channel 0 in the low bits, two's complement.

    >>> pack(np.array([[[[1, -1]]]]), 4).tolist()
    [[[241]]]
    """
    n, height, width, channels = values.shape
    planes = (values[..., None] >> np.arange(bits)) & 1  # [N, H, W, C, bits]
    rows = planes.reshape(n, height * width, channels * bits).astype(np.uint8)
    return np.packbits(rows, axis=2, bitorder="little")


def _run(unit: Unit, beats: NDArray[np.uint8], out_bits: int) -> NDArray[np.uint8]:
    """Send frames [N, beats, bytes] through; [N, beats out, bytes]."""
    try:
        limit = 60 + FRAME_TIMEOUT_S * len(beats)
        done = processes.run([unit.program, str(beats.shape[1])], data=beats.tobytes(), timeout_s=limit)
    except processes.TimeLimit:
        raise SimulationError(f"{unit.name} did not end in time on {len(beats)} frames") from None
    if done.code:
        raise SimulationError(f"{unit.name} ended with {done.code}: {done.output}")
    raw = np.frombuffer(done.data, np.uint8)
    if len(raw) % (len(beats) * out_bits // 8):
        raise SimulationError(f"{unit.name} gave {len(raw)} bytes for {len(beats)} frames, which is no whole number")
    return raw.reshape(len(beats), -1, out_bits // 8)


def _differences(got: NDArray[np.uint8], wanted: NDArray[np.uint8]) -> Iterator[tuple[int, int | None]]:
    """Frames that differ, each with the first beat that does; None when there are too few or too many beats."""
    if got.shape != wanted.shape:
        yield from ((frame, None) for frame in range(len(wanted)))
        return
    differs = (got != wanted).any(2)
    for frame in np.flatnonzero(differs.any(1)):
        yield int(frame), int(np.argmax(differs[frame]))
