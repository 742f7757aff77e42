"""What tests of several processes wait for, and ports that they may listen at."""

import socket
import time
from collections.abc import Callable

LIMIT_S = 60.0


def wait_until(happened: Callable[[], object]) -> None:
    """Wait until `happened()` is true. Only a fault takes as long as the time limit."""
    end = time.monotonic() + LIMIT_S
    while not happened():
        assert time.monotonic() < end, happened()
        time.sleep(0.02)


def free_ports(count: int) -> list[int]:
    """Return ports of this machine at which nobody listens now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
