"""Kill commands at random moments: the same command again gives the same result, and nothing stays behind.

    python -m tests.benchmarks.kills --count 200 --seed 0 --out kills.jsonl

`train`, `build`, `verify`, `synth` and `ip` run on a tiny project, each with an output, a cache and a temporary folder
of its own. At a random moment of its normal time a command gets SIGKILL, SIGTERM, SIGINT or SIGHUP, it alone or its
whole process group. This happens up to three times; then the same command runs to its end (`train` with --resume once
there is a run). Counted as faults: a process that is there a while after the kill; a file of the result that differs
from that of a command nobody disturbed, times and dates aside; whatever is left beside the output, in the cache or in
the temporary folder; a traceback. With --out the rounds are kept, and a second call continues after them. Prints a
table for people, one JSON line last; exit status 1 when there is a fault.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bnn.qonnx.write import write_qonnx
from bnn.storage.cache import cache_folder
from bnn.storage.work import work_folder
from tests.neuraljet.conftest import tiny_network

COMMANDS = ("train", "build", "verify", "synth", "ip")
SIGNALS = ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
MARK = "NJ_KILLS"  # a variable of a killed command's environment, which all that it starts inherits
PATIENCE_S = 20  # in which what a killed command started must have ended
MOST_KILLS = 3  # in a row
NETWORK = """[[block]]
channels = 4
padding = false
pool = 2
[[block]]
channels = 8
form = "binary"
padding = false
"""
TIMES = re.compile(r"seconds|_per_second|^seal$")  # names of what differs from run to run; a seal is of all the others


@dataclass
class Round:
    """A few kills, and the command that ran to its end after them."""

    number: int
    command: str
    kills: list[dict[str, Any]] = field(default_factory=list)  # signal, group, fraction, status
    faults: list[str] = field(default_factory=list)


class Project:
    """The inputs, the results of undisturbed commands, and how long these took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs, self.cache = folder / "inputs", folder / "cache"
        self.inputs.mkdir()
        _pictures(self.inputs / "pictures")
        (self.inputs / "network.toml").write_text(NETWORK)
        write_qonnx(tiny_network(), self.inputs / "model.onnx")
        (self.cache / "yowasp").parent.mkdir(parents=True)
        shutil.copytree(cache_folder("yowasp"), self.cache / "yowasp", copy_function=os.link)
        self.seconds: dict[str, float] = {}
        self.results: dict[str, dict[str, Any]] = {}
        self.left: dict[str, list[str]] = {}
        for command in (
            "build",
            "verify",
            *COMMANDS,
        ):  # verify twice: the first fills the cache with Verilator's library
            place = self.place("undisturbed", command)
            started = time.perf_counter()
            process = self.start(command, place, "undisturbed")
            _, said = process.communicate()
            self.seconds[command] = time.perf_counter() - started
            if process.returncode:
                raise SystemExit(f"{command} fails undisturbed: {said}")
            self.results[command] = _contents(place / "out")
            self.left[command] = _left(place)  # torch's empty folder in the temporary one
            if not (self.inputs / "acc").exists():
                shutil.copytree(place / "out", self.inputs / "acc")
            for runtime in (place / "cache").glob("verilator/runtime-*"):  # the same for every design
                if not (self.cache / "verilator" / runtime.name).exists():
                    shutil.copytree(runtime, self.cache / "verilator" / runtime.name)
            shutil.rmtree(place)

    def place(self, name: str, command: str) -> Path:
        """Make a folder for the command, with an output, a cache and a temporary folder of its own."""
        place = self.folder / name
        place.mkdir()
        (place / "tmp").mkdir()
        shutil.copytree(self.cache, place / "cache", copy_function=os.link)
        if command in ("verify", "synth"):  # these commands write into the accelerator folder
            shutil.copytree(self.inputs / "acc", place / "out")
        return place

    def start(self, command: str, place: Path, mark: str) -> subprocess.Popen[str]:
        """Start the command in `place`, in a process group of its own."""
        out, given = place / "out", self.inputs
        arguments: list[Any] = {
            "train": [given / "pictures", "--network", given / "network.toml", "--epochs", 12, "--out", out],
            "build": [given / "model.onnx", "--out", out],
            "verify": [out, "--frames", 3],
            "synth": [out],
            "ip": [given / "acc", "--out", out],
        }[command]
        if command == "train" and (out / "run.json").is_file():
            arguments.append("--resume")
        environment = {
            **os.environ, "NEURALJET_CACHE": str(place / "cache"), "TMPDIR": str(place / "tmp"), MARK: mark,
            "XDG_STATE_HOME": str(self.folder / "state"), "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-m", "neuraljet", command, *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True,
        )  # fmt: skip

    def round(self, number: int, seed: int) -> Round:
        """Run one round. Its folder stays when there is a fault."""
        chance = random.Random(f"{seed}-{number}")
        command = COMMANDS[number % len(COMMANDS)]
        done = Round(number, command)
        mark = f"{os.getpid()}-{number}"
        place = self.place(f"round-{number}", command)
        for _ in range(chance.randint(1, MOST_KILLS)):
            kill = {"signal": chance.choice(SIGNALS), "group": chance.random() < 0.5, "fraction": chance.random()}
            process = self.start(command, place, mark)
            try:
                process.wait(kill["fraction"] * self.seconds[command])
            except subprocess.TimeoutExpired:
                (os.killpg if kill["group"] else os.kill)(process.pid, getattr(signal, kill["signal"]))
            else:
                kill["signal"] = "none"  # it was faster this time
            _, said = process.communicate()
            done.kills.append({**kill, "status": process.returncode})
            begun = process.returncode != -signal.SIGINT  # Python prints this for a Ctrl-C before the program has begun
            if "Traceback" in said and begun:
                done.faults.append(f"a traceback after {kill['signal']}: {said.strip().splitlines()[-1]}")
            if kill["signal"] == "none" and process.returncode:
                done.faults.append(f"status {process.returncode} undisturbed, after kills: {said.strip()}")
            done.faults += [f"still there after {kill['signal']}: {name}" for name in _still_there(mark)]
        process = self.start(command, place, mark)
        _, said = process.communicate()
        if process.returncode:
            done.faults.append(f"status {process.returncode} after kills: {said.strip()}")
        else:
            done.faults += _differences(_contents(place / "out"), self.results[command])
        done.faults += [f"left behind: {name}" for name in _left(place) if name not in self.left[command]]
        if not done.faults:
            shutil.rmtree(place)
        return done


