"""The engine of a cluster: Ray runs the tasks on its nodes, and begins them again when a worker or a node is lost.

Ray is an optional package, imported when it is asked for. Only texts travel (bnn.engines.messages). A cluster that is
started here belongs to this process: it answers who knows its token, keeps no files, has no dashboard, and tells nobody
that it is used. One that is joined belongs to somebody else, who starts it with `ray start` and chooses all that.
"""

import importlib
import importlib.util
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from bnn.engines.futures import TRIES, Future, died, split
from bnn.engines.messages import answer, outcome, request
from bnn.engines.source import fingerprint
from bnn.engines.tasks import Task
from bnn.errors import ToolError, UserError
from bnn.storage.work import temporary_folder, work_folder
from bnn.system import processes

HOST = "127.0.0.1"  # of a cluster that is started here
START_S = 120.0  # for it to listen
MEMORY = 80 << 20  # bytes for objects, the least that Ray takes: records are small
LONGEST = 40  # characters of a folder in which Ray can still make its sockets, whose names may have 107
CONNECT_S = 10.0  # for the other end to take a connection
JOIN_TRIES, JOIN_WAIT_S = 3, 2.0  # joins of a cluster that answers
STEP_S = 1.0  # between two looks whether the time of `wait` is over
# Read by Ray when it is imported or started. No dashboard, no usage statistics, no word about graphics cards.
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", "RAY_DISABLE_IMPORT_WARNING": "1"}


