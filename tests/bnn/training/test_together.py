"""Two processes train one network: the same weights in both, one run folder, and an error ends both."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import neuraljet
from bnn.training.log import read_rows
from bnn.training.runs import finished

OPTIONS = ["--network", "small", "--size", "24x24", "--steps", "40", "--augment", "shift", "--threads", "1"]
LIMIT_S = 240


def train(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Train in two processes, as `torchrun` starts them."""
    launcher = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
    command = [sys.executable, "-m", *launcher, "tests.support.followed", "train", "biscuits", "--out", str(out)]
    return subprocess.run([*command, *OPTIONS, *more], capture_output=True, text=True, timeout=LIMIT_S, check=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("together") / "run"
    return out, train(out, "--json")


def test_both_have_the_same_weights_and_one_writes(run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    out, ended = run
    assert ended.returncode == 0, ended.stderr
    told = re.findall(r"weights process (\d) round (\d+) (\w{64})", ended.stdout)
    by_round = {number: {digest for _, at, digest in told if at == number} for _, number, _ in told}
    assert len(told) == 80 and len(by_round) == 40 and {len(digests) for digests in by_round.values()} == {1}
    metrics = finished(out)
    assert metrics.machines[0].processes == 2 and metrics.links.torch == metrics.links.qonnx == 0
    assert ended.stdout.count("test accuracy") == 1 and ended.stdout.count('{"test_accuracy"') == 1
    assert json.loads(ended.stdout.splitlines()[-1])["test_accuracy"] == metrics.test_accuracy
    assert [path.name for path in out.parent.iterdir()] == ["run"]


def test_they_learn_as_one_does(run: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    """Batch norm sees half of each batch, so the numbers differ, but not by much."""
    alone = {"network": "small", "size": (24, 24), "steps": 40, "augment": "shift", "threads": 1}
    neuraljet.train("biscuits", tmp_path / "one", **alone)
    one, two = read_rows(tmp_path / "one" / "log.jsonl"), read_rows(run[0] / "log.jsonl")
    assert [row.pictures for row in one] == [row.pictures for row in two]
    mean = [sum(row.loss for row in rows[-20:]) / 20 for rows in (one, two)]
    assert abs(mean[0] - mean[1]) < 0.15 * mean[0] and mean[0] < one[0].loss
    assert abs(finished(tmp_path / "one").test_accuracy - finished(run[0]).test_accuracy) < 0.15


def test_an_error_of_one_ends_both(tmp_path: Path) -> None:
    """Only the process that leads sees that the folder is somebody's; the other waits for it."""
    (tmp_path / "thesis.txt").write_text("precious")
    ended = train(tmp_path)
    assert ended.returncode != 0 and "holds files that are not a run" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
