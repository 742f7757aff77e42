"""Tables of text, in columns as a terminal shows them: a letter takes one, a Chinese letter or an emoji two."""

import unicodedata

from bnn.storage.names import JOINERS, printable


def columns(text: str) -> int:
    """Return how many columns `text` takes.

    >>> [columns(text) for text in ("good", "schön", "良品")]
    [4, 5, 4]
    """
    return sum(
        0 if unicodedata.combining(c) or c in JOINERS else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def left(text: str, width: int) -> str:
    """Return `text` with spaces behind it up to `width` columns."""
    return text + " " * (width - columns(text))


def right(text: str, width: int) -> str:
    """Return `text` with spaces in front of it up to `width` columns, or cut to it."""
    return " " * (width - columns(cut(text, width))) + cut(text, width)


def cut(text: str, width: int) -> str:
    """Return as much of `text` as takes `width` columns, fit to be shown."""
    text = printable(text)
    while columns(text) > width:
        text = text[:-1]
    return text
