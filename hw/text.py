"""Which files of hw/rtl a module needs, and text from the templates."""

import re
import string
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

HW = Path(__file__).resolve().parent
RTL = HW / "rtl"
CELLS = HW / "cells"  # ports of the vendor's cells, for tools without his library
TEMPLATES = HW / "templates"
File = TypeVar("File", str, Path)
MOST_LINE = 1000  # characters; Verilator takes 40,000 tokens a line, and people fewer


@lru_cache
def sources_of(module: str) -> tuple[Path, ...]:
    """Return the files of `module` and of every nj_ module it instantiates, directly or not; packages first."""
    if not (RTL / f"{module}.sv").is_file():
        raise FileNotFoundError(f"{RTL / module}.sv")
    return sources_in(module)


def sources_in(text: str) -> tuple[Path, ...]:
    """Return the files of hw/rtl that SystemVerilog text needs; packages first."""
    found: dict[str, Path] = {}
    pending = _names(text)
    while pending:
        path = RTL / f"{pending.pop()}.sv"
        if path.stem not in found and path.is_file():
            found[path.stem] = path
            pending += _names(path.read_text())
    return tuple(packages_first(sorted(found.values(), key=lambda path: path.name)))


def packages_first(files: Iterable[File]) -> list[File]:
    """Return the files with the packages in front, which tools must read before what uses them."""
    return sorted(files, key=lambda file: not is_package(file))


def is_package(file: str | Path) -> bool:
    """Is that SystemVerilog file a package, by its name?"""
    return Path(file).stem.endswith("_pkg")


def _names(text: str) -> list[str]:
    return re.findall(r"\bnj_\w+", re.sub(r"//.*|/\*.*?\*/", "", text))


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return a file of hw/templates with its $names replaced; in Verilog only a constant exceeds MOST_LINE."""
    text = string.Template((TEMPLATES / template).read_text()).substitute(values)
    return wrapped(text) if template.endswith(("v.in", "sv.in")) else text


def wrapped(text: str) -> str:
    """Break lines of Verilog longer than MOST_LINE behind commas; `unwrapped` joins them.

    >>> wrapped("ab, cd") == "ab, cd", unwrapped("assign x = {a,\\n  b};")
    (True, 'assign x = {a, b};')
    """
    return "\n".join(_broken(line) if len(line) > MOST_LINE else line for line in text.split("\n"))


def unwrapped(text: str) -> str:
    """Join lists that `wrapped` broke."""
    return re.sub(r",\n\s*", ", ", text)


def _broken(line: str) -> str:
    if "//" in line:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    first, *rest = line.split(", ")
    rows = [first]
    for item in rest:
        if len(rows[-1]) + len(item) + 3 > MOST_LINE:
            rows[-1] += ","
            rows.append(indent + item)
        else:
            rows[-1] += f", {item}"
    return "\n".join(rows)
