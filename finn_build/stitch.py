"""Write the files of an accelerator. FINN writes a wrapper per layer; this module connects them and describes them."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bnn.storage.names import plain
from finn_build.graph import DEFAULT_PART, Design, Instance, forks, is_map
from finn_build.in_flight import flag_depth
from finn_build.manifest import FIFO, PIXEL_STREAM, Decode, Input, Output, StreamLayer
from hw.ops.base import MEMORIES
from hw.ops.score_argmax import class_bits
from hw.text import fill, sources_of

TOP = "nj_accelerator"


def generate(design: Design, part: str | None, clock_mhz: float) -> Any:
    """Generate code by FINN's PrepareIP; return the model, which names the folders that were written."""
    from finn.transformation.fpgadataflow.prepare_ip import PrepareIP

    return design.model.transform(PrepareIP(part or DEFAULT_PART, 1000.0 / clock_mhz))


def write_rtl(design: Design, folder: Path, classes: tuple[str, ...], cycles: int, in_flight: int) -> list[Path]:
    """Write rtl/: the top, FINN's wrappers and every module that they use, each once. Write mem/, which these read."""
    target = folder / "rtl"
    target.mkdir()
    flags = "nj_map_flags" if is_map(design) else "nj_frame_flags"
    modules = ["nj_frame_sync", flags, *(["nj_fork"] if forks(design.nodes) else [])]
    sources = {path.name: path for name in modules for path in sources_of(name)}
    for node in design.nodes:
        if node.stage.backend != "rtl":
            continue
        operator = design.operators[node.name]
        sources |= {Path(path).name: Path(path) for path in operator.get_rtl_file_list(abspath=True)}
        for memory in sorted((Path(operator.get_nodeattr("code_gen_dir_ipgen")) / MEMORIES).glob("*")):
            (folder / MEMORIES).mkdir(exist_ok=True)
            shutil.copyfile(memory, folder / MEMORIES / memory.name)
    written = []
    for name, path in sorted(sources.items()):
        (target / name).write_text(path.read_text())
        written.append(target / name)
    top = target / f"{TOP}.v"
    top.write_text(_top(design, classes, cycles, in_flight))
    return [*written, top]


def _top(design: Design, classes: tuple[str, ...], cycles: int, in_flight: int) -> str:
    height, width, channels = design.pixels.shape
    forked = forks(design.nodes)
    parts = [_fork(PIXEL_STREAM, forked[PIXEL_STREAM], 8 * channels)] if PIXEL_STREAM in forked else []
    for node in design.nodes:
        operator = design.operators[node.name]
        wires = [_branch(name, node, i) if name in forked else name for i, name in enumerate(node.inputs)]
        inputs = [fill("instance_input.v.in", {"index": i, "source": wire}) for i, wire in enumerate(wires)]
        bits = operator.get_outstream_width_padded()
        values = {
            "comment": _comment(node, operator),
            "name": node.name,
            "module": operator.get_verilog_top_module_name(),
            "inputs": "".join(inputs),
            "point": "    .operating_point(operating_point),\n" if node is design.nodes[-1] else "",
            "out_bits": bits,
        }
        parts.append(fill("instance.v.in", values))
        if node.name in forked:
            parts.append(_fork(node.name, forked[node.name], bits))
    source = design.nodes[-1].name
    last = design.operators[source]
    rows, columns, _ = design.nodes[-1].output.shape
    form = "map" if is_map(design) else "frame"
    values = {
        "summary": f"Classifier of {height}x{width} pictures: {', '.join(map(plain, classes))}",
        "rows": rows,
        "columns": columns,
        "user": "[1:0] " if form == "map" else "",
        "height": height,
        "width": width,
        "channels": channels,
        "beats": height * width,
        "in_bits": 8 * channels,
        "out_bits": last.get_outstream_width_padded(),
        "class_bits": class_bits(len(classes)),
        "broken_bit": class_bits(len(classes)) - 1,
        "classes": len(classes),
        "score_bits": last.score_bits(),
        "margin_bits": last.margin_bits(),
        "point_bits": last.point_bits(),
        "offset_bits": last.widths.score_bits + 1,
        "least_bits": last.widths.margin,
        "unsure_bit": class_bits(len(classes)) - 2,
        "cycles": cycles,
        "flags": flag_depth(in_flight),
        "layers": "".join(parts),
        "last": source,
    }
    values |= {part: fill(f"{part}_{form}.v.in", values).rstrip("\n") for part in ("contract", "results")}
    return fill(f"{TOP}.v.in", values)


def _branch(source: str, node: Instance, index: int) -> str:
    """Return the prefix of the wires from the fork of a stream to an input of a node."""
    return f"{source}_for_{node.name}" + (f"_{index}" if index else "")


def _fork(source: str, inputs: Sequence[tuple[Instance, int]], bits: int) -> str:
    """Return the fork of a stream and the wires to the inputs that read it."""
    branches = [_branch(source, node, index) for node, index in inputs]
    values = {
        "source": source,
        "readers": " and ".join(dict.fromkeys(node.name for node, _ in inputs)),
        "branches": "".join(fill("fork_branch.v.in", {"branch": b, "source": source, "bits": bits}) for b in branches),
        "outputs": len(branches),
        "bits": bits,
        "valids": ", ".join(f"{branch}_tvalid" for branch in reversed(branches)),
        "readies": ", ".join(f"{branch}_tready" for branch in reversed(branches)),
    }
    return fill("fork.v.in", values)


def _comment(node: Instance, operator: Any) -> str:
    if node.stage.operator == FIFO:
        return f"room for {operator.get_nodeattr('depth')} beats while the next layer is busy"
    return f"{operator.summary()}  [{', '.join(node.stage.nodes)}]"


# --- what manifest.json says ---


def describe_input(design: Design) -> Input:
    """Return what the manifest says of the pixel stream."""
    height, width, channels = design.pixels.shape
    return Input(height, width, channels, 8, 8 * channels, height * width)


def describe_output(design: Design, classes: tuple[str, ...]) -> Output:
    """Return what the manifest says of the result stream."""
    last = design.operators[design.nodes[-1].name]
    field = class_bits(len(classes))
    return Output(
        tdata_bits=last.get_outstream_width_padded(),
        class_bits=field,
        broken_bit=field - 1,
        unsure_bit=field - 2,
        score_bits=last.score_bits(),
        margin_bits=last.margin_bits(),
        value_bits=last.widths.score_bits,
        classes=classes,
    )


def describe_layers(design: Design, cycles: Mapping[str, int]) -> tuple[StreamLayer, ...]:
    """Return one entry per instance, in order."""
    layers = []
    for node in design.nodes:
        operator, stream = design.operators[node.name], node.output
        datatype = operator.get_output_datatype()
        layers.append(
            StreamLayer(
                name=node.name,
                operator=node.stage.operator,
                module=operator.get_verilog_top_module_name(),
                onnx_tensor=stream.tensor,
                inputs=node.inputs,
                stream=node.name,
                shape=stream.shape,
                bits=int(datatype.bitwidth()),
                signed=bool(stream.datatype.startswith("INT")),
                decode=Decode(stream.scale, tuple(int(value) for value in stream.offset)),
                pad_crop=stream.crop,
                fold=operator.fold,
                cycles_per_frame=cycles[node.name],
                source_nodes=node.stage.nodes,
            )
        )
    return tuple(layers)
