"""Which accelerators this user's own `build` made, by the seals of their manifests.

A seal stands for every byte that runs: it is over the manifest, and that holds the hash of every file. So a folder may
be moved, copied or made again, and one that another user or machine made is not known here (see finn_build.trust).
"""

import os
import stat
import warnings
from contextlib import suppress
from pathlib import Path

from bnn.storage.cache import state_folder
from finn_build.manifest import Manifest


def remember(manifest: Manifest) -> None:
    """Note that `build` made this folder. Without a place for the note, the next command builds it again to compare."""
    folder, noted = _folder(), False
    if folder is not None:
        with suppress(OSError):
            (folder / manifest.seal).touch(mode=0o600)
            noted = True
    if not noted:
        warnings.warn(
            "there is no folder that only you can write to note down what was built, so that each command builds it "
            "again to compare; set XDG_STATE_HOME to one (docs/trust.md)",
            stacklevel=2,
        )


def is_known(manifest: Manifest) -> bool:
    """Return whether this user's `build` made it."""
    folder = _folder()
    return folder is not None and (folder / manifest.seal).is_file()


def _folder() -> Path | None:
    """Return the folder of seals; None when there is none that this user alone can write."""
    try:
        folder = state_folder("built")
        found = os.stat(folder)
    except (OSError, RuntimeError):
        return None
    others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return None if others or found.st_uid != os.geteuid() else folder
