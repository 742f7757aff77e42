"""Prove the adder graphs of an accelerator for all inputs: the RTL sums what the model's weights say."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from qonnx.core.datatype import DataType

from bnn.errors import UserError
from bnn.storage.records import Record
from finn_build.manifest import Manifest, StreamLayer
from finn_build.recognise import Stage, Stream, recognise
from hw.adders import layer as sums
from hw.text import sources_of
from sim.proofs.adder_text import CELLS
from sim.proofs.certify import CertificateError, NotCovered, certify
from sim.subject import Subject, opened_subject

REPORT = "proof.json"
NOT_COVERED = "not covered"


@dataclass(frozen=True)
class LayerProof(Record):
    """What became of a convolution."""

    name: str
    operator: str
    outputs: int
    why: str | None  # it is not covered, or where it is refuted
    verdict: str  # "proved", "refuted" or "not covered"


@dataclass(frozen=True)
class Proof(Record):
    """proof.json."""

    format: str
    version: int
    passed: bool  # something is proved, and nothing refuted
    outputs_proved: int
    outputs: int
    layers: tuple[LayerProof, ...]
    other_layers: tuple[str, ...]  # no convolutions: simulation alone checks them
    model_sha256: str
    seconds: float


def prove(acc: Path, trust: bool = False) -> Proof:
    """Compare every convolution's adder graph in `acc`, read from its RTL, with model.onnx (see sim.proofs.certify).

    Write proof.json into the folder and return what it says. It does not pass when a graph is something else than its
    layer, nor when nothing was proved at all; layers that the proof does not cover are listed with the reason. What is
    proved is the arithmetic from window to result, with the clocks it takes; line buffers and handshakes are proved per
    module (sim.proofs.formal), and simulation checks all of it together. Raise UserError for a folder that is damaged,
    has no RTL, holds other cells than those that this version has proved, or that `build` would not write, unless
    `trust` is given (see finn_build.trust).
    """
    started = time.perf_counter()
    with opened_subject(acc, REPORT, trust=trust) as subject:
        subject.manifest.require_rtl("the proof")
        proof = _prove_all(subject, started)
        subject.write(proof)
    return proof


def _prove_all(subject: Subject, started: float) -> Proof:
    acc, manifest = subject.acc, subject.manifest
    pixels, stages = recognise(subject.network)
    layers = manifest.computing()
    if [layer.operator for layer in layers] != [stage.operator for stage in stages]:
        raise UserError(f"{acc}: the layers of manifest.json are not those of model.onnx; build the accelerator again")
    streams = {stream.tensor: stream for stream in (pixels, *(stage.output for stage in stages))}
    rows, other_layers = [], []
    for layer, stage in zip(layers, stages, strict=True):
        if "Kernel" in stage.attributes and stage.backend == "rtl":  # a convolution
            (source,) = stage.inputs
            rows.append(_prove(acc, manifest, layer, stage, streams[source]))
        else:
            other_layers.append(layer.name)
    proved = sum(row.outputs for row in rows if row.verdict == "proved")
    return Proof(
        format="neuraljet-proof",
        version=1,
        passed=proved > 0 and not any(row.verdict == "refuted" for row in rows),
        outputs_proved=proved,
        outputs=sum(row.outputs for row in rows),
        layers=tuple(rows),
        other_layers=tuple(other_layers),
        model_sha256=manifest.model_sha256,
        seconds=round(time.perf_counter() - started, 3),
    )


def _prove(acc: Path, manifest: Manifest, layer: StreamLayer, stage: Stage, source: Stream) -> LayerProof:
    verdict, why = _verdict(acc, manifest, layer, stage, source)
    return LayerProof(layer.name, layer.operator, layer.shape[2], why, verdict)


def _verdict(acc: Path, manifest: Manifest, layer: StreamLayer, stage: Stage, source: Stream) -> tuple[str, str | None]:
    """Return the verdict on a convolution, and the reason where it is not proved."""
    name = f"{layer.module}_conv"
    if f"rtl/{name}.sv" not in manifest.files:
        return NOT_COVERED, "it is not written from its weights"
    if stage.attributes.get("InsideMap"):
        return NOT_COVERED, "its padding is zeros"
    text = (acc / "rtl" / f"{name}.sv").read_text()
    if f"module {name}_sums" not in text:
        return NOT_COVERED, "it is a matrix in steps, not an adder graph"
    _check_cells(acc, text)
    latency = re.search(r"nj_result #\([^;]*?\.Latency\((\d+)\)", text)
    if latency is None:
        return NOT_COVERED, "it does not say when its result is taken"
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
        return NOT_COVERED, str(error)
    except CertificateError as error:
        return "refuted", str(error)
    return "proved", None


def _check_cells(acc: Path, text: str) -> None:
    """Raise UserError when a cell in the folder is not the one that was proved, for simulation takes the folder's."""
    for cell in sorted(kind for kind in CELLS if re.search(rf"\b{kind}\b", text)):
        for proved in sources_of(cell):
            file = acc / "rtl" / proved.name
            if not file.is_file() or file.read_bytes() != proved.read_bytes():
                raise UserError(
                    f"{file} is not the {proved.stem} that this version has proved, so nothing follows from it; "
                    "build the accelerator again"
                )
