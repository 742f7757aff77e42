"""A sample of the benchmark of damaged run folders passes, and the benchmark sees a planted fault."""

import json

import pytest

from tests.benchmarks.damage import run
from tests.benchmarks.damage.alter import BAD, CHANGED, REFUSED


def test_a_sample_is_refused_or_has_no_effect(tmp_path):
    tallies = dict(run.run(tmp_path, 36, seed=7))
    assert {kind.split(",")[0] for kind in tallies} == {
        *(f"finished: {name}" for name in ("run.json", "weights.safetensors", "model.onnx", "metrics.json")),
        *(f"interrupted: {name}" for name in ("run.json", "checkpoint.safetensors")),
    }
    assert sum(tally.outcomes.total() for tally in tallies.values()) == 36
    assert not [what for tally in tallies.values() for what in tally.worst]
    assert sum(tally.outcomes[REFUSED] for tally in tallies.values()) > 24


def test_it_sees_a_run_whose_files_nobody_compares(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """The planted fault: build and resume take any file in the folder."""

    def trusting(folder):
        return json.loads((folder / "metrics.json").read_text())

    monkeypatch.setattr("bnn.training.runs.finished", trusting)
    monkeypatch.setattr("bnn.training.train.finished", trusting)
    outcomes = dict(run.run(tmp_path, 60, seed=3))["finished: model.onnx"].outcomes
    assert outcomes[CHANGED] > 0
    assert CHANGED in BAD
