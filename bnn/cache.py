"""Where what can be made again is kept: simulator builds, the synthesis tool's compiled code; and what is known."""

import os
from pathlib import Path


def cache_folder(part: str) -> Path:
    """The folder for `part` of the cache, made when missing.

    $NEURALJET_CACHE when set, else $XDG_CACHE_HOME/neuraljet, else ~/.cache/neuraljet. Always absolute.
    """
    chosen = os.environ.get("NEURALJET_CACHE")
    base = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "neuraljet"
    folder = base.absolute() / part
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def state_folder(part: str) -> Path:
    """The folder for `part` of what this program knows of the user's own work, made when missing, for him alone.

    $XDG_STATE_HOME/neuraljet, else ~/.local/state/neuraljet; not below the cache, which may be deleted at any time.
    OSError when it cannot be made, RuntimeError when the user has no home.
    """
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "neuraljet"
    folder = base.absolute() / part
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
