"""Work folders vanish after the block, are swept after a kill, and never belong to anybody else."""

import os
import signal
import subprocess
import sys
import tempfile

import pytest

from bnn.errors import UserError
from bnn.storage import work


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Make a temporary folder of our own that has not been swept yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(work, "_swept", set())
    return tmp_path


def in_another_process(place):
    """Start a process that holds a work folder with a file in it; return the process and the folder."""
    code = (
        "import sys, pathlib\nfrom bnn.storage.work import work_folder\n"
        "with work_folder(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'deep' / 'er').mkdir(parents=True)\n    (folder / 'deep' / 'file').write_text('x')\n"
        "    print(folder, flush=True)\n    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


def test_a_folder_is_gone_after_the_block(temporary):
    with work.work_folder() as folder:
        assert folder.parent == temporary
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text("x")
    assert list(temporary.iterdir()) == []


def test_a_killed_process_leaves_what_the_next_sweeps(temporary):
    process, folder = in_another_process(temporary)
    work.sweep(temporary)
    assert os.path.isfile(f"{folder}/deep/file")  # its process lives
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert os.path.isdir(folder)
    with work.work_folder() as mine:
        assert list(temporary.iterdir()) == [mine]
        work.sweep(temporary)
        assert mine.is_dir()


def test_a_kill_before_anything_is_in_it(temporary):
    (temporary / f"{work.PREFIX}abcdefgh{work.SUFFIX}").mkdir()
    work.sweep(temporary)
    assert list(temporary.iterdir()) == []


def test_what_is_not_ours_stays(temporary):
    theirs = temporary / f"{work.PREFIX}thesis{work.SUFFIX}"
    theirs.mkdir()
    (theirs / "thesis.tex").write_text("x")
    other = temporary / f"elsewhere{work.SUFFIX}"
    link = temporary / f"link{work.SUFFIX}"
    other.mkdir()
    (other / "file").write_text("x")
    link.symlink_to(theirs)
    work.sweep(temporary)
    assert (theirs / "thesis.tex").exists() and (other / "file").exists() and link.is_symlink()


@pytest.mark.parametrize("name", ["a space", "quote'd", 'double"d', "${HOME}", "new\nline", "a#b", "50%", "ü", "a:b"])
def test_the_path_is_plain_whatever_tmpdir_is(tmp_path, monkeypatch, name):
    (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    with work.work_folder() as folder:
        assert work.is_plain(folder) and tmp_path not in folder.parents


def test_without_a_plain_place_the_way_out_is_named(tmp_path, monkeypatch):
    (tmp_path / "a space").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a space"))
    monkeypatch.setattr(work, "USUAL", (str(tmp_path / "nowhere"),))
    with pytest.raises(UserError, match=r"a space.*TMPDIR"), work.work_folder():
        pass


def test_no_temporary_folder_at_all(monkeypatch):
    def none():
        raise FileNotFoundError(2, "No usable temporary directory found in ['/nowhere']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(UserError, match="no temporary folder can be written to: set TMPDIR"), work.work_folder():
        pass
