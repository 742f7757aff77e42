"""Runs that others begin with: each is trained once, and kept in the cache of this machine."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import bnn
from bnn.model.spec import NetworkSpec
from bnn.storage.cache import cache_folder, keep
from bnn.storage.records import entries, seal_of
from bnn.training.config import TrainConfig
from bnn.training.runs import ASKED, HELD_OUT, METRICS, MODEL, WEIGHTS
from bnn.training.train import train
from neuraljet.studying.tasks.pictures import pictures

FILES = (METRICS, ASKED, WEIGHTS, MODEL, HELD_OUT)


def donor(asked: Mapping[str, Any], init: str, spec: NetworkSpec) -> Path:
    """Return the finished run of a network `spec` that learned the set `init`, of all its training pictures.

    It is the same for every cell that asks for it, on every machine: its seed and its steps are part of the cell.
    """
    wanted = {"set": init, "size": asked.get("size"), "color": asked.get("color"), "seed": asked["seed"]}
    config = TrainConfig(steps=asked["init_steps"], seed=asked["seed"])
    content = {"asked": wanted, "network": entries(spec), "config": entries(config), "sources": _sources()}
    folder = cache_folder("donors") / seal_of(content)[:32]

    def make(place: Path) -> None:
        data = pictures(wanted)
        augment = data.card.augment if data.card else ()
        settings = TrainConfig(steps=config.steps, seed=config.seed, augment=augment)
        train(data, spec, place / "run", settings, progress=False)
        for name in FILES:
            (place / "run" / name).rename(place / name)

    keep(folder, FILES, make)
    return folder


@cache
def _sources() -> str:
    """Return a digest of the program that trains: another one trains its own."""
    root, total = Path(bnn.__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        total.update(json.dumps(path.relative_to(root).as_posix()).encode() + path.read_bytes())
    return total.hexdigest()
