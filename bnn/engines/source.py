"""Is another machine's Neural Jets the same as ours? One hash of all its files tells."""

import hashlib
from functools import cache
from pathlib import Path

import bnn

ROOMS = ("bnn", "hw", "finn_build", "sim", "neuraljet")


@cache
def fingerprint() -> str:
    """Return the SHA-256 of names and contents of all files of the packages, without what Python compiled."""
    place, digest = Path(bnn.__file__).parents[1], hashlib.sha256()
    for room in ROOMS:
        for path in sorted(path for path in (place / room).rglob("*") if path.is_file()):
            if "__pycache__" not in path.parts:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(place)} {content}\n".encode())
    return digest.hexdigest()
