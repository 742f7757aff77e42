"""The program in difficult surroundings: closed or full streams, a poor environment, and signals."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from finn_build.build import build
from neuraljet import cli

START = [sys.executable, "-m", "neuraljet"]


def program(*arguments, redirection="", **options):
    """Run the program by a shell with this redirection; return exit status, standard output and standard error."""
    command = ["bash", "-c", f'"$@" {redirection}', "bash", *START, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert "Traceback" not in done.stdout + done.stderr and "Exception ignored" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def environment(**changes):
    """Return our environment with changes; None removes a variable."""
    return {name: value for name, value in {**os.environ, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("redirection", "status", "words"),
    [
        ("| true; exit ${PIPESTATUS[0]}", 141, ""),
        ("2>&1 | true; exit ${PIPESTATUS[0]}", 141, ""),
        ("> /dev/full", 2, "standard output cannot be written to (No space left on device)"),
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        ("2> /dev/full", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
    ],
)
def test_the_result_and_its_stream(redirection, status, words):
    found, out, err = program("doctor", redirection=redirection)
    assert (found, words in err) == (status, True), err
    assert not err.strip() or words
    if redirection.startswith("2>&-"):
        assert "all commands can run" in out


@pytest.mark.parametrize("redirection", ["", "2>&-", ">&-", "> /dev/full", "2> /dev/full", "2>&1 >&-", "<&- >&- 2>&-"])
def test_a_mistake_keeps_its_status(redirection, tmp_path):
    status, out, _ = program("synth", tmp_path / "nowhere", redirection=redirection)
    assert status == 2
    assert out == "" or redirection == "2>&1 >&-"


def test_json_that_nobody_reads():
    assert program("doctor", "--json", redirection="> /dev/full")[0] == 2
    assert program("doctor", "--json", redirection="| true; exit ${PIPESTATUS[0]}")[0] == 141


def test_a_closed_stream_is_not_the_next_file(tmp_path, tiny_model):
    """With standard output closed, a print would go into the next file that is opened."""
    status, _, _ = program("build", tiny_model, "--out", tmp_path / "acc", redirection="<&- >&- 2>&-")
    assert status == 0
    assert program("prove", tmp_path / "acc")[0] == 0


def test_a_current_folder_that_is_gone(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = ["bash", "-c", 'cd "$0" && rmdir "$0" && exec "$@"', str(gone), *START, "doctor"]
    packages = str(Path(__file__).parents[2])
    if others := os.environ.get("PYTHONPATH"):  # an empty entry would be the folder that is gone
        packages = os.pathsep.join([packages, others])
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(PYTHONPATH=packages))
    assert done.returncode == 2
    assert done.stderr.startswith("neuraljet: the current folder is gone")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PATH": None}, None),
        ({"HOME": None}, None),
        ({"TMPDIR": "/nowhere"}, None),
        ({"PATH": ""}, "'g++', which is not on PATH"),
        ({"NEURALJET_CACHE": "/sys/kernel"}, "the cache folder /sys/kernel/verilator cannot be made"),
    ],
)
def test_verify_with_less_of_an_environment(changes, words, tmp_path, tiny_model):
    build(tiny_model, tmp_path / "acc")
    command = [*START, "verify", str(tmp_path / "acc"), "--frames", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(**changes))
    assert "Traceback" not in done.stderr, done.stderr
    if words:
        assert done.returncode == 2 and words in done.stderr
    else:
        assert done.returncode == 0 and "0 mismatches" in done.stdout, done.stderr


def ours(mark):
    """Return the programs that were started for the process `mark`, which stands in their environment."""
    found = {}
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdigit() and mark in (path / "environ").read_bytes():
                found[int(path.name)] = (path / "comm").read_text().strip()
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_an_end_leaves_no_compiler_and_no_folder(number, tmp_path, tiny_model):
    """A closed terminal sends SIGHUP. After SIGKILL folders stay until the next run, but no process stays."""
    build(tiny_model, tmp_path / "acc")
    (tmp_path / "temporary").mkdir()
    places = {"NEURALJET_CACHE": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "temporary")}
    token = f"{number.name}-{os.getpid()}"
    process = subprocess.Popen(
        [*START, "verify", str(tmp_path / "acc"), "--frames", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=environment(NJ_TEST=token, **places),
    )  # fmt: skip
    mark = f"NJ_TEST={token}".encode()
    end = time.monotonic() + 300
    while "cc1plus" not in ours(mark).values():
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    while ours(mark):
        assert time.monotonic() < end, ours(mark)
        time.sleep(0.02)
    assert "Traceback" not in err
    if number != signal.SIGKILL:
        assert process.returncode == 130 and "interrupted" in err
        assert [path.name for path in (tmp_path / "cache" / "verilator").iterdir()] == []
    else:
        again = [*START, "verify", str(tmp_path / "acc"), "--frames", "1"]
        assert subprocess.run(again, capture_output=True, check=False, env=environment(**places)).returncode == 0
        assert not list((tmp_path / "cache").rglob(".*"))
    assert list((tmp_path / "temporary").iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["acc", "cache", "temporary", "tiny.onnx"]


def test_a_signal_that_is_to_be_ignored_is():
    """nohup ignores SIGHUP."""
    code = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from neuraljet import cli\n"
        "def command(options): os.kill(os.getpid(), signal.SIGHUP); return True, {}\n"
        "cli.doctor.main = command\nraise SystemExit(cli.main(['doctor']))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("command", "report"),
    [
        (["verify"], "verification.json"),
        (["verify", "--netlist"], "netlist_verification.json"),
        (["verify", "--cppsim"], "cppsim.json"),
        (["synth"], "synthesis.json"),
        (["prove"], "proof.json"),
    ],
)
def test_where_the_report_goes_is_looked_at_first(command, report, tmp_path, monkeypatch, capsys):
    """This happens before the folder, empty here, is read. os.access is replaced, because root may write anywhere."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (tmp_path / "acc").mkdir()
    assert cli.main([command[0], str(tmp_path / "acc"), *command[1:]]) == 2
    assert f"acc cannot be written to, and {report} belongs there" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["waves", "nowhere/waves.vcd"])
