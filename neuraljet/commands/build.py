"""neuraljet build: QONNX in, accelerator folder out."""

import argparse
from pathlib import Path
from typing import Any

from bnn.errors import UserError

NAME = "build"
HELP = "Compile a trained network to a streaming accelerator"
EXAMPLE = "neuraljet build run --out accelerator --board pynq-z2 --fps 1000"


def build(
    model: str | Path,
    out: str | Path,
    *,
    board: str | None = None,
    fps: float | None = None,
    clock_mhz: float = 200.0,
    backend: str = "rtl",
) -> dict[str, Any]:
    """Compile `model` (a run folder or a QONNX file) into the accelerator folder `out`.

    Without `fps` the accelerator takes one pixel per clock; with it, the least hardware that reaches the
    rate. `backend`: rtl, hls (C++ for Vitis HLS) or auto; single layers after it, "rtl,jet_conv_1=hls".
    Returns what was built, layer by layer (see finn_build.build).
    """
    from finn_build.build import build as build_accelerator

    path = Path(model)
    if path.is_dir():
        if not (path / "model.onnx").is_file():
            raise UserError(f"{path} has no model.onnx; finish it with `neuraljet train ... --out {path} --resume`")
        path = path / "model.onnx"
    return build_accelerator(path, Path(out), board=board, fps=fps, clock_mhz=clock_mhz, backend=backend)


def positive(text: str) -> float:
    """A number above zero."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e12:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="RUN|MODEL.onnx", help="run folder or QONNX file")
    parser.add_argument("--out", required=True, metavar="ACC", help="folder to make")
    parser.add_argument("--board", metavar="NAME", help="pynq-z2, ...: names the part and checks that it fits")
    parser.add_argument(
        "--fps", type=positive, metavar="N", help="frames per second to reach (default: a pixel per clock)"
    )
    parser.add_argument("--clock-mhz", type=positive, default=200.0, metavar="F")
    parser.add_argument(
        "--backend", default="rtl", metavar="rtl|hls|auto", help="of all layers; then of single ones: rtl,NAME=hls"
    )


def main(options: argparse.Namespace) -> tuple[bool, dict[str, Any]]:
    result = build(
        options.model, options.out, board=options.board, fps=options.fps, clock_mhz=options.clock_mhz,
        backend=options.backend,
    )  # fmt: skip
    print(summary(result))
    cppsim = " --cppsim" if any(layer["operator"].endswith("_hls") for layer in result["layers"]) else ""
    print(f"accelerator folder: {options.out}   next: neuraljet verify {options.out}{cppsim}")
    return True, result


def summary(result: dict[str, Any]) -> str:
    """The layers with their folding and cycles, for people."""
    lines = [f"{'layer':18} {'operator':20} {'output':>12} {'fold':>5} {'cycles/frame':>13} {'LUT est.':>9}"]
    for layer in result["layers"]:
        shape = "x".join(str(n) for n in layer["shape"])
        lines.append(
            f"{layer['name']:18} {layer['operator']:20} {shape:>12} {layer['fold']:5d} "
            f"{layer['cycles_per_frame']:13d} {layer['lut']:9.0f}"
        )
    lines.append(
        f"{result['cycles_per_frame']} cycles per frame: {result['fps']:.0f} frames/s at {result['clock_mhz']:g} MHz; "
        f"built in {result['seconds']:.1f} s"
    )
    return "\n".join(lines)
