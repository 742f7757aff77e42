"""Prove the sums of an accelerator for all inputs: the RTL adds what the model says. `sim.proofs.layers` tells how."""

import time
from dataclasses import dataclass
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.records import Record
from finn_build.recognise import recognise
from sim.proofs.layers import prover_of
from sim.proofs.layers.prover import PROVED, REFUTED, Question
from sim.subject import Subject, opened_subject

REPORT = "proof.json"


@dataclass(frozen=True)
class LayerProof(Record):
    """What became of a layer that there is a prover of: a convolution, an addition, a sum-pooling."""

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
    other_layers: tuple[str, ...]  # without a prover: simulation alone checks them
    model_sha256: str
    seconds: float


def prove(acc: Path, trust: bool = False) -> Proof:
    """Compare the RTL of every convolution, residual addition and sum-pooling in `acc` with model.onnx.

    Write proof.json into the folder and return what it says. It does not pass when a layer's RTL is something else than
    the layer, nor when nothing was proved at all; layers that no proof covers are listed with the reason. What is
    proved of a convolution is the arithmetic from window to result, with the clocks it takes; line buffers and
    handshakes are proved per module (sim.proofs.formal), and simulation checks all of it together.
    Raise UserError for a folder that is damaged, has no RTL, holds other cells than those that this version has proved,
    or that `build` would not write, unless `trust` is given (see finn_build.trust).
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
        prover = prover_of(stage)
        if prover is None:
            other_layers.append(layer.name)
            continue
        inputs = tuple(streams[tensor] for tensor in stage.inputs)
        answer = prover.answer(Question(acc, manifest, layer, stage, inputs))
        rows.append(LayerProof(layer.name, layer.operator, layer.shape[2], answer.why, answer.verdict))
    proved = sum(row.outputs for row in rows if row.verdict == PROVED)
    return Proof(
        format="neuraljet-proof",
        version=1,
        passed=proved > 0 and not any(row.verdict == REFUTED for row in rows),
        outputs_proved=proved,
        outputs=sum(row.outputs for row in rows),
        layers=tuple(rows),
        other_layers=tuple(other_layers),
        model_sha256=manifest.model_sha256,
        seconds=round(time.perf_counter() - started, 3),
    )
