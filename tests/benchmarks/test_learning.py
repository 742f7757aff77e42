"""The benchmark of learning: subsets, records that resume, the table, and a whole small measurement."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from bnn.data import load
from bnn.errors import UserError
from bnn.model.spec import Block, NetworkSpec, load_spec
from bnn.storage.records import entries
from tests.benchmarks.learning import __main__ as command
from tests.benchmarks.learning.columns import toml_of
from tests.benchmarks.learning.records import append, read
from tests.benchmarks.learning.rows import ROWS, pictures, write_pictures
from tests.benchmarks.learning.table import heading, label, markdown
from tests.support.slopes import slopes

SPEC = NetworkSpec("tiny", (Block(4, pool=2), Block(6, pool=2, padding=False, form="binary")), (8,))


@pytest.fixture
def lemons(tmp_path, monkeypatch):
    """Return a folder that $NEURALJET_DATA names, with a small set called lemon."""
    data = slopes(160, 40)
    write_pictures(data, tmp_path / "data" / "lemon")
    monkeypatch.setenv("NEURALJET_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("tests.benchmarks.learning.rows._loaded", lambda source, color: data)
    return data


def test_a_few_pictures_of_each_class(lemons, tmp_path):
    """They depend on the seed; those that judge are no others than the test's, or were not drawn."""
    few, again, other = (pictures(ROWS["lemon-25"], seed) for seed in (0, 0, 1))
    assert np.bincount(few.train_labels).tolist() == [25, 25]
    assert few.digest == again.digest != other.digest
    assert np.array_equal(few.test_images, lemons.test_images)
    held = pictures(ROWS["lemon-25"], 0, "held")
    assert np.array_equal(held.train_images, few.train_images) and len(held.test_labels) == 110
    drawn, judges = ({image.tobytes() for image in images} for images in (held.train_images, held.test_images))
    assert not drawn & judges and drawn | judges == {image.tobytes() for image in lemons.train_images}
    with pytest.raises(UserError, match="trains with all pictures"):
        pictures(ROWS["lemon"], 0, "held")

    write_pictures(few, tmp_path / "few")
    loaded = load(tmp_path / "few")  # class by class
    order = np.argsort(few.train_labels, kind="stable")
    assert np.array_equal(loaded.train_images, few.train_images[order]) and loaded.classes == few.classes
    assert np.array_equal(loaded.train_labels, few.train_labels[order])


def test_colours_are_written(tmp_path):
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    data = slopes(4, 2)
    rgb = {"train_images": image[None], "train_labels": np.array([0])}
    write_pictures(type(data)(**dict(vars(data)) | rgb), tmp_path)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "train" / "left" / "00000.png")), image)


def test_a_network_goes_into_a_file_and_back(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(toml_of(json.loads(json.dumps(entries(SPEC)))))
    assert load_spec(path) == SPEC


def record(row, column, seed, accuracy, **more):
    base = {"judge": "test", "options": {}, "commit": "abc", "changed": False, "torch": "2", "threads": 1}
    return {"row": row, "column": column, "seed": seed, "accuracy": accuracy, "machine": "x", **base, **more}


def test_the_table():
    network = {"ramb18": 2, "area": "synthesis", "within": True, "mismatches": 0}
    records = [
        *(record("lemon", "hog", seed, value) for seed, value in enumerate((0.9, 0.7, 0.95))),
        record("screws", "pixel", 0, 0.975, sites=1700, **network),
        record("screws", "pixel", 1, 0.965, sites=1900, **network | {"within": False, "mismatches": 3}),
        record("screws", "pixel", 0, 0.5, sites=10, **network | {"area": "estimate"}, options={"teacher": "hog"}),
        {**record("bsdata", "hog", 0, 0), "failed": "why"},
    ]
    del records[-1]["accuracy"]
    assert markdown(records).splitlines() == [
        "| set | HOG + SVM | a pixel per clock | a pixel per clock teacher=hog |",
        "|---|---|---|---|",
        "| bsdata | failed | - | - |",
        "| lemon | 90.0 (70.0 to 95.0, n = 3) | - | - |",
        "| screws | - | 97.0 (96.5 to 97.5, n = 2), 1,900 + 2 **over budget** **3 mismatches** "
        "| 50.0, 10 + 2 estimated |",
    ]
    assert heading(label({**records[0], "judge": "held"})) == "HOG + SVM, held"


def test_records_are_read_as_they_were_last_written(tmp_path):
    path = tmp_path / "deep" / "records.jsonl"
    assert read(path) == []
    for value in (0.5, 0.6):
        append(path, record("lemon", "hog", 0, value))
    append(path, record("lemon", "hog", 1, 0.7))
    assert [found["accuracy"] for found in read(path)] == [0.6, 0.7]


def test_a_measurement_is_recorded_and_not_run_again(lemons, tmp_path, monkeypatch, capsys):
    """The rivals and a network on real files, then nothing, then what failed."""
    network = tmp_path / "tiny.toml"
    network.write_text(toml_of(entries(SPEC)))
    records = tmp_path / "records.jsonl"
    monkeypatch.setattr("bnn.training.teachers.residual.STEPS", 20)
    monkeypatch.setattr(command, "in_its_own", lambda asked, limit: command.one(asked))

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["learning", "--records", str(records), "--seeds", "0", *arguments])
        return command.main()

    assert run("--only", "lemon-25", "--columns", "hog", "float") == 0
    options = [f"network={network}", "steps=60", "augment=none", "folds=1"]
    assert run("--only", "lemon-25", "--columns", "pixel", "--with", *options) == 0
    found = read(records)
    assert [r["column"] for r in found] == ["hog", "float", "pixel"]
    assert all(r["accuracy"] > 0.7 for r in found[1:])  # HOG cannot see brightness, which is all that differs
    assert all(r["threads"] and r["torch"] and r["frames"] == 40 for r in found)
    pixel = found[2]
    assert pixel["network"] == entries(SPEC) and pixel["sites"] > 0 and pixel["area"] == "estimate" and pixel["within"]
    known = {command.key_of(pixel): pixel}
    width = {**pixel, "column": "pixel-binary-width"}
    assert command.network_for(width, known) == pixel["network"]
    assert command.network_for({**width, "seed": 1}, known) is None
    assert command.network_for({**width, "column": "pixel-binary"}, known) is None

    monkeypatch.setattr(command, "one", None)  # calling it would fail
    capsys.readouterr()
    assert run("--only", "lemon-25", "--columns", "hog", "float") == 0
    assert capsys.readouterr().out.splitlines()[0] == "| set | HOG + SVM | float |"
    monkeypatch.setattr(command, "take", lambda *_: {"failed": "a reason"})
    assert run("--only", "lemon-50", "--columns", "hog") == 1
    assert "| lemon-50 | failed |" in capsys.readouterr().out
