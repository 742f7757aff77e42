"""Write hls/ of an accelerator: C++ of every layer and of the network as one dataflow, with a script for Vitis HLS."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.names import plain
from finn_build.graph import DEFAULT_PART, Design, Instance
from finn_build.manifest import FIFO, PIXEL_STREAM
from finn_build.recognise import Stage
from hw.dataflow import PICTURE, Call, network_top
from hw.ops.hls import HEADERS
from hw.text import fill

BACKENDS = ("rtl", "hls", "auto")
STREAM_DEPTH = 2  # beats between layers that need no FIFO


def chosen_backends(text: str, nodes: Sequence[Instance]) -> dict[str, str]:
    """Return the back-end of each node. text: "rtl", "hls" or "auto" for all, then NAME=BACKEND for single ones.

    "auto" is RTL, whose estimate is smaller for every layer. UserError names an unknown name or back-end.
    """
    names = [node.name for node in nodes]
    default, *single = text.split(",")
    choices = {name: default for name in names}
    for entry in single:
        name, _, backend = entry.partition("=")
        if name not in choices:
            raise UserError(f"--backend: there is no layer '{name}'; layers are {', '.join(names)}")
        choices[name] = backend
    for backend in (default, *choices.values()):
        if backend not in BACKENDS:
            raise UserError(
                f"--backend '{backend}' is unknown; choose rtl, hls or auto, for single layers too: rtl,{names[0]}=hls"
            )
    return {name: "hls" if backend == "hls" else "rtl" for name, backend in choices.items()}


def in_cpp(stage: Stage) -> Stage:
    """Return the stage in C++, folded as it is; what has a memory that only RTL has, unfolded."""
    from hw.ops.operators import operator_class

    if operator_class(f"{stage.layer}_hls").keeps_memory:
        return stage.made_with("hls")
    memory = ("PE", "SIMD", "Replay")
    attributes = {name: value for name, value in stage.attributes.items() if name not in memory}
    if stage.attributes.get("PE"):
        attributes["Fold"] = 1
    return replace(stage, attributes=attributes).made_with("hls")


def write_hls(
    design: Design, hls: Design, folder: Path, name: str, classes: Sequence[str], part: str | None, clock_mhz: float
) -> None:
    """Write hls/ into `folder`. `hls` is `design` with every layer in C++, `name` the function of the whole network."""
    target = folder / "hls"
    target.mkdir()
    for path in sorted(HEADERS.glob("*.hpp")):
        (target / path.name).write_text(path.read_text())
    calls: list[Call] = []
    nodes = {node.name: node for node in design.nodes}
    for node in design.nodes:
        if node.stage.operator == FIFO:
            continue
        operator = hls.operators[node.name]
        (target / f"{node.name}.hpp").write_text(operator.header(node.name))
        (target / f"{node.name}.cpp").write_text(operator.top(node.name))
        sources, depths = [], []
        for stream in node.inputs:
            fifo = stream != PIXEL_STREAM and nodes[stream].stage.operator == FIFO
            depths.append(int(design.operators[stream].get_nodeattr("depth")) if fifo else STREAM_DEPTH)
            source = nodes[stream].inputs[0] if fifo else stream
            sources.append(PICTURE if source == PIXEL_STREAM else source)
        beats = prod(node.output.shape[:2])
        calls.append(Call(node.name, tuple(sources), tuple(depths), operator.get_outstream_width(), beats))
    height, width, channels = design.pixels.shape
    summary = f"classifier of {height}x{width} pictures: {', '.join(map(plain, classes))}"
    point = hls.operators[design.nodes[-1].name].point_bits()
    (target / f"{name}.cpp").write_text(network_top(name, summary, 8 * channels, height * width, calls, point))
    in_hls = [node.name for node in design.nodes if node.stage.operator.endswith("_hls")]
    values = {"part": part or DEFAULT_PART, "period": 1000.0 / clock_mhz, "layers": " ".join([*in_hls, name])}
    (target / "build.tcl").write_text(fill("hls_build.tcl.in", values))
