"""The whole search: killed in the middle it goes on, leaves front, page and best run, and refuses what is wrong."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import neuraljet
from bnn.errors import UserError
from bnn.model.spec import load_spec
from bnn.storage.records import entries
from bnn.training.runs import finished, request_of
from neuraljet.commands.search import METHODS
from neuraljet.searching.methods import METHODS as KNOWN
from tests.neuraljet.test_cli import one_sentence, run

OPTIONS = {"sites": 700, "trials": 5, "steps": 40, "augment": "none"}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder, r = tmp_path_factory.mktemp("searched") / "pictures", np.random.default_rng(0)
    for name, level in (("good", 110), ("bad", 150)):
        (folder / name).mkdir(parents=True)
        for number in range(40):
            pixels = np.clip(r.normal(level + r.normal(0, 25), 20, (8, 8)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:03}.png")
    return folder


def begun(folder, pictures):
    """Begin the command, and kill it with all it started after some trainings; return how many were finished."""
    words = [word for name, value in OPTIONS.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "neuraljet", "search", pictures, "--out", folder, *words, "--engine", "local:1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        lines = []
        for line in process.stderr:
            lines.append(line)
            if line.startswith("trial") and "held-out" in line:
                break
        os.killpg(process.pid, signal.SIGKILL)
        assert lines and "held-out" in lines[-1], lines
    return sum("held-out" in line for line in lines)


@pytest.fixture(scope="module")
def study(pictures):
    folder = pictures.parent / "study"
    assert begun(folder, pictures) == 1
    kept = json.loads((folder / "search.json").read_text())
    assert kept["beginning"]["default"]["blocks"] and not (folder / "best").exists()
    started = time.monotonic()
    result = neuraljet.search(pictures, folder, **OPTIONS, engine="local:1")
    assert result.seconds >= time.monotonic() - started + kept["seconds"] - 5
    return folder, result


def test_it_goes_on_after_a_kill_and_leaves_front_page_and_best_run(study):
    folder, result = study
    assert result.trials == OPTIONS["trials"] and result.steps == 40 and result.held_out == 20
    rows = list(csv.DictReader((folder / "front.csv").read_text().splitlines()))
    assert [int(row["trial"]) for row in rows] == [row.trial for row in result.front]
    assert float(rows[0]["accuracy"]) >= result.default_accuracy
    for row in rows:
        network = load_spec(folder / "networks" / f"{row['trial']}.toml")
        assert json.loads(row["spec"])["blocks"][0]["channels"] == network.blocks[0].channels
    text = (folder / "front.html").read_text()
    assert "Accuracy over LUT sites" in text and "src=" not in text and text.count("<script") == 1
    metrics, asked = finished(folder / "best"), request_of(folder / "best")
    assert metrics.test_accuracy == result.test_accuracy and asked.hardware.expected.sites == result.front[0].sites
    assert asked.pictures.train == 60 and asked.config.steps == 40
    assert not (folder / "next").exists()


def test_the_same_command_has_nothing_left_to_do(study, pictures):
    folder, result = study
    before = (folder / "best" / "metrics.json").stat().st_mtime_ns
    again = neuraljet.search(pictures, folder, **OPTIONS, engine="local:1")
    assert again.front == result.front and (folder / "best" / "metrics.json").stat().st_mtime_ns == before


def test_a_search_of_wider_networks_made_smaller(pictures, tmp_path):
    options = {**OPTIONS, "trials": 2, "method": "slim"}
    result = neuraljet.search(pictures, tmp_path / "study", **options, engine="local:1")
    assert result.trials == 2 and all(row.sites < 700 for row in result.front)
    rows = list(csv.DictReader((tmp_path / "study" / "front.csv").read_text().splitlines()))
    for row in rows:
        network = load_spec(tmp_path / "study" / "networks" / f"{row['trial']}.toml")
        assert json.loads(row["spec"])["blocks"] == [entries(block) for block in network.blocks]
    assert finished(tmp_path / "study" / "best").test_accuracy == result.test_accuracy
    assert "began wider" in (tmp_path / "study" / "front.html").read_text()


def test_another_search_in_its_folder_is_refused(study, pictures):
    folder, _ = study
    with pytest.raises(UserError, match=r"another search \(budget.sites: 700 against 800\)"):
        neuraljet.search(pictures, folder, **{**OPTIONS, "sites": 800})
    with pytest.raises(UserError, match=r"another search .*method: tpe against evolve"):
        neuraljet.search(pictures, folder, **OPTIONS, method="evolve")
    with pytest.raises(UserError, match="are in a journal; leave --storage out"):
        neuraljet.search(pictures, folder, **OPTIONS, storage="postgresql://localhost/none")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give --hours, --trials"),
        (["--trials", "3", "--engine", "cloud"], "--engine 'cloud' is unknown"),
        (["--trials", "3", "--storage", "sqlite:///x"], "no URL of a PostgreSQL database"),
        (["--hours", "90000"], "hours 90000"),
        (["--hours", "0.001", "--sites", "700"], "--hours 0.001 is too short for a search: here a step of"),
    ],
)
def test_wrong_options_are_one_sentence(capsys, tmp_path, pictures, words, said):
    status, _, message = run(capsys, "search", pictures, "--out", tmp_path / "new", *words)
    assert status == 2 and not (tmp_path / "new").exists()
    one_sentence(message, said)


def test_folders_of_others_are_left_alone(tmp_path, pictures):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="are no search"):
        neuraljet.search(pictures, tmp_path / "mine", **OPTIONS)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UserError, match="is a file"):
        neuraljet.search(pictures, tmp_path / "file", **OPTIONS)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "search.json").write_text('{"format": "neuraljet-search", "version": 1}')
    with pytest.raises(UserError, match="damaged or not ours"):
        neuraljet.search(pictures, tmp_path / "other", **OPTIONS)


def test_the_command_names_the_methods_that_there_are():
    assert tuple(KNOWN) == METHODS
