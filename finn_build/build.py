"""From model.onnx to an accelerator folder, in seconds and without a vendor tool."""

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any

from bnn.camera import Camera
from bnn.data.source import parse_source
from bnn.drift import heldout
from bnn.errors import UserError
from bnn.integer.network import IntegerNetwork
from bnn.model.options import require_whole
from bnn.qonnx.file import load_model
from bnn.qonnx.foreign import import_model
from bnn.qonnx.read import network_of
from bnn.qonnx.write import write_qonnx
from bnn.storage.files import lock, new_folder, refuse_foreign
from bnn.storage.records import entries, parse_json, sha256
from finn_build import adapter, operating
from finn_build.boards import Board, check_fits, find_board
from finn_build.built import Built, BuiltLayer
from finn_build.camera import check_camera, ratio_note, with_front, write_front
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
from hw.block_ram import MOST_RAMB18_SITES, RAMB18_SITES


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
    ramb18_sites: int = RAMB18_SITES,
    camera: Camera | None = None,
    tb: bool = False,
) -> Built:
    """Compile the QONNX file `model` into the accelerator folder `out`, which appears whole or not at all.

    board: names the part, and the estimate must fit it. fps: frames per second to reach with the least hardware;
    without it the accelerator takes a pixel per clock, or is as fast as its largest layer can be built. pixels: of a
    file that another program exported, what its input takes (see bnn.qonnx.foreign); the folder then holds the file
    itself, source.onnx, and what it was imported as, model.onnx. When `model` is the model.onnx of such a folder, the
    source is built again (finn_build.origin). backend: rtl, hls or auto for all layers, then NAME=BACKEND for single
    ones, separated by commas. fifos: depths of the FIFOs in front of layers by manifest.input_name (sim.fifos finds
    them), or one depth for all layers but the first; without it finn_build.timing says. ramb18_sites: LUT sites that a
    RAMB18 is worth: the fewer, the more of them are taken. camera: what makes the network's pictures of this camera's
    frames is built too (finn_build.camera). tb: write the folder tb/ too, for simulators of others (see
    finn_build.handover). UserError for what cannot be built.
    """
    started = time.perf_counter()
    model, out = Path(model), Path(out)
    for name, value in (("--clock-mhz", clock_mhz), ("--fps", 1.0 if fps is None else fps)):
        if not (isfinite(value) and 0 < value <= LARGEST):
            raise UserError(f"{name} {value} is not a number above 0 and at most {LARGEST}")
    require_whole("--ramb18-sites", ramb18_sites, 0, MOST_RAMB18_SITES)
    adapter.require()
    chosen = find_board(board) if board is not None else None
    refuse_foreign(out, ACCELERATOR)
    with lock(out):
        return _build(
            model, out, pixels, _Options(chosen, fps, clock_mhz, backend, fifos, ramb18_sites, camera, tb), started
        )


@dataclass(frozen=True)
class _Options:
    """What `build` was asked for."""

    board: Board | None
    fps: float | None
    clock_mhz: float
    backend: str
    fifos: Mapping[str, int] | int | None
    ramb18_sites: int
    camera: Camera | None
    tb: bool

    @property
    def part(self) -> str | None:
        return self.board.part if self.board else None


