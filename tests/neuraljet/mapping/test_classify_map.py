"""`neuraljet classify --map`: what a network of tiles finds in whole pictures of any size."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

import neuraljet
from bnn.errors import UserError
from bnn.integer.maps import over
from bnn.qonnx.read import read_qonnx
from neuraljet.mapping.run import classify_map
from tests.neuraljet.test_cli import run

SIDE = 24


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train on tiles with and without a bright spot, in windows of 20; make two pictures with spots and their boxes."""
    folder, r = tmp_path_factory.mktemp("spots"), np.random.default_rng(0)

    def save(path, pixels):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(path)

    for i in range(40):
        for name in ("ok", "spot"):
            tile = r.integers(40, 80, (SIDE, SIDE))
            if name == "spot":
                y, x = r.integers(SIDE // 2 - 6, SIDE // 2 - 1, 2)
                tile[y : y + 7, x : x + 7] = 220
            save(folder / "tiles" / name / f"{i}.png", tile)
    rows = ["scene,left,top,right,bottom,class"]
    for name, (height, width), places in (("a", (60, 90), [(20, 30), (40, 70)]), ("b", (71, 50), [(30, 20)])):
        picture = r.integers(40, 80, (height, width))
        for y, x in places:
            picture[y : y + 7, x : x + 7] = 220
            rows.append(f"{name}.png,{x},{y},{x + 7},{y + 7},spot")
        save(folder / "pictures" / f"{name}.png", picture)
    (folder / "boxes.csv").write_text("\n".join([*rows, "gone.png,1,1,2,2,spot"]) + "\n")
    (folder / "net.toml").write_text(
        '[[block]]\nchannels = 4\nform = "jets"\npool = 2\n[[block]]\nchannels = 6\nform = "binary"\npool = 2\n'
    )
    neuraljet.train(
        folder / "tiles", folder / "run", network=folder / "net.toml", steps=60, folds=1, augment="none", map=True,
        window=20,
    )  # fmt: skip
    return folder


def test_what_is_found_is_in_the_table_in_the_pictures_and_in_the_score(trained, tmp_path):
    out = tmp_path / "found"
    found = classify_map(
        trained / "run", trained / "pictures", boxes=trained / "boxes.csv", out=out, least_cells=1, lead=3
    )
    assert found.pictures == 2 and found.good == "ok" and found.lead == 3 and found.chosen is None
    assert found.cells == 11 * 19 + 14 * 9  # a window is 20 pixels, of which the network reads 18, every 4
    assert found.score is not None and found.score.boxes == 3 and found.score.detections == found.detections > 0
    with (out / "detections.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found.detections and sum(int(row["found_a_box"]) for row in rows) == found.score.right
    assert {row["class"] for row in rows} == {"spot"} and all(int(row["lead"]) >= 3 for row in rows)
    assert set(found.files) == {"detections.csv", "a.png", "b.png"} == {p.name for p in out.iterdir()} - {"map.json"}
    assert Image.open(out / "b.png").size == (50, 71)
    assert json.loads((out / "map.json").read_text()) == json.loads(found.to_json())
    assert any("boxes of 1 pictures that were not given" in note for note in found.notes)
    # the cells are those of the integer network over the whole picture
    network = over(read_qonnx(trained / "run" / "model.onnx"), 71, 50)
    scores = network.run(np.asarray(Image.open(trained / "pictures" / "b.png"))[None, None])[0]
    leads = scores[1] - scores[0]
    assert sum(int(row["cells"]) for row in rows if row["scene"] == "b.png") == int((leads >= 3).sum())


def test_the_lead_is_chosen_on_the_training_tiles(trained, capsys):
    found = run(capsys, "classify", trained / "run", "--map", trained / "pictures", "--boxes", trained / "boxes.csv")
    assert found[0] == 0 and "the lead was chosen on " in found[1] and "precision" in found[1]


def test_nobodys_files_are_replaced(trained, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="holds files that are not ours"):
        classify_map(trained / "run", trained / "pictures", out=tmp_path, lead=1)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"good": "odd"}, "--good odd: the network has no such class; choose ok, spot"),
        ({"lead": 0}, "--lead"),
        ({"least_cells": 0}, "--least-cells"),
    ],
)
def test_wrong_options_are_refused(trained, options, why):
    with pytest.raises(UserError, match=why):
        classify_map(trained / "run", trained / "pictures", **options)


def test_options_of_maps_need_map_and_others_do_not_go_with_it(trained):
    with pytest.raises(UserError, match="--boxes and --lead count with --map only"):
        neuraljet.classify(trained / "run", trained / "pictures", boxes=trained / "boxes.csv", lead=3)
    with pytest.raises(UserError, match="leave out --simulated"):
        neuraljet.classify(trained / "run", trained / "pictures", map=True, simulated=True)


def test_a_picture_smaller_than_a_tile_is_refused(trained, tmp_path):
    Image.fromarray(np.zeros((19, 40), np.uint8)).save(tmp_path / "small.png")
    with pytest.raises(UserError, match="a frame of 19x40 is out of range"):
        classify_map(trained / "run", tmp_path, lead=1)


def test_train_map_refuses_what_has_no_form_over_pictures(trained, tmp_path):
    (tmp_path / "net.toml").write_text('head = "elman"\nhead_width = 4\n[[block]]\nchannels = 4\npool = 2\n')
    with pytest.raises(UserError, match="row by row"):
        neuraljet.train(trained / "tiles", tmp_path / "run", network=tmp_path / "net.toml", map=True)
    assert not (tmp_path / "run").exists()
