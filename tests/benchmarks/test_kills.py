"""The benchmark of kills sees planted faults; a slow test runs a few of its kills."""

import json
import os
import subprocess
import sys

import pytest

from tests.benchmarks import kills


def test_a_file_that_differs_is_named(tmp_path):
    for side, number, seconds in (("one", 1, 2.0), ("other", 1, 3.0), ("third", 2, 2.0)):
        (tmp_path / side / "deep").mkdir(parents=True)
        (tmp_path / side / "deep" / "report.json").write_text(
            json.dumps({"frames": [{"n": number, "seconds": seconds}]})
        )
    one, other, third = (kills._contents(tmp_path / side) for side in ("one", "other", "third"))
    assert kills._differences(one, other) == []
    assert kills._differences(one, third) == ["deep/report.json differs"]
    assert kills._differences(one, {}) == ["deep/report.json differs"]


def test_what_is_left_is_named(tmp_path):
    for name in ("out/rtl", "cache/verilator", "tmp", "out"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    assert kills._left(tmp_path) == []
    (tmp_path / ".out.new.x").mkdir()
    (tmp_path / "tmp" / "neuraljet-x.work").mkdir()
    (tmp_path / "cache" / "verilator" / ".x.lock").touch()
    assert kills._left(tmp_path) == [".out.new.x", "cache/verilator/.x.lock", "tmp/neuraljet-x.work"]


def test_what_is_still_there_is_named(monkeypatch):
    monkeypatch.setattr(kills, "PATIENCE_S", 0)
    mark = f"test-{os.getpid()}"
    assert kills._still_there(mark) == []
    process = subprocess.Popen(["sleep", "60"], env={**os.environ, kills.MARK: mark})
    try:
        assert kills._still_there(mark) == ["sleep"]
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_few_kills():
    done = subprocess.run([sys.executable, "-m", "tests.benchmarks.kills", "--count", "8"], check=False)
    assert done.returncode == 0
