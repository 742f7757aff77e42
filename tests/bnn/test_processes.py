"""Programs that we start give their output, keep their time limit, and end with the process that started them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bnn.errors import ToolError
from bnn.system import processes
from tests.support.waiting import wait_until

# One child in the program's group, and one in a group of its own, as SymbiYosys' engines are.
FAMILY = "sleep 300.{0} & setsid sleep 301.{0} & sleep 302.{0}; true"


def alive(tag):
    """Return how many of FAMILY's programs run."""
    found = 0
    for path in Path("/proc").iterdir():
        try:
            words = (path / "cmdline").read_bytes().split(b"\0") if path.name.isdigit() else []
        except OSError:
            continue
        found += words[:1] == [b"sleep"] and words[1].endswith(f".{tag}".encode())
    return found


def wait_for(count, tag):
    """Wait until `count` of them run."""
    wait_until(lambda: alive(tag) == count)


def test_output_and_exit_status():
    assert processes.run(["expr", "6", "*", "7"]) == processes.Ended(0, "42\n")
    assert processes.run(["sh", "-c", "echo to both >&2; exit 3"]) == processes.Ended(3, "to both\n")
    assert processes.run(["sh", "-c", "kill -9 $$"]).code == 128 + signal.SIGKILL
    assert processes.run(["sh", "-c", "cat; echo apart >&2"], data=b"\0\xff") == processes.Ended(
        0, "apart\n", b"\0\xff"
    )


def test_a_program_that_is_not_there():
    with pytest.raises(ToolError, match="no program nj-nothing on PATH"):
        processes.run(["nj-nothing"])


def test_nothing_outlives_a_time_limit():
    tag = f"1{os.getpid()}"
    with pytest.raises(processes.TimeLimit, match="sh ran longer than 1 s"):
        processes.run(["sh", "-c", FAMILY.format(tag)], timeout_s=1)
    wait_for(0, tag)


def test_nothing_outlives_the_program():
    tag = f"2{os.getpid()}"
    processes.run(["sh", "-c", f"sleep 300.{tag} > /dev/null 2>&1 & exit 0"])
    wait_for(0, tag)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_its_caller(number):
    tag = f"3{number}{os.getpid()}"
    code = f"from bnn.system import processes; processes.run(['sh', '-c', {FAMILY.format(tag)!r}])"
    caller = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    wait_for(3, tag)
    caller.send_signal(number)
    assert caller.wait(60) != 0
    wait_for(0, tag)
