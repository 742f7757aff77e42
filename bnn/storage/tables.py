"""TOML that a person wrote: read whole, or refused by a sentence."""

import tomllib
from pathlib import Path
from typing import Any

from bnn.errors import UserError

MOST_BYTES = 1 << 20


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """Return the table in `path`; `what` is how errors call it. UserError when it cannot be read or is no TOML."""
    try:
        if not path.is_file():  # a named pipe would be waited for
            raise UserError(f"{what}: {path} is no file")
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"{what}: {path} cannot be read ({error.strerror or error})") from None
    if len(data) > MOST_BYTES:
        raise UserError(f"{what}: {path} has more than {MOST_BYTES >> 20} MiB and is no such file")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{what} is not valid TOML: no UTF-8 at byte {error.start}; save it as UTF-8") from None
    return parse_toml(text, what)


def parse_toml(text: str, what: str) -> dict[str, Any]:
    """Return the table of TOML `text`."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # those of long numbers and deep nesting too
        raise UserError(f"{what} is not valid TOML: {str(error).splitlines()[0]}") from None