def _build(model: Path, out: Path, pixels: str | None, options: _Options, started: float) -> Built:
    """Do what `build` does when nobody else works on `out`."""
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
        from finn_build.resources import estimate_resources

        backends = chosen_backends(options.backend, named(source, stages))
        if "hls" in backends.values() and stages[-1].output.shape[:2] != (1, 1):
            raise UserError(
                f"--backend {options.backend}: whole pictures are built in RTL alone, as no check runs a map in "
                "C++; leave the option out"
            )
        stages = [stage.made_with(end) for stage, end in zip(stages, backends.values(), strict=True)]
        plain = make_design(source, stages, network.metadata)
        search = time.perf_counter()
        cycles, chosen, slower = folding.fold_to_rate(
            plain, options.fps, options.clock_mhz, options.part, options.ramb18_sites
        )
        search = time.perf_counter() - search
        fifos = _fifos(plain, options.fifos, cycles)
        folded = [_folded(node.stage, plain.operators[node.name]) for node in plain.nodes]
        design = make_design(source, folded, network.metadata, fifos)
        finn_model = stitch.generate(design, options.part, options.clock_mhz)
        design = replace(design, model=finn_model, operators=_operators(finn_model))
        estimates = estimate_resources(design, finn_model, options.part, chosen, cycles)
        in_flight = frames_in_flight(design, cycles)
        if options.camera is not None:
            check_camera(options.camera, stitch.describe_input(design))
            estimates = with_front(estimates, options.camera, in_flight)
            slower = (*slower, ratio_note(options.camera, cycles, options.clock_mhz))
        if options.board:
            check_fits(options.board, estimates.total.entries())
        with new_folder(out, ACCELERATOR) as folder:
            stitch.write_rtl(design, folder, network.classes, cycles, in_flight)
            if options.camera is not None:
                output = stitch.describe_output(design, network.classes)
                write_front(folder, options.camera, stitch.TOP, output, in_flight)
            if "hls" in backends.values():
                whole = make_design(source, [in_cpp(stage) for stage in folded], {}, fifos)
                write_hls(design, whole, folder, stitch.TOP, network.classes, options.part, options.clock_mhz)
            _write_models(network, model, folder)
            held_out = heldout.beside(model, sha256(folder / "model.onnx"))
            if held_out is not None:
                (folder / heldout.FILE).write_bytes(held_out)
            (folder / "estimates.json").write_text(estimates.to_json())
            files = {str(p.relative_to(folder)): sha256(p) for p in sorted(folder.rglob("*")) if p.is_file()}
            per_layer = {layer.name: layer.cycles_per_frame for layer in estimates.layers}
            manifest = sealed(
                Manifest(
                    format=FORMAT,
                    version=VERSION,
                    top=stitch.TOP,
                    input=stitch.describe_input(design),
                    output=stitch.describe_output(design, network.classes),
                    layers=stitch.describe_layers(design, per_layer),
                    clock_mhz=float(options.clock_mhz),
                    fps=None if options.fps is None else float(options.fps),
                    ramb18_sites=options.ramb18_sites,
                    cycles_per_frame=cycles,
                    frames_in_flight=in_flight,
                    board=options.board.name if options.board else None,
                    part=options.part,
                    backend=options.backend,
                    fifos={name: int(depth) for name, depth in fifos.items()},
                    data=data,
                    tools=adapter.versions(),
                    model_sha256=files["model.onnx"],
                    files=files,
                    seal="",
                    camera=options.camera,
                )
            )
            (folder / FILE).write_text(manifest.to_json())
            point = operating.beside(model, manifest.output, manifest.model_sha256)
            if point is not None:  # `tune` may replace it later, so the manifest does not list it
                (folder / operating.FILE).write_text(point)
            handed = _hand_over(folder, manifest, network) if options.tb else ()
            remember(manifest)
    return Built(
        cycles_per_frame=cycles,
        fps=options.clock_mhz * 1e6 / cycles,
        clock_mhz=options.clock_mhz,
        board=manifest.board,
        estimate=estimates.total,
        layers=tuple(map(BuiltLayer, estimates.layers, (layer.shape for layer in manifest.layers))),
        search_seconds=search,
        notes=(*choice, *notes, *slower, *handed),
        seconds=time.perf_counter() - started,
    )


def _hand_over(folder: Path, manifest: Manifest, network: IntegerNetwork) -> tuple[str, ...]:
    """Write tb/; return notes."""
    from finn_build.handover import write_beside

    return write_beside(folder, manifest, network, operating.point_in(folder, manifest.output, manifest.model_sha256))


def _fifos(design: Any, asked: Mapping[str, int] | int | None, cycles: int) -> Mapping[str, int]:
    """Return the depths of the FIFOs by the names of the inputs behind."""
    from finn_build.timing import fifo_depths

    if asked is None:
        return fifo_depths(design.nodes, design.operators, cycles)
    if isinstance(asked, int):
        return {input_name(node.name, i): asked for node in design.nodes[1:] for i in range(len(node.inputs))}
    return asked


def _write_models(network: IntegerNetwork, model: Path, folder: Path) -> None:
    """Write model.onnx, and for an import the file that it was made from beside it."""
    if PIXELS in network.metadata and "neuraljet.format" not in network.metadata:
        write_qonnx(network, folder / "model.onnx")
        shutil.copyfile(model, folder / SOURCE)
    else:
        shutil.copyfile(model, folder / "model.onnx")


def _read(path: Path, pixels: str | None) -> tuple[IntegerNetwork, tuple[str, ...]]:
    """Return the network of a file, and notes on its import."""
    model = load_model(path)
    if not any(entry.key == "neuraljet.format" for entry in model.model.metadata_props):
        imported = import_model(model, str(path), pixels)
        metadata = {**imported.network.metadata, PIXELS: "unit" if imported.unit else "byte"}
        return replace(imported.network, metadata=metadata), imported.notes
    if pixels is not None:
        raise UserError(f"--pixels {pixels} is for files of other programs; {path} says itself that it takes bytes")
    return network_of(model, str(path)), ()


def _test_set(network: IntegerNetwork, path: Path) -> dict[str, Any]:
    """Return where the pictures come from that the network was tested on; empty when the file does not say."""
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
