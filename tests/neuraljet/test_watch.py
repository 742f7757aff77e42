"""`neuraljet watch` and the driver's watch: the held-out pictures of a run or accelerator beside those that come in."""

import io
import json
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

import neuraljet
from bnn.data import load
from bnn.drift.heldout import FILE, HeldOut, brightness_of
from bnn.errors import UserError
from bnn.qonnx.read import read_qonnx
from bnn.storage.records import sha256
from finn_build.manifest import load as load_manifest
from neuraljet import Accelerator
from tests.neuraljet.test_cli import one_sentence, run


def save_all(folder, pictures):
    folder.mkdir(parents=True)
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return folder


def drawn(r, count, level):
    return np.clip(r.normal(level, 20, (count, 16, 16)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Train a small network on 200 pictures, and lay out new ones as before, and darker ones."""
    folder, r = tmp_path_factory.mktemp("watch"), np.random.default_rng(0)
    for name, level in (("good", 80), ("bad", 190)):
        save_all(folder / "pictures" / name, drawn(r, 100, level))
    neuraljet.train(folder / "pictures", folder / "run", network="small", steps=30, folds=1, augment="none")
    save_all(folder / "alike", drawn(r, 40, 80))
    save_all(folder / "darker", drawn(r, 40, 60))
    return folder


def test_a_run_keeps_margins_and_brightness_of_its_test_pictures(place):
    data = load(place / "pictures")
    scores = read_qonnx(place / "run" / "model.onnx").run(data.test_images.transpose(0, 3, 1, 2))
    model = sha256(place / "run" / "model.onnx")
    wanted = HeldOut.of(model, data.classes, 256, brightness_of(data.test_images), scores)
    assert (place / "run" / FILE).read_text() == wanted.to_json()
    files = json.loads((place / "run" / "metrics.json").read_text())["files"]
    assert files[FILE] == sha256(place / "run" / FILE) and wanted.pictures() == len(data.test_labels)


def test_pictures_alike_match_and_darker_ones_do_not(capsys, place):
    status, out, _ = run(capsys, "watch", place / "run", place / "alike", "--window", 20, "--json")
    assert status == 0
    *lines, summary, result = out.splitlines()
    assert [line.split(": ")[1].split(";")[0] for line in lines] == ["matches", "matches"]
    assert "all match, 2 windows of 20: 40 pictures beside" in summary and json.loads(result)["matches"]
    status, out, _ = run(capsys, "watch", place / "run", place / "darker", "--window", 20, "--json")
    assert status == 1
    result = json.loads(out.splitlines()[-1])
    assert not result["matches"] and "2 of 2 windows of 20 differ" in out
    first = result["findings"][0]["compared"][1]
    assert first["quantity"] == "brightness" and first["median"] < first["held_out_median"] - 15
    assert first["probability"] < first["limit"] == 0.0025


def test_paths_are_taken_as_they_come(capsys, place, monkeypatch):
    """The line of a window is out before the next path is asked for."""
    paths, told = sorted((place / "alike").iterdir()), []

    def lines():
        for number, path in enumerate(paths):
            told.append(capsys.readouterr().out.count("window") if number else 0)
            yield f"{path}\n".encode()
        yield b"/nowhere.png\n"

    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": lines()}))
    status, out, err = run(capsys, "watch", place / "run", "-", "--window", 15)
    assert status == 0 and told == [int(number in (15, 30)) for number in range(40)]
    assert "not compared yet" in out and "10 good" in out and "1 pictures skipped" in out
    assert "skipped: /nowhere.png cannot be read" in err


def test_what_was_built_of_a_run_is_watched_too(capsys, place, tmp_path):
    acc = tmp_path / "acc"
    neuraljet.build(place / "run", acc, tb=False)
    assert load_manifest(acc).files[FILE] == sha256(place / "run" / FILE)
    status, out, _ = run(capsys, "watch", acc, place / "darker", "--window", 20, "--json")
    assert status == 1 and json.loads(out.splitlines()[-1])["scorer"] == "integer network"
    (tmp_path / "again").mkdir()
    neuraljet.build(acc, tmp_path / "again", tb=False)
    assert load_manifest(tmp_path / "again") == load_manifest(acc)
    shutil.copy(place / "run" / "model.onnx", tmp_path / "model.onnx")
    (tmp_path / FILE).write_text("{}")  # somebody's
    neuraljet.build(tmp_path / "model.onnx", tmp_path / "alone", tb=False)
    assert FILE not in load_manifest(tmp_path / "alone").files


def test_an_older_folder_says_how_to_get_there(capsys, place, tmp_path):
    old = tmp_path / "old"
    shutil.copytree(place / "run", old)
    (old / FILE).unlink()
    files = json.loads((old / "metrics.json").read_text())["files"]
    del files[FILE]
    reseal_metrics(old, files)
    status, _, err = run(capsys, "watch", old, place / "alike")
    assert status == 2
    one_sentence(err, f"there is no {old / FILE}", "train again", "--against")
    alike = ("watch", old, place / "alike", "--window", 20, "--against", place / "pictures" / "good")
    assert run(capsys, *alike)[0] == 0
    assert run(capsys, "watch", old, place / "darker", *alike[3:])[0] == 1
    (tmp_path / "list.txt").write_text("nothing.png\n")
    status, _, err = run(capsys, "watch", old, place / "alike", "--against", tmp_path / "list.txt")
    assert status == 2
    one_sentence(err, "--against", "nothing.png cannot be read")


def reseal_metrics(folder, files):
    from bnn.storage.records import seal_of

    content = json.loads((folder / "metrics.json").read_text()) | {"files": files}
    content["seal"] = seal_of(content)
    (folder / "metrics.json").write_text(json.dumps(content))


def test_wrong_input_is_refused_by_a_sentence(capsys, place, monkeypatch):
    status, _, err = run(capsys, "watch", place / "run", place / "alike", "--window", 41)
    assert status == 2
    one_sentence(err, "40 pictures came", "smaller --window")
    for arguments in (("--level", "1.5"), ("--window", "0")):
        assert run(capsys, "watch", place / "run", place / "alike", *arguments)[0] == 2
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO(b"")}))
    status, _, err = run(capsys, "watch", place / "run", "-")
    assert status == 2
    one_sentence(err, "0 pictures came")


@pytest.mark.parametrize("transport", ["simulated", "board"])
def test_the_driver_watches_what_it_classifies(gray, transport, board, tmp_path):
    """Frames of the reference match themselves; negatives of them do not. A bitstream folder holds the file too."""
    model = load_manifest(gray.acc).model_sha256
    known = HeldOut.of(
        model, load_manifest(gray.acc).output.classes, 120, brightness_of(gray.frames), gray.scores
    )  # fmt: skip
    (tmp_path / FILE).write_text(known.to_json())
    accelerator = Accelerator.simulated(gray.acc) if transport == "simulated" else board(gray)[0]
    with accelerator:
        with pytest.raises(UserError, match=r"there is no .*heldout\.json.*held_out="):
            accelerator.watch(gray.frames)
        options = {"held_out": tmp_path, "window": 40, "together": True}
        results = list(accelerator.watch(gray.frames, **options))
        assert np.array_equal([result.scores for result, _ in results], gray.scores)
        assert [finding for _, finding in results[:-1]] == [None] * 39 and results[-1][1].matches
        (*_, (_, finding)) = accelerator.watch(gray.frames // 4, **options)
        assert not finding.matches and finding.seen == 40
