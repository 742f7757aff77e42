"""Measure the whole chain on real pictures: accuracy over seeds, exactness, area, cycles and times.

    NEURALJET_DATA=... python tests/benchmarks/chain.py bsdata lemon mnist --seeds 0 1 2 --out out/benchmark

For every set and seed: train with the set's defaults, build, verify every test frame, synthesise. This
measures what a user of the commands gets at the card's defaults. A run that is already in --out is not
trained again. Prints a table for people and one JSON line last.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any


def command(*arguments: str) -> dict[str, Any]:
    """Run one neuraljet command in a process of its own; return its JSON result. RuntimeError when it fails."""
    process = subprocess.run(
        [sys.executable, "-m", "neuraljet", *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=False
    )
    if process.returncode:
        raise RuntimeError(f"neuraljet {' '.join(arguments)} ended with {process.returncode}\n{process.stdout}")
    return json.loads(process.stdout.splitlines()[-1])


def chain(name: str, seed: int, out: Path) -> dict[str, Any]:
    """Run the four steps for one set and one seed; return the row of the table."""
    run, accelerator = out / f"{name}-{seed}" / "run", out / f"{name}-{seed}" / "accelerator"
    resume = ["--resume"] if (run / "run.json").exists() else []
    return {
        "set": name,
        "seed": seed,
        "train": command("train", name, "--out", str(run), "--seed", str(seed), *resume),
        "build": command("build", str(run), "--out", str(accelerator)),
        "verify": command("verify", str(accelerator), "--frames", "all"),
        "synth": command("synth", str(accelerator)),
    }


def table(results: list[dict[str, Any]]) -> str:
    """Return a row per run, and the median accuracy of each set."""
    columns = ("set", "seed", "accuracy", "frames", "mismatches", "cycles/frame", "latency", "Mcycles/s", "LUT",
               "RAMB18", "DSP", "train s", "build s", "verify s", "synth s")  # fmt: skip
    rows = [columns]
    for r in results:
        train, build, verify, synth = r["train"], r["build"], r["verify"], r["synth"]
        rows.append(
            (
                r["set"], str(r["seed"]), f"{train['test_accuracy']:.2%}", str(verify["frames"]),
                str(verify["mismatches"]), f"{verify['cycles_per_frame']:g}", str(verify["latency_cycles"]),
                f"{verify['cycles_per_second'] / 1e6:.2f}", str(synth["lut"]), str(synth["ramb18"]), str(synth["dsp"]),
                f"{train['seconds']:.0f}", f"{build['seconds']:.0f}", f"{verify['seconds']:.0f}",
                f"{synth['seconds']:.0f}",
            )
        )  # fmt: skip
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    for name in dict.fromkeys(r["set"] for r in results):
        accuracies = [r["train"]["test_accuracy"] for r in results if r["set"] == name]
        lines.append(f"{name}: median accuracy {statistics.median(accuracies):.2%} of {len(accuracies)} seeds")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="+")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--out", type=Path, default=Path("out/benchmark"))
    options = parser.parse_args()
    results = [chain(name, seed, options.out) for name in options.sets for seed in options.seeds]
    print(table(results))
    print(json.dumps(results))
    return 0 if all(r["verify"]["mismatches"] == 0 for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
