"""Prove the sums of an accelerator for all inputs: the RTL adds what the model says. `sim.proofs.layers` tells how."""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bnn.engines import Task, run
from bnn.errors import UserError
from bnn.integer.network import IntegerNetwork
from bnn.qonnx.read import read_qonnx
from bnn.storage.records import Record
from finn_build.manifest import Manifest
from finn_build.recognise import recognise
from sim.proofs.layers import prover_of
from sim.proofs.layers.prover import PROVED, REFUTED, Answer, Question
from sim.subject import Subject, opened_subject, seen_by_worker

REPORT = "proof.json"


@dataclass(frozen=True)
class LayerProof(Record):
    """What became of a layer that there is a prover of: a convolution, an addition, a sum-pooling, an Elman layer."""

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


def prove(acc: Path, trust: bool = False, engine: str | None = None) -> Proof:
    """Compare the RTL of every convolution, residual addition and sum-pooling in `acc` with model.onnx.

    Write proof.json into the folder and return what it says. It does not pass when a layer's RTL is something else than
    the layer, nor when nothing was proved at all; layers that no proof covers are listed with the reason. What is
    proved of a convolution is the arithmetic from window to result, with the clocks it takes; line buffers and
    handshakes are proved per module (sim.proofs.formal), and simulation checks all of it together. Of Elman layers
    everything but the matrix inside is proved or compared, which can refute them.
    engine: which processes prove a layer each (see bnn.engines); None: this one, all layers.
    Raise UserError for a folder that is damaged, has no RTL, holds other cells than those that this version has proved,
    or that `build` would not write, unless `trust` is given (see finn_build.trust).
    """
    started = time.perf_counter()
    with opened_subject(acc, REPORT, trust=trust, maps=True) as subject:
        subject.manifest.require_rtl("the proof")
        proof = _prove_all(subject, engine, started)
        subject.write(proof)
    return proof


def prove_layer(description: dict[str, Any]) -> dict[str, Any]:
    """Prove a layer: the function of the tasks. UserError when the accelerator is another one here."""
    answer = _answer(_questions(Path(description["accelerator"]), description["seal"])[description["layer"]])
    return {"verdict": answer.verdict, "why": answer.why}


@lru_cache(maxsize=1)  # a worker is asked for many layers of an accelerator
def _questions(acc: Path, seal: str) -> tuple[Question, ...]:
    return questions(acc, seen_by_worker(acc, seal), read_qonnx(acc / "model.onnx"))


def questions(acc: Path, manifest: Manifest, network: IntegerNetwork) -> tuple[Question, ...]:
    """Return what can be asked about each layer that computes, in order."""
    pixels, stages = recognise(network)
    layers = manifest.computing()
    if [layer.operator for layer in layers] != [stage.operator for stage in stages]:
        raise UserError(f"{acc}: the layers of manifest.json are not those of model.onnx; build the accelerator again")
    streams = {stream.tensor: stream for stream in (pixels, *(stage.output for stage in stages))}
    return tuple(
        Question(acc, manifest, layer, stage, tuple(streams[tensor] for tensor in stage.inputs))
        for layer, stage in zip(layers, stages, strict=True)
    )


def _answer(question: Question) -> Answer:
    prover = prover_of(question.stage)
    assert prover is not None
    return prover.answer(question)


def _answers(subject: Subject, asked: dict[int, Question], engine: str | None) -> dict[int, Answer]:
    """Return the answer to each question, which is known by its layer's place."""
    if engine is None:
        return {place: _answer(question) for place, question in asked.items()}
    shared = {"accelerator": str(subject.acc.resolve()), "seal": subject.manifest.seal}
    tasks = {place: Task("sim.proofs.prove:prove_layer", {**shared, "layer": place}) for place in asked}
    records = run(tasks.values(), engine)
    return {place: Answer(**records[task.key]) for place, task in tasks.items()}


def _prove_all(subject: Subject, engine: str | None, started: float) -> Proof:
    manifest = subject.manifest
    every = questions(subject.acc, manifest, subject.network)
    asked = {place: question for place, question in enumerate(every) if prover_of(question.stage) is not None}
    rows = [
        LayerProof(layer.name, layer.operator, layer.shape[2], answer.why, answer.verdict)
        for place, answer in _answers(subject, asked, engine).items()
        for layer in (every[place].layer,)
    ]
    other_layers = [question.layer.name for place, question in enumerate(every) if place not in asked]
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
