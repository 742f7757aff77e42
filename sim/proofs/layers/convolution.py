"""Convolutions that are adder graphs: each output is traced back to the pixels of its window."""

import re

import numpy as np
from qonnx.core.datatype import DataType

from bnn.errors import UserError
from finn_build.recognise import Stage
from hw.adders import layer as sums
from hw.text import sources_of
from sim.proofs.adder_text import CELLS
from sim.proofs.certify import CertificateError, NotCovered, certify
from sim.proofs.layers import selections
from sim.proofs.layers.prover import NOT_COVERED, PROVED, REFUTED, Answer, Prover, Question


class ConvolutionProver(Prover):
    """Trace every output; see sim.proofs.certify."""

    def takes(self, stage: Stage) -> bool:
        return "Kernel" in stage.attributes and stage.backend == "rtl"

    def answer(self, question: Question) -> Answer:
        layer, stage, (source,) = question.layer, question.stage, question.inputs
        if selections.selects_jets(question):
            return selections.compared(question)
        name = f"{layer.module}_conv"
        if f"rtl/{name}.sv" not in question.manifest.files:
            return Answer(NOT_COVERED, "it is not written from its weights")
        if stage.attributes.get("InsideMap"):
            return Answer(NOT_COVERED, "its padding is zeros")
        text = (question.rtl / f"{name}.sv").read_text()
        if f"module {name}_sums" not in text:
            return Answer(NOT_COVERED, "it is a matrix in steps, not an adder graph")
        _check_cells(question, text)
        latency = re.search(r"nj_result #\([^;]*?\.Latency\((\d+)\)", text)
        if latency is None:
            return Answer(NOT_COVERED, "it does not say when its result is taken")
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
            return Answer(NOT_COVERED, str(error))
        except CertificateError as error:
            return Answer(REFUTED, str(error))
        return Answer(PROVED)


def _check_cells(question: Question, text: str) -> None:
    """Raise UserError when a cell in the folder is not the one that was proved, for simulation takes the folder's."""
    for cell in sorted(kind for kind in CELLS if re.search(rf"\b{kind}\b", text)):
        for proved in sources_of(cell):
            file = question.rtl / proved.name
            if not file.is_file() or file.read_bytes() != proved.read_bytes():
                raise UserError(
                    f"{file} is not the {proved.stem} that this version has proved, so nothing follows from it; "
                    "build the accelerator again"
                )
