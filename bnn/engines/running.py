"""Run many tasks to their end, but none that a journal has."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bnn.engines.futures import Engine
from bnn.engines.journal import Journal
from bnn.engines.opening import opened
from bnn.engines.tasks import Task
from bnn.engines.words import LOCAL, words
from bnn.errors import ToolError, UserError


@dataclass(frozen=True)
class Outcome:
    """What came of a task just now, for who wants to be told."""

    task: Task
    record: dict[str, Any] | None  # None when it failed
    error: UserError | ToolError | None
    done: int  # tasks, with this one, those in the journal, and failures
    total: int


def run(
    tasks: Iterable[Task],
    engine: str | Engine = LOCAL,
    journal: Path | None = None,
    workers: int | None = None,
    tell: Callable[[Outcome], None] | None = None,
) -> dict[str, dict[str, Any]]:
    """Return the record of each task by its key, in the order of the tasks; equal tasks run once.

    engine: the text of `--engine`, or an engine that is open. workers: see `opened`. journal: what stands there is not
    run, and what is finished is written there at once, so that after a kill the same call goes on. tell: called after
    each task that was run.

    When tasks fail the others are finished first. Then UserError or ToolError says what the first of them said. A
    failure is not written down: the next call tries again. UserError for a text or a journal that is none.
    """
    wanted = {task.key: task for task in tasks}
    if isinstance(engine, str):
        words(engine)  # a wrong text is one, whether or not there is work
    book = Journal(journal) if journal is not None else None
    found = {key: book.records[key] for key in wanted if key in book.records} if book else {}
    missing = [task for key, task in wanted.items() if key not in found]
    failed: dict[str, UserError | ToolError] = {}
    if missing:
        with opened(engine, workers) if isinstance(engine, str) else nullcontext(engine) as running:
            pending = [running.submit(task) for task in missing]
            while pending:
                done, pending = running.wait(pending)
                for future in done:
                    task, record, error = future.task, None, None
                    try:
                        record = future.record()
                        found[task.key] = record = book.add(task, record) if book else record
                    except (UserError, ToolError) as raised:
                        failed[task.key] = error = raised
                    if tell:
                        tell(Outcome(task, record, error, len(found) + len(failed), len(wanted)))
    if failed:
        raise _failure([failed[key] for key in wanted if key in failed], len(wanted))
    return {key: found[key] for key in wanted}


def _failure(errors: list[UserError | ToolError], total: int) -> UserError | ToolError:
    if len(errors) == 1:
        return errors[0]
    kind = UserError if all(isinstance(error, UserError) for error in errors) else ToolError
    return kind(f"{errors[0]} (and {len(errors) - 1} more of {total} tasks failed; the others are finished)")
