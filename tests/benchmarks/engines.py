"""Measure how much faster `verify` is with several processes than with one.

    python -m tests.benchmarks.engines accelerator --frames all --workers 2 --repeats 3

An accelerator is verified with `--engine local:1` and with `--engine local:N` in turns, so that whatever else the
machine does meets both. Before that it is verified once without an engine, which leaves the simulator in the cache.
`one core` is `local:1` with all its processes on a single core. `one process` may use another core beside it: there the
command itself waits, and the reference is calculated while the simulator runs. `ratio` is that of the median times of
one core, or process, and of N processes; that of one core is meant to be 1.7 or more for two. Exit status 1 when a
report is not that of the others.

Prints a table for people and one JSON line last.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from bnn.engines.words import cores
from bnn.system import processes

TARGET = 1.7  # of two processes
OF_THE_CLOCK = ("seconds", "build_seconds", "cycles_per_second")


def verified(acc: str, more: Sequence[str], engine: str | None, single: bool = False) -> dict[str, Any]:
    """Return the report of one verification; `single`: all its processes share a core. RuntimeError when it fails."""
    more = [*more, "--engine", engine] if engine else more
    allowed = os.sched_getaffinity(0)
    if single:
        os.sched_setaffinity(0, {min(allowed)})  # processes inherit it
    try:
        ended = processes.run([sys.executable, "-m", "neuraljet", "verify", acc, "--trust", "--json", *more])
    finally:
        os.sched_setaffinity(0, allowed)
    if ended.code:
        raise RuntimeError(f"verify ended with {ended.code}\n{ended.output}")
    return json.loads(ended.output.splitlines()[-1])


def same(reports: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the reports say the same, but for seconds."""
    rests = [{name: value for name, value in report.items() if name not in OF_THE_CLOCK} for report in reports]
    return all(rest == rests[0] for rest in rests)


def row(times: Mapping[str, Sequence[float]], several: str) -> dict[str, Any]:
    """Return the median seconds of each way to verify, and how many times as fast as each other one `several` is."""
    medians = {name: median(seconds) for name, seconds in times.items()}
    ratios = {name: round(medians[name] / medians[several], 2) for name in medians if name != several}
    return {"seconds": {name: round(seconds, 2) for name, seconds in medians.items()}, "ratios": ratios}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("accelerator")
    parser.add_argument("--data", help="pictures, where those of the network are not meant")
    parser.add_argument("--frames", default="all")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    several = f"{options.workers} processes"
    ways = {
        "one core": ("local:1", True),
        "one process": ("local:1", False),
        several: (f"local:{options.workers}", False),
    }
    more = ["--frames", options.frames, *(["--data", options.data] if options.data else [])]
    reports = [verified(options.accelerator, more, None)]
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        for name, way in ways.items():
            reports.append(verified(options.accelerator, more, *way))
            times[name].append(reports[-1]["seconds"])
            print(f"{name}: {times[name][-1]:.1f} s", file=sys.stderr, flush=True)
    found = row(times, several)
    print(f"{'':12} {'seconds':>8} {'ratio':>6}")
    for name, seconds in found["seconds"].items():
        print(f"{name:12} {seconds:8.2f} {found['ratios'].get(name, 1.0):6.2f}")
    equal = same(reports)
    print(f"{reports[0]['frames']} frames; {'all reports are the same' if equal else 'THE REPORTS DIFFER'}")
    print(json.dumps({**found, "frames": reports[0]["frames"], "cores": cores(), "same": equal, "target": TARGET}))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
