"""Take random networks of other programs the whole way: export, build, verify, prove, and synthesise some.

    python -m tests.benchmarks.foreign --count 300 --out foreign.jsonl --jobs 2
    python -m tests.benchmarks.foreign --count 100 --recipes bits                # as before there were wide ones
    python -m tests.benchmarks.foreign --count 100 --import-only                 # the import compared, nothing built

A random network (tests.support.foreign_recipes: 1 to 4 bits of weights and activations, dense or of convolutions, both
of torch's exporters, a free batch, every end, kernels of 1 to 11) is exported from Brevitas, imported, built at a pixel
per 1, 4 or 16 clocks, simulated on random frames, its sums proved, and every tenth mapped by Yosys. Each runs in a
process of its own with a limit. The outcome is one of

    exact       classes are qonnx' of the file, scores are within what float32 rounds, the rate is as promised
    refused     by a sentence that names what is not accepted
    CRASH, HANG, WRONG      anything else, and exit status 1

Results go into a file of JSON lines, and networks in that file are not run again. Prints a table for people, one JSON
line last. Brevitas' own networks are those of `pynq`.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

LIMIT_S = 300.0  # of a network
GOOD = ("exact", "refused")
LAST_LINES = 4  # of a traceback, in the table


def random_network(seed: int, recipes: str, count: int, synth: bool, import_only: bool) -> dict[str, Any]:
    """Take one random network from export to synthesis, in this process."""
    from bnn.errors import ToolError, UserError
    from tests.support.foreign import export, network, random_recipe
    from tests.support.foreign_recipes import wide_recipe

    recipe = random_recipe(seed) if recipes == "bits" else wide_recipe(seed)
    byte = recipe.input == "byte"
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as folder:
        path = Path(folder) / "model.onnx"
        export(network(recipe), recipe.shape, path, byte, recipe.dynamo, recipe.free_batch)
        pixels = None if byte else recipe.pixels
        try:
            found = compare(path, pixels, count, seed) if import_only else whole_way(recipe, path, pixels, count, synth)
        except UserError as error:
            found = {"outcome": "refused", "why": str(error)}
        except ToolError as error:
            found = {"outcome": "CRASH", "why": "\n".join(str(error).splitlines()[:LAST_LINES])}
    return {"seed": seed, "recipe": repr(recipe), **found}


def whole_way(recipe: Any, path: Path, pixels: str | None, count: int, synth: bool) -> dict[str, Any]:
    """Build, verify and prove a network, and synthesise it when told."""
    from finn_build.build import build
    from finn_build.synthesis import synthesise
    from sim.accelerator import verify
    from sim.proofs.prove import prove
    from tests.support.foreign import rate_of

    acc = path.parent / "acc"
    built = build(path, acc, pixels=pixels, fps=rate_of(recipe))
    seconds = {"build": built["seconds"]}
    report = verify(acc, frames=count)
    seconds |= {"compile": report["build_seconds"], "verify": report["seconds"]}
    proof = prove(acc)
    seconds["prove"] = proof["seconds"]
    wrong = []
    if not report["passed"]:
        wrong.append(f"verify: {report['mismatches']} mismatches, {report['faults']}, source {report['source']}")
    if report["cycles_per_frame"] != built["cycles_per_frame"]:
        wrong.append(f"{report['cycles_per_frame']} clocks per frame, {built['cycles_per_frame']} promised")
    refuted = [row for row in proof["layers"] if row["verdict"] == "refuted"]
    if refuted:  # networks without sums that the proof covers have nothing to prove, which is no fault
        wrong.append(f"prove: {refuted}")
    found: dict[str, Any] = {
        "outcome": "WRONG" if wrong else "exact",
        "why": "; ".join(wrong),
        "cycles_per_frame": built["cycles_per_frame"],
        "estimate": built["estimate"],
        "notes": built["notes"],
        "source": report["source"],
        "proved": [row["verdict"] for row in proof["layers"]],
    }
    if synth:
        mapped = synthesise(acc)
        seconds["synth"] = mapped["seconds"]
        found["sites"] = mapped["sites"]
    return {**found, "seconds": {name: round(value, 1) for name, value in seconds.items()}}


def compare(path: Path, pixels: str | None, count: int, seed: int) -> dict[str, Any]:
    """Compare the import with qonnx' execution on random frames, within what float32 may round."""
    from bnn.qonnx.file import load_model
    from bnn.qonnx.foreign import import_model
    from bnn.qonnx.foreign.compare import compare as agree
    from tests.support.foreign import frames

    imported = import_model(load_model(path), path.name, pixels)
    images = frames(imported.network.input_shape, count, seed)
    agreement = agree(imported.network, imported, load_model(path), images)
    wrong = agreement.mismatches > 0
    return {
        "outcome": "WRONG" if wrong else "exact",
        "why": f"{agreement.mismatches} of {count} frames differ" if wrong else "",
        "classes_seen": len(np.unique(imported.network.classify(imported.network.run(images)))),
        "source": asdict(agreement),
        "notes": list(imported.notes),
    }


