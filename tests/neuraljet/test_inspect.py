"""neuraljet inspect: what it prints, what it writes, and what it refuses."""

import csv
import json

import pytest

from neuraljet import cli
from tests.support.pictures import Maker


@pytest.fixture
def make(tmp_path):
    return Maker(tmp_path / "set").classes(good="not good", count=8)


def test_what_is_printed(make, capsys):
    make.text("not good/page.jpg", "<html>")
    assert cli.main(["inspect", str(make.root)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("set: 17 pictures of 2 classes\n") and "\nnot good  train " in out
    assert "unreadable (1): not good/page.jpg: " in out and "cannot be trained on as it is: " in out
    assert "sizes, height x width: 12x12 (16)" in out and "near-duplicates: none" in out


def test_json(make, capsys):
    assert cli.main(["inspect", str(make.root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert sorted(part["pictures"] for part in found["parts"]) == [2, 2, 6, 6] and found["problem"] is None


def test_a_row_per_picture(make, tmp_path, capsys):
    assert cli.main(["inspect", str(make.root), "--group-by", "[0-7]", "--out", str(tmp_path / "all.csv")]) == 0
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16 and {row["class"] for row in rows} == {"bad", "not good"}
    assert all(row["path"].split("/")[1][0] == row["group"] and row["width"] == "12" for row in rows)
    assert cli.main(["inspect", str(make.root), "--out", str(tmp_path / "all.json")]) == 0
    assert len(json.loads((tmp_path / "all.json").read_text())["pictures"]) == 16
    table = tmp_path / "labels.csv"
    table.write_text("path,class\n" + "".join(f"{row['path']},{row['group']}\n" for row in rows if row["group"] < "2"))
    capsys.readouterr()
    assert cli.main(["inspect", str(make.root), "--labels", str(table)]) == 0
    assert "pictures that labels.csv does not name (12, such as bad/2.png)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("out", "words"), [("all.txt", "ends in .json or .csv"), ("there.csv", "exists already"), ("no/x.csv", "no folder")]
)
def test_files_that_cannot_be_written(make, tmp_path, capsys, out, words):
    (tmp_path / "there.csv").write_text("mine")
    assert cli.main(["inspect", str(make.root), "--out", str(tmp_path / out)]) == 2
    assert words in capsys.readouterr().err and (tmp_path / "there.csv").read_text() == "mine"
