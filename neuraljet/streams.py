"""What it means for a command that standard streams may be closed, full or broken.

What goes to standard output is the result: when it cannot be written, `OutputLost` is raised, which no handler of
mistakes with files takes for one of theirs. What goes to standard error is for whoever watches: what cannot be written
there is dropped, unless its reader has gone away, which ends a command as it does with other programs.
"""

import errno
import io
import os
import sys
from typing import Any


class OutputLost(Exception):
    """Standard output cannot be written to, or the reader of a stream is gone."""

    def __init__(self, stream: str, error: OSError) -> None:
        super().__init__(f"{stream} cannot be written to ({error.strerror})")
        self.reader_gone = error.errno == errno.EPIPE


class _Stream(io.FileIO):
    """A file descriptor; what is written after the first failure is dropped."""

    def __init__(self, number: int, name: str, lost_matters: bool) -> None:
        super().__init__(number, "w", closefd=False)
        self._name, self._lost_matters, self._lost = name, lost_matters, False

    def write(self, data: Any) -> int:
        if not self._lost:
            try:
                return super().write(data)
            except OSError as error:
                self._lost = True  # what is still in buffers goes nowhere
                if self._lost_matters or error.errno == errno.EPIPE:
                    raise OutputLost(self._name, error) from None
        return len(data)


def open_streams() -> None:
    """Prepare this process' standard streams; for a program, at its start.

    One that is closed is opened on the null device: the next file that is opened would take its number else.
    Characters that a stream's encoding lacks are written as escapes.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115
    sys.stdout = _text(1, "standard output", sys.stdout, lost_matters=True)
    sys.stderr = _text(2, "standard error", sys.stderr, lost_matters=False)


def _text(number: int, name: str, now: Any, lost_matters: bool) -> io.TextIOWrapper:
    raw = _Stream(number, name, lost_matters)
    lines = number == 2 or raw.isatty()
    encoding = getattr(now, "encoding", None) or "utf-8"
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=lines)