class RayEngine:
    """See Engine. Use `started` or `joined`, which say where the cluster comes from."""

    def __init__(self, ray: Any, workers: int, here: bool, limit: int | None) -> None:
        self.workers, self.here = workers, here
        self._ray, self._limit = ray, limit
        # Ray counts a try for a worker or a node that is lost. What a task raises comes back in the text.
        self._answer = ray.remote(max_retries=TRIES - 1, retry_exceptions=False)(answer_on_node)
        self._queue: deque[Future] = deque()
        self._running: dict[Any, Future] = {}  # by Ray's reference to the text that is to come

    def submit(self, task: Task) -> Future:
        """See Engine."""
        future = Future(task)
        self._queue.append(future)
        self._fill()
        return future

    def wait(self, futures: Collection[Future], timeout_s: float | None = None) -> tuple[list[Future], list[Future]]:
        """See Engine."""
        left = timeout_s
        while futures and not any(future.done for future in futures) and (left is None or left > 0):
            step = STEP_S if left is None else min(STEP_S, left)
            self._collect(step)
            left = None if left is None else left - step
        return split(futures)

    def close(self) -> None:
        """See Engine."""
        self._ray.shutdown()

    def _fill(self) -> None:
        while self._queue and (self._limit is None or len(self._running) < self._limit):
            future = self._queue.popleft()
            with self._told():
                reference = self._answer.remote(request(future.task), fingerprint())
            self._running[reference] = future

    def _collect(self, timeout_s: float) -> None:
        with self._told():
            ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=timeout_s)
        for reference in ready:
            future = self._running.pop(reference)
            future.outcome = self._outcome(future.task, reference)
        self._fill()

    def _outcome(self, task: Task, reference: Any) -> dict[str, Any] | UserError | ToolError:
        errors = self._ray.exceptions
        with self._told():
            try:
                return outcome(self._ray.get(reference))
            except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError) as error:
                return died(task, _first_line(error))
            except errors.RayTaskError as error:  # the node has no Neural Jets, or none that can be imported
                return ToolError(f"{task.function} cannot be called on a node: {_last_line(str(error))}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what to do when the cluster itself is gone."""
        try:
            yield
        except (self._ray.exceptions.RayError, ConnectionError, RuntimeError) as error:
            raise ToolError(
                f"the cluster was lost ({_first_line(error)}); when it is there again, the same command goes on"
            ) from None


@contextmanager
def started(workers: int) -> Iterator[RayEngine]:
    """Start a cluster on this machine that runs as many tasks at once, and end it with the block."""
    here = temporary_folder()
    with (
        _environment({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": _token()}),
        work_folder(here if len(str(here)) <= LONGEST else Path("/tmp")) as place,
    ):
        ray = _import()
        with _head(workers, place) as address:
            try:
                ray.init(address, log_to_driver=False, logging_level="ERROR", _node_ip_address=HOST)
            except Exception as error:
                raise ToolError(f"--engine ray: the cluster that was started is silent: {_first_line(error)}") from None
            engine = RayEngine(ray, workers, True, None)
            try:
                yield engine
            finally:
                engine.close()


@contextmanager
def _head(workers: int, place: Path) -> Iterator[str]:
    """Start the processes of a node, and yield where they listen; they end with the block, and when we are killed."""
    with socket.create_server((HOST, 0)) as free, socket.create_server((HOST, 0)) as other:
        port, client_port = free.getsockname()[1], other.getsockname()[1]
    said = place / "said.txt"
    with said.open("wb") as output:
        process = processes.begin(
            [
                sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats",
                "--include-dashboard", "false", "--num-cpus", str(workers), "--object-store-memory", str(MEMORY),
                "--node-ip-address", HOST, "--port", str(port), "--ray-client-server-port", str(client_port),
                "--temp-dir", str(place),
            ],
            cwd=place, env={**os.environ, **QUIET}, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until = time.monotonic() + START_S
        while not _answers(HOST, port):
            if process.poll() is not None or time.monotonic() > until:
                raise ToolError(f"--engine ray: no cluster could be started: {_last_line(said.read_text())}")
            time.sleep(STEP_S / 20)
        yield f"{HOST}:{port}"
    finally:
        processes.end(process)


@contextmanager
def joined(address: str, limit: int | None) -> Iterator[RayEngine]:
    """Join the cluster at ray://HOST:PORT for the block, with at most `limit` tasks there at once.

    UserError when nobody answers there, or who answers is not to be spoken to.
    """
    ray = _import()
    with _environment(QUIET):
        host, _, port = address.removeprefix("ray://").rpartition(":")
        try:
            if not _answers(host.strip("[]"), int(port)):  # Ray itself would try for half a minute
                raise ConnectionError("nobody answers there")
            _join(ray, address)
        except Exception as error:
            raise UserError(
                f"--engine {address}: {_first_line(error)}; give the address of a node that runs `ray start --head "
                "--ray-client-server-port PORT`, with the same Python and the same Ray as here"
            ) from None
        engine = RayEngine(ray, max(1, int(ray.cluster_resources().get("CPU", 1))), False, limit)
        try:
            yield engine
        finally:
            engine.close()


def _join(ray: Any, address: str) -> None:
    """Join the cluster; a busy one that answers may yet fail to start what serves us in time, so not once only."""
    for left in reversed(range(JOIN_TRIES)):
        try:
            ray.init(address, logging_level="ERROR", log_to_driver=False)
            return
        except ConnectionError:
            if not left:
                raise
            ray.shutdown()
            time.sleep(JOIN_WAIT_S)


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), CONNECT_S).close()
    except OSError:
        return False
    return True


def answer_on_node(text: str, source: str) -> str:
    """Answer a request on a node, if the node has the same Neural Jets as who asks."""
    if fingerprint() != source:
        where = f"node {socket.gethostname()} has another Neural Jets than this machine"
        return json.dumps({"user": f"{where}; install the same there, and start the cluster again"})
    return answer(text)


def _import() -> Any:
    if importlib.util.find_spec("ray") is None:
        raise UserError(
            "--engine ray needs the package ray, which is not installed: pip install 'neuraljet[cluster]', or use "
            "--engine local"
        )
    known = "ray" in sys.modules
    with _environment(QUIET):
        import ray
    if ray.is_initialized():
        raise UserError("--engine ray: this process is part of a Ray cluster already; call ray.shutdown() before")
    if known:  # it has read the environment as it was then
        raylet: Any = importlib.import_module("ray._raylet")
        raylet.Config.initialize("")
        raylet.AuthenticationTokenLoader.instance().reset_cache()
    return ray


@cache
def _token() -> str:
    """Return what who wants to use a cluster of this process must know."""
    return secrets.token_hex(32)


@contextmanager
def _environment(more: Mapping[str, str | None]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    _set(more)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].strip().rstrip(".")


def _last_line(text: str) -> str:
    return (text.strip() or "it said nothing").splitlines()[-1].strip()
