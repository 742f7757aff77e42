"""A journal keeps what is finished through kills, for several processes at once, and touches no other file."""

import json
import math
import subprocess
import sys

import pytest

from bnn.engines import Journal, Task
from bnn.errors import UserError

SQUARE = "tests.support.engine_tasks:square"
# Two of these run at once; each writes 40 lines, half of them for the same tasks.
WRITER = f"""
import sys
from pathlib import Path
from bnn.engines import Journal, Task
journal, first = Journal(Path(sys.argv[1])), int(sys.argv[2])
for number in range(first, first + 40):
    kept = journal.add(Task({SQUARE!r}, {{"number": number}}), {{"by": first, "long": "x" * 5000}})
    assert kept["by"] in (0, 20)
"""


def task(number):
    return Task(SQUARE, {"number": number})


def test_equal_tasks_have_equal_keys_and_others_have_not():
    one = Task(SQUARE, {"number": 1, "shape": (2, 3)})
    assert one.key == Task(SQUARE, {"shape": [2, 3], "number": 1}).key
    assert one.description == {"number": 1, "shape": [2, 3]}  # as the function gets it
    others = [task(1), task(2), task(1.0), task("1"), Task("math:sqrt", {"number": 1})]
    assert len({other.key for other in [one, *others]}) == 6


@pytest.mark.parametrize("function", ["square", "os.system", "os:system;", "os:a.b", " os:a", "os/a:b", ":a", "os:"])
def test_a_name_of_another_form_is_refused(function):
    with pytest.raises(ValueError, match=r"is not of the form package.module:name"):
        Task(function, {})


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, b"1"])
def test_a_description_that_is_no_json_is_refused(value):
    with pytest.raises((ValueError, TypeError)):
        task(value)


def test_lines_are_found_again_and_the_first_of_two_counts(tmp_path):
    journal = Journal(tmp_path / "j.jsonl")
    assert journal.add(task(1), {"square": 1}) == {"square": 1}
    assert journal.add(task(1), {"square": 2}) == {"square": 1}
    again = Journal(tmp_path / "j.jsonl")
    assert again.records == {task(1).key: {"square": 1}} and task(1) in again and task(2) not in again
    line = json.loads((tmp_path / "j.jsonl").read_text())
    assert line == {"key": task(1).key, "function": SQUARE, "description": {"number": 1}, "record": {"square": 1}}


def test_a_torn_last_line_is_no_line_and_the_next_one_takes_its_place(tmp_path):
    path = tmp_path / "j.jsonl"
    for number in (1, 2):
        Journal(path).add(task(number), {"square": number**2})
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        path.write_bytes(whole[:end])
        journal = Journal(path)
        assert list(journal.records) == [task(1).key]
        journal.add(task(2), {"square": 4})
        assert path.read_bytes() == whole


def test_what_another_one_wrote_meanwhile_counts(tmp_path):
    path = tmp_path / "j.jsonl"
    ours, theirs = Journal(path), Journal(path)
    theirs.add(task(1), {"square": "theirs"})
    assert ours.add(task(1), {"square": "ours"}) == {"square": "theirs"}
    assert ours.add(task(2), {"square": 4}) == {"square": 4} and len(path.read_text().splitlines()) == 2


def test_two_processes_write_one_journal(tmp_path):
    path = tmp_path / "j.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, first]) for first in ("0", "20")]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert sorted(line["description"]["number"] for line in lines) == list(range(60))


@pytest.mark.parametrize(
    "content",
    ["name,square\n", "name,square", "{}\n", '{"key": 1}\n', "[]\n", "\n", "\x00"]
)  # fmt: skip
def test_a_file_that_is_no_journal_is_refused_and_stays(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=r"table.csv: line 1 is not one of a journal; choose another name"):
        Journal(path)
    assert path.read_text() == content


def test_a_changed_line_is_found(tmp_path):
    path = tmp_path / "j.jsonl"
    for number in (1, 2):
        Journal(path).add(task(number), {"square": number**2})
    path.write_text(path.read_text().replace('{"number": 2}', '{"number": 3}'))
    with pytest.raises(UserError, match="line 2 is not one of a journal"):
        Journal(path)


def test_places_that_no_journal_can_have(tmp_path):
    with pytest.raises(UserError, match=r"there is no folder .*none; make it first"):
        Journal(tmp_path / "none" / "j.jsonl")
    with pytest.raises(UserError, match="is not a file, and a journal is one"):
        Journal(tmp_path)