def _pictures(folder: Path) -> None:
    """Make twelve pictures of 16x16 in each of two classes."""
    chance = np.random.default_rng(0)
    for name, level in (("good", 60), ("bad", 190)):
        (folder / name).mkdir(parents=True)
        for i in range(12):
            pixels = np.clip(chance.normal(level, 20, (16, 16)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")


def _contents(folder: Path) -> dict[str, Any]:
    """Return every file below the folder: JSON without times, everything else as bytes."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found[str(path.relative_to(folder))] = _timeless(json.loads(data)) if path.suffix == ".json" else data
    return found


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(entry) for name, entry in value.items() if not TIMES.search(name)}
    return [_timeless(entry) for entry in value] if isinstance(value, list) else value


def _differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    names = sorted(found.keys() | wanted.keys())
    return [f"{name} differs" for name in names if found.get(name) != wanted.get(name)]


def _left(place: Path) -> list[str]:
    """Return the files that should be gone: beside the output, in the temporary folder, hidden in cache and output."""
    beside = [path for path in place.iterdir() if path.name not in ("out", "cache", "tmp")]
    hidden = [path for part in ("cache", "out") for path in (place / part).rglob(".*")]
    return sorted(str(path.relative_to(place)) for path in [*beside, *(place / "tmp").iterdir(), *hidden])


def _still_there(mark: str) -> list[str]:
    """Return the names of the processes with this mark that do not end."""
    wanted = f"{MARK}={mark}\0".encode()
    end = time.monotonic() + PATIENCE_S
    while True:
        found = []
        for path in Path("/proc").iterdir():
            try:
                if path.name.isdigit() and wanted in (path / "environ").read_bytes():
                    found.append((path / "comm").read_text().strip())
            except OSError:
                continue
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.05)


def table(rounds: list[Round]) -> str:
    """Return a row per command and signal."""
    kills: Counter[tuple[str, str]] = Counter()
    faults: Counter[str] = Counter()
    for done in rounds:
        faults[done.command] += bool(done.faults)
        kills.update((done.command, kill["signal"]) for kill in done.kills)
    lines = [
        f"{'command':8} " + " ".join(f"{name:>8}" for name in SIGNALS) + f" {'too late':>9} {'rounds with a fault':>20}"
    ]
    for command in COMMANDS:
        counts = " ".join(f"{kills[command, name]:8d}" for name in SIGNALS)
        lines.append(f"{command:8} {counts} {kills[command, 'none']:9d} {faults[command]:20d}")
    lines += [f"round {done.number}, {done.command}: {fault}" for done in rounds for fault in done.faults]
    return "\n".join(lines)


def _killed(rounds: list[Round]) -> int:
    return sum(kill["signal"] != "none" for done in rounds for kill in done.kills)


def main() -> int:
    """Run rounds until the number of kills is reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="kills, those that come too late not counted")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="rounds at a time")
    parser.add_argument("--out", type=Path, help="keep the rounds in this file, and go on from there")
    options = parser.parse_args()
    for name in SIGNALS[1:]:  # under `nohup` the commands would ignore SIGHUP too
        if signal.getsignal(getattr(signal, name)) == signal.SIG_IGN:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    rounds: list[Round] = []
    if options.out is not None and options.out.is_file():
        rounds = [Round(**json.loads(line)) for line in options.out.read_text().splitlines()]
    started = time.perf_counter()
    with work_folder() as folder:
        project = Project(folder) if _killed(rounds) < options.count else None
        with ThreadPoolExecutor(options.jobs) as pool:
            while project is not None and _killed(rounds) < options.count:
                first = max((done.number for done in rounds), default=-1) + 1
                for done in pool.map(lambda n: project.round(n, options.seed), range(first, first + options.jobs)):
                    rounds.append(done)
                    if options.out is not None:
                        with options.out.open("a") as file:
                            file.write(json.dumps(asdict(done)) + "\n")
                    for fault in done.faults:
                        print(f"round {done.number}, {done.command}: {fault}", file=sys.stderr, flush=True)
    print(table(rounds))
    faults = sum(bool(done.faults) for done in rounds)
    print(json.dumps({
        "kills": _killed(rounds), "rounds": len(rounds), "rounds_with_a_fault": faults, "seed": options.seed,
        "seconds": round(time.perf_counter() - started, 1),
    }))  # fmt: skip
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
