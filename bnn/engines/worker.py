"""A worker of the local engine: a program that reads tasks, a line each, and writes a line for each.

    python -P worker.py

The first line gives sys.path of the process that started it, so that both import the same modules. What tasks print
goes to standard error, because standard output belongs to the answers; what they read is empty.
"""

import json
import os
import sys


def main() -> None:
    """Answer one line after the other, until there are no more."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.path[:] = json.loads(requests.readline())["path"]
    from bnn.engines.messages import answer

    for line in requests:
        answers.write(f"{answer(line)}\n")
        answers.flush()


if __name__ == "__main__":
    main()
