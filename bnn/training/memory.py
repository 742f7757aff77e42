"""Keep memory that a step of training frees, instead of giving it back to the system and asking for it again."""

import ctypes
import sys
from contextlib import suppress

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # options of glibc's mallopt


def keep_freed_memory() -> None:
    """Let this process keep what it frees for its next allocation, where the C library is glibc.

    Every step allocates maps of the same sizes. glibc returns large ones to the system, which clears each page again at
    its next use, which is a good part of a step on pictures of 64x64. The process never holds more than at its peak.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(TRIM_THRESHOLD, -1)  # never
            mallopt(MMAP_MAX, 0)
