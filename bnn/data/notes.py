"""What a loader left out or read differently than expected: one line per reason, with a count and an example."""

import os
from pathlib import Path

from bnn.storage.names import printable


class Notes:
    """Notes that are gathered while a set below `root` is read; `lines` are for people.

    >>> notes = Notes(Path("set"))
    >>> notes.leave("hidden or system files", Path("set/good/.DS_Store"))
    >>> notes.leave("hidden or system files", Path("set/bad/Thumbs.db"))
    >>> notes.lines()
    ('left out: hidden or system files (2, such as good/.DS_Store)',)
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._said: list[str] = []
        self._counted: dict[tuple[str, str], tuple[int, str]] = {}  # (verb, reason) -> how many, the first of them

    def say(self, line: str) -> None:
        """Add a line of its own, once."""
        if line not in self._said:
            self._said.append(line)

    def leave(self, reason: str, example: Path, count: int = 1) -> None:
        """Count what is not read. `reason` says what these things are, in the plural."""
        self._count("left out", reason, example, count)

    def take(self, reason: str, example: Path, count: int = 1) -> None:
        """Count what is read differently than somebody may expect."""
        self._count("read", reason, example, count)

    def _count(self, verb: str, reason: str, example: Path, count: int) -> None:
        before, first = self._counted.get((verb, reason), (0, self.shown(example)))
        self._counted[verb, reason] = before + count, first

    def shown(self, path: Path) -> str:
        """Return `path` relative to the set's folder, fit to be printed on one line."""
        return printable(os.path.relpath(path, self.root) if path.is_absolute() == self.root.is_absolute() else path)

    def lines(self) -> tuple[str, ...]:
        """Return the notes: what was decided first, then what was counted."""
        counted = (
            f"{verb}: {reason} ({f'{count}, such as' if count > 1 else '1:'} {first})"
            for (verb, reason), (count, first) in self._counted.items()
        )
        return (*self._said, *counted)
