"""A study goes on where it was, its folder is its own, and pages say what their records say."""

import json
from pathlib import Path

import pytest

import neuraljet
from bnn.errors import UserError
from neuraljet.cli import main
from neuraljet.studying.pages import between
from neuraljet.studying.rows import from_csv
from neuraljet.studying.study import load_study, studies
from neuraljet.studying.tables import markdown

PLACE = Path(__file__).resolve().parents[3] / "docs" / "studies"
TEXT = """
title = "Small"
task = "train"
seeds = 2
[fixed]
size = [16, 16]
width = 4
steps = 3
test = 20
[[factor]]
name = "set"
values = ["biscuits", "no such set"]
[[factor]]
name = "init"
values = ["none", "biscuits"]
[[table]]
title = "Accuracy"
rows = ["init"]
columns = "set"
values = [{ entry = "accuracy", heading = "accuracy", show = "percent" }]
[figure]
x = "init"
y = "accuracy"
series = "set"
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "small.toml").write_text(TEXT.replace("steps = 3\n", "steps = 3\ninit_steps = 2\n"))
    return tmp_path / "small.toml"


def test_a_study_goes_on_and_a_cell_that_fails_stops_no_other(file, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NEURALJET_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "out"
    first = neuraljet.study(file, out, engine="local:1", only={"set": "biscuits"}, seeds=1)
    assert (first.cells, first.records) == (2, 2)
    records = (out / "records.csv").read_text()
    assert len(list((tmp_path / "cache" / "donors").iterdir())) == 1  # which the second cell began with
    assert main(["study", str(file), "--out", str(out), "--engine", "local:1", "--seeds", "1"]) == 2
    told = capsys.readouterr().err
    assert "no such set" in told and "1 more of 4 tasks failed; the others are finished" in told
    assert (out / "records.csv").read_text() == records
    again = neuraljet.study(file, out, engine="local:1", only={"set": "biscuits"}, seeds=1)
    assert again == first and len((out / "journal.jsonl").read_text().splitlines()) == 2
    rows = from_csv(records)
    assert {row["threads"] for row in rows} == {1} and all(row["commit"] and row["torch"] for row in rows)
    assert [row["init"] for row in rows] == ["none", "biscuits"] and rows[0]["settings"]["steps"] == 3
    assert (out / "tables.md").read_text() == first.tables and "<svg" in (out / "figure.svg").read_text()


def test_the_folder_of_something_else(file, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    with pytest.raises(UserError, match=r"holds files that are not ours: notes\.txt"):
        neuraljet.study(file, tmp_path / "mine")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "study.json").write_text(json.dumps({"format": "neuraljet-study", "study": "heads"}))
    with pytest.raises(UserError, match="holds the study 'heads' and not 'small'"):
        neuraljet.study(file, tmp_path / "other")
    with pytest.raises(UserError, match="--engine 'fast' is unknown"):
        neuraljet.study(file, tmp_path / "out", engine="fast")
    assert not (tmp_path / "out").exists()


def test_settings_on_the_command_line(file, tmp_path, capsys):
    for words, said in (
        (["--only", "set"], "'set' is not NAME=VALUE"),
        (["--only", "set=a", "set=b"], "--only names a factor twice"),
        (["--with", "epochs=1"], "--with epochs: the settings of 'small' are size"),
    ):
        try:
            assert main(["study", str(file), "--out", str(tmp_path / "out"), *words]) == 2
        except SystemExit as end:
            assert end.code == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("path", sorted(PLACE.glob("*.csv")), ids=lambda path: path.stem)
def test_a_page_says_what_its_records_say(path):
    study, page = load_study(path.stem), path.with_suffix(".md").read_text()
    assert between(page, path.stem).strip() == markdown(study, from_csv(path.read_text())).strip(), (
        "run `python docs/make_studies.py`"
    )
    assert (PLACE / f"{path.stem}.svg").exists() or study.figure is None


def test_the_index_names_all_studies():
    index = (PLACE / "index.md").read_text()
    assert [name for name in studies() if f"`{name}`" not in index] == []
    assert [path.stem for path in PLACE.glob("*.csv") if f"({path.stem}.md)" not in index] == []
