"""Which files of hw/rtl a module needs, and text from the templates."""

import re
import string
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

HW = Path(__file__).resolve().parent.parent
RTL = HW / "rtl"
CELLS = HW / "cells"  # ports of the vendor's cells, for tools without his library
TEMPLATES = HW / "templates"


@lru_cache
def sources_of(module: str) -> tuple[Path, ...]:
    """The file of `module` and of every nj_ module it instantiates, directly or not; packages first."""
    if not (RTL / f"{module}.sv").is_file():
        raise FileNotFoundError(f"{RTL / module}.sv")
    return sources_in(module)


def sources_in(text: str) -> tuple[Path, ...]:
    """The files of hw/rtl that SystemVerilog text needs; packages first."""
    found: dict[str, Path] = {}
    waiting = _names(text)
    while waiting:
        path = RTL / f"{waiting.pop()}.sv"
        if path.stem not in found and path.is_file():
            found[path.stem] = path
            waiting += _names(path.read_text())
    return tuple(sorted(found.values(), key=lambda path: (not path.stem.endswith("_pkg"), path.name)))


def _names(text: str) -> list[str]:
    return re.findall(r"\bnj_\w+", re.sub(r"//.*|/\*.*?\*/", "", text))


def fill(template: str, values: Mapping[str, object]) -> str:
    """A file of hw/templates with its $names replaced."""
    return string.Template((TEMPLATES / template).read_text()).substitute(values)
