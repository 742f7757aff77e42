"""The cache: folders of any name, interrupted makers, and folders that cannot be written to."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bnn.errors import UserError
from bnn.storage import cache, work


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path / "a 'cache' of ${HOME}"))
    monkeypatch.setattr(work, "_swept", set())
    monkeypatch.setattr(cache, "_swept", set())
    return cache.cache_folder("part")


def make(place):
    assert work.is_plain(place)
    (place / "product").write_text("made")
    (place / "left over").write_text("x")


def test_what_is_made_is_kept_under_any_name(own_cache):
    assert cache.keep(own_cache / "thing", ("product",), make)
    assert not cache.keep(own_cache / "thing", ("product",), make)
    assert sorted(path.name for path in own_cache.rglob("*")) == ["product", "thing"]


def test_a_killed_maker_leaves_what_the_next_sweeps(own_cache, monkeypatch):
    code = (
        "import os, sys, signal\nfrom pathlib import Path\nfrom bnn.storage.cache import keep\n"
        "def make(place):\n    (place / 'product').write_text('half')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "keep(Path(sys.argv[1]), ('product',), make)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(own_cache / "other")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert {path.suffix for path in own_cache.iterdir()} == {".lock", ".work"}
    monkeypatch.setattr(cache, "_swept", set())  # as in the next process
    cache.cache_folder("part")
    assert list(own_cache.iterdir()) == []


def test_a_failing_maker_leaves_nothing(own_cache):
    with pytest.raises(ZeroDivisionError):
        cache.keep(own_cache / "thing", ("product",), lambda place: 1 / 0)
    assert list(own_cache.iterdir()) == []


def test_the_default_is_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("NEURALJET_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.cache_folder("part") == tmp_path / "neuraljet" / "part"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_folder("part") == tmp_path / ".cache" / "neuraljet" / "part"


def test_no_home_names_the_way_out(monkeypatch):
    for name in ("NEURALJET_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)

    def none():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    with pytest.raises(UserError, match=r"no home folder.*NEURALJET_CACHE"):
        cache.cache_folder("part")


def test_a_cache_that_cannot_be_made_names_the_way_out(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match=r"file/part cannot be made.*NEURALJET_CACHE"):
        cache.cache_folder("part")


def test_a_cache_that_cannot_be_written_to():
    """The folder is /sys, because tests may run as root, who may write to any other."""
    with pytest.raises(UserError, match=r"cache .* cannot be written to.*NEURALJET_CACHE"):
        cache.keep(Path("/sys/kernel/thing"), ("product",), make)
