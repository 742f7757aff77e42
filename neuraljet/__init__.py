"""From a folder of pictures to an FPGA accelerator verified equal to the trained network.

Each command of the `neuraljet` program is also a function here, with the same arguments:

>>> import neuraljet
>>> neuraljet.train("biscuits", "run", epochs=2)        # doctest: +SKIP
>>> neuraljet.build("run", "accelerator")               # doctest: +SKIP
>>> neuraljet.verify("accelerator").mismatches          # doctest: +SKIP
0

`Accelerator` drives what came out, on a board or simulated (docs/driver.md). `Gate` sets what a packaged one rejects.
"""

from typing import TYPE_CHECKING, Any

from bnn.errors import ToolError, UserError
from neuraljet.commands.bitstream import bitstream
from neuraljet.commands.build import build
from neuraljet.commands.classify import classify
from neuraljet.commands.demo import demo
from neuraljet.commands.doctor import doctor
from neuraljet.commands.ip import ip
from neuraljet.commands.prove import prove
from neuraljet.commands.report import report
from neuraljet.commands.search import search
from neuraljet.commands.study import study
from neuraljet.commands.synth import synth
from neuraljet.commands.train import train
from neuraljet.commands.tune import tune
from neuraljet.commands.verify import verify
from neuraljet.commands.watch import watch
from neuraljet.gate import Gate, Reject

__all__ = [
    "Accelerator",
    "Gate",
    "Reject",
    "ToolError",
    "UserError",
    "bitstream",
    "build",
    "classify",
    "demo",
    "doctor",
    "ip",
    "prove",
    "report",
    "search",
    "study",
    "synth",
    "train",
    "tune",
    "verify",
    "watch",
]

if TYPE_CHECKING:
    from neuraljet.accelerator import Accelerator


def __getattr__(name: str) -> Any:
    """Import Accelerator when it is first asked for: it needs NumPy, and the command line starts without."""
    if name == "Accelerator":
        from neuraljet.accelerator import Accelerator

        return Accelerator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
