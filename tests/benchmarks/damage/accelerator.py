"""Alter accelerator folders: each file in turn, byte by byte, and the manifest entry by entry.

Bytes: the folder was built here and is not trusted explicitly. What still opens goes through `verify`, whose
result must be the same. Entries: the manifest is sealed again by somebody who knows how, and the user trusts it; what
opens then must verify as before too, or fail as a check fails, but not pass with other figures.
"""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bnn.errors import ToolError
from bnn.qonnx.write import write_qonnx
from finn_build.build import build
from finn_build.trust import opened
from sim.accelerator import verify
from sim.proofs.prove import prove
from tests.benchmarks.damage.alter import Tally, alter_bytes, alter_json, outcome_of
from tests.support.networks import random_network
from tests.support.sealing import seal

NAME = "accelerator"
FRAMES = 3
SAME = ("passed", "frames", "mismatches", "faults", "cycles_per_frame", "latency_cycles", "cycles", "model_sha256")
ENTRIES_SHARE = 5  # one of so many alterations changes an entry


def run(folder: Path, count: int, seed: int) -> Iterator[tuple[str, Tally]]:
    """Build an accelerator in `folder`, alter it `count` times, and return the outcomes by kind of file."""
    rng = random.Random(seed)
    write_qonnx(random_network("separable", height=8, width=8, hidden=5), folder / "model.onnx")
    acc = folder / "acc"
    build(folder / "model.onnx", acc)
    result = _result(acc)
    prove(acc)
    tallies: dict[str, Tally] = {}
    names = sorted(str(path.relative_to(acc)) for path in acc.rglob("*") if path.is_file())
    entries = count // ENTRIES_SHARE
    for number in range(count - entries):
        name = names[number % len(names)]
        right = (acc / name).read_bytes()
        wrong, what = alter_bytes(right, rng)
        (acc / name).write_bytes(wrong)
        outcome, words = outcome_of(lambda: _same(acc, result, trust=False))
        (acc / name).write_bytes(right)
        tallies.setdefault(_kind(name), Tally()).add(f"{name}, {what}", outcome, words)
    right = (acc / "manifest.json").read_bytes()
    for _ in range(entries):
        content, what = alter_json(json.loads(right), rng)
        outcome, words = outcome_of(lambda content=content: _entry(acc, content, result))
        (acc / "manifest.json").write_bytes(right)
        tallies.setdefault("manifest.json, entries", Tally()).add(what, outcome, words)
    shutil.rmtree(acc)
    yield from sorted(tallies.items())


def _kind(name: str) -> str:
    return name if "/" not in name else f"{name.split('/')[0]}/*{Path(name).suffix}"


def _entry(acc: Path, content: Any, result: dict[str, Any]) -> bool:
    try:
        seal(acc, content, known=False)
    except ValueError:  # NaN has no seal; leave it as if written by hand
        (acc / "manifest.json").write_text(json.dumps(content))
    return _same(acc, result, trust=True)


def _same(acc: Path, result: dict[str, Any], trust: bool) -> bool:
    """Return whether the folder gives the same as before. A check that fails counts as a refusal."""
    with opened(acc, trust=trust):
        pass
    try:
        found = _result(acc, trust=trust)
    except ToolError:
        return True
    return found == result or not found["passed"]


def _result(acc: Path, trust: bool = False) -> dict[str, Any]:
    report = verify(acc, "random", FRAMES, trust=trust)
    return {name: report[name] for name in SAME}
