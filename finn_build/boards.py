"""Boards by name: their part and what it holds."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import resources

from bnn.errors import UserError

RESOURCES = ("lut", "ff", "bram18", "uram", "dsp")


@dataclass(frozen=True)
class Board:
    """A board of boards.toml."""

    name: str
    part: str
    lut: int
    ff: int
    bram18: int
    uram: int
    dsp: int


def boards() -> dict[str, Board]:
    """Return all boards by their names in lower case."""
    table = tomllib.loads((resources.files("finn_build") / "boards.toml").read_text())
    wanted = {f.name for f in fields(Board)} - {"name"}
    assert all(set(entry) == wanted for entry in table.values())
    return {name: Board(name, **entry) for name, entry in table.items()}


def find_board(name: str) -> Board:
    """Return the board called `name`, in any case. UserError lists the boards."""
    known = boards()
    if name.lower() not in known:
        raise UserError(f"--board {name!r} is not known; choose one of {', '.join(known)}")
    return known[name.lower()]


def check_fits(board: Board, total: Mapping[str, float]) -> None:
    """Raise UserError when the estimated total exceeds what the board's part holds."""
    over = [
        f"{total[name]:,.0f} {name.upper()} of {getattr(board, name):,}"
        for name in RESOURCES
        if total[name] > getattr(board, name)
    ]
    if over:
        raise UserError(
            f"the network does not fit {board.name} ({board.part}): an estimated {', '.join(over)}; "
            "ask for fewer frames per second with --fps, train a smaller network or choose a larger board"
        )
