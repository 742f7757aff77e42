"""Run a program, and end it with all that it started when the one who asked for it is gone.

    python -I -S guard.py PIPE PROGRAM ARGUMENT...

PIPE: a file descriptor whose other end the caller holds open. It closes when the caller closes it, ends, or is killed.
Then every process that this one began is killed. The exit status is the program's, 128 + n after signal n, 127 when it
cannot be started. There are few imports, because this starts with every tool: 10 ms.

Processes are found by their process group and by a mark in their environment, which children inherit: SymbiYosys puts
its engines into groups of their own.
"""

import os
import signal
import sys
from _thread import start_new_thread

MARK = "NEURALJET_GUARD"


def main() -> int:
    """Start the program and wait for its end, or for the caller's; return the exit status."""
    pipe, command = int(sys.argv[1]), sys.argv[2:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the caller's end is what counts
    mark = f"{os.environ.get(MARK, '')}/{os.getpid()}-{os.urandom(4).hex()}"
    os.set_inheritable(pipe, False)
    child = os.fork()
    if child == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execvpe(command[0], command, {**os.environ, MARK: mark})
        except OSError as error:
            os.write(2, f"{command[0]}: {error.strerror}\n".encode(errors="replace"))
            os._exit(127)
    start_new_thread(_watch, (pipe, mark))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    kill_marked(mark)  # g++ goes on when make was killed
    return code if code >= 0 else 128 - code


def _watch(pipe: int, mark: str) -> None:
    os.read(pipe, 1)  # nothing is ever sent: this returns when the other end is closed
    kill_marked(mark)
    os.killpg(0, signal.SIGKILL)


def kill_marked(mark: str) -> None:
    """Kill every process that has `mark` in its environment, until there is none; only Linux can tell."""
    wanted = f"{MARK}={mark}".encode()
    while os.path.isdir("/proc/self"):
        found = [number for number in os.listdir("/proc") if number.isdigit() and wanted in _environment(number)]
        if not found:
            return
        for number in found:
            try:  # noqa: SIM105  # contextlib would be an import more
                os.kill(int(number), signal.SIGKILL)
            except OSError:
                pass  # it ended by itself


def _environment(number: str) -> bytes:
    """Return that of a process; empty when it is another user's, a kernel's, gone, or dead and not waited for."""
    try:
        with open(f"/proc/{number}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""


if __name__ == "__main__":
    os._exit(main())
