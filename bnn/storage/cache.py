"""Keep what can be made again: simulator builds, the synthesis tool's compiled code.

The folder is $NEURALJET_CACHE; without that $XDG_CACHE_HOME/neuraljet, without both ~/.cache/neuraljet. `make` sets it
to .cache of the checkout.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.work import is_plain, sweep, work_folder

_swept: set[Path] = set()
WAY_OUT = "set NEURALJET_CACHE to a folder that can be written to"


def cache_folder(part: str) -> Path:
    """Return the folder for `part` of the cache, made when missing; always absolute. UserError when it cannot be made.

    What killed processes left in it is removed (bnn.storage.work).
    """
    folder = _root() / part
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"the cache folder {folder} cannot be made ({error.strerror}); {WAY_OUT}") from error
    if folder not in _swept:  # once in a process
        _swept.add(folder)
        sweep(folder)
        _sweep_locks(folder)
    return folder


def _root() -> Path:
    chosen = os.environ.get("NEURALJET_CACHE") or os.environ.get("XDG_CACHE_HOME")
    if chosen:
        base = Path(chosen) if os.environ.get("NEURALJET_CACHE") else Path(chosen) / "neuraljet"
        return base.absolute()
    try:
        return Path.home().absolute() / ".cache" / "neuraljet"
    except RuntimeError:
        raise UserError(f"there is no home folder to keep builds in: {WAY_OUT}") from None


def keep(folder: Path, products: Sequence[str], make: Callable[[Path], None]) -> bool:
    """Let `make` fill an empty folder and keep its files `products` as `folder`, unless the first is there already.

    Return whether it had to be made. Processes that want the same folder wait for the one that makes it. The path of
    the empty folder is plain (bnn.storage.work), whatever the cache is called. UserError when the cache cannot be
    written to.
    """
    if (folder / products[0]).is_file():
        return False
    with _alone(folder), work_folder(folder.parent, f".{folder.name}.") as beside:
        if (folder / products[0]).is_file():  # another process was faster
            return False
        if is_plain(beside):
            _make(make, beside, products, beside / "kept")
        else:
            with work_folder() as place:
                _make(make, place, products, beside / "kept")
        if folder.exists():  # without its first file: left by something else than this function
            shutil.rmtree(folder)
        os.replace(beside / "kept", folder)
    return True


def _make(make: Callable[[Path], None], place: Path, products: Sequence[str], kept: Path) -> None:
    made = place / "made"
    made.mkdir()
    make(made)
    kept.mkdir()
    for name in products:
        shutil.move(made / name, kept / name)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process makes `folder`. The last process removes the file that says so."""
    path = folder.parent / f".{folder.name}.lock"
    while True:
        try:
            file = path.open("w")
        except OSError as error:
            raise UserError(f"the cache {folder.parent} cannot be written to ({error.strerror}); {WAY_OUT}") from error
        with file:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
            if not path.exists() or not os.path.samestat(os.stat(path), os.fstat(file.fileno())):
                continue  # its last holder has just removed it
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _sweep_locks(place: Path) -> None:
    """Remove the lock files in `place` of processes that were killed while they made a folder there."""
    for path in place.glob(".*.lock"):
        try:
            with path.open("r") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
        except OSError:
            pass  # in use, or not ours


def state_folder(part: str) -> Path:
    """Return the folder for `part` of what this program knows of the user's own work, which only the user may read.

    It is below $XDG_STATE_HOME/neuraljet, else ~/.local/state/neuraljet, and made when missing. It is not below the
    cache, because that may be deleted at any time.
    OSError when it cannot be made, RuntimeError when the user has no home.
    """
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "neuraljet"
    folder = base.absolute() / part
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
