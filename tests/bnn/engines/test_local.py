"""The local engine gives the records that the functions give, whatever dies, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bnn.engines import Task, opened, run, words
from bnn.engines.words import Words, cores
from bnn.errors import ToolError, UserError
from tests.support.waiting import wait_until

TASKS = "tests.support.engine_tasks"
DRIVER = f"""
import sys
from pathlib import Path
from bnn.engines import Task, run
tasks = [Task("{TASKS}:mark_then_square", {{"number": n, "calls": sys.argv[1], "go": sys.argv[2]}}) for n in range(8)]
print(sorted(record["square"] for record in run(tasks, "local:2", Path(sys.argv[3])).values()))
"""


def squares(count):
    return [Task(f"{TASKS}:square", {"number": number}) for number in range(count)]


def living(word):
    """Return the processes with that word in their command line."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and word.encode() in (path / "cmdline").read_bytes().split(b"\0"):
                found.append(int(path.name))
        except OSError:
            pass
    return found


def test_records_come_in_the_order_of_the_tasks_and_equal_tasks_run_once():
    tasks = squares(9)
    told = []
    records = run([*tasks, *tasks], "local:2", tell=told.append)
    assert list(records) == [task.key for task in tasks]
    assert [record["square"] for record in records.values()] == [number**2 for number in range(9)]
    assert sorted(outcome.record["square"] for outcome in told) == [number**2 for number in range(9)]
    assert [(outcome.done, outcome.total) for outcome in told] == [(done, 9) for done in range(1, 10)]


def test_what_a_journal_has_is_not_run(tmp_path):
    calls, go = tmp_path / "calls", tmp_path / "go"
    calls.mkdir()
    go.touch()
    tasks = [Task(f"{TASKS}:mark_then_square", {"number": n, "calls": str(calls), "go": str(go)}) for n in range(6)]
    some = run(tasks[:3], "local:1", tmp_path / "j")
    told = []
    every = run(tasks, "local:2", tmp_path / "j", tell=told.append)
    assert every | some == every and [outcome.done for outcome in told] == [4, 5, 6]
    assert run(tasks, "local:2", tmp_path / "j") == every
    assert len(list(calls.iterdir())) == 6


