"""A record of where pictures come from is read as it was written, or refused by a sentence."""

import pytest

from bnn.data.source import DataSource, parse_source
from bnn.storage.records import entries


@pytest.mark.parametrize(
    ("source", "content"),
    [
        (DataSource("toy"), {"source": "toy"}),
        (
            DataSource("/a/b", (48, 64), "gray", 0),
            {"source": "/a/b", "size": [48, 64], "color": "gray", "seed": 0},
        ),
    ],
)
def test_what_is_written_is_read(source: DataSource, content: dict) -> None:
    assert entries(source) == content and parse_source(content) == source
    assert parse_source(content | {"source": "/elsewhere"}).anywhere() == source.anywhere()


def test_a_network_without_pictures() -> None:
    assert parse_source({}) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "data must be an object"),
        (None, "data must be an object"),
        ({"seed": 0}, "entries missing or unknown: source"),
        ({"source": ["x"]}, "data.source is .* must be of type str"),
        ({"source": ""}, "data.source is no name"),
        ({"source": "a\0b"}, "data.source is no name"),
        ({"source": "x", "seed": True}, "data.seed is 'True'"),
        ({"source": "x", "seed": -1}, "data.seed is -1 and must be from 0"),
        ({"source": "x", "seed": 10**40}, "data.seed is 1000"),
        ({"source": "x", "size": [8]}, "data.size must be a list of 2"),
        ({"source": "x", "size": [8, "9"]}, "data.size.1. is '9'"),
        ({"source": "x", "folder": "y"}, "unknown: folder"),
    ],
)
def test_what_is_no_source(content: object, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        parse_source(content)
    assert "\n" not in str(caught.value)
