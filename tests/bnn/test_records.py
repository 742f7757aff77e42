"""JSON is read exactly as it was written, or refused."""

import json
from dataclasses import dataclass, field

import pytest

from bnn.storage.records import FLAT, NAMED, OPTIONAL, Record, check_seal, parse_json, seal_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": {"b": 1, "b": 2}}', "'b' stands twice"),
        (b"[" * 100_000, "nested too deeply|Expecting"),
        (b'{"a": ' * 100_000, "nested too deeply|Expecting"),
        (b"\xff\xfe{}", "utf-8"),
        (b"9" * 5_000, "digits"),
        (b'{"a": 1', "Expecting"),
        (b"", "Expecting"),
    ],
)
def test_what_is_no_json_is_refused(text, words):
    with pytest.raises(ValueError, match=words):
        parse_json(text)


def test_a_seal_is_of_the_content_and_not_of_its_text():
    content = {"a": [1, 2.5, "x"], "b": {"c": None}}
    sealed = {"b": {"c": None}, "seal": seal_of({**content, "a": (1, 2.5, "x")}), "a": [1, 2.5, "x"]}
    check_seal(parse_json(json.dumps(sealed, indent=3).encode()))
    for change in ({"a": [1, 2.5, "y"]}, {"d": 0}, {"seal": "0" * 64}, {"seal": None}):
        with pytest.raises(ValueError, match="seal"):
            check_seal({**sealed, **change})


def test_a_record_is_written_with_the_names_and_entries_of_its_file():
    @dataclass(frozen=True)
    class Size(Record):
        lut: int
        ff: int

    @dataclass(frozen=True)
    class Report(Record):
        size: Size = field(metadata={FLAT: True})
        places: tuple[int, ...]
        kind: str | None = field(default=None, metadata={NAMED: "class"})
        later: Size | None = field(default=None, metadata={OPTIONAL: True})
        maybe: Size | None = field(default=None, metadata={FLAT: True})

    report = Report(Size(1, 2), (3, 4))
    assert report.entries() == {"lut": 1, "ff": 2, "places": [3, 4], "class": None}
    assert json.loads(report.to_json()) == report.entries() and report["places"] == [3, 4]
    whole = Report(Size(1, 2), (), "a", Size(5, 6), Size(7, 8))
    assert whole.entries() == {"lut": 7, "ff": 8, "places": [], "class": "a", "later": {"lut": 5, "ff": 6}}