def test_workers_are_spawned_share_the_cores_and_read_nothing(monkeypatch):
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    tasks = [Task(f"{TASKS}:where", {"seconds": 0.5, "number": number}) for number in range(2)]
    found = list(run(tasks, "local:2").values())
    assert len({record["process"] for record in found} | {os.getpid()}) == 3
    assert {record["threads"] for record in found} == {str(max(1, cores() // 2))}
    assert {record["input"] for record in found} == {""}
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # fewer are wanted
    assert next(iter(run(tasks[:1], "local:1").values()))["threads"] == "1"


def test_the_task_of_a_worker_that_dies_runs_again(tmp_path):
    tasks = [Task(f"{TASKS}:die_once", {"died": str(tmp_path / str(number))}) for number in range(3)]
    assert list(run(tasks, "local:2").values()) == [{"alive": True}] * 3


@pytest.mark.parametrize(
    ("function", "description", "kind", "said"),
    [
        ("die", {}, ToolError, r"died 3 times, at last because signal 9 ended it \(all memory is used\)"),
        ("fail", {"how": "exit"}, ToolError, "died 3 times, at last because it ended with exit status 3"),
        ("fail", {"how": "user"}, UserError, "^7 is too many; give at most 5$"),
        ("fail", {"how": "tool"}, ToolError, "^yosys ended with exit code 1$"),
        ("fail", {"how": "key"}, ToolError, r"fail: KeyError: 'here' \(engine_tasks.py, line \d+\)"),
        ("fail", {"how": 5}, ToolError, "fail: TypeError: .* returned int and not a dict"),
        ("nothing", {}, ToolError, "nothing: AttributeError"),
    ],
)  # fmt: skip
def test_a_failure_says_why_after_the_rest_is_finished_and_is_tried_again(tmp_path, function, description, kind, said):
    tasks = [Task(f"{TASKS}:{function}", description), *squares(3)]
    told = []
    with pytest.raises(kind, match=said) as raised:
        run(tasks, "local:1", tmp_path / "j", tell=told.append)
    assert type(raised.value) is kind
    assert len((tmp_path / "j").read_text().splitlines()) == 3
    assert [outcome.task for outcome in told if outcome.error] == tasks[:1]
    assert len(run(tasks[1:], "local:1", tmp_path / "j")) == 3


def test_of_several_failures_the_first_is_told():
    tasks = [Task(f"{TASKS}:fail", {"how": how}) for how in ("user", "tool")]
    with pytest.raises(ToolError, match=r"7 is too many; give at most 5 \(and 1 more of 2 tasks failed"):
        run(tasks, "local:2")


def test_tasks_may_be_handed_in_one_after_the_other():
    with opened("local:2") as engine:
        pending, found = [engine.submit(task) for task in squares(3)], []
        while pending:
            done, pending = engine.wait(pending)
            assert done
            for future in done:
                found.append(future.record()["square"])
                if found[-1] == 4:
                    pending.append(engine.submit(Task(f"{TASKS}:square", {"number": 10})))
        assert sorted(found) == [0, 1, 4, 100]
        slow = engine.submit(Task(f"{TASKS}:where", {"seconds": 60}))
        assert engine.wait([slow], timeout_s=0.1) == ([], [slow])
        assert engine.wait([]) == ([], [])
        began = time.monotonic()
    assert time.monotonic() - began < 30  # the block does not wait for it


def driver(tmp_path):
    (tmp_path / "calls").mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, tmp_path / "calls", tmp_path / "go", tmp_path / "j"], stdout=subprocess.PIPE
    )


def test_the_driver_is_killed_and_the_same_call_goes_on(tmp_path):
    """Killed twice: before anything is finished, and in the middle."""
    calls, go, journal = tmp_path / "calls", tmp_path / "go", tmp_path / "j"
    killed = driver(tmp_path)
    wait_until(lambda: len(list(calls.iterdir())) == 2)
    killed.kill()
    killed.wait()
    workers = {int(path.name.split("-")[1]) for path in calls.iterdir()}
    wait_until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))
    assert not journal.exists()
    for path in calls.iterdir():
        path.unlink()

    go.touch()
    tasks = [Task(f"{TASKS}:mark_then_square", {"number": n, "calls": str(calls), "go": str(go)}) for n in range(8)]
    run(tasks[:5], "local:1", journal)
    before = journal.read_bytes()
    journal.write_bytes(before + before[:50])  # killed while it wrote
    again = driver(tmp_path)
    assert again.communicate(timeout=60)[0] == b"[0, 1, 4, 9, 16, 25, 36, 49]\n"
    assert journal.read_bytes().startswith(before) and len(journal.read_text().splitlines()) == 8
    assert sorted(int(path.name.split("-")[0]) for path in calls.iterdir()) == list(range(8))  # each once


def test_an_interruption_ends_the_workers_and_what_they_started(tmp_path):
    tag = f"3{os.getpid()}"
    program = f"""
from bnn.engines import Task, run
run([Task("{TASKS}:start_sleep", {{"tag": "{tag}", "started": {str(tmp_path / "started")!r}}})], "local:1")
"""
    interrupted = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE)
    wait_until(lambda: living(tag))
    interrupted.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in interrupted.communicate(timeout=60)[1]
    wait_until(lambda: not living(tag))


def test_the_text_of_an_engine():
    assert words("local") == Words("local") and words("local:3") == Words("local", 3)
    assert words("ray") == Words("ray") and words("ray://[::1]:10001") == Words("ray", None, "ray://[::1]:10001")
    assert words("ray://node-1.lan:10001").address == "ray://node-1.lan:10001"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("local:0", "0 processes are not possible; give a number from 1 to 1024"),
        ("local:9999", "9999 processes are not possible"),
        ("ray://node:0", "0 is not a port"),
        ("ray://node:70000", "70000 is not a port"),
        *((text, "is unknown; give one of local, local:N") for text in (
            "", "Local", "local:", "local:-1", "local:2 ", "ray:", "ray://", "ray://node", "ray://a b:1", "dask", "ray://a:1/x"
        )),
    ],
)  # fmt: skip
def test_a_wrong_text_is_refused_without_any_task(text, said):
    with pytest.raises(UserError, match=said):
        run([], text)
