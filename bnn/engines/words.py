"""The text after `--engine`, read."""

import os
import re
from dataclasses import dataclass

from bnn.errors import UserError

LOCAL, RAY = "local", "ray"
ALLOWED = "local, local:N (N processes), ray (starts a cluster on this machine), ray://HOST:PORT (joins one)"
MOST = 1024  # processes of one machine
_LOCAL = re.compile(r"local(?::(?P<count>[0-9]{1,9}))?", re.ASCII)
_RAY = re.compile(r"ray(?P<address>://(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\]):(?P<port>[0-9]{1,5}))?", re.ASCII)


@dataclass(frozen=True)
class Words:
    """Which engine is meant."""

    kind: str  # LOCAL or RAY
    workers: int | None = None  # None: as many as there are cores
    address: str | None = None  # of a cluster to join: "ray://HOST:PORT"


def words(text: str) -> Words:
    """Read `local`, `local:N`, `ray` or `ray://HOST:PORT`; UserError for anything else."""
    if found := _LOCAL.fullmatch(text):
        if found["count"] is None:
            return Words(LOCAL)
        count = int(found["count"])
        if not 1 <= count <= MOST:
            raise UserError(f"--engine {text}: {count} processes are not possible; give a number from 1 to {MOST}")
        return Words(LOCAL, count)
    if found := _RAY.fullmatch(text):
        if found["port"] is not None and not 1 <= int(found["port"]) <= 65535:
            raise UserError(f"--engine {text}: {found['port']} is not a port; give a number from 1 to 65535")
        return Words(RAY, None, text if found["address"] else None)
    raise UserError(f"--engine {text[:80]!r} is unknown; give one of {ALLOWED}")


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
