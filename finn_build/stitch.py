"""The files of an accelerator: FINN writes a wrapper per layer, we put them in a row and tell how they are read."""

import dataclasses
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from finn_build.folding import Chosen
from finn_build.graph import DEFAULT_PART, Design, Node
from finn_build.in_flight import flag_depth
from finn_build.manifest import Decode, Input, Layer, Output
from hw.ops.base import MEMORIES
from hw.ops.score_argmax import class_bits
from hw.text import fill, sources_of

TOP = "nj_accelerator"


def generate(design: Design, part: str | None, clock_mhz: float) -> Any:
    """FINN's code generation (PrepareIP) on the design; the model with the folders it wrote."""
    from finn.transformation.fpgadataflow.prepare_ip import PrepareIP

    return design.model.transform(PrepareIP(part or DEFAULT_PART, 1000.0 / clock_mhz))


def write_rtl(design: Design, folder: Path, classes: tuple[str, ...], cycles: int, in_flight: int) -> list[Path]:
    """Write rtl/: the top, FINN's wrappers and every module they use, each once; and mem/, what these read."""
    target = folder / "rtl"
    target.mkdir()
    sources = {path.name: path for name in ("nj_frame_sync", "nj_frame_flags") for path in sources_of(name)}
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
    instances, source = [], "pixels"
    for node in design.nodes:
        operator = design.operators[node.name]
        values = {
            "comment": _comment(node, operator),
            "name": node.name,
            "module": operator.get_verilog_top_module_name(),
            "source": source,
            "out_bits": operator.get_outstream_width_padded(),
        }
        instances.append(fill("instance.v.in", values))
        source = node.name
    last = design.operators[source]
    values = {
        "summary": f"Classifier of {height}x{width} pictures: {', '.join(classes)}",
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
        "cycles": cycles,
        "flags": flag_depth(in_flight),
        "layers": "".join(instances),
        "last": source,
    }
    return fill(f"{TOP}.v.in", values)


def _comment(node: Node, operator: Any) -> str:
    if node.stage.operator == "StreamFIFO_rtl":
        return f"room for {operator.get_nodeattr('depth')} beats while the next layer is busy"
    return f"{operator.summary()}  [{', '.join(node.stage.nodes)}]"


# --- what manifest.json says ---


def describe_input(design: Design) -> Input:
    """The pixel stream."""
    height, width, channels = design.pixels.shape
    return Input(height, width, channels, 8, 8 * channels, height * width)


def describe_output(design: Design, classes: tuple[str, ...]) -> Output:
    """The result stream."""
    last = design.operators[design.nodes[-1].name]
    field = class_bits(len(classes))
    return Output(last.get_outstream_width_padded(), field, field - 1, last.score_bits(), classes)


def describe_layers(design: Design, cycles: Mapping[str, int]) -> tuple[Layer, ...]:
    """One entry per instance, in order."""
    layers = []
    for node in design.nodes:
        operator, stream = design.operators[node.name], node.output
        datatype = operator.get_output_datatype()
        layers.append(
            Layer(
                name=node.name,
                operator=node.stage.operator,
                module=operator.get_verilog_top_module_name(),
                onnx_tensor=stream.tensor,
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


# --- estimates.json ---


def estimate(design: Design, model: Any, part: str | None, chosen: Mapping[str, Chosen]) -> dict[str, Any]:
    """Cycles and resources per layer through FINN's own analyses, and their sum; flip-flops are ours alone.

    A layer's row also says how it is built: "variant" and "fold", "share" of all LUT sites ("lut"), and "instead_of",
    the best of what else keeps the rate (variant, fold, cycles_per_frame, lut), null when there is nothing else.
    chosen: of finn_build.folding; what is not in it had no choice.
    """
    from finn.analysis.fpgadataflow.exp_cycles_per_layer import exp_cycles_per_layer
    from finn.analysis.fpgadataflow.res_estimation import res_estimation

    used = part or DEFAULT_PART
    cycles = model.analysis(exp_cycles_per_layer)
    resources = res_estimation(model, used)
    layers = []
    for node in design.nodes:
        found, operator = resources[node.name], design.operators[node.name]
        choice = chosen.get(node.name)
        layers.append(
            {
                "name": node.name,
                "operator": node.stage.operator,
                "variant": choice.taken.variant if choice else operator.variants()[0][0],
                "fold": operator.fold,
                "cycles_per_frame": int(cycles[node.name]),
                "lut": int(np.ceil(found["LUT"])),
                "ff": int(operator.ff_estimation(used)),
                "bram18": int(np.ceil(found["BRAM_18K"])),
                "uram": int(np.ceil(found["URAM"])),
                "dsp": int(np.ceil(found["DSP"])),
                "instead_of": dataclasses.asdict(choice.instead_of) if choice and choice.instead_of else None,
            }
        )
    keys = ("lut", "ff", "bram18", "uram", "dsp")
    total = {key: sum(layer[key] for layer in layers) for key in keys}
    for layer in layers:
        layer["share"] = round(layer["lut"] / total["lut"], 4)
    return {"part": used, "layers": layers, "total": total}


def to_json(value: Any) -> str:
    """Readable JSON text."""
    return json.dumps(value, indent=2) + "\n"
