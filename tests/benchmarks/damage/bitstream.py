"""Alter bitstream folders as the driver on a board reads them: bitstream.json and the two files that it lists.

Byte by byte: what still opens must say the same. Entry by entry, sealed again: what still opens must be something
that a driver can work with.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bnn.integer.decision import OperatingPoint
from bnn.storage.records import seal_of, sha256
from finn_build import board_folder
from finn_build.board_folder import BIT, FILE, HWH, Bitstream
from finn_build.manifest import Input, Output
from tests.benchmarks.damage.alter import Tally, alter_bytes, alter_json, outcome_of

NAME = "bitstream"


def run(folder: Path, count: int, seed: int) -> Iterator[tuple[str, Tally]]:
    """Alter a bitstream folder in `folder` `count` times; return the outcomes by file."""
    rng = random.Random(seed)
    (folder / BIT).write_bytes(rng.randbytes(500))
    (folder / HWH).write_text("<EDKSYSTEM/>" * 20)
    right = Bitstream(
        board_folder.FORMAT, board_folder.VERSION, "pynq-z2", "xc7z020clg400-1", Input(8, 8, 1, 8, 8, 64), OUTPUT,
        100.0, 64, OperatingPoint.neutral(3), "0" * 64, {name: sha256(folder / name) for name in (BIT, HWH)},
    )  # fmt: skip
    (folder / FILE).write_text(right.to_json())
    right = board_folder.load(folder)
    tallies = {name: Tally() for name in (FILE, BIT, HWH, f"{FILE}, entries")}
    text = (folder / FILE).read_bytes()
    for number in range(count):
        name = list(tallies)[number % len(tallies)]
        path = folder / name.partition(",")[0]
        before = path.read_bytes()
        if name == path.name:
            wrong, what = alter_bytes(before, rng)
            path.write_bytes(wrong)
            outcome, words = outcome_of(lambda: board_folder.load(folder) == right)
        else:
            content, what = alter_json(json.loads(text), rng)
            path.write_text(_sealed(content))
            outcome, words = outcome_of(lambda: _opens(folder))
        path.write_bytes(before)
        tallies[name].add(f"{name}, {what}", outcome, words)
    yield from tallies.items()


OUTPUT = Output(40, 8, 7, 6, 8, 8, 6, ("good", "bad", "none"))


def _sealed(content: Any) -> str:
    try:
        return json.dumps({**content, "seal": seal_of(content)})
    except ValueError:
        return json.dumps(content)


def _opens(folder: Path) -> bool:
    """Return whether a driver can work with the folder, whatever its entries say."""
    found = board_folder.load(folder)
    size = found.input
    return min(size.height, size.width, size.channels, found.clock_mhz, found.cycles_per_frame) > 0
