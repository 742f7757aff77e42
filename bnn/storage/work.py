"""Make folders to work in that vanish at the end of the block; what a killed process left, the next one removes.

A folder in use holds a file OWNER that its process has locked. The system releases the lock when the process ends,
however it ends. So a folder whose lock is free belongs to nobody. Process numbers decide nothing, because they are
given out again. Only folders with such a file, of this user, and named as `work_folder` names them are ever removed.
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bnn.errors import UserError

OWNER = ".neuraljet-owner"  # in the folder
PREFIX = "neuraljet-"
SUFFIX = ".work"
PLAIN = re.compile(r"[\w./+-]+", re.ASCII)  # what make, Verilator and linkers take without quotes
USUAL = ("/tmp", "/var/tmp")
_swept: set[Path] = set()


@contextmanager
def work_folder(parent: Path | None = None, name: str = PREFIX) -> Iterator[Path]:
    """Yield an empty folder that vanishes with the block.

    parent: where it is made. By default this is the system's temporary folder, and the whole path is plain, so that
    every tool takes it. name: its first characters. UserError when there is no place for it.
    """
    place = temporary_folder() if parent is None else parent
    if place not in _swept:  # once in a process
        _swept.add(place)
        sweep(place)
    folder, lock = _make(place, name)
    try:
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def temporary_folder() -> Path:
    """Return the system's temporary folder ($TMPDIR), or a usual one when its name has blanks, quotes and the like."""
    try:
        chosen = Path(tempfile.gettempdir()).absolute()
    except OSError:
        raise UserError(
            "no temporary folder can be written to: set TMPDIR to a folder that can (its path in plain letters)"
        ) from None
    for place in (chosen, *map(Path, USUAL)):
        if is_plain(place) and os.access(place, os.W_OK | os.X_OK):
            return place
    raise UserError(
        f"the temporary folder {chosen} has a name that compilers do not take, and {' and '.join(USUAL)} cannot be "
        "written to: set TMPDIR to a folder whose path has letters, digits, '.', '_', '+' and '-' alone"
    )


def is_plain(path: Path | str) -> bool:
    """Tell whether every tool takes this path as it is."""
    return bool(PLAIN.fullmatch(str(path)))


def sweep(place: Path) -> None:
    """Remove the work folders in `place` whose processes are gone. What is in use, or another user's, stays."""
    try:
        entries = [entry for entry in os.scandir(place) if entry.name.endswith(SUFFIX)]
    except OSError:
        return
    for entry in entries:
        try:
            if not entry.is_dir(follow_symlinks=False) or entry.stat(follow_symlinks=False).st_uid != os.geteuid():
                continue
            os.rmdir(entry.path)  # killed before there was a file; whoever is about to make one makes another folder
        except OSError:
            pass
        try:
            lock = os.open(Path(entry.path) / OWNER, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(Path(entry.path))
        except OSError:
            pass  # in use, or on a file system without locks
        finally:
            os.close(lock)


def _remove(folder: Path) -> None:
    """Remove what a folder holds, then the file that says whose it is, so that a sweep can finish what was cut off."""
    for entry in list(os.scandir(folder)) if folder.is_dir() else []:
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path, ignore_errors=True)
        elif entry.name != OWNER:
            Path(entry.path).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _make(place: Path, name: str) -> tuple[Path, int]:
    """Make a folder in `place`; return it and the open, locked file in it."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=place, prefix=name, suffix=SUFFIX))
        try:
            lock = os.open(folder / OWNER, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue  # swept away while it was empty
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)  # a sweep has it: it removes the folder
            continue
        except OSError:
            return folder, lock  # without locks nothing is swept
        if os.path.exists(folder / OWNER):
            return folder, lock
        os.close(lock)
