"""Outputs appear whole or not at all: write beside the target, then rename."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bnn.errors import UserError


def write_file(path: Path, content: bytes | str) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part."""
    path = Path(path)
    data = content.encode() if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path, made_by: str) -> Iterator[Path]:
    """Yield an empty folder that becomes `path` when the block ends well and vanishes when it does not.

    `made_by` is the name of a file that every folder of this kind holds (`manifest.json`, say). An
    existing `path` is replaced only when it is empty or holds that file, that is, when this program
    made it; anything else is somebody's and raises UserError before any work is done.
    """
    path = Path(path)
    refuse_foreign(path, made_by)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield temporary
        os.chmod(temporary, 0o755)
        if path.exists():
            old = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.old."))
            os.replace(path, old / "was")
            os.replace(temporary, path)
            shutil.rmtree(old)
        else:
            os.replace(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def refuse_foreign(path: Path, made_by: str) -> None:
    """Raise UserError when `path` exists and is not a folder of ours (see `new_folder`)."""
    path = Path(path)
    if not path.exists():
        return
    if not path.is_dir():
        raise UserError(f"{path} is a file; choose a folder that does not exist yet")
    if any(path.iterdir()) and not (path / made_by).is_file():
        raise UserError(f"{path} holds files that are not ours (no {made_by} there); choose an empty or new folder")
