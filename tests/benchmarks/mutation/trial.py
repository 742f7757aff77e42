"""The task of an engine: the faults of one module, and what its tests make of each."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

from bnn.errors import ToolError
from bnn.storage.work import work_folder
from hw.text import RTL
from tests.benchmarks.mutation.checks import Workplace, checked, failing, unseen
from tests.benchmarks.mutation.mutants import Mutant, mutants
from tests.benchmarks.mutation.same import same

EXPLAINED = Path(__file__).parent / "equivalent.json"


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


def measure_module(description: dict[str, Any]) -> dict[str, Any]:
    """Return the faults of `module`, each with the outcome of its checks; `count` of them are drawn with `seed`.

    ToolError when a check fails without a fault, or passes without the module.
    """
    module, explained = description["module"], json.loads(EXPLAINED.read_text())
    found = []
    with work_folder() as folder:
        place = Workplace(folder)
        fails = failing(place, module)
        if fails:
            raise ToolError(f"{module}: {fails} fails without a fault")
        for mutant in drawn(place, module, description["count"], description["seed"]):
            outcome = checked(place, module, mutant.mutated())
            equal = ""
            if outcome.passed:
                for step in unseen(place, module):
                    raise ToolError(f"{module}: {' '.join(step)} passes without the module")
                equal = explained.get(key(mutant), "") or ("proven" if same(mutant) else "")
            where = {"kind": mutant.kind, "start": mutant.start, "end": mutant.end, "new": mutant.new}
            found.append({**where, "passed": outcome.passed, "by": outcome.by, "equal": equal})
    return {"found": found}
