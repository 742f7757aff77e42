"""Run every check twice: with a fault planted, which it must find, and without it, where it must pass.

    python -m tests.benchmarks.planted                      # or make planted; --fast leaves simulators and proofs out

Each row runs twice, in a folder of its own: as things are, where the check must pass, and with the fault. Prints a
table, one JSON line last; exit status 1 when a fault is not caught, or a check fails without one.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bnn.engines import Outcome, Task, run
from tests.benchmarks.planted.check import Check, Said
from tests.benchmarks.planted.hardware import CHECKS as HARDWARE
from tests.benchmarks.planted.layers import CHECKS as LAYERS
from tests.benchmarks.planted.software import CHECKS as SOFTWARE

CHECKS = [*SOFTWARE, *HARDWARE, *LAYERS]
TASK = "tests.benchmarks.planted.__main__:row"
WIDTH = 100  # characters of what a check said


def both(check: Check) -> tuple[Said, Said]:
    """Return what the check said without the fault and with it."""
    with tempfile.TemporaryDirectory(prefix="neuraljet-") as right, tempfile.TemporaryDirectory() as wrong:
        return check.run(Path(right), False), check.run(Path(wrong), True)


def row(description: dict[str, Any]) -> dict[str, Any]:
    """Return what came of the check with this name and fault: the function of the tasks."""
    check = next(each for each in CHECKS if (each.name, each.fault) == (description["check"], description["fault"]))
    try:
        right, wrong = both(check)
        caught = "no" if wrong is None else "yes" if right is None else "ALWAYS"
    except Exception as error:  # a check that cannot run catches nothing
        right, wrong, caught = None, f"{type(error).__name__}: {error}", "CRASH"
    return {**description, "caught": caught, "right": right, "said": wrong}


def tell(ended: Outcome) -> None:
    """Print the row of a check that has ended."""
    found = ended.record
    if found is not None:
        said = " ".join((found["right"] if found["caught"] == "ALWAYS" else found["said"] or "nothing").split())
        print(f"{found['check']:28} {found['fault']:44} {found['caught']:6}  {said[:WIDTH]}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help="without simulators, synthesis and proofs of modules")
    parser.add_argument("--only", metavar="WORD", default="", help="checks whose name or fault has the word")
    parser.add_argument("--engine", default="local", metavar="E", help="what runs the checks: see docs/engines.md")
    options = parser.parse_args()
    started = time.perf_counter()
    chosen = [
        each for each in CHECKS if not (options.fast and each.slow) and options.only in f"{each.name} {each.fault}"
    ]
    tasks = [Task(TASK, {"check": each.name, "fault": each.fault}) for each in chosen]
    print(f"{'check':28} {'planted fault':44} {'caught':6}  what the check said")
    rows = list(run(tasks, options.engine, tell=tell).values())
    good = sum(each["caught"] == "yes" for each in rows)
    print(
        f"{good} of {len(rows)} faults are caught by checks that pass without them, "
        f"{time.perf_counter() - started:.0f} s"
    )
    print(json.dumps(rows))
    return 0 if rows and good == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
