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
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        path = RTL / f"{waiting.pop()}.sv"
        if path.stem in found or not path.is_file():
            continue
        found[path.stem] = path
        code = re.sub(r"//.*|/\*.*?\*/", "", path.read_text())
        waiting += re.findall(r"\bnj_\w+", code)
    if module not in found:
        raise FileNotFoundError(f"{RTL / module}.sv")
    return tuple(sorted(found.values(), key=lambda path: (not path.stem.endswith("_pkg"), path.name)))


def fill(template: str, values: Mapping[str, object]) -> str:
    """A file of hw/templates with its $names replaced."""
    return string.Template((TEMPLATES / template).read_text()).substitute(values)
