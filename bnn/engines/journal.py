"""The journal: a file of what is finished, a line of JSON for each task, that only grows.

    {"key": "...", "function": "package.module:name", "description": {...}, "record": {...}}

A line is written at once, under a lock, and synced. A process that is killed leaves a part of a line at the most, at
the end; it is no line, and the next one that writes removes it. Several processes may share a journal: of two lines for
the same task the first one counts.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from bnn.engines.tasks import Task
from bnn.errors import UserError
from bnn.storage.records import parse_json

ENTRIES = ("key", "function", "description", "record")
START = b'{"key": "'  # of every line


class Journal:
    """Records by the key of their task. UserError for a file that is none, or whose folder is not there."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._read = 0  # bytes of whole lines
        self._lines = 0
        self.records: dict[str, dict[str, Any]] = {}
        if not self.path.parent.is_dir():
            raise UserError(f"{self.path}: there is no folder {self.path.parent}; make it first")
        if self.path.exists():
            if not self.path.is_file():
                raise UserError(f"{self.path} is not a file, and a journal is one; choose another name")
            with self.path.open("rb") as file:
                self._catch_up(file.fileno())

    def __contains__(self, task: Task) -> bool:
        return task.key in self.records

    def add(self, task: Task, record: dict[str, Any]) -> dict[str, Any]:
        """Write what came of a task; return the record that counts: that of a faster process, if there is one."""
        line = {"key": task.key, "function": task.function, "description": task.description, "record": record}
        data = f"{json.dumps(line, allow_nan=False)}\n".encode()
        with self._locked() as handle:
            self._catch_up(handle)
            if task.key not in self.records:
                os.ftruncate(handle, self._read)  # what a killed process left of a line
                os.lseek(handle, 0, os.SEEK_END)
                with memoryview(data) as left:
                    while left:
                        left = left[os.write(handle, left) :]
                os.fsync(handle)
                self._keep(data)
        return self.records[task.key]

    @contextmanager
    def _locked(self) -> Iterator[int]:
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    def _catch_up(self, handle: int) -> None:
        """Read the whole lines that are new."""
        size = os.fstat(handle).st_size
        if size < self._read:
            raise UserError(f"{self.path} became shorter while it was in use; start the same command again")
        data = os.pread(handle, size - self._read, self._read)
        whole = data.rfind(b"\n") + 1
        for line in data[:whole].splitlines(keepends=True):
            self._keep(line)
        if not START.startswith(data[whole:][: len(START)]):  # a file of somebody else
            self._refuse(self._lines + 1)

    def _keep(self, line: bytes) -> None:
        self._lines += 1
        try:
            entry = parse_json(line)
            task = Task(entry["function"], entry["description"])
            if sorted(entry) != sorted(ENTRIES) or task.key != entry["key"] or not isinstance(entry["record"], dict):
                raise ValueError("its entries do not fit")
        except (ValueError, TypeError, KeyError, AttributeError):
            self._refuse(self._lines)
        self._read += len(line)
        self.records.setdefault(task.key, entry["record"])

    def _refuse(self, line: int) -> NoReturn:
        raise UserError(
            f"{self.path}: line {line} is not one of a journal; choose another name, or take that line away"
        ) from None
