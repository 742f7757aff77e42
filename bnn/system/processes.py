"""Run programs that never outlive us: every program that this project starts is started here.

>>> run(["expr", "6", "*", "7"]).output
'42\\n'

Between us and the program stands `bnn.system.guard`. It ends the program, and all that the program started, when a pipe
is closed. We close it at a time limit and at an exception (an interruption is one); the system does when we are killed.
"""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bnn.errors import ToolError

GUARD = Path(__file__).with_name("guard.py")
_open: dict[int, int] = {}  # process identifier of a guard -> our end of its pipe
_lock = threading.Lock()


class TimeLimit(ToolError):
    """The program was ended because it ran longer than it may."""


@dataclass(frozen=True)
class Ended:
    """What a program left."""

    code: int  # its exit status; 128 + n after signal n
    output: str  # what it printed, both streams, unless that went to a file
    data: bytes = b""  # its standard output alone, when it was given `data`


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    output: IO[Any] | None = None,
    data: bytes | None = None,
    timeout_s: float | None = None,
) -> Ended:
    """Run a program to its end.

    output: a file for both of its streams; else they are returned. data: what it reads; then its standard output is
    returned by itself, as bytes. ToolError when there is no such program, TimeLimit when it runs longer than
    `timeout_s`. Whatever is raised, the program and all that it started have ended before.
    """
    words = [str(word) for word in command]
    path = (env or os.environ).get("PATH", os.defpath)
    if shutil.which(words[0], path=path) is None:
        raise ToolError(f"there is no program {words[0]} on PATH ({path or 'which is empty'})")
    process = begin(
        words, cwd=cwd, env=env,
        stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
        stdout=output or subprocess.PIPE,
        stderr=subprocess.PIPE if data is not None else subprocess.STDOUT,
    )  # fmt: skip
    try:
        out, err = process.communicate(data, timeout_s)
    except subprocess.TimeoutExpired:
        raise TimeLimit(f"{Path(words[0]).name} ran longer than {timeout_s:.0f} s") from None
    finally:
        end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    said = err if data is not None else out
    return Ended(process.returncode, (said or b"").decode(errors="replace"), out if data is not None else b"")


def begin(command: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program and return at once; its streams and the rest of `options` are those of `subprocess.Popen`.

    It ends with us at the latest. Who starts it calls `end`. The code of the process is the program's, as in `Ended`.
    """
    theirs, ours = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), str(theirs), *(str(word) for word in command)],
            pass_fds=(theirs,), start_new_session=True, **options,
        )  # fmt: skip
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    with _lock:
        _open[process.pid] = ours
    return process


def end(process: subprocess.Popen[bytes]) -> int:
    """End what `begin` started, with all that it started, and return its exit status; one that has ended stays so."""
    stop(process)
    return process.wait()


def stop(process: subprocess.Popen[bytes]) -> None:
    """Begin to end what `begin` started, without waiting for it; another thread may wait."""
    _end(process.pid)


def end_all() -> None:
    """End every program that `run` waits for, in any thread; to that thread the program seems to have failed."""
    for number in list(_open):
        _end(number)


def _end(number: int) -> None:
    with _lock:
        pipe = _open.pop(number, None)
    if pipe is not None:
        os.close(pipe)
