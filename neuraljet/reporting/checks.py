"""What was verified on pictures and what was proved for all inputs, as the accelerator folder says it."""

from dataclasses import dataclass
from pathlib import Path

from neuraljet.reporting.circuit import read_part

VERIFIED, NETLIST, PROVED = "verification.json", "netlist_verification.json", "proof.json"


@dataclass(frozen=True)
class Verified:
    """The entries of verification.json or netlist_verification.json that the report shows."""

    passed: bool
    frames: int
    mismatches: int
    faults: tuple[str, ...]
    cycles_per_frame: float | None
    latency_cycles: int | None
    frame_latency_cycles: int | None
    data: str
    backpressure: float
    model_sha256: str


@dataclass(frozen=True)
class ProvedLayer:
    """What became of a layer that there is a prover of."""

    name: str
    operator: str
    outputs: int
    why: str | None
    verdict: str


@dataclass(frozen=True)
class Proved:
    """The entries of proof.json that the report shows."""

    passed: bool
    outputs_proved: int
    outputs: int
    layers: tuple[ProvedLayer, ...]
    other_layers: tuple[str, ...]
    model_sha256: str


@dataclass(frozen=True)
class Checks:
    """All of them; None for a check that was not made on this accelerator."""

    rtl: Verified | None
    netlist: Verified | None
    proof: Proved | None


def checks_of(acc: Path, model_sha256: str) -> Checks:
    """Read the reports in an accelerator folder; those of another network count as not made."""
    found = (
        read_part(kind, acc / name) for kind, name in ((Verified, VERIFIED), (Verified, NETLIST), (Proved, PROVED))
    )
    return Checks(*(report if report and report.model_sha256 == model_sha256 else None for report in found))