def in_its_own(arguments: list[str], seed: int, synth: bool, limit_s: float) -> dict[str, Any]:
    """Return the result of a process of its own. After `limit_s` it is ended with all that it started."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "tests.benchmarks.foreign", "--one", str(seed), *arguments]
    process = subprocess.Popen(
        [*command, *(["--synth", "1"] if synth else ["--synth", "0"])], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        output, errors = process.communicate(timeout=limit_s)
        rows = [line for line in output.splitlines() if line.startswith("{")]
        if process.returncode == 0 and rows:
            found = json.loads(rows[-1])
        else:
            why = "\n".join(errors.strip().splitlines()[-LAST_LINES:])
            found = {"seed": seed, "outcome": "CRASH", "why": f"status {process.returncode}: {why}"}
    except subprocess.TimeoutExpired:
        found = {"seed": seed, "outcome": "HANG", "why": f"longer than {limit_s:g} s"}
    finally:
        _end(process)
    return {**found, "wall_s": round(time.perf_counter() - started, 1)}


def _end(process: subprocess.Popen[str]) -> None:
    """End the process and all that it started, also those in sessions of their own (simulators, compilers)."""
    waiting, below = [process.pid], []
    if process.poll() is None:
        while waiting:
            pid = waiting.pop()
            below.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                waiting += map(int, children.read_text().split())
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    process.communicate()


def line(found: dict[str, Any]) -> str:
    """Return a line for people."""
    seconds = " ".join(f"{name} {value:g}" for name, value in found.get("seconds", {}).items())
    told = found["why"].replace("\n", " | ")[-300:] or f"{found.get('cycles_per_frame')} clocks; {seconds}"
    return f"{found['seed']:5d}  {found['outcome']:8} {found['wall_s']:6.1f} s  {told}"


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how many networks had each outcome, and how long the longest took."""
    compile_s = [row["seconds"]["compile"] for row in rows if "compile" in row.get("seconds", {})]
    return {
        **Counter(row["outcome"] for row in rows),
        "networks": len(rows),
        "synthesised": sum("sites" in row for row in rows),
        "proved_layers": Counter(verdict for row in rows for verdict in row.get("proved", [])),
        "longest_s": max(row["wall_s"] for row in rows),
        "longest_compile_s": max(compile_s, default=0.0),
        "not_good": [row["seed"] for row in rows if row["outcome"] not in GOOD],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="random networks")
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    parser.add_argument(
        "--recipes", choices=("wide", "bits"), default="wide", help="bits: convolutions of one bit alone"
    )
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--synth", type=int, default=10, metavar="N", help="synthesise every Nth; 0: none")
    parser.add_argument("--out", type=Path, help="JSON lines; seeds that stand there are not run again")
    parser.add_argument("--jobs", type=int, default=1, help="networks at a time")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds of a network")
    parser.add_argument("--import-only", action="store_true", help="the integer network alone, nothing built")
    parser.add_argument("--one", type=int, metavar="SEED", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one is not None:
        print(json.dumps(random_network(
            options.one, options.recipes, options.frames, bool(options.synth), options.import_only
        )))  # fmt: skip
        return 0
    arguments = ["--recipes", options.recipes, "--frames", str(options.frames)]
    arguments += ["--import-only"] * options.import_only
    known: dict[int, dict[str, Any]] = {}
    if options.out and options.out.is_file():
        known = {row["seed"]: row for row in map(json.loads, options.out.read_text().splitlines())}
    lock = Lock()

    def one(seed: int) -> dict[str, Any]:
        if seed in known:
            return known[seed]
        found = in_its_own(arguments, seed, options.synth > 0 and seed % options.synth == 0, options.limit)
        with lock:
            print(line(found), flush=True)
            if options.out:
                with options.out.open("a") as file:
                    file.write(json.dumps(found) + "\n")
        return found

    with ThreadPoolExecutor(options.jobs) as pool:
        rows = list(pool.map(one, range(options.seed, options.seed + options.count)))
    found = summary(rows)
    print(", ".join(f"{name} {value}" for name, value in found.items()))
    print(json.dumps(found))
    return 1 if found["not_good"] else 0


if __name__ == "__main__":
    sys.exit(main())
