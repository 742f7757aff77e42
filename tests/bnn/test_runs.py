"""A run folder is recognised by its format, and loaded only with the files that training wrote."""

import json
import os
from pathlib import Path

import pytest

from bnn.data import DataSource
from bnn.errors import UserError
from bnn.model.spec import Block, NetworkSpec
from bnn.storage.records import seal_of
from bnn.training.config import TrainConfig
from bnn.training.metrics import ClassScores, LinkCounts, Metrics
from bnn.training.runs import ASKED, HELD_OUT, METRICS, MODEL, WEIGHTS, PictureSet, Request, claim, finish, finished

WANTED = Request(
    DataSource("toy"), NetworkSpec("tiny", (Block(4),)), TrainConfig(epochs=3), PictureSet(("a", "b"), 8, 4, 0, "12")
)
RESULT = Metrics(
    0.5, 4, 0.75, 1, LinkCounts(4, 0, 0), ("a", "b"), ((2, 0), (2, 0)),
    {"a": ClassScores(0.5, 1.0), "b": ClassScores(None, 0.0)}, 3, 0, "tiny", ("a note",), 1.5,
)  # fmt: skip
# The first version wrote no format, no seal and no digest of the pictures.
OLD_RUN = """{
  "data": {"source": "biscuits", "size": [16, 16], "color": "gray", "seed": 0},
  "network": {
    "name": "tiny",
    "blocks": [
      {"channels": 4, "kernel": 3, "form": "bottleneck", "maps": 4, "stride": 1, "padding": true, "pool": 2}
    ],
    "hidden": []
  },
  "config": {
    "epochs": 3, "seed": 0, "batch": 64, "learning_rate": 0.03, "label_smoothing": 0.0, "augment": [],
    "validation": 0.05
  }
}
"""
OLD_METRICS = """{
  "test_accuracy": 0.5, "test_frames": 4, "validation_accuracy": 0.75, "float_disagreements": 1,
  "links": {"frames": 4, "torch": 0, "qonnx": 0}, "classes": ["a", "b"], "confusion": [[2, 0], [2, 0]],
  "per_class": {"a": {"precision": 0.5, "recall": 1.0}, "b": {"precision": null, "recall": 0.0}},
  "epochs": 3, "seed": 0, "network": "tiny", "seconds": 1.5
}
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    claim(folder, WANTED, resume=False)
    (folder / MODEL).write_bytes(b"model")
    (folder / WEIGHTS).write_bytes(b"weights")
    (folder / HELD_OUT).write_bytes(b"held out")
    finish(folder, RESULT)
    return folder


def reseal(path: Path, **changes: object) -> None:
    content = json.loads(path.read_text()) | changes
    content["seal"] = seal_of(content)
    path.write_text(json.dumps(content))


def test_what_was_written_is_read(run: Path) -> None:
    assert finished(run) == RESULT and RESULT["links"] == {"frames": 4, "torch": 0, "qonnx": 0}
    assert set(json.loads((run / METRICS).read_text())["files"]) == {ASKED, MODEL, WEIGHTS, HELD_OUT}
    claim(run, WANTED, resume=True)
    with pytest.raises(UserError, match="already holds a run"):
        claim(run, WANTED, resume=False)
    assert sorted(p.name for p in run.parent.iterdir()) == ["run"]


@pytest.mark.parametrize("name", [ASKED, MODEL, WEIGHTS, HELD_OUT, METRICS])
@pytest.mark.parametrize("damage", ["flip", "cut", "more", "gone", "folder"])
def test_a_file_that_is_not_as_it_was_written(run: Path, name: str, damage: str) -> None:
    data = bytearray((run / name).read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
    (run / name).unlink()
    if damage == "folder":
        (run / name).mkdir()
    elif damage != "gone":
        (run / name).write_bytes(data[:-3] if damage == "cut" else data + b"\0" * (damage == "more"))
    with pytest.raises(UserError) as caught:
        finished(run)
    assert name in str(caught.value) or damage in ("gone", "folder")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": "neuraljet-run"}', b'{"a": NaN}']
)
@pytest.mark.parametrize("name", [ASKED, METRICS])
def test_damaged_json(run: Path, name: str, content: bytes) -> None:
    (run / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} is (damaged or not ours|not the file)") as caught:
        claim(run, WANTED, resume=True)
        finished(run)
    assert "\n" not in str(caught.value)


def test_sealed_metrics_that_list_something_else(run: Path) -> None:
    for files in ({}, [], {MODEL: "x"}, {ASKED: 1, WEIGHTS: 2, MODEL: 3}, {"../x": "1"}):
        reseal(run / METRICS, files=files)
        with pytest.raises(UserError, match=r"does not list the files|not the file that training wrote"):
            finished(run)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        (METRICS, {"test_accuracy": "good"}, "test_accuracy is 'good' and must be of type float"),
        (METRICS, {"links": {"frames": 4, "torch": 0}}, "links: entries missing or unknown: qonnx"),
        (METRICS, {"best": 1}, "the file: entries missing or unknown: best"),
        (ASKED, {"config": {"epochs": 3}}, "config: entries missing or unknown: augment"),
        (ASKED, {"network": {"name": "x", "blocks": [], "hidden": [True]}}, r"network.hidden.0. is 'True'"),
        (ASKED, {"pictures": None}, "pictures must be an object"),
    ],
)
def test_sealed_entries_of_another_type(run: Path, name: str, changes: dict, words: str) -> None:
    reseal(run / name, **changes)
    with pytest.raises(UserError, match=rf"{name} is damaged or not ours \({words}.*\); ") as caught:
        finished(run) if name == METRICS else claim(run, WANTED, resume=True)
    assert "\n" not in str(caught.value)


def test_a_block_that_no_network_has(run: Path) -> None:
    network = json.loads((run / ASKED).read_text())["network"]
    network["blocks"][0]["kernel"] = 4
    reseal(run / ASKED, network=network)
    with pytest.raises(UserError, match=r"run.json is damaged or not ours \(kernel = 4; allowed: 3 or 5\)"):
        claim(run, WANTED, resume=True)


def test_a_run_of_the_first_version_is_told_apart(tmp_path: Path) -> None:
    """It has neither format nor seal, so nobody can tell whether it was changed."""
    (tmp_path / ASKED).write_text(OLD_RUN)
    (tmp_path / METRICS).write_text(OLD_METRICS)
    (tmp_path / MODEL).write_bytes(b"model")
    words = r"{} is of an earlier version, which did not seal its runs; train again into another folder, or build the"
    for resume in (False, True):
        with pytest.raises(UserError, match=words.format(ASKED)):
            claim(tmp_path, WANTED, resume)
    with pytest.raises(UserError, match=words.format(METRICS)):
        finished(tmp_path)
    assert (tmp_path / ASKED).read_text() == OLD_RUN and (tmp_path / METRICS).read_text() == OLD_METRICS


def test_a_training_that_is_not_finished(tmp_path: Path) -> None:
    claim(tmp_path / "run", WANTED, resume=False)
    with pytest.raises(UserError, match=r"not trained to the end; finish it: .*--resume"):
        finished(tmp_path / "run")
    with pytest.raises(UserError, match=r"is not a run folder \(no metrics.json there\)"):
        finished(tmp_path)


def test_a_pipe_in_place_of_a_file(run: Path) -> None:
    for name in (METRICS, ASKED):
        (run / name).unlink()
        os.mkfifo(run / name)
    with pytest.raises(UserError, match="is no file"):
        claim(run, WANTED, resume=True)
    with pytest.raises(UserError, match="is not a run folder"):
        finished(run)


@pytest.mark.parametrize("file", ["run.json", "thesis.txt", ".hidden"])
def test_somebodys_folder_stays(tmp_path: Path, file: str) -> None:
    """The format marks a folder as ours, not the name of a file in it. So another program's run.json stays too."""
    (tmp_path / file).write_text('{"format": "wandb"}')
    for resume in (False, True):
        with pytest.raises(UserError, match=r"run.json (is damaged or not ours|there)"):
            claim(tmp_path, WANTED, resume)
    assert [p.name for p in tmp_path.iterdir()] == [file]


def test_files_of_somebody_beside_ours_stay(run: Path) -> None:
    (run / "notes.txt").write_text("mine")
    claim(run, WANTED, resume=True)
    finished(run)
    assert (run / "notes.txt").read_text() == "mine"


def test_an_interrupted_beginning_leaves_nothing_in_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("bnn.training.runs.write_file", stopped)
    with pytest.raises(KeyboardInterrupt):
        claim(tmp_path / "run", WANTED, resume=False)
    monkeypatch.undo()
    assert not list(tmp_path.iterdir())
    claim(tmp_path / "run", WANTED, resume=False)
