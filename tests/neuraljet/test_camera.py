"""The commands take a network's camera from its run, and refuse what does not fit it."""

import json

import numpy as np
import pytest
from PIL import Image

import neuraljet
from bnn.camera import Camera
from finn_build.manifest import load
from neuraljet.cli import main
from neuraljet.opened import open_folder

CAMERA = Camera(40, 48, (4, 8, 32, 32), 2, 2)
OPTIONS = ["--camera", "40x48", "--roi", "4,8,32,32", "--bin", "2", "--beat", "2"]
LEAST = ["--epochs", "1", "--augment", "none", "--folds", "1", "--network", "small"]


def write_frames(folder, per_class=8):
    draw = np.random.default_rng(2)
    for name, bright in (("bad", 60), ("good", 190)):
        (folder / name).mkdir(parents=True)
        for index in range(per_class):
            frame = np.clip(draw.normal(bright, 30, (40, 48)), 0, 255).astype(np.uint8)
            Image.fromarray(frame).save(folder / name / f"{index}.png")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("camera")
    write_frames(folder / "frames")
    assert main(["train", str(folder / "frames"), "--out", str(folder / "run"), *OPTIONS, *LEAST]) == 0
    return folder / "run"


def test_a_run_holds_its_camera_and_the_network_sees_that(run):
    opened = open_folder(run)
    assert opened.source.camera == CAMERA and opened.network.input_shape == (1, 16, 16)
    path = run.parent / "frames" / "good" / "3.png"
    frame, _ = opened.fit().read(path)
    assert np.array_equal(frame, CAMERA.view(np.asarray(Image.open(path))))
    row = neuraljet.classify(run, path).rows[0]
    assert list(row.scores) == opened.network.run(frame.transpose(2, 0, 1)[None])[0].tolist()


def test_its_circuit_has_the_camera_in_front_and_classifies_whole_frames(run, tmp_path):
    built = neuraljet.build(run, tmp_path / "acc")
    assert load(tmp_path / "acc").camera == CAMERA and "million pixels a second" in built["notes"][-1]
    path = run.parent / "frames" / "bad" / "2.png"
    simulated = neuraljet.classify(tmp_path / "acc", path, simulated=True).rows[0]
    assert simulated.scores == neuraljet.classify(run, path).rows[0].scores
    neuraljet.build(run, tmp_path / "without", front=False)
    assert load(tmp_path / "without").camera is None
    neuraljet.build(tmp_path / "acc", tmp_path / "again")
    assert load(tmp_path / "again").camera == CAMERA


def test_pictures_of_another_size_are_skipped_with_the_way_out(run, tmp_path):
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(tmp_path / "small.png")
    found = neuraljet.classify(run, tmp_path / "small.png")
    assert found.rows[0].label is None and "the camera's frames are 40x48" in found.rows[0].problem


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--roi", "0,0,8,8"], "--roi 0,0,8,8 is for frames of a camera; say --camera HxW too"),
        (["--camera", "40x48", "--size", "32x32"], "and 32x32 is asked for; nothing is scaled behind a camera"),
        (["--camera", "48x40"], "is 40x48 pixels (height x width), and the camera's frames are 48x40"),
        (["--camera", "40x48", "--color", "rgb"], "color 'rgb' is not possible; choose gray"),
    ],
)
def test_options_that_do_not_fit_are_refused(run, tmp_path, capsys, options, words):
    frames = str(run.parent / "frames")
    assert main(["train", frames, "--out", str(tmp_path / "run"), *LEAST, *options]) == 2
    assert words in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_another_camera_is_another_run(run, capsys):
    other = [*OPTIONS[:-1], "1"]
    frames = str(run.parent / "frames")
    assert main(["train", frames, "--out", str(run), *other, *LEAST, "--resume"]) == 2
    assert "data.camera.beat: 2 against 1" in capsys.readouterr().err


def test_the_camera_of_a_run_can_be_read_as_json(run):
    camera = json.loads((run / "run.json").read_text())["data"]["camera"]
    assert camera["roi"] == [4, 8, 32, 32] and camera["color"] == "gray"
