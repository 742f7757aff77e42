"""The kinds of folders that commands make, and what each may hold (see bnn.storage.folders)."""

from pathlib import Path

from bnn.errors import UserError
from bnn.integer.decision import FILE as POINT
from bnn.storage.folders import Kind

REPORTS = (  # commands write these into an accelerator folder
    "verification.json",
    "netlist_verification.json",
    "cppsim.json",
    "proof.json",
    "synthesis.json",
    POINT,
)
LEFT_BY_SIMULATORS = ("*.log", "*.jou", "*.pb", "*.wdb", "*.wlf", "transcript")  # in tb/, beside these folders
SIMULATORS_OWN = ("work", "xsim.dir", ".Xil")
HANDOVER = Kind("tb.json", "neuraljet-tb", later=LEFT_BY_SIMULATORS, scratch=SIMULATORS_OWN)
IP = Kind(
    "ip.json",
    "neuraljet-ip",
    later=tuple(f"tb/{name}" for name in LEFT_BY_SIMULATORS),
    scratch=tuple(f"tb/{name}" for name in SIMULATORS_OWN),
)
OPEN = Kind("bitstream.json", "neuraljet-bitstream", later=("nextpnr.json", "ulx3s-85f.bit"))
ZYNQ = Kind(  # kit.json lists what build.tcl needs; Vivado leaves the rest, or it is read from that
    "kit.json",
    "neuraljet-vivado-kit",
    later=(
        "accelerator.bit", "accelerator.hwh", "utilisation.rpt", "utilisation_design.rpt", "timing.rpt", "outcome.json",
        "report.json", "bitstream.json", "vivado.out", "vivado*.log", "vivado*.jou", "vivado*.str",
    ),
    scratch=("work", ".Xil"),
)  # fmt: skip
ACCELERATOR = Kind(
    "manifest.json",
    "neuraljet-accelerator",
    later=REPORTS,
    folders=(("bitstream-*", OPEN), ("bitstream-*", ZYNQ), ("tb", HANDOVER)),
)


def require_elsewhere(out: Path, acc: Path, made: str) -> None:
    """Raise UserError when the output folder is the accelerator folder itself."""
    if out.resolve() == acc.resolve():
        raise UserError(f"--out {out} is the accelerator folder itself; choose another folder for the {made}")
