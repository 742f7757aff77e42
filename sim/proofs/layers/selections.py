"""Jets that a memory selects: do the selections and constants in the folder stand for the layer's kernels?

They are read back, and the modules of the folder compared with those that this version has. What nj_jets computes is
proved only of small ones (sim/proofs/properties), so the layer as a whole stays "not covered".
"""

import re
from pathlib import Path

import numpy as np

from bnn.errors import UserError
from bnn.integer.reference import Ints
from hw.bits import dot_range
from hw.jets.folding import CODE_BITS, JetFolding, decoded
from hw.text import sources_of, unwrapped
from sim.proofs.layers.prover import NOT_COVERED, REFUTED, Answer, Question

MODULE = "nj_jets"


def selects_jets(question: Question) -> bool:
    """Return whether the folder's layer is nj_jets."""
    wrapper = question.rtl / f"{question.layer.module}.v"
    return wrapper.is_file() and f"{MODULE} #(" in wrapper.read_text()


def compared(question: Question) -> Answer:
    """Return REFUTED where the folder selects other jets, or compares with other thresholds, than the layer has."""
    _check_modules(question.rtl)
    text = unwrapped((question.rtl / f"{question.layer.module}.v").read_text())
    given = dict(re.findall(r"\.(\w+)\(([^()]*)\)", text[text.index(MODULE) :]))
    weight = np.asarray(question.stage.attributes["Weight"], np.int64)
    outputs, maps = weight.shape[:2]
    number = {
        name: int(given[name]) for name in ("Lanes", "Slots", "Words", "Outputs", "ConstantBits", "Joined", "Block")
    }
    folding = JetFolding(
        maps, outputs, number["Lanes"], number["Slots"], bool(number["Block"]), number["ConstantBits"]
    )  # fmt: skip
    name = question.layer.module
    if number["Outputs"] != outputs or number["Words"] != folding.words:
        return Answer(REFUTED, f"{name}: {number['Outputs']} outputs of {number['Words'] * number['Slots']} maps")
    lines = (question.acc / given["File"].strip('"')).read_text().split("\n")
    words = [int(line, 16) for line in lines if line and not line.startswith("//")]
    if len(words) != folding.depth:
        return Answer(REFUTED, f"{name}: the memory has {len(words)} words, not {folding.depth}")
    kernels, constants = _read(folding, words, bool(number["Joined"]))
    if not np.array_equal(kernels, weight):
        output, found = np.argwhere((kernels != weight).any((2, 3)))[0]
        return Answer(REFUTED, f"{name}: output {output} selects another jet of map {found}")
    if not number["Joined"]:
        constants = _constants(given.get("Constant", "1'h0"), number["ConstantBits"], outputs)
    limits = question.stage.attributes.get("Threshold")
    wanted = np.zeros(outputs, np.int64)
    if limits is not None:
        low, high = dot_range(weight, *question.inputs[0].range)
        wanted = -np.clip(np.asarray(limits, np.int64), low, high + 1)
    if not np.array_equal(constants, wanted):
        return Answer(REFUTED, f"{name}: another threshold of output {np.flatnonzero(constants != wanted)[0]}")
    return Answer(
        NOT_COVERED, "its memory selects the layer's jets; what nj_jets makes of them is proved of small ones"
    )


def _read(folding: JetFolding, words: list[int], joined: bool) -> tuple[Ints, Ints]:
    """Return the kernels [O, C, 3, 3] and, where they are joined, the constants [O] of a memory."""
    kernels = np.zeros((folding.outputs, folding.maps, 3, 3), np.int64)
    constants = np.zeros(folding.outputs, np.int64)
    above = folding.lanes * folding.slots * CODE_BITS
    for output, place in np.ndindex(folding.outputs, folding.maps):
        slot, word = divmod(place, folding.words)
        group, lane = divmod(output, folding.lanes)
        line = words[word * (folding.groups + folding.gap) + group]
        kernels[output, place] = decoded(line >> (lane * folding.slots + slot) * CODE_BITS & 31)
        if joined and word == 0:
            constants[output] = _signed(line >> above + lane * folding.constant_bits, folding.constant_bits)
    return kernels, constants


def _constants(text: str, bits: int, outputs: int) -> Ints:
    value = int(text.partition("'h")[2], 16)
    return np.array([_signed(value >> o * bits, bits) for o in range(outputs)])


def _signed(value: int, bits: int) -> int:
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def _check_modules(rtl: Path) -> None:
    """Raise UserError when a module in the folder is not this version's."""
    for proved in sources_of(MODULE):
        file = rtl / proved.name
        if not file.is_file() or file.read_bytes() != proved.read_bytes():
            raise UserError(
                f"{file} is not the {proved.stem} of this version, so nothing follows from it; "
                "build the accelerator again"
            )
