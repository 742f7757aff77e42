"""Where what can be made again is kept: simulator builds, the synthesis tool's compiled code."""

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
