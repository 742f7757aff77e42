"""neuraljet build: QONNX in, accelerator folder out."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnn.errors import UserError
from bnn.storage.names import printable
from neuraljet.commands.camera import add_camera, camera_of
from neuraljet.commands.numbers import positive
from neuraljet.commands.train.options import parse_size

if TYPE_CHECKING:
    from bnn.camera import Camera

NAME = "build"
HELP = "Compile a trained network to a streaming accelerator"
EXAMPLE = "neuraljet build run --out accelerator --board pynq-z2 --fps 1000"
LEFT = (True, True, False, False, False, False, False, True)  # which columns of the table start at the left


def build(
    model: str | Path,
    out: str | Path,
    *,
    board: str | None = None,
    fps: float | None = None,
    clock_mhz: float = 200.0,
    pixels: str | None = None,
    backend: str = "rtl",
    fifos: str = "model",
    ramb18_sites: int | None = None,
    frame: tuple[int, int] | None = None,
    camera: "Camera | None" = None,
    front: bool = True,
    tb: bool = True,
) -> dict[str, Any]:
    """Compile `model` into the accelerator folder `out`.

    `model` is a run folder, a QONNX file, or an accelerator folder, whose network is built anew.
    Without `fps` it is built for the rate that the run was trained for (`train --fps`), else it takes one pixel per
    clock. With a rate it is the least hardware that reaches it. `pixels`, of a file that another program exported:
    "unit" when it takes pixels / 255, "byte" when it takes 0..255 and does not say so. `backend`: rtl, hls (C++ for
    Vitis HLS) or auto; single layers after it, "rtl,jet_conv_1=hls". `fifos`: "model" for depths by arithmetic,
    "simulate" for the smallest that keep the rate in Verilator (see sim.fifos). `ramb18_sites`: LUT sites that a RAMB18
    is worth (None: as the run's network was chosen with, else 160): the fewer, the more block RAMs are taken. `frame`,
    height and width: the network was trained on tiles and is built to run over whole pictures of this size, with a
    class and scores for each cell (bnn.integer.maps); a rate is then one of whole pictures. `camera`:
    what makes the network's pictures of this camera's frames is built too; None: of the camera that the run was trained
    with, if any; front=False: of none. `tb`: also write the folder tb/ for simulators of others, which takes some
    seconds (see finn_build.handover). Returns what was built, layer by layer, and why (see finn_build.build), and with
    "simulate" under fifos what each stream held.
    """
    from bnn.storage.files import lock, refuse_foreign
    from bnn.training.runs import MODEL, finished, requested
    from finn_build.build import build as build_accelerator
    from finn_build.folders import ACCELERATOR
    from finn_build.manifest import load

    if frame is not None and camera is not None:
        raise UserError("--camera makes pictures of the network's size, and --frame takes others; leave one out")
    path, notes = Path(model), []
    if path.is_dir():
        if ACCELERATOR.described(path):
            camera = camera or load(path).camera
        else:
            finished(path)
            asked = requested(path)
            hardware, camera = asked.hardware, camera or asked.data.camera
            if frame is None and fps is None and hardware is not None and hardware.fps is not None:
                fps = hardware.fps
                notes.append(f"{fps:,.10g} frames/s is the rate of the run; --fps N builds for another")
            if ramb18_sites is None and hardware is not None and hardware.expected is not None:
                ramb18_sites = hardware.expected.ramb18_sites
        path = path / MODEL
    options: dict[str, Any] = {"board": board, "fps": fps, "clock_mhz": clock_mhz, "pixels": pixels, "backend": backend}
    if front and frame is None:
        options["camera"] = camera
    if ramb18_sites is not None:
        options["ramb18_sites"] = ramb18_sites
    if frame is not None:
        return _with_notes(_build_map(path, Path(out), frame, fifos, options), notes)
    if fifos == "model":
        return _with_notes(build_accelerator(path, Path(out), **options, tb=tb).entries(), notes)
    if fifos != "simulate":
        raise UserError(f"--fifos {fifos}: give model or simulate")
    from sim.fifos import find_depths

    refuse_foreign(Path(out), ACCELERATOR)  # before minutes are spent
    with lock(Path(out)):
        found = find_depths(path, **{name: value for name, value in options.items() if name != "camera"})
        built = build_accelerator(path, Path(out), **options, fifos=found.depths, tb=tb)
        return _with_notes({**built.entries(), "fifos": found.entries()}, notes)


def _build_map(
    path: Path, out: Path, frame: tuple[int, int], fifos: str, options: dict[str, Any]
) -> dict[str, Any]:  # fmt: skip
    """Build the network of tiles in the file `path` for pictures of frame[0] x frame[1]; return what was built."""
    from bnn.integer.maps import over
    from bnn.qonnx.read import read_qonnx
    from bnn.qonnx.write import write_qonnx
    from bnn.storage.work import work_folder
    from finn_build.build import build as build_accelerator

    if fifos != "model":
        raise UserError(f"--fifos {fifos} measures one result a frame; leave it out with --frame")
    if options["pixels"] is not None:
        raise UserError("--pixels is for files of other programs, and --frame for networks of `neuraljet train --map`")
    network = over(read_qonnx(path), *frame)
    with work_folder() as temporary:
        model = Path(temporary) / path.name
        write_qonnx(network, model)
        return build_accelerator(model, out, **options).entries()


def _with_notes(built: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    return {**built, "notes": [*built["notes"], *notes]}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="RUN|MODEL.onnx", help="run folder, QONNX file, or ACC to build anew")
    parser.add_argument("--out", required=True, metavar="ACC", help="folder to make")
    parser.add_argument("--board", metavar="NAME", help="pynq-z2, ...: names the part and checks that it fits")
    parser.add_argument(
        "--fps",
        type=positive,
        metavar="N",
        help="frames per second to reach (default: the run's, or a pixel per clock)",
    )
    parser.add_argument(
        "--pixels",
        choices=("unit", "byte"),
        help="what a file of another program takes: pixels / 255 (unit), or 0 to 255 (byte)",
    )
    parser.add_argument(
        "--ramb18-sites", type=int, metavar="N",
        help="LUT sites that a RAMB18 is worth (default: the run's, or 160); fewer takes more block RAMs",
    )  # fmt: skip
    parser.add_argument("--clock-mhz", type=positive, default=200.0, metavar="F")
    parser.add_argument(
        "--backend",
        default="rtl",
        metavar="rtl|hls|auto",
        help="back-end of all layers, then of single ones, such as rtl,NAME=hls",
    )
    parser.add_argument(
        "--frame", metavar="HxW", help="run the network of tiles over whole pictures of this size: a class per cell"
    )
    parser.add_argument(
        "--fifos", choices=("model", "simulate"), default="model",
        help="compute the depths of FIFOs, or find the smallest that keep the rate in simulation",
    )  # fmt: skip
    add_camera(parser)
    parser.add_argument("--color", choices=("gray", "rgb"), help="what the network sees of a camera with colours")
    parser.add_argument("--no-camera", action="store_true", help="leave out the camera that the run was trained with")
    parser.add_argument(
        "--no-tb", dest="tb", action="store_false",
        help="leave out tb/, which checks the circuit in simulators of others and takes some seconds",
    )  # fmt: skip


def main(options: argparse.Namespace) -> tuple[bool, dict[str, Any]]:
    result = build(
        options.model, options.out, board=options.board, fps=options.fps, clock_mhz=options.clock_mhz,
        pixels=options.pixels, backend=options.backend, fifos=options.fifos, ramb18_sites=options.ramb18_sites,
        frame=parse_size(options.frame, "--frame", "640x640") if options.frame else None,
        camera=camera_of(options, options.color), front=not options.no_camera,
        tb=options.tb,
    )  # fmt: skip
    print(summary(result))
    cppsim = " --cppsim" if any(layer["operator"].endswith("_hls") for layer in result["layers"]) else ""
    print(f"accelerator folder: {options.out}   next: neuraljet verify {options.out}{cppsim}")
    return True, result


def summary(result: dict[str, Any]) -> str:
    """Return the layers, how each is built and instead of what, for people."""
    rows = [
        [
            layer["name"], layer["variant"], "x".join(str(n) for n in layer["shape"]), str(layer["fold"]),
            f"{layer['cycles_per_frame']:,}", f"{layer['lut']:,}", f"{layer['share']:.0%}",
            _instead_of(layer["instead_of"]),
        ]
        for layer in result["layers"]
    ]  # fmt: skip
    rows = [["layer", "built as", "output", "fold", "clocks/frame", "sites", "share", "instead of"], *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(LEFT))]
    lines = [
        "  ".join(
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(row, widths, LEFT, strict=True)
        ).rstrip()
        for row in rows
    ]
    lines.append(
        f"{result['estimate']['lut']:,} LUT sites estimated, {result['estimate']['bram18']} RAMB18; "
        f"chosen in {1000 * result['search_seconds']:.0f} ms"
    )
    lines.append(
        f"{result['cycles_per_frame']} cycles per frame: {result['fps']:.0f} frames/s at {result['clock_mhz']:g} MHz; "
        f"built in {result['seconds']:.1f} s"
    )
    if "fifos" in result:
        lines.append(_fifos(result["fifos"]))
    lines += [f"note: {printable(note)}" for note in result["notes"]]
    return "\n".join(lines)


def _fifos(found: dict[str, Any]) -> str:
    kept = [
        f"{place['depth']} beats in front of {place['layer']} (held {place['held']})"
        for place in found["places"]
        if place["depth"]
    ]
    return (
        f"FIFOs: {', '.join(kept) or 'none'}; smallest that keep the rate, {found['runs']} simulations of "
        f"{found['frames']} frames of {found['data']} in {found['seconds']:.0f} s"
    )


def _instead_of(choice: dict[str, Any] | None) -> str:
    return f"{choice['lut']:,} at fold {choice['fold']}: {choice['variant']}" if choice else ""
