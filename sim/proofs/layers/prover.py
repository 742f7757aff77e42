"""What a prover is asked, and what it answers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from finn_build.manifest import Manifest, StreamLayer
from finn_build.recognise import Stage, Stream

PROVED, REFUTED, NOT_COVERED = "proved", "refuted", "not covered"


@dataclass(frozen=True)
class Question:
    """Is the RTL of `layer` in the folder `acc` what `stage` says, which is of the network?"""

    acc: Path
    manifest: Manifest
    layer: StreamLayer
    stage: Stage
    inputs: tuple[Stream, ...]

    @property
    def rtl(self) -> Path:
        """Where the folder's RTL is."""
        return self.acc / "rtl"


@dataclass(frozen=True)
class Answer:
    """A verdict, PROVED, REFUTED or NOT_COVERED, and the reason of the latter two."""

    verdict: str
    why: str | None = None


class Prover(ABC):
    """Proves for all inputs that layers of one kind are the network's. A module of `sim.proofs.layers` registers it."""

    @abstractmethod
    def takes(self, stage: Stage) -> bool:
        """Return whether it proves layers like this one, or says why it does not."""

    @abstractmethod
    def answer(self, question: Question) -> Answer:
        """Compare a layer's RTL with the network. UserError when the folder holds what cannot be compared."""
