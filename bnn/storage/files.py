"""Write outputs whole or not at all: beside the target first, then rename.

A process that is killed leaves what it wrote beside the target, under a name of its own, and the next process removes
it. The target is never half written, nor missing for good.
"""

import ctypes
import errno
import fcntl
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from bnn.errors import UserError
from bnn.storage.folders import Kind, refuse_foreign
from bnn.storage.locks import lock

__all__ = ["lock", "new_file", "new_folder", "refuse_foreign", "require_room", "restore", "write_file"]
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of renameat2


def write_file(path: Path, content: bytes | str) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part."""
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = _begin_part(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        _explain(error, Path(temporary), path)
        raise


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """Yield a text file, UTF-8 with line ends as written, that becomes `path` when the block ends well.

    It vanishes when the block does not. Nothing is ever replaced: UserError when there is something at `path`, before
    any work is done, and again when it came there meanwhile.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}; make it first")
    _refuse_there(path)
    handle, temporary = _begin_part(path)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            _place(temporary, path)
    except BaseException as error:
        _explain(error, Path(temporary), path)
        raise
    finally:
        Path(temporary).unlink(missing_ok=True)


def _begin_part(path: Path) -> tuple[int, str]:
    """Open the file that is to become `path`, without what was left of earlier ones; return its handle and its name."""
    _sweep_parts(path)
    try:
        return _part(path)
    except OSError as error:
        _explain(error, path.parent / f".{path.name}", path)
        raise


def _refuse_there(path: Path) -> None:
    if os.path.lexists(path):
        raise UserError(f"{path} is there already, and nothing is written over it; choose another name or move it away")


def _place(temporary: str, path: Path) -> None:
    """Give a file its name, which nothing else may have taken meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        _refuse_there(path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK):
            raise
        _refuse_there(path)  # a file system without hard links
        os.rename(temporary, path)


def require_room(folder: Path, report: str) -> None:
    """Raise UserError, before minutes are spent, when `report` could not be written into `folder` at the end."""
    if not folder.is_dir():
        return  # whoever reads it says so
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{folder} cannot be written to, and {report} belongs there; copy the folder elsewhere")
    if (folder / report).is_dir():
        raise UserError(f"{folder / report} is a folder, and a file of that name is to be written; move it away")


@contextmanager
def new_folder(path: Path, kind: Kind) -> Iterator[Path]:
    """Yield an empty folder that becomes `path` when the block ends well and vanishes when it does not.

    An existing `path` is replaced only when it is empty or wholly of this kind. Anything else belongs to a person:
    UserError before any work is done, and again when it came there meanwhile. `path` is locked (bnn.storage.locks); a
    caller that does more before and after holds the lock itself.
    """
    path = Path(os.path.realpath(path))
    if path in (here := Path.cwd(), *here.parents):
        raise UserError(f"{path} is the folder you are in, or one around it; choose a folder to make in it")
    refuse_foreign(path, kind)
    with lock(path) as held:
        restore(path)
        refuse_foreign(path, kind)
        if held:
            _sweep(path)
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.new."))
        try:
            yield temporary
            os.chmod(temporary, 0o755)
            refuse_foreign(path, kind)
            _put(temporary, path)
        except BaseException as error:
            shutil.rmtree(temporary, ignore_errors=True)
            _explain(error, temporary, path)
            raise
        shutil.rmtree(temporary, ignore_errors=True)


def restore(path: Path) -> None:
    """Put back a folder that was being replaced when its process was killed, and warn about it."""
    path = Path(os.path.realpath(path))
    if os.path.lexists(path) or not _beside(path, "old"):
        return
    with lock(path), suppress(FileNotFoundError):  # another process was faster
        found = _beside(path, "old")
        if found and not os.path.lexists(path):
            os.rename(max(found, key=lambda old: old.stat().st_mtime), path)
            warnings.warn(f"{path} was being replaced when that was interrupted; the old folder is back", stacklevel=2)


def _explain(error: BaseException, temporary: Path, path: Path) -> None:
    """Make an error of the system say what became of `path`, and name `path` instead of the temporary place."""
    if not isinstance(error, OSError):
        return
    if str(error.filename).startswith(str(temporary)):
        error.filename = str(path) + str(error.filename).removeprefix(str(temporary))
    left = f", but {temporary} could not be taken away" if os.path.lexists(temporary) else ""
    error.add_note(f"{path} {'is as it was' if os.path.lexists(path) else 'was not made'}{left}")


def _put(new: Path, path: Path) -> None:
    """Make `new` become `path`, wholly or not at all. What was at `path` is at `new` afterwards, or gone."""
    if not path.exists() or not any(path.iterdir()):
        os.replace(new, path)
        return
    if _exchange(new, path):
        return
    old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.old."))
    try:
        os.replace(path, old)
        os.replace(new, path)
        os.replace(old, new)
    except BaseException:
        if not path.exists():
            os.replace(old, path)
        else:
            shutil.rmtree(old, ignore_errors=True)  # empty, or replaced already
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step, so that there is always one; return False where system or disk cannot."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    if call(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(other))


def _beside(path: Path, what: str) -> list[Path]:
    """Return folders of `path` that a killed process left beside it: "new" or "old" ones."""
    if not path.parent.is_dir():
        return []
    prefix = f".{path.name}.{what}."
    names = [entry for entry in os.scandir(path.parent) if entry.name.startswith(prefix)]
    return [Path(entry.path) for entry in names if entry.is_dir(follow_symlinks=False)]


def _sweep(path: Path) -> None:
    """Remove what killed processes left beside `path`, whose lock this process holds."""
    for folder in [*_beside(path, "new"), *(_beside(path, "old") if path.exists() else [])]:
        shutil.rmtree(folder, ignore_errors=True)


def _part(path: Path) -> tuple[int, str]:
    """Make a file beside `path`, locked so that nobody sweeps it; return its handle and name."""
    while True:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with suppress(OSError):  # being swept, or a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.exists(temporary):
            return handle, temporary
        os.close(handle)


def _sweep_parts(path: Path) -> None:
    """Remove what killed processes left of `path`: files that nobody holds."""
    prefix = f".{path.name}."
    for entry in os.scandir(path.parent):
        if entry.name.startswith(prefix) and entry.name.endswith(".part") and entry.is_file(follow_symlinks=False):
            try:
                handle = os.open(entry.path, os.O_RDONLY)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    os.unlink(entry.path)
                finally:
                    os.close(handle)
            except OSError:
                pass  # another process writes it, or has just removed it
