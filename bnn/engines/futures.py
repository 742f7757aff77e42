"""What an engine is: it takes tasks, and tells of futures which are done."""

from collections.abc import Collection
from typing import Any, Protocol

from bnn.engines.tasks import Task
from bnn.errors import ToolError, UserError

TRIES = 3  # how often a task begins whose workers die


class Future:
    """A task that was handed in, and later what came of it."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.outcome: dict[str, Any] | UserError | ToolError | None = None  # set once, by the engine

    @property
    def done(self) -> bool:
        """Is there a record or an error?"""
        return self.outcome is not None

    def record(self) -> dict[str, Any]:
        """Return the record. UserError or ToolError when the task failed, or when its workers died TRIES times."""
        assert self.outcome is not None, "ask the engine to wait for it"
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Engine(Protocol):
    """Runs tasks in processes of its own, in any order, several at once."""

    workers: int  # how many tasks run at once
    here: bool  # do all of them run on this machine, with its files?

    def submit(self, task: Task) -> Future:
        """Take a task and return at once."""

    def wait(self, futures: Collection[Future], timeout_s: float | None = None) -> tuple[list[Future], list[Future]]:
        """Return which are done and which are not, in their order, when one is done at least or the time is over.

        ToolError when the engine itself is lost, such as a cluster.
        """

    def close(self) -> None:
        """End all workers, and the tasks that they are at."""


def split(futures: Collection[Future]) -> tuple[list[Future], list[Future]]:
    """Return those that are done and those that are not."""
    return [future for future in futures if future.done], [future for future in futures if not future.done]


def died(task: Task, reason: str) -> ToolError:
    """Return the error of a task whose workers died again and again."""
    return ToolError(f"{task.function}: its worker died {TRIES} times, at last because {reason}")
