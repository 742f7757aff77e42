"""From model.onnx to an accelerator folder, in seconds and without a vendor tool."""

import dataclasses
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Any

from bnn.data.source import parse_source
from bnn.errors import UserError
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.read import network_of
from bnn.qonnx.write import write_qonnx
from bnn.storage.files import lock, new_folder, refuse_foreign
from bnn.storage.records import entries, parse_json, sha256
from finn_build import adapter
from finn_build.boards import Board, check_fits, find_board
from finn_build.folders import ACCELERATOR
from finn_build.known import remember
from finn_build.manifest import (
    FILE,
    FORMAT,
    LARGEST,
    PIXELS,
    SOURCE,
    VERSION,
    Manifest,
    input_name,
    sealed,
)
from finn_build.origin import original
from finn_build.recognise import Stage, recognise


def build(
    model: Path,
    out: Path,
    *,
    board: str | None = None,
    fps: float | None = None,
    clock_mhz: float = 200.0,
    pixels: str | None = None,
    backend: str = "rtl",
    fifos: Mapping[str, int] | int | None = None,
) -> dict[str, Any]:
    """Compile the QONNX file `model` into the accelerator folder `out`, which appears whole or not at all.

    board: names the part, and the estimate must fit it. fps: frames per second to reach with the least hardware;
    without it the accelerator takes a pixel per clock, or is as fast as its largest layer can be built. pixels: of a
    file that another program exported, what its input takes (see bnn.qonnx.foreign); the folder then holds the file
    itself, source.onnx, and what it was imported as, model.onnx. Of such a folder's model.onnx the source is built
    again (finn_build.origin). backend: rtl, hls or auto for all layers, then NAME=BACKEND
    for single ones, separated by commas. fifos: depths of the FIFOs in front of layers by their names (sim.fifos finds
    them), or one for all layers but the first; without it finn_build.timing says. Returns cycles_per_frame, fps (that
    the clock gives), seconds, of these search_seconds to choose how each layer is built, the estimated total, the table
    of layers and notes on the import and the rate. UserError for what cannot be built.
    """
    started = time.perf_counter()
    model, out = Path(model), Path(out)
    for name, value in (("--clock-mhz", clock_mhz), ("--fps", 1.0 if fps is None else fps)):
        if not (isfinite(value) and 0 < value <= LARGEST):
            raise UserError(f"{name} {value} is not a number above 0 and at most {LARGEST}")
    adapter.require()
    chosen = find_board(board) if board is not None else None
    refuse_foreign(out, ACCELERATOR)
    with lock(out):
        return _build(model, out, started, chosen, fps, clock_mhz, pixels, backend, fifos)


