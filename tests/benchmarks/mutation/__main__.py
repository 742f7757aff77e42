"""Count how many single faults in the RTL the tests find.

    python -m tests.benchmarks.mutation --only nj_fifo nj_window --count 12 --seed 0

Of every module of hw/rtl, `count` faults are drawn (see `mutants`) that still elaborate, each is planted in a copy of
the repository, and that module's tests are run until one fails (see `checks`); when none does, each of them must fail
without the module. What survives is compared with the module by proof where that is quick (`same`): a fault that
changes nothing is not one. What is left must be explained in equivalent.json, where an entry holds for one text of the
module only.

Prints a table, the survivors and one JSON line last; exit status 1 when under 95 % are killed or a survivor is not
explained. Outcomes are kept by content.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from bnn.engines import Outcome as Ended
from bnn.engines import Task, run
from hw.text import RTL
from tests.benchmarks.mutation.checks import Outcome
from tests.benchmarks.mutation.mutants import Mutant
from tests.benchmarks.mutation.trial import key

TASK = "tests.benchmarks.mutation.trial:measure_module"
TARGET = 0.95
MODULES = sorted(file.stem for file in RTL.glob("*.sv"))


@dataclass(frozen=True)
class Found:
    """A mutant and its outcome."""

    mutant: Mutant
    outcome: Outcome
    equal: str = ""  # why no test can tell the mutant from its module


def measure(modules: list[str], count: int, seed: int, engine: str) -> dict[str, list[Found]]:
    """Return every module's mutants with outcomes. ToolError when checks fail without a fault or miss the module."""
    tasks = {module: Task(TASK, {"module": module, "count": count, "seed": seed}) for module in modules}
    records = run(tasks.values(), engine, tell=tell)
    return {module: outcomes(module, records[task.key]) for module, task in tasks.items()}


def outcomes(module: str, record: dict[str, Any]) -> list[Found]:
    """Return a record of `measure_module` as mutants with their outcomes."""
    text = (RTL / f"{module}.sv").read_text()
    return [
        Found(
            Mutant(module, text, each["kind"], each["start"], each["end"], each["new"]),
            Outcome(each["passed"], each["by"]), each["equal"],
        )
        for each in record["found"]
    ]  # fmt: skip


def tell(ended: Ended) -> None:
    """Print what came of a module, while others are measured."""
    if ended.record is None:
        return
    for one in outcomes(ended.task.description["module"], ended.record):
        said = f"killed by {one.outcome.by}" if not one.outcome.passed else f"SURVIVED {one.equal} {key(one.mutant)}"
        print(f"{one.mutant}\n    {said}", file=sys.stderr, flush=True)


def row(found: list[Found]) -> dict[str, int]:
    """Return the counts of a module. A mutant that equals its module does not count as a fault."""
    killed = sum(not one.outcome.passed for one in found)
    equal = sum(one.outcome.passed and bool(one.equal) for one in found)
    return {"faults": len(found) - equal, "killed": killed, "equal": equal}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=MODULES, default=MODULES, metavar="MODULE")
    parser.add_argument("--count", type=int, default=12, help="faults per module")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", default="local:2", metavar="E", help="what runs the modules: see docs/engines.md")
    options = parser.parse_args()
    started = time.perf_counter()
    results = measure(options.only, options.count, options.seed, options.engine)
    rows = {module: row(found) for module, found in results.items()}
    total = {name: sum(counts[name] for counts in rows.values()) for name in ("faults", "killed", "equal")}
    print(f"{'module':16} {'faults':>7} {'killed':>7} {'no fault':>9}")
    for module, counts in [*rows.items(), ("all", total)]:
        print(f"{module:16} {counts['faults']:7} {counts['killed']:7} {counts['equal']:9}")
    survivors = [one for found in results.values() for one in found if one.outcome.passed]
    for one in survivors:
        what = f"equal: {one.equal}" if one.equal else f"SURVIVED {one.outcome.by}"
        print(f"{what}  {one.mutant}  [{key(one.mutant)}]")
    rate = total["killed"] / max(1, total["faults"])
    print(f"{rate:.1%} killed, seed {options.seed}, {time.perf_counter() - started:.0f} s")
    print(json.dumps({"killed": rate, "modules": rows, "survivors": [
        {"fault": str(one.mutant), "equal": one.equal} for one in survivors]}))  # fmt: skip
    return 0 if rate >= TARGET and all(one.equal for one in survivors) else 1


if __name__ == "__main__":
    sys.exit(main())
