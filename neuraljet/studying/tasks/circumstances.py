"""What a figure depends on beside its description: the program, torch, threads, the kind of machine."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from bnn.system.commit import commit, version


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute with one thread: records are then the same whatever else runs, and tasks share the cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def circumstances() -> dict[str, Any]:
    """Return the circumstances of this process."""
    return {
        "commit": commit(),
        "version": version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
    }