def test_where_the_waves_go_is_looked_at_first(name, tmp_path, capsys):
    for folder in ("acc", "waves"):
        (tmp_path / folder).mkdir()
    assert cli.main(["verify", str(tmp_path / "acc"), "--vcd", str(tmp_path / name)]) == 2
    assert name in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["pipe", "device", "socket"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["build", "ODD", "--out", "x"],
        ["train", "ODD", "--out", "x"],
        ["train", "biscuits", "--network", "ODD", "--out", "x"],
        ["verify", "ODD"],
        ["verify", "acc", "--data", "ODD"],
        ["synth", "folder"],
        ["build", "folder", "--out", "x"],
    ],
    ids=" ".join,
)
def test_what_is_no_file_is_not_waited_for(kind, arguments, tmp_path, monkeypatch, tiny_model):
    """A named pipe stands for the model, the data, the network file, manifest.json and model.onnx of a run."""
    monkeypatch.chdir(tmp_path)
    if arguments[1] == "acc":
        build(tiny_model, tmp_path / "acc")
    (tmp_path / "folder").mkdir()
    for path in ("ODD", "folder/manifest.json", "folder/model.onnx"):
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            os.symlink("/dev/zero", path)
        else:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(path)
    status, _, err = program(*arguments, timeout=120)
    assert status == 2
    assert "ODD" in err or "folder" in err


def test_an_end_during_an_import_is_not_swallowed(tmp_path):
    """sympy, which torch imports, swallows exceptions while it is imported."""
    (tmp_path / "swallows.py").write_text(
        "import os, signal, time\ntry:\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(0.2)\n"
        "except BaseException:\n    pass\n"
    )
    code = (
        f"import sys, time\nsys.path.insert(0, {str(tmp_path)!r})\nfrom neuraljet import cli\n"
        "def command(options):\n    import swallows\n    time.sleep(60)\n    return True, {}\n"
        "cli.doctor.main = command\nraise SystemExit(cli.main(['doctor']))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, stderr=subprocess.DEVNULL).returncode == 130
