"""Fill the templates beside this file, and write constants as SystemVerilog reads them."""

import string
from collections.abc import Mapping
from pathlib import Path

from bnn.integer.reference import Ints

FOLDER = Path(__file__).resolve().parent


def fill(template: str, values: Mapping[str, object]) -> str:
    """Return a template of this folder with its $names replaced."""
    return string.Template((FOLDER / template).read_text()).substitute(values)


def pattern(values: Ints) -> str:
    """Return an assignment pattern: '{1, -1}, nested for matrices, a row per line."""
    if values.ndim == 1:
        return "'{" + ", ".join(str(int(value)) for value in values) + "}"
    return "'{\n    " + ",\n    ".join(pattern(row) for row in values) + "\n  }"
