"""Prove properties round the wrapper of a layer, as it stands in the folder, by induction."""

import re
from collections.abc import Sequence
from pathlib import Path
from string import Template

from bnn.errors import UserError
from bnn.storage.work import work_folder
from hw.text import sources_in
from sim.proofs import formal
from sim.proofs.layers.prover import NOT_COVERED, PROVED, REFUTED, Answer, Question

CLOCKS = 4  # a reset, a beat, its result, and one more
LIMIT_S = 60  # of one proof


def prove_wrapper(
    question: Question,
    properties: str,
    parameters: formal.Parameters,
    *,
    pieces: Sequence[formal.Parameters] = ({},),
    clocks: int = CLOCKS,
    **names: str,
) -> Answer:
    """Prove the module nj_<properties> of sim/proofs/properties/<properties>.sv.in, which instantiates $module.

    pieces: more parameters of each of several proofs, which together prove the layer. names: what else the file leaves
    open. clocks: in which a fault shows, for a layer of which induction proves nothing.
    Where an assertion fails, the comment behind it is the reason. UserError when the folder lacks a file.
    """
    module, top = question.layer.module, f"nj_{properties}"
    text = Template((formal.PROPERTIES / f"{properties}.sv.in").read_text()).substitute(module=module, **names)
    with work_folder() as work:
        file = work / f"{top}.sv"
        file.write_text(text)
        sources = [*_sources(question), file]
        for piece in pieces:
            answer = _answer(module, top, text, {**parameters, **piece}, sources, clocks)
            if answer.verdict != PROVED:
                return answer
    return Answer(PROVED)


def _answer(
    module: str, top: str, text: str, parameters: formal.Parameters, sources: list[Path], clocks: int
) -> Answer:
    """Return what a proof comes to. text: of the module `top`."""
    try:
        verdict = _proved(top, parameters, sources, clocks)
    except formal.UndecidedError as error:
        return Answer(NOT_COVERED, f"z3 comes to no verdict, {error.status} after {error.seconds:.0f} s")
    if verdict is None:
        return Answer(NOT_COVERED, f"induction proves nothing, though no fault shows in {clocks} clocks")
    if verdict:
        return Answer(PROVED)
    lines = [text.splitlines()[int(line) - 1] for line in re.findall(rf"{top}\.sv:(\d+)\.", verdict.text)]
    why = ", ".join(line.partition("// ")[2] for line in lines) or verdict.text  # z3 may find no trace in time
    return Answer(REFUTED, f"{module}: {why}")


def _proved(top: str, parameters: formal.Parameters, sources: list[Path], clocks: int) -> formal.Verdict | None:
    """Prove by induction, or search the first `clocks` for a fault; None when neither is found."""
    try:
        return formal.prove(top, parameters, method="induction", depth=CLOCKS, sources=sources, timeout_s=LIMIT_S)
    except formal.UndecidedError as error:
        if error.status != "UNKNOWN":
            raise
    found = formal.prove(top, parameters, method="bounded", depth=clocks, sources=sources, timeout_s=LIMIT_S)
    return None if found else found


def _sources(question: Question) -> list[Path]:
    """Return the folder's files of the layer's wrapper and of what it instantiates, packages first."""
    wrapper = question.rtl / f"{question.layer.module}.v"
    files = [question.rtl / file.name for file in sources_in(wrapper.read_text())] + [wrapper]
    for file in files:
        if f"rtl/{file.name}" not in question.manifest.files:
            raise UserError(f"{file} is not among the files of manifest.json; build the accelerator again")
    return files
