"""Trials as tasks: pure functions that the processes of this machine or of a cluster run, and none of them twice.

>>> from bnn.engines import Task, run
>>> tasks = [Task("math_of.trials:square", {"number": 3})]              # doctest: +SKIP
>>> run(tasks, "local:2", journal=Path("squares.jsonl"))[tasks[0].key]  # doctest: +SKIP
{'square': 9}
"""

from bnn.engines.futures import Engine, Future
from bnn.engines.journal import Journal
from bnn.engines.opening import opened
from bnn.engines.running import Outcome, run
from bnn.engines.tasks import Task
from bnn.engines.words import Words, words

__all__ = ["Engine", "Future", "Journal", "Outcome", "Task", "Words", "opened", "run", "words"]
