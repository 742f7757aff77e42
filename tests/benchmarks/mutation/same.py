"""Prove that a mutant is the same as its module, for modules with streams, in a few small configurations.

A change may be no fault: the counter never gets that far, or nothing reads the assigned value. No test can kill
such a mutant. The configurations are those of the proofs, and some more at the ends of a module's contract.
"""

import re
import string
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pyslang import ast

from hw.text import RTL, sources_of
from sim.proofs.formal import ProofError, prove
from tests.benchmarks.mutation.mutants import Mutant, compilation

TEMPLATE = Path(__file__).parent / "same.sv.in"
LIMIT_S = 60
DENSE: tuple[Mapping[str, int], ...] = ({"Bias": 0x1E}, {"Thresholded": 1, "Threshold": 0x1F})
CONFIGURATIONS: dict[str, list[Mapping[str, int]]] = {
    "nj_fifo": [{"Depth": depth, "Bits": 1} for depth in (2, 4, 8)],
    "nj_argmax": [
        {"Classes": classes, "ScoreBits": 2, "ClassBits": bits, "OutScoreBits": 8, "OutMarginBits": 8}
        for classes, bits in ((1, 3), (2, 3), (3, 4), (4, 4))
    ],
    "nj_or_pool": [
        {"Height": height, "Width": width, "C": 1, "Size": size}
        for height, width, size in ((2, 2, 2), (4, 4, 2), (3, 5, 2), (5, 3, 2), (6, 3, 3), (3, 7, 3))
    ],
    "nj_dense": [
        {"Beats": beats, "CIn": 2, "COut": 2, "Fold": fold, "Weight": weight, "OutBits": 5, "ThrBits": 4, **more}
        for beats, fold, weight in ((1, 1, 0b0110), (1, 2, 0b1101), (2, 1, 0b10110010), (2, 2, 0b10110010))
        for more in DENSE
    ],
    "nj_frame_sync": [{"Beats": beats, "DataBits": 1} for beats in (1, 2, 3, 4)],
    "nj_line_buffer": [
        {"Height": height, "Width": width, "Bits": 1, "Kernel": kernel, "Stride": stride, "Pad": pad}
        for height, width, kernel, stride, pad in (
            (2, 2, 3, 1, 1), (3, 3, 2, 1, 0), (3, 4, 3, 2, 1), (3, 3, 3, 1, 0), (3, 3, 5, 1, 2)
        )
    ],
}  # fmt: skip


def same(mutant: Mutant) -> bool:
    """Return whether both are proved equal in all configurations; False when a proof takes too long or none fits."""
    configurations = CONFIGURATIONS.get(mutant.module)
    if configurations is None:
        return False
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as folder:
        work = Path(folder)
        other = work / f"{mutant.module}_mutant.sv"
        other.write_text(re.sub(rf"\bmodule {mutant.module}\b", f"module {other.stem}", mutant.mutated()))
        for parameters in configurations:
            miter = work / "nj_same.sv"
            miter.write_text(_miter(mutant.module, parameters))
            sources = [*sources_of(mutant.module), other, miter]
            try:
                if not prove("nj_same", {}, sources=sources, trace=False, timeout_s=LIMIT_S):
                    return False
            except ProofError:
                return False
    return True


def _miter(module: str, parameters: Mapping[str, int]) -> str:
    settings = [f"-G{name}={value}" for name, value in parameters.items()]
    made = compilation(RTL / f"{module}.sv", RTL, ("NJ_GENERIC",), settings)
    assert made is not None
    ports = {port.name: port for port in made.getRoot().topInstances[0].body.portList}
    inputs = [name for name, port in ports.items() if port.direction == ast.ArgumentDirection.In and name != "rst_i"]
    outputs = [name for name, port in ports.items() if port.direction == ast.ArgumentDirection.Out]
    width = {name: port.type.bitWidth for name, port in ports.items()}

    def connections(prefix: str) -> str:
        return ", ".join([*(f".{name}" for name in inputs), *(f".{name}({prefix}_{name})" for name in outputs)])

    assertions = [
        f"{'if (a_m_valid_o) ' if name == 'm_data_o' else ''}assert (a_{name} == b_{name});" for name in outputs
    ]
    return string.Template(TEMPLATE.read_text()).substitute(
        module=module,
        mutant=f"{module}_mutant",
        inputs=",\n  ".join(f"input logic [{width[name] - 1}:0] {name}" for name in inputs),
        wires="\n  ".join(f"logic [{width[name] - 1}:0] a_{name}, b_{name};" for name in outputs),
        parameters=", ".join(f".{name}({value})" for name, value in parameters.items()),
        right=connections("a"),
        wrong=connections("b"),
        assertions="\n      ".join(assertions),
    )
