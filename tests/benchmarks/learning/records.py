"""Measurements as JSON lines, each with what it takes to repeat it."""

import json
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[3]
KEY = ("row", "column", "seed", "judge", "options")


def key_of(record: Mapping[str, Any]) -> str:
    """Return what tells a measurement from all others of a file; the commit does not."""
    return json.dumps([record[name] for name in KEY], sort_keys=True)


def read(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file in order, the last of each key; none when there is no file."""
    lines = path.read_text().splitlines() if path.is_file() else []
    return list({key_of(record): record for record in map(json.loads, lines)}.values())


def append(path: Path, record: Mapping[str, Any]) -> None:
    """Add a record; a file that was cut in the middle of a line is not made worse."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(record) + "\n")


def circumstances() -> dict[str, Any]:
    """Return what figures depend on beside their seed: commit, torch, threads, kind of machine."""
    return {
        "commit": _git("rev-parse", "--short", "HEAD"),
        "changed": bool(_git("status", "--porcelain", "--untracked-files=no", "--", "bnn", "neuraljet", "finn_build")),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
    }


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"
