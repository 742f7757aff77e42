"""The Makefile works in a checkout of any path, or says at once why it does not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def make(folder, *goals):
    folder.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml", "requirements-rivals.lock"):
        shutil.copy(ROOT / name, folder)
    outer = (
        "MAKEFLAGS",
        "MFLAGS",
        "MAKELEVEL",
    )  # else make would print the folders that it enters when `make test` runs this
    clean = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(["make", "-n", *goals], cwd=folder, env=clean, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["plain", "a  b", "it's", "a#b", "50%", "ü", "a&b(c)[d]*"])
def test_a_path_that_goes(tmp_path, name):
    done = make(tmp_path / name, "demo", "test", "benchmark-hardware")
    assert done.returncode == 0, done.stderr
    assert ".venv/bin/neuraljet demo" in done.stdout
    assert str(tmp_path) not in done.stdout  # no command names the folder, so none has to quote it


@pytest.mark.parametrize("character", [":", ";", ",", '"', "$", "`", "\\"])
def test_a_path_that_does_not(tmp_path, character):
    done = make(tmp_path / f"a{character}b", "setup")
    assert done.returncode == 2
    assert (
        f"the path of this checkout holds {character}, with which its programs cannot be called: move it" in done.stderr
    )
