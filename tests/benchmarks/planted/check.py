"""A row of the table, and what the rows share: accelerators in which faults are planted."""

import atexit
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bnn.errors import ToolError, UserError
from bnn.qonnx.write import write_qonnx
from bnn.storage.records import Record
from finn_build.build import build
from tests.support.networks import random_network
from tests.support.sealing import reseal

Said = str | None  # what a check said when it found something; None when it passed


@dataclass(frozen=True)
class Check:
    """A check and a fault that it has to find."""

    name: str
    fault: str
    run: Callable[[Path, bool], Said]  # an empty folder to work in; is the fault planted?
    slow: bool = False  # runs a simulator, a synthesiser, a proof or pytest


def refusal(call: Callable[[], Any]) -> Said:
    """Return the text of the error that a call raises; None when it raises none."""
    try:
        call()
    except (UserError, ToolError) as error:
        return str(error)
    return None


def outcome(report: Record, *fields: str) -> Said:
    """Return the fields of a report that did not pass; None when it passed."""
    return None if report["passed"] else ", ".join(f"{name} {report[name]}" for name in fields)


@cache
def accelerator(form: str, fps: float | None = None, backend: str = "rtl") -> Path:
    """Return an accelerator of 8x8 pixels, built once."""
    folder = Path(tempfile.mkdtemp(prefix="neuraljet-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_qonnx(random_network(form, height=8, width=8, outputs=4), folder / "model.onnx")
    build(folder / "model.onnx", folder / "acc", fps=fps, backend=backend)
    return folder / "acc"


def copied(acc: Path, folder: Path) -> Path:
    """Return a copy in which a fault may be planted."""
    return Path(shutil.copytree(acc, folder / "acc"))


def planted(path: Path, pattern: str, replacement: str | Callable[[re.Match[str]], str]) -> None:
    """Change the first place in a file; RuntimeError when it is not there."""
    text = path.read_text()
    changed, count = re.subn(pattern, replacement, text, count=1)
    if count != 1 or changed == text:
        raise RuntimeError(f"{path.name} has no {pattern}")
    path.write_text(changed)


def changed_rtl(folder: Path, acc: Path, name: str, pattern: str, replacement: Any, plant: bool) -> Path:
    """Return a copy of an accelerator, a piece of its RTL changed if asked for, with a manifest that agrees."""
    copy = copied(acc, folder)
    if plant:
        planted(copy / "rtl" / name, pattern, replacement)
        reseal(copy)
    return copy
