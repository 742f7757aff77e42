"""Show the report on this computer while the training runs: a small server, for this computer alone.

It listens at 127.0.0.1, and answers a request only when its Host names this computer: so no page of another site, whose
name was made to lead here (DNS rebinding), reads anything. It answers GET alone, and gives out four things:

    /               the page
    /state.json     {"rounds": N, "page": K}: the rounds in the log, and which whole report the page is
    /learning.html  the part of the page with the learning curve
    /favicon.ico    nothing, so that browsers do not complain
"""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bnn.errors import UserError
from bnn.training.log import Row, read_rows
from bnn.training.runs import LOG, METRICS
from neuraljet.reporting.content import Content
from neuraljet.reporting.page import learning_part, page

ADDRESS = "127.0.0.1"
HTML, JSON = "text/html; charset=utf-8", "application/json"


class Reports:
    """The page of a run as it is now. Several requests at a time may ask.

    The whole report is made once the training has finished, by a thread of its own; until then the page is partial.
    """

    def __init__(self, run: Path, collect: Callable[[], Content]) -> None:
        """collect: returns the content of the run as it is. It is called now, and UserError of it is raised."""
        self._run, self._collect = run, collect
        self._lock = threading.Lock()
        self._drawing = threading.Lock()  # matplotlib's settings are the process'
        self._making: threading.Thread | None = None
        self._made = 0  # whole reports since the start
        self._finished = (run / METRICS).exists()
        self._content = collect()

    def page(self) -> str:
        """Return the whole page."""
        content, made = self._now(), self._made
        with self._drawing:
            return page(content, live=made)

    def learning(self) -> str:
        """Return the part that changes while the training runs."""
        content = self._now()
        with self._drawing:
            return learning_part(content)

    def state(self) -> dict[str, object]:
        """Return what the page asks for every other second."""
        return {"rounds": len(self._now().rows), "page": self._made}

    def _now(self) -> Content:
        """Return the content with the rounds that are in the log; begin the whole report when the training is done."""
        with self._lock:
            if not self._finished and (self._run / METRICS).exists():
                self._finished = True
                self._making = threading.Thread(target=self._make, daemon=True)
                self._making.start()
            if self._content.metrics is None:
                self._content = replace(self._content, rows=self._rows())
            return self._content

    def _rows(self) -> tuple[Row, ...]:
        path = self._run / LOG
        try:
            return tuple(read_rows(path)) if path.exists() else ()
        except UserError:  # it is being written anew by a training that goes on
            return self._content.rows

    def _make(self) -> None:
        try:
            content = self._collect()
        except UserError as error:
            with self._lock:
                self._content = replace(self._content, missing=f"The report cannot be made: {error}.")
                self._made += 1
            return
        with self._lock:
            self._content = content
            self._made += 1


class _Handler(BaseHTTPRequestHandler):
    server: "Server"
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "neuraljet", ""
    timeout = 30  # seconds without a word, after which a connection ends

    def do_GET(self) -> None:  # the name that http.server asks for
        if self.headers.get("Host") not in self.server.names:
            return self._answer(421, "text/plain", b"this page is for this computer alone\n")
        made = self.server.answers.get(self.path)
        if made is None:
            return self._answer(404, "text/plain", b"there is only the report here\n")
        kind, text = made
        return self._answer(200, kind, text().encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
            ("Cross-Origin-Resource-Policy", "same-origin"), ("Content-Security-Policy", "frame-ancestors 'none'"),
        ):  # fmt: skip
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: a page asks every other second."""


class Server(ThreadingHTTPServer):
    """The server of one run's report, at a port of 127.0.0.1; port 0 takes any that is free.

    UserError when the port is taken or may not be used.
    """

    daemon_threads = True

    def __init__(self, reports: Reports, port: int) -> None:
        try:
            super().__init__((ADDRESS, port), _Handler)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UserError(
                f"--port {port} cannot be used ({reason}); give another, or 0 for any that is free"
            ) from None
        self.address = f"http://{ADDRESS}:{self.server_port}/"
        self.names = {f"{name}:{self.server_port}" for name in (ADDRESS, "localhost")}
        if self.server_port == 80:
            self.names |= {ADDRESS, "localhost"}
        self.answers: dict[str, tuple[str, Callable[[], str]]] = {
            "/": (HTML, reports.page),
            "/state.json": (JSON, lambda: json.dumps(reports.state())),
            "/learning.html": (HTML, reports.learning),
            "/favicon.ico": ("image/x-icon", str),
        }
