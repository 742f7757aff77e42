"""A cluster of two nodes gives the records that this machine gives, though a worker and a node are killed."""

import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bnn.engines import Task, cluster, opened, run
from bnn.errors import UserError
from bnn.storage.work import work_folder
from bnn.system import processes
from tests.bnn.engines.test_local import TASKS, squares
from tests.support.waiting import free_ports, wait_until

ROOT = Path(__file__).resolve().parents[3]
# So that the loss of a node is noticed in seconds and not in half a minute.
HASTY = {f"RAY_health_check_{name}_ms": "2000" for name in ("initial_delay", "period", "timeout")}
COMMON = ("--num-cpus", "1", "--object-store-memory", str(cluster.MEMORY), "--node-ip-address", "127.0.0.1", "--block")

# Tells its processes and kills itself while its cluster runs.
STARTER = """
import os, signal, sys
import psutil
from pathlib import Path
from bnn.engines import cluster, opened, run
from tests.bnn.engines.test_local import squares
with opened("ray", 2) as engine:
    print([record["square"] for record in run(squares(4), engine, Path(sys.argv[1])).values()])
    print([process.pid for process in psutil.Process().children(recursive=True)], flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def lives(process):
    """Tell whether the process runs; one that has ended may stay in the table for as long as nobody asks."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def node(folder, *more):
    """Start a node; it ends, with all its processes, when it is stopped, and with us."""
    return processes.begin(
        [sys.executable, "-m", "ray.scripts.scripts", "start", "--disable-usage-stats", *COMMON, *more],
        cwd=folder, stdin=subprocess.DEVNULL,
        stdout=(folder / "said").open("a"), stderr=subprocess.STDOUT,
    )  # fmt: skip


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@pytest.fixture
def nodes(tmp_path, monkeypatch):
    """Yield the address of a cluster of two nodes with a core each, and the second node."""
    for name, value in {"PYTHONPATH": str(ROOT), **cluster.QUIET, **HASTY}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    port, client = free_ports(2)
    with work_folder(Path("/tmp")) as short:
        head = node(
            tmp_path, "--head", "--port", str(port), "--ray-client-server-port", str(client), "--temp-dir", str(short),
            "--include-dashboard", "false",
        )  # fmt: skip
        wait_until(lambda: answers(port))
        second = node(tmp_path, "--address", f"127.0.0.1:{port}")
        wait_until(lambda: answers(client))
        try:
            yield f"ray://127.0.0.1:{client}", second
        finally:
            processes.end(second)
            processes.end(head)


def test_a_worker_and_a_node_are_killed_in_the_middle(nodes, tmp_path, monkeypatch):
    address, second = nodes
    calls, go = tmp_path / "calls", tmp_path / "go"
    calls.mkdir()
    tasks = [Task(f"{TASKS}:mark_then_square", {"number": n, "calls": str(calls), "go": str(go)}) for n in range(6)]
    with opened(address) as engine:
        futures = [engine.submit(task) for task in tasks]
        wait_until(lambda: len(list(calls.iterdir())) == 2)  # one on each node
        os.kill(int(next(calls.iterdir()).name.split("-")[1]), signal.SIGKILL)
        wait_until(lambda: len(list(calls.iterdir())) == 3)  # begun again
        processes.end(second)
        go.touch()
        pending = futures
        while pending:
            _, pending = engine.wait(pending)
        over_there = {future.task.key: future.record() for future in futures}
        with monkeypatch.context() as patched:
            patched.setattr(cluster, "fingerprint", lambda: "another one")
            with pytest.raises(UserError, match="has another Neural Jets than this machine; install the same there"):
                run(squares(1), engine)
        with pytest.raises(UserError, match="7 is too many; give at most 5"):
            run([Task(f"{TASKS}:fail", {"how": "user"})], engine)
    assert over_there == run(tasks, "local:2")


def test_a_cluster_is_started_for_a_run_and_ends_with_it_though_it_is_killed(tmp_path):
    driven = subprocess.run(
        [sys.executable, "-c", STARTER, tmp_path / "j"], cwd=ROOT, capture_output=True, timeout=240, check=False
    )
    assert driven.returncode == -signal.SIGKILL, driven.stderr
    records, started = map(json.loads, driven.stdout.splitlines())
    assert records == [0, 1, 4, 9] and len(started) > 3
    assert len((tmp_path / "j").read_text().splitlines()) == 4
    wait_until(lambda: not any(lives(process) for process in started))


def test_without_the_package_a_sentence_says_the_way_out(monkeypatch):
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "ray" else there(name, *more))
    with pytest.raises(UserError, match=r"needs the package ray, .*: pip install 'neuraljet\[cluster\]'"):
        run(squares(1), "ray")


def test_nobody_answers_at_the_address():
    (port,) = free_ports(1)
    with pytest.raises(UserError, match=f"--engine ray://127.0.0.1:{port}: nobody answers there; .*`ray start --head"):
        run(squares(1), f"ray://127.0.0.1:{port}")
