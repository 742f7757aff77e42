"""Random alterations of bytes and of JSON, and the outcomes that a loader may give."""

import copy
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bnn.errors import UserError

REFUSED, UNCHANGED, CHANGED, CRASHED = "refused", "no effect", "other result", "traceback"
BAD = (CHANGED, CRASHED)
WORDS = 2_000  # characters of a refusal that is still a sentence
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**40, -(10**40), 0.5, -0.5, 1e308, float("nan"), float("inf"), "",
    "x", "endmodule", "1", "../x", "a\nb", "\0", "\ud800", "x" * 10_000, [], [1], [[]], {}, {"x": 1},
)  # fmt: skip


@dataclass
class Tally:
    """The outcomes of the alterations of one kind of file."""

    outcomes: Counter[str] = field(default_factory=Counter)
    worst: list[str] = field(default_factory=list)  # of bad outcomes: the alteration and the outcome

    def add(self, what: str, outcome: str, words: str) -> None:
        self.outcomes[outcome] += 1
        if outcome in BAD:
            self.worst.append(f"{what}: {outcome}: {words}")


def alter_bytes(data: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return `data` with one place altered, always different, and the alteration in words."""
    while True:
        at = rng.randrange(len(data) + 1)
        way = rng.choice(("flip", "set", "cut", "insert", "delete", "repeat"))
        if way == "flip" and at < len(data):
            made = data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
        elif way == "set":
            made = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        elif way == "cut":
            made = data[:at]
        elif way == "insert":
            made = data[:at] + rng.choice((b"\0", b" ", b"\n", b"9", b"{", rng.randbytes(3))) + data[at:]
        elif way == "delete":
            made = data[:at] + data[at + rng.randint(1, 20) :]
        else:
            made = data[:at] + data[max(0, at - 20) :]
        if made != data:
            return made, f"{way} at {at} of {len(data)}"


def alter_json(content: Any, rng: random.Random) -> tuple[Any, str]:
    """Return a copy of the JSON value with one entry somewhere in it replaced, removed, doubled or moved."""
    content = copy.deepcopy(content)
    places = list(_places(content, ""))
    holder, key, name = rng.choice(places)
    way = rng.choice(("replace", "replace", "replace", "nudge", "remove", "swap"))
    other_holder, other_key, other = rng.choice(places)
    if way == "nudge" and type(holder[key]) in (int, float):
        holder[key] += rng.choice((-1, 1, 1000))
    elif way == "remove":
        del holder[key]
    elif way == "swap":
        holder[key], other_holder[other_key] = copy.deepcopy(other_holder[other_key]), copy.deepcopy(holder[key])
        return content, f"{name} swapped with {other}"
    else:
        holder[key] = rng.choice(ODD_VALUES)
        return content, f"{name} = {holder[key]!r}"[:200]
    return content, f"{way} {name}"


def _places(value: Any, name: str) -> Any:
    """Return every entry below: (object or list, key, name)."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield value, key, f"{name}.{key}".lstrip(".")
        yield from _places(item, f"{name}.{key}".lstrip("."))


def outcome_of(load: Callable[[], bool]) -> tuple[str, str]:
    """Return the outcome of an alteration, and its words. load: returns whether the result is the original folder's."""
    try:
        return (UNCHANGED, "") if load() else (CHANGED, "")
    except UserError as error:
        words = " ".join(str(error).split())
        return (REFUSED, words) if len(words) <= WORDS else (CRASHED, f"{len(words)} characters of refusal")
    except Exception as error:  # a user would see a traceback
        return CRASHED, f"{type(error).__name__}: {str(error)[:200]}"
