"""The damage benchmark with a few alterations; `python -m tests.benchmarks.damage` makes a thousand."""

import random

from bnn.errors import UserError
from tests.benchmarks.damage import accelerator, bitstream
from tests.benchmarks.damage.alter import BAD, CHANGED, CRASHED, REFUSED, UNCHANGED, alter_bytes, alter_json, outcome_of


def test_altered_accelerators_are_refused_or_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    tallies = dict(accelerator.run(tmp_path, 60, 1))
    assert sum(sum(tally.outcomes.values()) for tally in tallies.values()) == 60
    assert {"manifest.json", "model.onnx", "estimates.json", "rtl/*.sv", "manifest.json, entries"} <= set(tallies)
    assert [what for tally in tallies.values() for what in tally.worst] == []
    assert tallies["rtl/*.sv"].outcomes.keys() == {REFUSED}


def test_altered_bitstream_folders_are_refused_or_as_they_were(tmp_path):
    tallies = dict(bitstream.run(tmp_path, 400, 1))
    assert [what for tally in tallies.values() for what in tally.worst] == []
    assert tallies["accelerator.bit"].outcomes.keys() == {REFUSED}


def test_the_benchmark_sees_a_traceback_and_another_result():
    def crash():
        raise KeyError("x")

    def refuse():
        raise UserError("no")

    found = [outcome_of(load)[0] for load in (crash, refuse, lambda: True, lambda: False)]
    assert found == [CRASHED, REFUSED, UNCHANGED, CHANGED] and set(BAD) == {CRASHED, CHANGED}


def test_alterations_alter():
    rng = random.Random(0)
    for _ in range(200):
        assert alter_bytes(b"some bytes", rng)[0] != b"some bytes"
    content = {"a": [1, {"b": 2}], "c": None}
    made = [alter_json(content, rng)[0] for _ in range(100)]
    assert content == {"a": [1, {"b": 2}], "c": None} and sum(one != content for one in made) > 50
