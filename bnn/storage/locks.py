"""Let one process at a time write a folder, and none while others read it.

The lock of NAME is a lock of the operating system on the file .NAME.lock beside it, so it ends with its process,
however that ends. The file holds the numbers of the processes and is removed by the last of them.
"""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bnn.errors import UserError

PATIENCE_S = 1.0  # a moment in which another process gives its lock back
MOST = 4096  # bytes of numbers that are looked at
CANNOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS)
_held: set[tuple[Path, int]] = set()  # path, thread: a thread may take its own lock again


@contextmanager
def lock(path: Path, *, shared: bool = False) -> Iterator[bool]:
    """Hold `path`, a folder or file that may not be there yet; missing folders above it are made.

    shared: only read it; any number of processes may do so at once. UserError names the process that holds it
    otherwise. A reader without the right to write beside `path` gets no lock, and must check whether it changed.
    Yield whether the lock is held; on a file system without locks it is not.
    """
    path = Path(os.path.realpath(path))
    key = (path, threading.get_ident())
    if key in _held:
        yield True
        return
    made = [] if shared else _make_folders(path.parent)
    try:
        handle = _acquire(path, shared)
        _held.add(key)
        try:
            yield handle is not None
        finally:
            _held.discard(key)
            if handle is not None:
                _release(handle, path)
    finally:
        for folder in made:  # unless something was put there
            try:
                folder.rmdir()
            except OSError:
                break


def _make_folders(folder: Path) -> list[Path]:
    """Make `folder` and those above it; return the ones made, the innermost first."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for made in reversed(missing):
        made.mkdir(exist_ok=True)
    return missing


def _file(path: Path) -> Path:
    return path.parent / f".{path.name}.lock"


def _acquire(path: Path, shared: bool) -> int | None:
    """Return the open lock file; None where no lock can be had."""
    place, until = _file(path), time.monotonic() + PATIENCE_S
    while True:
        try:
            handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        except FileNotFoundError:
            return None  # the folder above is not there: whoever reads says so
        except OSError as error:
            if shared and error.errno in CANNOT_WRITE:
                return None
            raise
        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            there = os.stat(place, follow_symlinks=False)
            if there.st_ino == os.fstat(handle).st_ino:
                os.lseek(handle, 0, os.SEEK_END)
                os.write(handle, f"{os.getpid()}\n".encode())
                return handle
            os.close(handle)  # its last holder has just removed it
        except FileNotFoundError:
            os.close(handle)
        except BlockingIOError:
            holders = _holders(handle)
            os.close(handle)
            if time.monotonic() > until:
                raise UserError(_busy(path, holders, shared)) from None
            time.sleep(0.02)
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOTSUP):  # a file system without locks
                os.close(handle)
                return None
            os.close(handle)
            raise


def _release(handle: int, path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(_file(path))
    except OSError:  # others read it still: the last one removes the file
        numbers = os.pread(handle, MOST, 0).split()
        own = str(os.getpid()).encode()
        if own in numbers:
            numbers.remove(own)
        os.ftruncate(handle, 0)
        os.pwrite(handle, b"".join(number + b"\n" for number in numbers), 0)
    os.close(handle)


def _holders(handle: int) -> list[int]:
    """Return the living processes whose numbers are in the file."""
    numbers = {int(line) for line in os.pread(handle, MOST, 0).split() if line.isdigit()}
    return sorted(number for number in numbers if os.path.exists(f"/proc/{number}") or number == os.getpid())


def _busy(path: Path, holders: list[int], shared: bool) -> str:
    who = f"process {', '.join(map(str, holders))}" if holders else "another process"
    if shared:
        return f"{path} is being written by {who}; wait until that is done"
    return f"{path} is in use by {who}; wait until that is done, or choose another folder"
