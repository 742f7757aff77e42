"""Alter run folders: every file of a finished run and of an interrupted one.

Bytes: the altered finished run is built and resumed, and the altered interrupted one is trained to the
end. Right is a refusal, or the accelerator, the weights and the network that the whole folder gives, byte for byte.
Entries: run.json, metrics.json and the numbers of the checkpoint are sealed again by somebody who knows how. That may
change what is reported, but without a refusal accelerator and weights must stay the same.
"""

import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from bnn.data import Dataset
from bnn.model.spec import Block, NetworkSpec
from bnn.storage.records import seal_of
from bnn.training.checkpoints import pack, unpack
from bnn.training.config import TrainConfig
from bnn.training.runs import ASKED, CHECKPOINT, METRICS, MODEL, WEIGHTS
from bnn.training.train import train
from bnn.training.trainer import Trainer
from neuraljet.commands.build import build
from tests.benchmarks.damage.alter import Tally, alter_bytes, alter_json, outcome_of

NAME = "run"
SPEC = NetworkSpec("tiny", (Block(3, pool=2),), (4,))
CONFIG = TrainConfig(epochs=4, batch=8)
STOPPED = 2  # rounds of the interrupted run
ENTRIES_SHARE = 5  # one of so many alterations changes an entry
TIMED = ("seconds", "search_seconds", "created", "seal")  # entries of JSON that differ between two runs of a command


def run(folder: Path, count: int, seed: int) -> Iterator[tuple[str, Tally]]:
    """Train in `folder`, alter the two runs `count` times, and return the outcomes by kind of file."""
    rng = random.Random(seed)
    data = _pictures()
    done, begun = folder / "done", folder / "begun"
    train(data, SPEC, done, CONFIG, progress=False)
    _interrupted(data, begun)
    shutil.copytree(begun, folder / "kept")
    built, trained = _built(done, folder / "acc"), _trained(begun, data)
    assert trained == {name: _digest(done / name) for name in (WEIGHTS, MODEL)}, "resuming gave another network"

    def finished() -> bool:
        train(data, SPEC, done, CONFIG, resume=True, progress=False)
        return _built(done, folder / "acc") == built

    def resumed() -> bool:
        return _trained(begun, data) == trained

    tallies: dict[str, Tally] = {}
    places = [(done, name) for name in (ASKED, WEIGHTS, MODEL, METRICS)] + [
        (begun, name) for name in (ASKED, CHECKPOINT)
    ]
    for number in range(count):
        place, name = places[number % len(places)]
        if place is begun:
            shutil.rmtree(begun)
            shutil.copytree(folder / "kept", begun)
        right = (place / name).read_bytes()
        entry = number % ENTRIES_SHARE == 0 and name in (ASKED, METRICS, CHECKPOINT)
        wrong, what = _alter_entry(place / name, rng) if entry else alter_bytes(right, rng)
        (place / name).write_bytes(wrong)
        outcome, words = outcome_of(finished if place is done else resumed)
        (place / name).write_bytes(right)
        kind = f"{'finished' if place is done else 'interrupted'}: {name}{', entries' * entry}"
        tallies.setdefault(kind, Tally()).add(what, outcome, words)
    for place in (done, begun, folder / "kept", folder / "acc"):
        shutil.rmtree(place, ignore_errors=True)
    yield from sorted(tallies.items())


def _pictures() -> Dataset:
    r = np.random.default_rng(0)
    labels = np.arange(32) % 2
    images = np.clip(r.normal(90 + 80 * labels[:, None, None, None], 40, (32, 8, 8, 1)), 0, 255).astype(np.uint8)
    return Dataset("toy", ("good", "bad"), images[:24], labels[:24], images[24:], labels[24:])


def _interrupted(data: Dataset, out: Path) -> None:
    whole = Trainer.run_round

    def stopped(self: Trainer) -> Iterator[tuple[float, float]]:
        if self.round == STOPPED:
            raise KeyboardInterrupt
        yield from whole(self)

    Trainer.run_round = stopped  # type: ignore[method-assign]
    try:
        train(data, SPEC, out, CONFIG, progress=False)
    except KeyboardInterrupt:  # as asked
        pass
    finally:
        Trainer.run_round = whole  # type: ignore[method-assign]


def _trained(out: Path, data: Dataset) -> dict[str, str]:
    train(data, SPEC, out, CONFIG, resume=True, progress=False)
    return {name: _digest(out / name) for name in (WEIGHTS, MODEL)}


def _built(run: Path, acc: Path) -> dict[str, str]:
    """Return the digest of every file of the accelerator that `build` makes of a run, without times."""
    build(run, acc)
    files = {str(path.relative_to(acc)): path for path in sorted(acc.rglob("*")) if path.is_file()}
    return {
        name: hashlib.sha256(_timeless(json.loads(path.read_text()))).hexdigest()
        if path.suffix == ".json"
        else _digest(path)
        for name, path in files.items()
    }


def _timeless(value: Any) -> bytes:
    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: strip(item) for key, item in value.items() if key not in TIMED and not key.endswith(".json")}
        return [strip(item) for item in value] if isinstance(value, list) else value

    return json.dumps(strip(value), sort_keys=True).encode()


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _alter_entry(path: Path, rng: random.Random) -> tuple[bytes, str]:
    """Return the file with one entry altered and sealed again, and the alteration in words."""
    if path.name == CHECKPOINT:
        tensors, numbers = unpack(path)
        content, what = alter_json(numbers, rng)
        return pack(tensors, content), what
    content, what = alter_json(json.loads(path.read_text()), rng)
    with suppress(ValueError):  # NaN has no seal; leave it as if written by hand
        content["seal"] = seal_of(content)
    return json.dumps(content).encode(), what
