"""Tell our folders from those of a person: in ours a JSON file says so, and lists all other files.

Only what is wholly ours is ever replaced. What a person put into it stays, and a message names it.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from bnn.errors import UserError
from bnn.storage.records import parse_json

# What a process that was killed leaves beside NAME (bnn.storage.files and locks): .NAME.lock, .NAME.new.x7_k2a9f, ...
LEFT_OVER = re.compile(r"\.(?P<name>.+)\.(lock|(new|old)\.[a-z0-9_]+|[a-z0-9_]+\.part)")


@dataclass(frozen=True)
class Kind:
    """A kind of folder that this program makes."""

    file: str  # JSON object with "format" and, under "files", every other file by its path
    format: str
    later: tuple[str, ...] = ()  # patterns of files that commands and tools write there later
    scratch: tuple[str, ...] = ()  # patterns of folders that a tool works in; it owns all that is in them
    folders: tuple[tuple[str, "Kind"], ...] = ()  # patterns of folders of ours that commands make in it later

    def described(self, folder: Path) -> dict[str, Any] | None:
        """Return what its file says; None when there is none or it is of another format."""
        path = folder / self.file
        if not path.is_file():  # a named pipe would be waited for
            return None
        try:
            content = parse_json(path.read_bytes())
        except (OSError, ValueError):
            return None
        return content if isinstance(content, dict) and content.get("format") == self.format else None


def refuse_foreign(path: Path, kind: Kind) -> None:
    """Raise UserError when `path` exists and is neither empty nor wholly ours; it names a file that is not."""
    path = Path(path)
    if not os.path.lexists(path):
        return
    if not path.is_dir():
        raise UserError(f"{path} is a file; choose a folder that does not exist yet")
    found = stranger(path, kind)
    if found is not None:
        raise UserError(
            f"{path} would be replaced, and it holds files that are not ours: {found}; move them away, or choose an "
            "empty or new folder"
        )


def stranger(folder: Path, kind: Kind) -> str | None:
    """Return the first file in `folder` that no folder of this kind holds, as a relative path; None when all belong.

    Symbolic links, hidden files and folders that nobody listed are strangers too.
    """
    content = kind.described(folder)
    if content is None:
        names = sorted((entry.name for entry in os.scandir(folder)), key=lambda name: (name == kind.file, name))
        if kind.file in names:
            return f"{names[0]} ({kind.file} is not of format '{kind.format}')"
        return f"{names[0]} (no {kind.file} there)" if names else None
    files = content.get("files")
    listed = {name for name in files if isinstance(name, str)} if isinstance(files, dict | list) else set()
    return next(_strangers(folder, "", kind, {*listed, kind.file}), None)


def _strangers(folder: Path, below: str, kind: Kind, listed: set[str]) -> Iterator[str]:
    for entry in sorted(os.scandir(folder / below), key=lambda entry: entry.name):
        path = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if any(name.startswith(f"{path}/") for name in listed):
                yield from _strangers(folder, f"{path}/", kind, listed)
            elif not any(fnmatchcase(path, pattern) for pattern in kind.scratch):
                yield from _nested(folder, path, kind)
        elif not entry.is_file(follow_symlinks=False) or not _is_known(path, kind, listed):
            yield path


def _is_known(path: str, kind: Kind, listed: set[str]) -> bool:
    if path in listed or any(fnmatchcase(path, pattern) for pattern in kind.later):
        return True
    below, _, name = path.rpartition("/")
    left = LEFT_OVER.fullmatch(name)
    if left is None:
        return False
    of = f"{below}/{left['name']}".lstrip("/")
    return _is_known(of, kind, listed) or any(fnmatchcase(of, pattern) for pattern, _ in kind.folders)


def _nested(folder: Path, path: str, kind: Kind) -> Iterator[str]:
    """Yield the first stranger in a folder inside `folder`, unless it is of a kind that may be there."""
    left = LEFT_OVER.fullmatch(path)
    name = left["name"] if left else path
    kinds = [inner for pattern, inner in kind.folders if fnmatchcase(name, pattern)]
    if left and kinds and left[2].startswith("new."):
        return  # half written: it lists nothing yet
    found = [stranger(folder / path, inner) for inner in kinds]
    if kinds and None in found:
        return
    yield f"{path}/{found[-1]}" if kinds else f"{path}/"
