"""What a cell of a study does: a kind of task a module, by name, so that a study's file runs nothing else.

A task takes a description of JSON, its seed included, and returns a record of JSON.
"""

import importlib
import time
from collections.abc import Mapping
from typing import Any

from bnn.errors import UserError

TASKS = {  # the functions, which load torch, are imported when one is run
    "train": "neuraljet.studying.tasks.training",
    "float": "neuraljet.studying.tasks.floating",
    "robustness": "neuraljet.studying.tasks.robustness",
    "compress": "neuraljet.studying.tasks.pruning",
}
FUNCTION = "neuraljet.studying.tasks:measure"
CIRCUMSTANCES = ("seconds", "commit", "version", "torch", "threads", "machine")  # what every record ends with


def measure(description: Mapping[str, Any]) -> dict[str, Any]:
    """Perform a task with one thread of torch; return its record, and what its figures depend on beside the seed.

    UserError for an entry that the task does not know.
    """
    from neuraljet.studying.tasks.circumstances import circumstances, one_thread

    asked = dict(description)
    module = importlib.import_module(TASKS[asked.pop("task")])
    unknown = sorted(set(asked) - set(module.KNOWN))
    if unknown:
        raise UserError(f"the task knows no {unknown[0]!r}; allowed: {', '.join(sorted(module.KNOWN))}")
    started = time.perf_counter()
    with one_thread():
        record = module.measure(asked)
        return {**record, "seconds": round(time.perf_counter() - started, 1), **circumstances()}
