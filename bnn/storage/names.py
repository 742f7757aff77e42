"""Names of classes: any text of one line, shown as it is, and made plain where a tool needs it.

Needs the standard library alone, of Python 3.10, as `bnn.storage.records` does.
"""

import re
import unicodedata
from collections.abc import Iterable

MOST_LETTERS = 128  # of a class name
JOINERS = "\u200c\u200d"  # invisible, and part of emoji and of several scripts
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
)
_MOST_PLAIN = 64


def class_fault(name: str) -> str | None:
    """Return why `name` cannot be that of a class; None when it can.

    >>> class_fault("schön"), class_fault("not good"), class_fault("a\\nb")
    (None, None, "it holds '\\\\n'")
    """
    if not name:
        return "it is empty"
    if len(name) > MOST_LETTERS:
        return f"it has {len(name)} characters, and at most {MOST_LETTERS} are possible"
    if name != name.strip():
        return "it begins or ends with a space"
    if name.startswith("."):
        return "it begins with '.'"
    if name != one_form(name):
        return "its accents are stored apart from their letters (not in Unicode's form NFC)"
    odd = next((letter for letter in name if not is_shown(letter)), None)
    return None if odd is None else f"it holds {odd!r}"


def one_form(name: str) -> str:
    """Return `name` with each accent stored in one way, that of Unicode's NFC; file systems differ in it."""
    return unicodedata.normalize("NFC", name)


def is_shown(letter: str) -> bool:
    """Tell whether a character is safe to show: it steers no terminal, and turns no text round."""
    return letter.isprintable() or letter in JOINERS


def printable(text: object) -> str:
    """Return `text` with line breaks, control characters and bytes that are no UTF-8 written as escapes."""
    return "".join(letter if is_shown(letter) else repr(letter)[1:-1] for letter in str(text))


def plain(name: str) -> str:
    """Return a name in letters, digits, '_', '.', '+' and '-' alone, for the text of circuits, tools and file names.

    >>> [plain(name) for name in ("good", "not good", "hässlich", "Straße", "👍", "a/b", "..")]
    ['good', 'not_good', 'hasslich', 'Strasse', 'u1f44d', 'a_b', '_']
    """
    letters = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    kept = (letter for letter in letters if not unicodedata.combining(letter) and letter not in JOINERS)
    text = "".join(letter if letter.isascii() else f"u{ord(letter):x}" for letter in kept)
    return re.sub(r"^[.-]+|[^A-Za-z0-9._+-]+", "_", text)[:_MOST_PLAIN] or "_"


def plain_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return `plain` names that differ from one another, also where upper and lower case are the same.

    >>> plain_names(("ä", "a", "A b"))
    ('a', 'a_2', 'A_b')
    """
    found: list[str] = []
    for name in names:
        base, number = plain(name), 1
        candidate = base
        while candidate.casefold() in (other.casefold() for other in found):
            number += 1
            candidate = f"{base}_{number}"
        found.append(candidate)
    return tuple(found)
