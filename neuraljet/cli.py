"""The `neuraljet` program: finds the command, turns mistakes into one sentence and an exit status.

0: done, and every check held.  1: a check failed.  2: wrong input.  130: interrupted.
"""

import argparse
import errno
import json
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import Any

from bnn.errors import ToolError, UserError
from neuraljet.commands import bitstream, build, demo, doctor, ip, prove, synth, train, verify

COMMANDS = (train, build, verify, prove, synth, bitstream, ip, demo, doctor)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="neuraljet",
        description="From a folder of pictures to an FPGA accelerator that is proved equal to the trained network.",
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


def _terminate(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)  # so that what is half written is taken away
    warnings.showwarning = lambda message, *_, **__: print(f"note: {message}", file=sys.stderr)
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    result: dict[str, Any]
    try:
        good, result = options.function(options)
    except UserError as error:
        return _fail(" ".join(str(error).split()), 2, options.json)
    except ToolError as error:
        return _fail(str(error), 1, options.json)
    except OSError as error:
        return _fail(_operating_system(error), 2, options.json)
    except KeyboardInterrupt:
        return _fail("interrupted", 130, options.json)
    if options.json:
        print(json.dumps(result), flush=True)
    return 0 if good else 1


def _operating_system(error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    left = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))  # of bnn.files: what became of the output
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{where}{left}: free some space, or choose a folder on another disk"
    return f"{os.strerror(error.errno) if error.errno else error}{where}{left}; check the path and its permissions"


def _fail(message: str, status: int, as_json: bool) -> int:
    print(f"neuraljet: {message}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": message}), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
