"""The served report: for this computer alone, one page, and it follows a training to its end."""

import http.client
import json
import shutil
import subprocess
import sys
import threading
import time

import pytest

from bnn.data import DataSource
from bnn.errors import UserError
from bnn.model.spec import load_spec
from bnn.storage.records import entries
from bnn.training.config import TrainConfig
from bnn.training.runs import PictureSet, Request, claim
from neuraljet import cli
from neuraljet.reporting.serve import Reports, Server
from tests.support.browser import open_browser
from tests.support.html import Page
from tests.support.reports import content, rows


def begun(folder, count):
    """Make a run that is training, with so many rounds in its log."""
    asked = Request(
        DataSource("/pictures"),
        load_spec("small"),
        TrainConfig(steps=100),
        PictureSet(("<b>ok</b>", "bad"), 9, 9, 0, "0" * 64),
    )
    claim(folder, asked, False)
    write_log(folder, count)
    return folder


def write_log(folder, count):
    (folder / "log.jsonl").write_text("".join(json.dumps(entries(row)) + "\n" for row in rows(count)))


class Served:
    """A server in a thread, of a run whose whole report is made by hand."""

    def __init__(self, run):
        from neuraljet.reporting.collect import collect

        self.run = run
        self.reports = Reports(
            run, lambda: content(("good", "bad")) if (run / "metrics.json").exists() else collect(run)
        )
        self.server = Server(self.reports, 0)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def ask(self, path, method="GET", host=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=60)
        connection.request(method, path, headers={} if host is None else {"Host": host})
        answer = connection.getresponse()
        result = answer.status, answer.read().decode(), dict(answer.getheaders())
        connection.close()
        return result

    def finish(self):
        """End the training; return when the whole report was made."""
        (self.run / "metrics.json").write_text("{}")
        end = time.monotonic() + 60
        while json.loads(self.ask("/state.json")[1])["page"] == 0:
            assert time.monotonic() < end
            time.sleep(0.05)


@pytest.fixture
def served(tmp_path):
    made = Served(begun(tmp_path / "run", 3))
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_the_page_follows_a_training_to_its_end(served):
    status, text, headers = served.ask("/")
    assert status == 200 and headers["Content-Type"].startswith("text/html") and headers["Cache-Control"] == "no-store"
    words = "".join(Page(text).words)
    assert Page(text).faults == [] and "This page follows it" in words and "3 rounds" in words
    assert json.loads(served.ask("/state.json")[1]) == {"rounds": 3, "page": 0}
    write_log(served.run, 8)
    assert json.loads(served.ask("/state.json")[1])["rounds"] == 8
    assert "8 rounds" in served.ask("/learning.html")[1]
    (served.run / "log.jsonl").write_text("half a")  # a log that is being replaced keeps what was known
    assert json.loads(served.ask("/state.json")[1])["rounds"] == 8
    served.finish()
    words = "".join(Page(served.ask("/")[1]).words)
    assert "The worst mistakes" in words and "follows it" not in words


def test_a_report_that_cannot_be_made_leaves_the_page_and_says_why(served):
    def refuse():
        raise UserError("metrics.json is damaged")

    served.reports._collect = refuse
    (served.run / "metrics.json").write_text("{}")
    end = time.monotonic() + 30
    while "metrics.json is damaged" not in served.ask("/")[1]:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_only_this_computer_and_only_the_page(served):
    port = served.server.server_port
    assert served.server.server_address[0] == "127.0.0.1"
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", ""):
        status, text, _ = served.ask("/", host=host)
        assert status == 421 and "rounds" not in text
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        assert served.ask("/state.json", host=host)[0] == 200
    for path in ("/run.json", "/../run.json", "/..%2frun.json", "/log.jsonl", "/?x", "/state.json/.."):
        assert served.ask(path)[0] == 404
    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
        assert served.ask("/", method)[0] == 501
    assert served.ask("/")[2]["X-Content-Type-Options"] == "nosniff"


def test_ports_and_options_that_do_not_fit_are_refused(served, tmp_path, capsys):
    run = str(served.run)
    for arguments, words in (
        (("--serve", "--port", str(served.server.server_port)), "cannot be used"),
        (("--port", "9000"), "is of --serve"),
        (("--serve", "--out", str(tmp_path / "x.html")), "leave it or --serve out"),
    ):
        assert cli.main(["report", run, *arguments]) == 2
        assert words in capsys.readouterr().err
    for port in ("-1", "65536", "x"):
        with pytest.raises(SystemExit):
            cli.main(["report", run, "--serve", "--port", port])


def test_the_command_says_where_it_serves_and_ends_when_interrupted(tmp_path):
    command = [sys.executable, "-m", "neuraljet", "report", str(begun(tmp_path / "run", 2)), "--serve", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        address = line.split()[1]
        connection = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=60)
        connection.request("GET", "/state.json")
        assert json.loads(connection.getresponse().read()) == {"rounds": 2, "page": 0}
        process.terminate()
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "Traceback" not in err


def test_a_browser_shows_each_round_and_then_the_whole_report(served, tmp_path):
    with open_browser(tmp_path / "profile") as browser:
        browser.show(served.server.address)
        write_log(served.run, 6)

        def waits(script):
            end = time.monotonic() + 60
            while not browser.run(script):
                assert time.monotonic() < end, script
                time.sleep(0.1)

        waits("return document.getElementById('live').textContent.includes('6 rounds')")
        assert browser.run("return document.querySelectorAll('#live svg').length") == 1
        served.finish()
        waits("return document.getElementById('mistakes') !== null")
        assert browser.errors() == []
    shutil.rmtree(tmp_path / "profile", ignore_errors=True)
