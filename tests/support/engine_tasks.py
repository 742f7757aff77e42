"""Pure functions, and some that are not, for the engines' tests to run in workers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from bnn.errors import ToolError, UserError


def square(description):
    """Return the square of `number`, and the process that took it."""
    return {"square": description["number"] ** 2}


def where(description):
    """Return the process, its threads for torch, and what it reads; wait a moment so that all workers get a task."""
    time.sleep(description.get("seconds", 0))
    print("a task may print")
    return {"process": os.getpid(), "threads": os.environ["OMP_NUM_THREADS"], "input": sys.stdin.read()}


def mark_then_square(description):
    """Leave a file of this call in the folder `calls`, wait until the file `go` is there, and square."""
    calls = Path(description["calls"])
    (calls / f"{description['number']}-{os.getpid()}").touch()
    end = time.monotonic() + 60
    while not Path(description["go"]).exists():
        assert time.monotonic() < end, "nobody said go"
        time.sleep(0.02)
    return square(description)


def die_once(description):
    """Kill this process, unless the file `died` is there."""
    died = Path(description["died"])
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return {"alive": True}


def die(description):
    """Kill this process, after some words."""
    print("all memory is used", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def fail(description):
    """Raise what `how` says."""
    if description["how"] == "user":
        raise UserError("7 is too many; give at most 5")
    if description["how"] == "tool":
        raise ToolError("yosys ended with exit code 1")
    if description["how"] == "exit":
        sys.exit(3)
    return {"none": {}["here"]} if description["how"] == "key" else description["how"]


def start_sleep(description):
    """Start a program that sleeps for as long as nobody ends it."""
    subprocess.Popen(["sleep", description["tag"]])
    Path(description["started"]).touch()
    time.sleep(300)
