"""Outputs appear whole or not at all. A folder is replaced only when everything in it is ours, and nothing is lost."""

import errno
import json
import os
import signal
import subprocess
import sys

import pytest

from bnn.errors import UserError
from bnn.storage import files
from bnn.storage.files import lock, new_folder, refuse_foreign, restore, write_file
from bnn.storage.folders import Kind, stranger

INNER = Kind("inner.json", "inner")
KIND = Kind("about.json", "ours", later=("report.json",), scratch=("work",), folders=(("inner-*", INNER),))


def make(path, text="one"):
    with new_folder(path, KIND) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "a.txt").write_text(text)
        about = {"format": "ours", "files": {"sub/a.txt": "hash"}}
        (folder / "about.json").write_text(json.dumps(about))
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_of_ours_is_replaced(tmp_path):
    make(tmp_path / "out")
    write_file(tmp_path / "out" / "report.json", "{}")
    (tmp_path / "out" / "work" / "deep").mkdir(parents=True)
    (tmp_path / "out" / "work" / "deep" / "x").write_text("a tool's")
    (tmp_path / "out" / "inner-a").mkdir()
    (tmp_path / "out" / "inner-a" / "inner.json").write_text('{"format": "inner"}')
    make(tmp_path / "out", "two")
    assert (tmp_path / "out" / "sub" / "a.txt").read_text() == "two"
    assert names(tmp_path / "out") == ["about.json", "sub"] and names(tmp_path) == ["out"]


def put(path, content="mine"):
    def change(folder):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)

    return change


def link(folder):
    (folder / "thesis").symlink_to(folder.parent)


def pipe(folder):
    os.mkfifo(folder / "report.json")


def linked_file(folder):
    (folder / "sub" / "a.txt").rename(folder.parent / "elsewhere")
    (folder / "sub" / "a.txt").symlink_to(folder.parent / "elsewhere")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (put("thesis.tex"), "thesis.tex"),
        (put(".git/config"), ".git/"),
        (put(".hidden"), ".hidden"),
        (put("sub/b.txt"), "sub/b.txt"),
        (put("other/x"), "other/"),
        (put("inner-a/mine"), r"inner-a/mine \(no inner.json"),
        (put("about.json", '{"name": "my-web-page", "icons": []}'), "about.json is not of format 'ours'"),
        (put("about.json", "{"), "about.json is not of format"),
        (put("about.json", '{"format": "ours", "files": {"sub/a.txt": "x"}, "format": "ours"}'), "not of format"),
        (link, "thesis"),
        (linked_file, "sub/a.txt"),
        (pipe, "report.json"),
    ],
)
def test_what_is_not_ours_stays_and_is_named(tmp_path, change, named):
    make(tmp_path / "out")
    change(tmp_path / "out")
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    with pytest.raises(UserError, match=f"not ours: .*{named}|{named}.*not of format"):
        make(tmp_path / "out", "two")
    assert sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*")) == before


def test_a_web_page_with_a_manifest_is_kept(tmp_path):
    """A manifest.json alone makes no accelerator folder."""
    from finn_build.folders import ACCELERATOR, IP, ZYNQ

    for kind in (ACCELERATOR, IP, ZYNQ):
        folder = tmp_path / kind.file
        folder.mkdir()
        (folder / kind.file).write_text('{"name": "page", "start_url": "/"}')
        (folder / "thesis.tex").write_text("mine")
        with pytest.raises(UserError, match="not ours"), new_folder(folder, kind):
            pass
        assert names(folder) == sorted([kind.file, "thesis.tex"])


def test_what_comes_while_we_work_is_kept(tmp_path):
    make(tmp_path / "out")
    with pytest.raises(UserError, match=r"notes\.txt"), new_folder(tmp_path / "out", KIND):
        (tmp_path / "out" / "notes.txt").write_text("mine")
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine" and names(tmp_path) == ["out"]


def test_a_file_is_not_replaced(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match="is a file"):
        make(tmp_path / "out")


def test_the_folder_one_is_in_is_not_replaced(tmp_path, monkeypatch):
    make(tmp_path / "out")
    monkeypatch.chdir(tmp_path / "out" / "sub")
    with pytest.raises(UserError, match="folder you are in"):
        make(tmp_path / "out")


def test_a_link_to_a_folder_stays_a_link(tmp_path):
    make(tmp_path / "real")
    (tmp_path / "out").symlink_to("real")
    make(tmp_path / "out", "two")
    assert (tmp_path / "out").is_symlink() and (tmp_path / "real" / "sub" / "a.txt").read_text() == "two"


def test_a_failure_leaves_nothing_but_what_was_there(tmp_path):
    with pytest.raises(OSError, match="full"), new_folder(tmp_path / "a" / "b" / "out", KIND):
        raise OSError(errno.ENOSPC, "full")
    assert names(tmp_path) == []
    make(tmp_path / "out")
    with pytest.raises(OSError, match="full"), new_folder(tmp_path / "out", KIND):
        raise OSError(errno.ENOSPC, "full")
    with pytest.raises(OSError, match="full") as caught, new_folder(tmp_path / "out", KIND) as folder:
        raise OSError(errno.ENOSPC, "full", str(folder / "rtl"))
    assert caught.value.filename == str(tmp_path / "out" / "rtl")
    assert caught.value.__notes__ == [f"{tmp_path / 'out'} is as it was"]
    assert names(tmp_path) == ["out"] and (tmp_path / "out" / "sub" / "a.txt").read_text() == "one"


