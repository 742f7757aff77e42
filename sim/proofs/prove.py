"""The adder graphs of an accelerator, proved for all inputs: the RTL sums what the model's weights say."""

import re
import time
from pathlib import Path
from typing import Any

import numpy as np
from qonnx.core.datatype import DataType

from bnn.errors import UserError
from bnn.qonnx.read import read_qonnx
from bnn.storage.files import require_room
from finn_build.manifest import Manifest, StreamLayer, write_report
from finn_build.recognise import Stage, Stream, recognise
from finn_build.trust import opened
from hw.adders import layer as sums
from hw.text import sources_of
from sim.proofs.adder_text import CELLS
from sim.proofs.certify import CertificateError, NotCovered, certify

CONVOLUTIONS = ("JetConv_rtl", "BinaryConv_rtl")
REPORT = "proof.json"


def prove(acc: Path, trust: bool = False) -> dict[str, Any]:
    """Compare every convolution's adder graph in `acc`, read from its RTL, with model.onnx (see sim.proofs.certify).

    Writes proof.json into the folder and returns it: "passed" is false when a graph is something else than its layer
    and when nothing was proved at all; layers that the proof does not cover are listed with the reason. What is proved
    is the arithmetic from window to result, with the clocks it takes; line buffers and handshakes are proved per module
    (sim.proofs.formal), and simulation checks all of it together. UserError for a folder that is damaged, has no RTL,
    holds other cells than those that this version has proved, or that `build` would not write and that `trust` is not
    given for (see finn_build.trust).
    """
    started = time.perf_counter()
    acc = Path(acc)
    require_room(acc, REPORT)
    with opened(acc, trust=trust) as manifest:
        manifest.require_rtl("the proof")
        return _prove_all(acc, manifest, started)


def _prove_all(acc: Path, manifest: Manifest, started: float) -> dict[str, Any]:
    pixels, stages = recognise(read_qonnx(acc / "model.onnx"))
    layers = manifest.computing()
    if [layer.operator for layer in layers] != [stage.operator for stage in stages]:
        raise UserError(f"{acc}: the layers of manifest.json are not those of model.onnx; build the accelerator again")
    streams = {stream.tensor: stream for stream in (pixels, *(stage.output for stage in stages))}
    rows, others = [], []
    for layer, stage in zip(layers, stages, strict=True):
        if layer.operator in CONVOLUTIONS:
            rows.append(_prove(acc, manifest, layer, stage, streams[stage.inputs[0]]))
        else:
            others.append(layer.name)
    proved = sum(row["outputs"] for row in rows if row["verdict"] == "proved")
    report = {
        "format": "neuraljet-proof",
        "version": 1,
        "passed": proved > 0 and not any(row["verdict"] == "refuted" for row in rows),
        "outputs_proved": proved,
        "outputs": sum(row["outputs"] for row in rows),
        "layers": rows,
        "other_layers": others,  # no convolutions: simulation alone checks them
        "model_sha256": manifest.model_sha256,
        "seconds": round(time.perf_counter() - started, 3),
    }
    write_report(acc, manifest, REPORT, report)
    return report


def _prove(acc: Path, manifest: Manifest, layer: StreamLayer, stage: Stage, source: Stream) -> dict[str, Any]:
    name = f"{layer.module}_conv"
    row = {"name": layer.name, "operator": layer.operator, "outputs": layer.shape[2], "why": None}
    if f"rtl/{name}.sv" not in manifest.files:
        return {**row, "verdict": "not covered", "why": "it is not written from its weights"}
    if stage.attributes.get("InsideMap"):
        return {**row, "verdict": "not covered", "why": "its padding is zeros"}
    text = (acc / "rtl" / f"{name}.sv").read_text()
    if f"module {name}_sums" not in text:
        return {**row, "verdict": "not covered", "why": "it is a matrix in steps, not an adder graph"}
    _check_cells(acc, text)
    latency = re.search(r"nj_result #\([^;]*?\.Latency\((\d+)\)", text)
    if latency is None:
        return {**row, "verdict": "not covered", "why": "it does not say when its result is taken"}
    rounds = re.search(r"nj_result #\([^;]*?\.Fold\((\d+)\)", text)
    kind = DataType[source.datatype]
    threshold, weight = stage.attributes.get("Threshold"), np.asarray(stage.attributes["Weight"], np.int64)
    written = sums.ConvLayer(
        weight, None if threshold is None else np.asarray(threshold, np.int64), kind.bitwidth(),
        kind.signed() and source.datatype != "BIPOLAR", bool(stage.attributes.get("Grouped")), out_bits=layer.bits,
    )  # fmt: skip
    try:
        certify(
            text, name, written.dense(), written.thresholds, written.in_bits, written.in_signed,
            int(rounds[1]) if rounds else 1, written.out_bits, int(latency[1]),
        )  # fmt: skip
    except NotCovered as error:
        return {**row, "verdict": "not covered", "why": str(error)}
    except CertificateError as error:
        return {**row, "verdict": "refuted", "why": str(error)}
    return {**row, "verdict": "proved"}


def _check_cells(acc: Path, text: str) -> None:
    """UserError when a cell in the folder is not the one that was proved; simulation takes the folder's."""
    for cell in sorted(kind for kind in CELLS if re.search(rf"\b{kind}\b", text)):
        for proved in sources_of(cell):
            file = acc / "rtl" / proved.name
            if not file.is_file() or file.read_bytes() != proved.read_bytes():
                raise UserError(
                    f"{file} is not the {proved.stem} that this version has proved, so nothing follows from it; "
                    "build the accelerator again"
                )
