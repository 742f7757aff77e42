"""The `neuraljet` program: find the command, run it, turn mistakes into one sentence and an exit status.

0: done, and every check held.  1: a check failed, or a tool.  2: wrong input, or a machine that lacks what is needed.
130: interrupted, by Ctrl-C, a closed terminal or `kill`.  141: whoever read the output is gone.
"""

import argparse
import errno
import json
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from bnn.errors import ToolError, UserError
from bnn.storage.names import is_shown
from bnn.storage.records import entries
from bnn.system import processes
from neuraljet.commands import (
    bitstream,
    build,
    classify,
    demo,
    doctor,
    inspect,
    ip,
    prove,
    report,
    search,
    study,
    synth,
    train,
    tune,
    verify,
    watch,
)
from neuraljet.streams import OutputLost, open_streams

INTERRUPTED, READER_GONE = 128 + signal.SIGINT, 128 + signal.SIGPIPE
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
IMPORTING_S = 0.05  # later, a signal that came during an import is looked at again
MOST_LOOKS = 400  # 20 s
CLEANING_S = 5.0  # in which a second signal does not disturb the first one's work
COMMANDS = (
    inspect, train, search, tune, build, verify, classify, watch, prove, synth, report, bitstream, ip, study, demo,
    doctor,
)  # fmt: skip


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="neuraljet",
        description="From a folder of pictures to an FPGA accelerator verified equal to the trained network.",
        epilog="begin with: neuraljet demo",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        sub = subparsers.add_parser(
            command.NAME,
            help=command.HELP,
            description=command.HELP + ".",
            epilog=f"example: {command.EXAMPLE}",
        )
        sub.add_argument("--json", action="store_true", help="print the result as one line of JSON at the end")
        command.add_arguments(sub)
        sub.set_defaults(function=command.main)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; without `arguments` this is the program itself, which then ends."""
    if arguments is not None:
        return _run(_parser().parse_args(arguments))
    # Threads that wait for one another sleep, and do not spin on a core that another program needs: two trainings at a
    # time on two cores took 38 s spinning and 20 s sleeping, one alone 15 s and 16 s. OpenMP reads it when torch loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    open_streams()
    try:
        status = _run(_parser().parse_args())
    except SystemExit as end:  # argparse has said all
        status = int(end.code or 0)
    except OutputLost as lost:  # with --help
        status = READER_GONE if lost.reader_gone else 2
    return _flushed(status)


def _flushed(status: int) -> int:
    """Return the exit status once all output is out. An interrupted program does not wait for threads that compute."""
    for number in ENDS:  # there is nothing left to clean
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    try:
        sys.stdout.flush()
    except OutputLost as lost:
        if status == 0 or lost.reader_gone:
            status = READER_GONE if lost.reader_gone else _fail(str(lost), 2, False)
    if status == INTERRUPTED:
        sys.stderr.flush()
        os._exit(status)
    return status


def _run(options: argparse.Namespace) -> int:
    with _interruptible():
        warnings.showwarning = lambda message, *_, **__: print(f"note: {_plain(str(message))}", file=sys.stderr)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        result: Any  # of dataclasses and of what JSON knows
        try:
            _require_here()
            good, result = options.function(options)
            if options.json:
                print(json.dumps(result, default=entries), flush=True)
            sys.stdout.flush()
        except UserError as error:
            return _fail(" ".join(str(error).split()), 2, options.json)
        except ToolError as error:
            return _fail(str(error), 1, options.json)
        except OutputLost as lost:
            return READER_GONE if lost.reader_gone else _fail(str(lost), 2, False)
        except OSError as error:
            return _fail(_operating_system(error), 2, options.json)
        except MemoryError:
            return _fail(
                "there is too little memory for this; close other programs, or take less at once", 2, options.json
            )
        except KeyboardInterrupt:
            processes.end_all()
            return _fail("interrupted", INTERRUPTED, options.json)
    return 0 if good else 1


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let signals that end a program raise KeyboardInterrupt, so that tools end and half-written files go."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    since, looks = 0.0, 0

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal since, looks
        if looks < MOST_LOOKS and _importing(frame):  # some packages swallow it then, and go on
            looks += 1
            signal.setitimer(signal.ITIMER_REAL, IMPORTING_S)
        elif time.monotonic() - since > CLEANING_S:
            since = time.monotonic()
            raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (*ENDS, signal.SIGALRM)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:  # as `nohup` and a script's `&` have it
            signal.signal(number, interrupt)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _require_here() -> None:
    try:
        os.getcwd()
    except OSError as error:
        raise UserError(f"the current folder is gone or cannot be read ({error.strerror}): change to another") from None


def _operating_system(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    left = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))  # what became of the output
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk is full{where}{left}: free some space where the output, the cache and the temporary folder "
            f"({tempfile.gettempdir()}) are, and give the command again"
        )
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return f"too many files are open at once{where}: raise the limit (`ulimit -n`)"
    return f"{os.strerror(error.errno) if error.errno else error}{where}{left}; check the path and its permissions"


def _plain(text: str) -> str:
    """Replace what steers a terminal: some messages hold names from a stranger's file."""
    return "".join(letter if is_shown(letter) or letter in "\n\t" else "?" for letter in text)


def _fail(message: str, status: int, as_json: bool) -> int:
    message = _plain(message)
    try:
        print(f"neuraljet: {message}", file=sys.stderr)
        if as_json:
            print(json.dumps({"error": message}), flush=True)
    except OutputLost as lost:
        return READER_GONE if lost.reader_gone else status
    return status


if __name__ == "__main__":
    sys.exit(main())
