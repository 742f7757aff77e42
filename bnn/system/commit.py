"""Which state of the program this is, for records that somebody wants to repeat."""

from functools import cache
from importlib import metadata
from pathlib import Path

from bnn.errors import ToolError
from bnn.system import processes

ROOT = Path(__file__).resolve().parents[2]


@cache
def commit() -> str:
    """Return the commit of this checkout in twelve letters, "with changes" where files of it differ; else "".

    It is "" too where this is no checkout of git, such as an installed package.
    """
    if not (ROOT / ".git").exists():
        return ""
    try:
        found = processes.run(["git", "-C", ROOT, "rev-parse", "HEAD"], timeout_s=10)
        changed = processes.run(["git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no"], timeout_s=10)
    except ToolError:
        return ""
    return f"{found.output.strip()[:12]}{' with changes' if changed.output.strip() else ''}" if found.code == 0 else ""


def version() -> str:
    """Return the version of the package."""
    return metadata.version("neuraljet")