@pytest.mark.parametrize("exchange", [True, False])
def test_an_interruption_at_any_step_leaves_the_old_or_the_new(tmp_path, monkeypatch, exchange):
    """Each system call of the replacement is interrupted, before it and after it."""
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
    replace = os.replace
    for at in range(1, 8):
        out = tmp_path / f"out{at}"
        make(out)
        calls = 0

        def interrupted(*names, at=at):
            nonlocal calls
            calls += 1
            if 2 * calls - 1 == at:
                raise KeyboardInterrupt
            replace(*names)
            if 2 * calls == at:
                raise KeyboardInterrupt

        monkeypatch.setattr(os, "replace", interrupted)
        try:
            make(out, "two")
            done = True
        except KeyboardInterrupt:
            done = False
        monkeypatch.setattr(os, "replace", replace)
        text = (out / "sub" / "a.txt").read_text()
        assert text == "two" if done else text in ("one", "two")
        assert [name for name in names(tmp_path) if name.startswith(".")] == []
    assert calls == (0 if exchange else 3)


KILLED = """
import os, signal, sys
from bnn.storage import files
from tests.bnn.test_files import make
from pathlib import Path
replace, calls = os.replace, 0
def killed(*names):
    global calls
    calls += 1
    replace(*names)
    if calls == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
os.replace = killed
files._exchange = lambda *_: False
make(Path(sys.argv[1]), "two")
"""


@pytest.mark.parametrize(("calls", "text"), [(1, "one"), (2, "two"), (3, "two")])
def test_a_killed_replacement_is_taken_back_by_the_next(tmp_path, calls, text):
    make(tmp_path / "out")
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "out"), str(calls)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "out").exists() == (calls > 1)
    if calls == 1:
        with pytest.warns(UserWarning, match="the old folder is back"):
            restore(tmp_path / "out")
    assert (tmp_path / "out" / "sub" / "a.txt").read_text() == text
    make(tmp_path / "out", "three")
    assert names(tmp_path) == ["out"]


def test_what_a_killed_process_left_inside_is_ours_and_swept(tmp_path):
    make(tmp_path / "out")
    for name in (".report.json.abcd1234.part", ".inner-a.lock"):
        (tmp_path / "out" / name).write_text("half")
    (tmp_path / "out" / ".inner-a.new.x1").mkdir()
    (tmp_path / "out" / ".inner-a.new.x1" / "half").write_text("half")
    assert stranger(tmp_path / "out", KIND) is None
    write_file(tmp_path / "out" / "report.json", "{}")
    assert names(tmp_path / "out") == [".inner-a.lock", ".inner-a.new.x1", "about.json", "report.json", "sub"]


def test_a_file_is_whole_or_the_old_one(tmp_path, monkeypatch):
    write_file(tmp_path / "a.json", "one")

    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="full") as caught:
        write_file(tmp_path / "a.json", "two")
    assert caught.value.__notes__ == [f"{tmp_path / 'a.json'} is as it was"]
    with pytest.raises(OSError, match="full") as caught:
        write_file(tmp_path / "b.json", "two")
    assert caught.value.__notes__ == [f"{tmp_path / 'b.json'} was not made"]
    assert (tmp_path / "a.json").read_text() == "one" and names(tmp_path) == ["a.json"]


# --- locks ---

HOLD = """
import sys, time
from pathlib import Path
from bnn.storage.locks import lock
with lock(Path(sys.argv[1]), shared=sys.argv[2] == "shared"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def hold(tmp_path):
    started = []

    def start(how):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path / "out"), how], stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_two_writers_are_told(tmp_path, hold):
    other = hold("alone")
    with pytest.raises(UserError, match=rf"in use by process {other.pid}; wait"):
        make(tmp_path / "out")
    with pytest.raises(UserError, match=rf"being written by process {other.pid}"), lock(tmp_path / "out", shared=True):
        pass
    other.kill()
    other.wait()
    assert names(tmp_path) == [".out.lock"]  # its lock ended with its process
    make(tmp_path / "out")
    assert names(tmp_path) == ["out"]


def test_readers_keep_writers_off_and_not_each_other(tmp_path, hold):
    make(tmp_path / "out")
    other = hold("shared")
    with lock(tmp_path / "out", shared=True) as held:
        assert held
    with pytest.raises(UserError, match=rf"in use by process {other.pid}"):
        make(tmp_path / "out", "two")
    assert (tmp_path / "out" / "sub" / "a.txt").read_text() == "one"


def test_a_lock_inside_the_same_lock_is_one(tmp_path):
    with lock(tmp_path / "out"):
        make(tmp_path / "out")
        assert names(tmp_path) == [".out.lock", "out"]
    assert names(tmp_path) == ["out"]


def test_a_reader_needs_no_right_to_write_beside(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "open", refused)
    with lock(tmp_path / "out", shared=True) as held:
        assert not held
    with pytest.raises(PermissionError), lock(tmp_path / "out"):
        pass


def test_many_processes_take_turns_without_a_fault(tmp_path):
    """Four processes lock, check that they are alone, and unlock; no process and no lock file is left."""
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom bnn.storage import locks\nplace = Path(sys.argv[1])\n"
        "locks.PATIENCE_S = 60.0  # on a busy machine the others may be faster for long\n"
        "for _ in range(50):\n    with locks.lock(place / 'out'):\n        (place / 'alone').mkdir()\n"
        "        (place / 'alone').rmdir()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    assert names(tmp_path) == []


def test_refusal_needs_no_lock(tmp_path):
    refuse_foreign(tmp_path / "none", KIND)
    assert names(tmp_path) == []
