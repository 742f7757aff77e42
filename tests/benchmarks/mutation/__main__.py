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
import hashlib
import json
import queue
import random
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from hw.text import RTL
from tests.benchmarks.mutation.checks import Outcome, Workplace, checked, failing, unseen, workplaces
from tests.benchmarks.mutation.mutants import Mutant, mutants
from tests.benchmarks.mutation.same import same

EXPLAINED = Path(__file__).parent / "equivalent.json"
TARGET = 0.95
MODULES = sorted(file.stem for file in RTL.glob("*.sv"))


@dataclass(frozen=True)
class Found:
    """A mutant and its outcome."""

    mutant: Mutant
    outcome: Outcome
    equal: str = ""  # why no test can tell the mutant from its module


def key(mutant: Mutant) -> str:
    """Return a hash of the module's text and the fault."""
    return hashlib.sha256(f"{mutant.text}\0{mutant.mutated()}".encode()).hexdigest()[:16]


def drawn(place: Workplace, module: str, count: int, seed: int) -> list[Mutant]:
    """Return `count` faults that elaborate, or all when there are fewer."""
    candidates = mutants(RTL / f"{module}.sv")
    random.Random(f"{seed} {module}").shuffle(candidates)
    found: list[Mutant] = []
    for mutant in candidates:
        if len(found) == count:
            break
        if place.elaborates(mutant):
            found.append(mutant)
    return sorted(found, key=lambda mutant: (mutant.start, mutant.new))


def measure(modules: list[str], count: int, seed: int, jobs: int) -> dict[str, list[Found]]:
    """Return every module's mutants with outcomes. RuntimeError when checks fail without a fault or miss the module."""
    explained: dict[str, str] = json.loads(EXPLAINED.read_text())
    results: dict[str, list[Found]] = {module: [] for module in modules}
    errors: list[BaseException] = []
    work: queue.SimpleQueue[str] = queue.SimpleQueue()
    for module in modules:
        work.put(module)

    def serve(place: Workplace) -> None:
        while not errors:
            try:
                module = work.get_nowait()
            except queue.Empty:
                return
            try:
                fails = failing(place, module)
                if fails:
                    raise RuntimeError(f"{module}: {fails} fails without a fault")
                for mutant in drawn(place, module, count, seed):
                    outcome = checked(place, module, mutant.mutated())
                    equal = ""
                    if outcome.passed:
                        for step in unseen(place, module):
                            raise RuntimeError(f"{module}: {' '.join(step)} passes without the module")
                        equal = explained.get(key(mutant), "") or ("proven" if same(mutant) else "")
                    results[module].append(Found(mutant, outcome, equal))
                    said = f"killed by {outcome.by}" if not outcome.passed else f"SURVIVED {equal} {key(mutant)}"
                    print(f"{mutant}\n    {said}", file=sys.stderr, flush=True)
            except BaseException as error:
                errors.append(error)

    places = workplaces(jobs)
    try:
        threads = [threading.Thread(target=serve, args=(place,)) for place, _ in places]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for _, folder in places:
            folder.cleanup()
    if errors:
        raise errors[0]
    return results


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
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    started = time.perf_counter()
    results = measure(options.only, options.count, options.seed, options.jobs)
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
