"""Elman layers: what goes to the matrix and what becomes of its results is proved, its weights are read back.

nj_elman_rows of the folder, at the layer's sizes, does in every clock what its properties say, round any matrix and for
all pixels and stalls. The weights and thresholds in the folder must be those of the layer. That the matrix adds them up
is proved only of small ones (sim/proofs/properties), so the layer as a whole stays "not covered".
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bnn.errors import UserError
from bnn.integer.reference import Ints
from finn_build.recognise import Stage
from hw.matvec.folding import Folding
from hw.text import sources_in, sources_of, unwrapped
from sim.proofs import formal
from sim.proofs.layers.prover import NOT_COVERED, REFUTED, Answer, Prover, Question

ROWS, CONSTANT = "nj_elman_rows", "nj_elman"
INSIDE = 3  # rows that the matrix may hold in the proof
LIMIT_S = 120
COMPARED = "its weights and thresholds are the layer's"
SMALL = "that the matrix adds them up is proved of small ones"


class ElmanProver(Prover):
    """Prove the rows and the state, and compare the weights."""

    def takes(self, stage: Stage) -> bool:
        return stage.operator == "Elman_rtl"

    def answer(self, question: Question) -> Answer:
        asked = _Asked.of(question)
        wrapper = unwrapped((question.rtl / f"{question.layer.module}.v").read_text())
        if f"{CONSTANT} #(" in wrapper:
            text = wrapper
            found: tuple[Ints, Ints] | None = _constants(asked, text)
        else:
            text = unwrapped((question.rtl / f"{question.layer.module}_elman.sv").read_text())
            found = _memory(asked, question.acc, text)
        _check_modules(question.rtl, text)
        fault = None if found is None else _difference(asked, *found)
        if fault:
            return Answer(REFUTED, f"{question.layer.module}: {fault}")
        compared = COMPARED if found else "its outputs share weights, which are not compared"
        return _rows(question, asked, compared)


@dataclass(frozen=True, eq=False)
class _Asked:
    """What the network says, in the order in which beats come."""

    rows: int
    columns: int
    channels: int
    weight: Ints  # +-1 [O, beats * channels]: the pixels of a row, the state, and +1 where its last beat is filled up
    limits: Ints  # [O]: how many of the inputs have to be as their weight is

    @classmethod
    def of(cls, question: Question) -> "_Asked":
        (rows, columns, channels), attributes = question.inputs[0].shape, question.stage.attributes
        weight, recurrent, thresholds = (
            np.asarray(attributes[name], np.int64) for name in ("Weight", "Recurrent", "Threshold")
        )
        outputs = len(thresholds)
        pixels = weight.reshape(channels, columns, outputs).transpose(2, 1, 0).reshape(outputs, -1)
        filled = np.ones((outputs, -outputs % channels), np.int64)
        inputs = len(weight) + outputs
        limits = np.clip(-((-thresholds - inputs) // 2), 0, inputs + 1)  # sum of +-1 = 2 * equal ones - inputs
        return cls(rows, columns, channels, np.concatenate([pixels, recurrent.T, filled], 1), limits)

    @property
    def outputs(self) -> int:
        return len(self.weight)

    @property
    def beats(self) -> int:
        return self.weight.shape[1] // self.channels

    @property
    def inputs(self) -> int:
        """Without those that fill the state up."""
        return (self.columns * self.channels) + self.outputs


def _difference(asked: _Asked, weight: Ints, limits: Ints) -> str:
    """Say where weights +-1 [O, inputs] or limits [O] of the folder are others; empty when they are not."""
    if weight.shape != asked.weight.shape:
        return f"weights of {weight.shape[0]} outputs and {weight.shape[1]} inputs, not {asked.weight.shape}"
    if not np.array_equal(weight, asked.weight):
        output, place = np.argwhere(weight != asked.weight)[0]
        where = f"of beat {place // asked.channels}, channel {place % asked.channels}"
        return f"another weight of output {output}, {where}"
    found = np.clip(limits, 0, asked.inputs + 1)
    if not np.array_equal(found, asked.limits):
        return f"another threshold of output {np.flatnonzero(found != asked.limits)[0]}"
    return ""


def _constants(asked: _Asked, text: str) -> tuple[Ints, Ints]:
    """Read the weights and limits of nj_elman, whose sums are of 0 and 1: sum = equal ones - weights of -1."""
    given = dict(re.findall(r"\.(\w+)\(([^()]*)\)", text[text.index(f"{CONSTANT} #(") :]))
    bits = _bits(given["Weight"])[: asked.weight.size].reshape(asked.beats, asked.outputs, asked.channels)
    weight = (2 * bits - 1).transpose(1, 0, 2).reshape(asked.outputs, -1)
    filled = slice(asked.inputs, None)  # there the bits are always 0, and any weight does
    below = (weight[:, : asked.inputs] < 0).sum(1)
    thresholds = _numbers(given["Threshold"], int(given["ThrBits"]), asked.outputs, signed=True)
    weight[:, filled] = 1
    return weight, thresholds + below


def _memory(asked: _Asked, acc: Path, text: str) -> tuple[Ints, Ints] | None:
    """Read the weights and limits of a matrix in steps; None where outputs share rows of it."""
    given = dict(re.findall(r"\.(\w+)\(([^()]*)\)", text[text.index("nj_steps #(") :]))
    if int(given["OutBits"]) != 1 or int(given["Outputs"]) != asked.outputs or "m_data_o = results;" not in text:
        return None
    number = {name: int(given[name]) for name in ("Lanes", "Simd", "Repeat", "Replay", "SumBits", "ConstantBits")}
    folding = Folding(
        asked.beats, asked.channels, asked.outputs, number["Lanes"], number["Simd"], bool(number["Replay"]),
        number["Repeat"],
    )  # fmt: skip
    words = _words(acc, given, folding.shape[1])
    if len(words) != folding.shape[0]:
        return np.zeros((0, len(words)), np.int64), asked.limits
    outer, inner = folding.counts
    step = inner if folding.compact else 1 << (inner - 1).bit_length()
    table = np.stack([words[i * step : i * step + inner] for i in range(outer)])  # [outer, inner, bits]
    if folding.replay:
        table = table.transpose(1, 0, 2)
    bits = table.reshape(folding.words, folding.groups, folding.lanes, -1).repeat(folding.repeat, 3)
    bits = bits.transpose(1, 2, 0, 3).reshape(folding.groups * folding.lanes, -1)[: asked.outputs]
    weight, places = np.ones_like(asked.weight), folding.places.ravel()
    weight[:, places[places >= 0]] = 2 * bits[:, places >= 0] - 1
    if not bits[:, places < 0].all():
        return np.zeros((0, 0), np.int64), asked.limits  # a place without an element would be counted
    start = int(_numbers(given["Start"], number["SumBits"], 1, signed=True)[0])
    return weight, _numbers(given["Constant"], number["ConstantBits"], asked.outputs, signed=False) - start


def _words(acc: Path, given: dict[str, str], width: int) -> Ints:
    """Return the bits [words, width] of the memory, lowest first."""
    if "File" not in given:
        return _bits(given["Weight"]).reshape(-1, width)
    lines = (acc / given["File"].strip('"')).read_text().split("\n")
    values = [int(line, 16) for line in lines if line and not line.startswith("//")]
    return np.array([[value >> bit & 1 for bit in range(width)] for value in values]).reshape(-1, width)


def _bits(literal: str) -> Ints:
    """Return the bits of a literal, lowest first."""
    width, base, digits = re.fullmatch(r"(\d+)'([bh])(\w+)", literal).groups()  # type: ignore[union-attr]
    value = int(digits, 2 if base == "b" else 16)
    return np.array([value >> bit & 1 for bit in range(int(width))])


def _numbers(literal: str, bits: int, count: int, *, signed: bool) -> Ints:
    """Return the first numbers of so many bits in a literal."""
    each = _bits(literal)[: bits * count].reshape(count, bits)
    weights = [1 << bit for bit in range(bits)]
    if signed:
        weights[-1] = -weights[-1]
    return each @ np.array(weights)


def _rows(question: Question, asked: _Asked, compared: str) -> Answer:
    """Prove nj_elman_rows of the folder at the layer's sizes. compared: what else is known of the layer."""
    sizes = {"Rows": asked.rows, "Columns": asked.columns, "CIn": asked.channels, "COut": asked.outputs}
    sources = [question.rtl / file.name for file in sources_of(ROWS)]
    for file in sources:
        if f"rtl/{file.name}" not in question.manifest.files:
            raise UserError(f"{file} is not among the files of manifest.json; build the accelerator again")
    properties = formal.PROPERTIES / f"{ROWS}_properties.sv"
    try:
        verdict = formal.prove(
            f"{ROWS}_properties", {**sizes, "Inside": INSIDE}, sources=[*sources, properties], timeout_s=LIMIT_S
        )
    except formal.UndecidedError as error:
        why = f"{compared}; what goes round the matrix comes to no verdict, {error.status} after {error.seconds:.0f} s"
        return Answer(NOT_COVERED, why)
    if not verdict:
        return Answer(REFUTED, f"{question.layer.module}: rows or state go wrong round the matrix, {verdict.text}")
    return Answer(NOT_COVERED, f"{compared}, and rows and state are proved for all pixels; {SMALL}")


def _check_modules(rtl: Path, text: str) -> None:
    """Raise UserError when a module of the matrix in the folder is not this version's."""
    for ours in sources_in(text):
        file = rtl / ours.name
        if ours.stem != ROWS and not (file.is_file() and file.read_bytes() == ours.read_bytes()):
            raise UserError(
                f"{file} is not the {ours.stem} of this version, so nothing follows from it; "
                "build the accelerator again"
            )
