"""The engine of this machine: a few processes, started when there is work for them, that end with us.

Each process belongs to a thread here, which writes it a task and reads its answer. A process that dies is replaced, and
its task begins again.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Collection
from pathlib import Path
from typing import Any

from bnn.engines.futures import TRIES, Future, died, split
from bnn.engines.messages import outcome, request
from bnn.engines.tasks import Task
from bnn.engines.words import cores
from bnn.system import processes

PROGRAM = Path(__file__).with_name("worker.py")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")  # torch and NumPy read them when they start
LAST = 2000  # bytes of what a dead worker said
PATIENCE_S = 5.0  # for an idle worker to end by itself


class LocalEngine:
    """See Engine. `workers` processes at the most, which share the cores of the machine."""

    here = True

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._environment = _environment(max(1, cores() // workers))
        self._changed = threading.Condition()
        # What follows is read and written under the condition alone.
        self._queue: deque[Future] = deque()
        self._idle = 0
        self._closed = False
        self._threads: list[threading.Thread] = []
        self._processes: set[Process] = set()

    def submit(self, task: Task) -> Future:
        """See Engine."""
        future = Future(task)
        with self._changed:
            assert not self._closed
            self._queue.append(future)
            if len(self._queue) > self._idle and len(self._threads) < self.workers:
                self._threads.append(threading.Thread(target=self._serve, daemon=True))
                self._threads[-1].start()
            self._changed.notify_all()
        return future

    def wait(self, futures: Collection[Future], timeout_s: float | None = None) -> tuple[list[Future], list[Future]]:
        """See Engine."""
        with self._changed:
            self._changed.wait_for(lambda: not futures or any(future.done for future in futures), timeout_s)
            return split(futures)

    def close(self) -> None:
        """See Engine."""
        with self._changed:
            self._closed = True
            busy = list(self._processes)
            self._changed.notify_all()
        for process in busy:
            process.stop()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        process = None
        while (future := self._next()) is not None:
            reason = ""
            for _ in range(TRIES):
                process = process or self._begin()
                text = process.ask(request(future.task)) if process else None
                if process is None or text is not None:
                    break
                reason, process = self._bury(process), None
            if process is None and self._closed:
                return
            with self._changed:
                future.outcome = outcome(text) if text is not None else died(future.task, reason)
                self._changed.notify_all()
        if process is not None:
            self._bury(process)

    def _next(self) -> Future | None:
        """Return the next task, when there is one; None at the end."""
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._queue or self._closed)
            self._idle -= 1
            return None if self._closed else self._queue.popleft()

    def _begin(self) -> "Process | None":
        """Start a process; None when the engine is being closed."""
        with self._changed:
            if self._closed:
                return None
            process = Process(self._environment)
            self._processes.add(process)
            return process

    def _bury(self, process: "Process") -> str:
        with self._changed:
            self._processes.discard(process)
        return process.end()


class Process:
    """A worker process."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `end`
        self._process = processes.begin(
            [sys.executable, "-P", PROGRAM], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said,
        )  # fmt: skip
        self._send(json.dumps({"path": sys.path}))

    def ask(self, text: str) -> str | None:
        """Send a line and return the line that answers it; None when the process has died."""
        return self._receive() if self._send(text) else None

    def stop(self) -> None:
        """End the process at once; `ask`, in another thread, returns None."""
        processes.stop(self._process)

    def end(self) -> str:
        """Let the process end when it has nothing to do; return why it did."""
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass  # what was left in it cannot be written: the process is gone
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE_S)
        code = processes.end(self._process)
        with self._said:
            self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - LAST))
            said = self._said.read().decode(errors="replace").strip().splitlines()
        how = f"signal {code - 128} ended it" if code > 128 else f"it ended with exit status {code}"
        return f"{how} ({said[-1].strip()})" if said else how

    def _send(self, text: str) -> bool:
        pipe: Any = self._process.stdin
        try:
            pipe.write(f"{text}\n".encode())
            pipe.flush()
        except (OSError, ValueError):
            return False
        return True

    def _receive(self) -> str | None:
        pipe: Any = self._process.stdout
        line = pipe.readline().decode()
        return line if line.endswith("\n") else None


def _environment(threads: int) -> dict[str, str]:
    """Return ours, with at most that many threads for a worker, and fewer where ours has fewer."""
    given = {name: os.environ.get(name, "") for name in THREADS}
    fewer = {
        name: min(threads, int(value)) if value.isdigit() and int(value) else threads for name, value in given.items()
    }
    return {**os.environ, **{name: str(count) for name, count in fewer.items()}}
