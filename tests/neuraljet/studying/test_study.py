"""A study's file is read whole or refused, and every combination and seed becomes one task."""

import importlib
from dataclasses import replace

import pytest

from bnn.errors import UserError
from bnn.storage.tables import parse_toml
from neuraljet.studying.cells import cells, narrowed
from neuraljet.studying.study import load_study, studies, study_of
from neuraljet.studying.tasks import FUNCTION, TASKS, measure

TEXT = """
title = "Small"
task = "train"
seeds = 2
differ = [["set", "init"]]
[fixed]
steps = 20
[full]
seeds = 3
steps = 90
[[factor]]
name = "set"
values = ["a", "b"]
[[factor]]
name = "init"
values = ["none", "a"]
[[factor]]
name = "size"
values = [{ name = "small", width = 4 }, { name = "large", width = 8, steps = 40 }]
[[table]]
title = "Accuracy"
rows = ["init"]
columns = "set"
values = [{ entry = "accuracy", heading = "accuracy", show = "percent" }]
"""


def study(text=TEXT):
    return study_of(parse_toml(text, "study"), "small")


def test_cells_come_seed_by_seed_and_tables_of_a_value_are_told():
    found = cells(study())
    assert [cell.seed for cell in found] == [0] * 6 + [1] * 6
    assert [tuple(cell.factors.values()) for cell in found[:3]] == [
        ("a", "none", "small"), ("a", "none", "large"), ("b", "none", "small"),
    ]  # fmt: skip
    assert all(cell.factors["set"] != cell.factors["init"] for cell in found)
    assert len({cell.task.key for cell in found}) == 12 and {cell.task.function for cell in found} == {FUNCTION}
    assert found[1].task.description == {
        "task": "train", "seed": 0, "set": "a", "init": "none", "size": "large", "width": 8, "steps": 40,
    }  # fmt: skip
    assert found[0].task.description["steps"] == 20


def test_full_replaces_settings_and_seeds():
    found = cells(study().in_full())
    assert len(found) == 18 and found[0].task.description["steps"] == 90


def test_it_is_narrowed():
    found = cells(narrowed(study(), {"set": "b", "size": "small"}, {"steps": 7}, 1))
    assert [(c.factors["init"], c.task.description["steps"], c.seed) for c in found] == [("none", 7, 0), ("a", 7, 0)]
    for only, settings, seeds, words in (
        ({"colour": "red"}, {}, None, "--only colour: the factors of 'small' are set, init, size"),
        ({"set": "a,c"}, {}, None, "--only set=c: the values of set are a; b"),
        ({}, {"epochs": 3}, None, "--with epochs: the settings of 'small' are steps"),
        ({}, {}, 3, "--seeds 3: 'small' has 2; give fewer, or --full"),
    ):
        with pytest.raises(UserError, match=words):
            narrowed(study(), only, settings, seeds)
    with pytest.raises(UserError, match="'small' has no cell: `differ` leaves none"):
        cells(narrowed(study(), {"set": "a", "init": "a"}, {}, None))


def test_values_may_hold_commas():
    text = TEXT.replace('["a", "b"]', '["a", "a, b", "c"]')
    found = narrowed(study(text), {"set": "a, b,c"}, {}, None)
    assert found.factors()["set"].names() == ("a, b", "c")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('task = "train"', 'task = "os:system"', "task = 'os:system'; allowed: train"),
        ("seeds = 2", "seeds = 0", "seeds = 0, in .full. 3; allowed: 1 to 1000"),
        ("seeds = 3", 'seeds = "3"', "allowed: 1 to 1000"),
        ("seeds = 2", "seeds = 2\nlengths = 3", "missing or unknown: lengths"),
        ("seeds = 2", 'seeds = "2"', "seeds is '2' and must be of type int"),
        ('["set", "init"]', '["set"]', "differ = .'set'.; allowed: pairs of set, init, size"),
        ('name = "init"', 'name = "set"', "each with a name of its own"),
        ('name = "init"', 'name = "In it"', "factor 'In it' has no name of small letters"),
        ('["none", "a"]', "[]", "factor init has 0 values; allowed: 1 to 64"),
        ('["none", "a"]', "[[1]]", "factor init: .1. is neither a number nor a text nor a table"),
        ('["none", "a"]', '["<b>"]', "factor init: '<b>' holds one of"),
        ('"Small"', '"a | b"', "'a . b' holds one of .* or what cannot be shown"),
        ('["none", "a"]', '["a", "a"]', "factor init has a value twice"),
        ('{ name = "small", width = 4 }', "{ width = 4 }", "factor size: a table among its values needs a name"),
        ('{ name = "small", width = 4 }', '{ name = "small", task = "x" }', "factor size: task = 'x'; allowed: train"),
        ("steps = 20", 'set = "a"', "'set' is fixed and a factor at once"),
        ("steps = 20", "seed = 1", "'seed' is fixed and a factor at once, or a word of the program's own"),
        ('rows = ["init"]', 'rows = ["form"]', "table 'Accuracy' names 'form'; its factors are set, init, size"),
        ('"percent"', '"stars"', "values need show = percent, count, number, .* not .'stars'."),
    ],
)
def test_files_that_are_refused(before, after, words):
    assert TEXT.count(before) >= 1
    with pytest.raises(UserError, match=words):
        study(TEXT.replace(before, after, 1))


def test_names_and_files(tmp_path):
    (tmp_path / "mine.toml").write_text(TEXT)
    assert load_study(tmp_path / "mine.toml") == replace(study(), name="mine")
    with pytest.raises(UserError, match=r"study 'unheard' is neither .*optimizers.* nor a TOML file"):
        load_study("unheard")


@pytest.mark.parametrize("name", studies())
def test_studies_of_the_program_tell_their_tasks_what_they_know(name):
    for found in (load_study(name), load_study(name).in_full()):
        for cell in cells(found):
            told = dict(cell.task.description)
            assert set(told) <= {"task", *importlib.import_module(TASKS[told["task"]]).KNOWN}


def test_an_entry_that_no_task_knows():
    with pytest.raises(UserError, match=r"the task knows no 'stepz'; allowed: .*steps"):
        measure({"task": "train", "seed": 0, "set": "biscuits", "stepz": 3})
