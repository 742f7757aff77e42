"""A PostgreSQL server of its own for a test: Debian's, in a temporary folder, at a free port of this machine alone."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.needed import missing
from tests.support.waiting import free_ports

MISSING = "there is no PostgreSQL server: install it (Debian: apt install postgresql)"
PLACES = "/usr/lib/postgresql"
USER, STARTING_S = "neuraljet", 60.0


def require_server() -> Path:
    """Return the folder of the server's programs; skip the test without them, and fail where it must run."""
    found = [path.parent for path in sorted(Path(PLACES).glob("*/bin/initdb"))]
    found += [Path(name).resolve().parent for name in [shutil.which("initdb")] if name]
    if not found:
        missing(MISSING)
    return found[0]


@contextmanager
def server() -> Iterator[str]:
    """Yield the URL of an empty database; the server ends with the block."""
    programs = require_server()
    with tempfile.TemporaryDirectory(prefix="neuraljet-postgres-") as name:
        folder, owner = Path(name), _owner()
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        who = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data = folder / "data"
        subprocess.run(
            [programs / "initdb", "--pgdata", data, "--username", USER, "--auth", "trust", "--no-sync", "--no-locale",
             "--encoding", "UTF8"],
            cwd=folder, check=True, capture_output=True, **who,
        )  # fmt: skip
        (port,) = free_ports(1)
        command = [programs / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
        with (
            (folder / "log").open("wb") as log,
            subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, **who) as process,
        ):
            try:
                url = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
                _wait(url, process, folder / "log")
                yield url
            finally:
                process.send_signal(signal.SIGINT)  # at once, whoever is connected
                process.wait(30)


def _owner() -> pwd.struct_passwd | None:
    """Return who the server runs as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = [entry.pw_name for entry in pwd.getpwall()]
    return pwd.getpwnam("postgres" if "postgres" in names else "nobody")


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    import psycopg

    until = time.monotonic() + STARTING_S
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
