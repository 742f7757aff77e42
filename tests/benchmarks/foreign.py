"""Networks of others: how many random ones build and verify exactly. Brevitas' own networks are those of `pynq`.

    python -m tests.benchmarks.foreign --count 100 --seed 0            # each built and simulated

A random network (kernel 1 to 5, stride 1 and 2, padding none, -1 or true 0, odd sizes, 1 to 3 input channels, pooling
before and after the sign, batch norm of both signs, thresholds out of range, four kinds of input and of end) is
exported from Brevitas, imported, built at a pixel per 1, 4 or 16 clocks, and simulated on random frames; every class
and float score is compared with qonnx' execution of the exported file, within what float32 may round. With --import-
only the import is compared and nothing built. Prints a table for people, one JSON line last.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bnn.errors import UserError
from bnn.export import load_model
from bnn.importing import import_model
from bnn.importing.compare import compare as agree
from finn_build.build import build
from sim.accelerator import verify
from sim.runner import SimulationError
from tests.bnn.foreign import export, frames, network, random_recipe, rate_of


def random_network(seed: int, count: int, hardware: bool) -> dict[str, Any]:
    """One random network, from export to simulation, or to the integer network alone."""
    started = time.perf_counter()
    recipe = random_recipe(seed)
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as folder:
        path = export(network(recipe), recipe.shape, Path(folder) / "model.onnx", recipe.input == "byte")
        pixels = None if recipe.input == "byte" else recipe.pixels
        if not hardware:
            return {"seed": seed, "recipe": repr(recipe), **compare(path, pixels, count, seed)}
        try:
            built = build(path, Path(folder) / "acc", pixels=pixels, fps=rate_of(recipe))
            report = verify(Path(folder) / "acc", frames=count)
        except (UserError, SimulationError) as error:  # a refusal, or a tool that failed or took too long
            return {"seed": seed, "recipe": repr(recipe), "passed": False, "error": str(error).splitlines()[0]}
    return {
        "seed": seed,
        "recipe": repr(recipe),
        "passed": report["passed"] and report["cycles_per_frame"] == built["cycles_per_frame"],
        "mismatches": report["mismatches"],
        "source": report["source"],
        "seconds": round(time.perf_counter() - started, 1),
    }


def compare(path: Path, pixels: str | None, count: int, seed: int) -> dict[str, Any]:
    """The import against qonnx' execution: every class and float score of random frames."""
    started = time.perf_counter()
    imported = import_model(load_model(path), path.name, pixels)
    seconds = time.perf_counter() - started
    images = frames(imported.network.input_shape, count, seed)
    agreement = agree(imported.network, imported, load_model(path), images)
    classes = imported.network.classify(imported.network.run(images))
    return {
        "passed": not agreement.mismatches,
        "classes_seen": len(np.unique(classes)),
        **asdict(agreement),
        "notes": list(imported.notes),
        "import_seconds": round(seconds, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=100, help="random networks")
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--import-only", action="store_true", help="the integer network alone, nothing built")
    options = parser.parse_args()
    rows = []
    for seed in range(options.seed, options.seed + options.count):
        rows.append(random_network(seed, options.frames, not options.import_only))
        r = rows[-1]
        if options.import_only:
            print(
                f"{seed:4d}  {r['mismatches']} mismatches in {r['frames']} frames, {len(r['notes'])} notes", flush=True
            )
            continue
        if "error" in r:
            print(f"{seed:4d}  {r['error']}", flush=True)
            continue
        noted = f", {len(r['source']['notes'])} notes" if r["source"]["notes"] else ""
        print(
            f"{seed:4d}  {'exact' if r['passed'] else 'WRONG':5}  mismatches: RTL {r['mismatches']}, "
            f"file {r['source']['mismatches']} of {options.frames} frames{noted}, {r['seconds']} s",
            flush=True,
        )
    good = sum(r["passed"] for r in rows)
    print(f"{good} of {len(rows)} random networks exact")
    print(json.dumps(rows))
    return 0 if good == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
