"""A run folder is ours by its format, and its files are those that training wrote."""

import json
import os
from pathlib import Path

import pytest

from bnn.errors import UserError
from bnn.storage.records import seal_of
from bnn.training.runs import ASKED, METRICS, MODEL, WEIGHTS, claim, finish, finished

WANTED = {"data": {"source": "toy"}, "config": {"epochs": 3}, "pictures": {"sha256": "12"}}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    claim(folder, WANTED, resume=False)
    (folder / MODEL).write_bytes(b"model")
    (folder / WEIGHTS).write_bytes(b"weights")
    finish(folder, {"test_accuracy": 0.5})
    return folder


def reseal(path: Path, **changes: object) -> None:
    content = json.loads(path.read_text()) | changes
    content["seal"] = seal_of(content)
    path.write_text(json.dumps(content))


def test_what_was_written_is_read(run: Path) -> None:
    metrics = finished(run)
    assert metrics["test_accuracy"] == 0.5 and set(metrics["files"]) == {ASKED, MODEL, WEIGHTS}
    claim(run, WANTED, resume=True)
    with pytest.raises(UserError, match="already holds a run"):
        claim(run, WANTED, resume=False)
    assert sorted(p.name for p in run.parent.iterdir()) == ["run"]


@pytest.mark.parametrize("name", [ASKED, MODEL, WEIGHTS, METRICS])
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
    """Another program's run.json too: a folder is ours by its format, not by the name of a file in it."""
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