def _build(
    model: Path,
    out: Path,
    started: float,
    chosen: Board | None,
    fps: float | None,
    clock_mhz: float,
    pixels: str | None,
    backend: str,
    fifos: Mapping[str, int] | int | None,
) -> dict[str, Any]:
    """What `build` does when nobody else works on `out`."""
    part = chosen.part if chosen else None
    model, pixels, choice = original(model, pixels)
    network, notes = _read(model, pixels)
    if len(set(network.classes)) < len(network.classes):
        raise UserError(f"{model}: two classes have one name: {', '.join(network.classes)}; rename one")
    data = _test_set(network, model)
    source, stages = recognise(network)

    with adapter.workspace():
        from finn_build import folding, stitch
        from finn_build.cpp import chosen_backends, in_cpp, write_hls
        from finn_build.graph import make_design, named
        from finn_build.in_flight import frames_in_flight
        from finn_build.timing import fifo_depths

        backends = chosen_backends(backend, named(source, stages))
        stages = [stage.made_with(end) for stage, end in zip(stages, backends.values(), strict=True)]
        plain = make_design(source, stages, network.metadata)
        search = time.perf_counter()
        cycles, chosen_ways, slower = folding.fold_to_rate(plain, fps, clock_mhz, part)
        search = time.perf_counter() - search
        if fifos is None:
            fifos = fifo_depths(plain.nodes, plain.operators, cycles)
        elif isinstance(fifos, int):
            fifos = {input_name(node.name, i): fifos for node in plain.nodes[1:] for i in range(len(node.inputs))}
        folded = [_folded(node.stage, plain.operators[node.name]) for node in plain.nodes]
        design = make_design(source, folded, network.metadata, fifos)
        finn_model = stitch.generate(design, part, clock_mhz)
        design = dataclasses.replace(design, model=finn_model, operators=_operators(finn_model))
        estimates = stitch.estimate(design, finn_model, part, chosen_ways)
        if chosen:
            check_fits(chosen, estimates["total"])
        per_layer = {layer["name"]: layer["cycles_per_frame"] for layer in estimates["layers"]}
        with new_folder(out, ACCELERATOR) as folder:
            in_flight = frames_in_flight(design, cycles)
            stitch.write_rtl(design, folder, network.classes, cycles, in_flight)
            if "hls" in backends.values():
                whole = make_design(source, [in_cpp(stage) for stage in folded], {}, fifos)
                write_hls(design, whole, folder, stitch.TOP, network.classes, part, clock_mhz)
            if _is_foreign(network):
                write_qonnx(network, folder / "model.onnx")
                shutil.copyfile(model, folder / SOURCE)
            else:
                shutil.copyfile(model, folder / "model.onnx")
            (folder / "estimates.json").write_text(stitch.to_json(estimates))
            files = {str(p.relative_to(folder)): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}
            manifest = sealed(
                Manifest(
                    format=FORMAT,
                    version=VERSION,
                    top=stitch.TOP,
                    input=stitch.describe_input(design),
                    output=stitch.describe_output(design, network.classes),
                    layers=stitch.describe_layers(design, per_layer),
                    clock_mhz=float(clock_mhz),
                    fps=None if fps is None else float(fps),
                    cycles_per_frame=cycles,
                    frames_in_flight=in_flight,
                    board=chosen.name if chosen else None,
                    part=part,
                    backend=backend,
                    fifos={name: int(depth) for name, depth in fifos.items()},
                    data=data,
                    tools=adapter.versions(),
                    model_sha256=files["model.onnx"],
                    files=files,
                    seal="",
                )
            )
            (folder / FILE).write_text(manifest.to_json())
            remember(manifest)
    rows = [
        {**row, "shape": list(layer.shape)} for row, layer in zip(estimates["layers"], manifest.layers, strict=True)
    ]
    return {
        "cycles_per_frame": cycles,
        "fps": clock_mhz * 1e6 / cycles,
        "clock_mhz": clock_mhz,
        "board": manifest.board,
        "estimate": estimates["total"],
        "layers": rows,
        "search_seconds": search,
        "notes": [*choice, *notes, *slower],
        "seconds": time.perf_counter() - started,
    }


def _read(path: Path, pixels: str | None) -> tuple[IntegerNetwork, tuple[str, ...]]:
    """The network of a file, and notes on its import."""
    model = load_model(path)
    if not any(entry.key == "neuraljet.format" for entry in model.model.metadata_props):
        imported = import_model(model, str(path), pixels)
        metadata = {**imported.network.metadata, PIXELS: "unit" if imported.unit else "byte"}
        return replace(imported.network, metadata=metadata), imported.notes
    if pixels is not None:
        raise UserError(f"--pixels {pixels} is for files of other programs; {path} says itself that it takes bytes")
    return network_of(model, str(path)), ()


def _is_foreign(network: IntegerNetwork) -> bool:
    return PIXELS in network.metadata and "neuraljet.format" not in network.metadata


def _test_set(network: IntegerNetwork, path: Path) -> dict[str, Any]:
    """Where the pictures come from that the network was tested on; empty when the file does not say."""
    try:
        data = parse_json(network.metadata.get("neuraljet.data", "{}").encode())
        source = parse_source(data)
    except ValueError as error:
        raise UserError(
            f"{path}: its metadata neuraljet.data is not a JSON object as training writes it ({error}); "
            "export the network again"
        ) from error
    return {} if source is None else entries(source)


def _folded(stage: Stage, operator: Any) -> Stage:
    """Return the stage folded as its operator is."""
    return replace(stage, attributes={**stage.attributes, **operator.folding()})


def _operators(model: Any) -> dict[str, Any]:
    from qonnx.custom_op.registry import getCustomOp

    return {node.name: getCustomOp(node) for node in model.graph.node}
