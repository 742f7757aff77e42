"""What a training ran on, as its run folder says it: beside seed and settings this decides how numbers are rounded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """Two trainings of the same settings and pictures end with equal weights where this is equal too."""

    torch: str  # version
    threads: int  # of each process
    device: str  # cpu, cuda or mps
    processes: int  # that trained together

    def line(self) -> str:
        """Return it for people."""
        together = f", {self.processes} processes" if self.processes > 1 else ""
        return f"torch {self.torch}, {self.threads} thread{'s' if self.threads > 1 else ''}, {self.device}{together}"
