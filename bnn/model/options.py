"""Options of a record: each field says in one place its default and which values it takes."""

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from bnn.errors import UserError
from bnn.storage.records import OPTIONAL


@dataclass(frozen=True)
class Allowed:
    """The values that an option takes."""

    words: str  # how messages name them
    contains: Callable[[object], bool]


def whole(low: int, high: int) -> Allowed:
    """Allow the integers from `low` to `high`, and neither true nor 3.0."""
    words = f"{low} or {high}" if high == low + 1 else f"{low} to {high}"
    return Allowed(words, lambda value: type(value) is int and low <= value <= high)


def one_of(*values: int | str) -> Allowed:
    """Allow these values alone, each of its own type."""
    words = (" or " if len(values) == 2 else ", ").join(map(str, values))
    return Allowed(words, lambda value: any(type(value) is type(known) and value == known for known in values))


def require_whole(name: str, value: object, low: int, high: int) -> None:
    """Raise UserError unless `value` is an integer from `low` to `high`, and neither true nor 3.0."""
    if not whole(low, high).contains(value):
        raise UserError(f"{name} {value!r} is not a whole number from {low} to {high}")


YES_OR_NO = Allowed("true or false", lambda value: type(value) is bool)
NO = Allowed("false", lambda value: value is False)


def option(allowed: Allowed | Callable[[Any], Allowed], default: Any = MISSING, *, added: bool = False) -> Any:
    """Return a dataclass field that takes the values `allowed`.

    allowed: what it takes, or a function of the record for what depends on its other options.
    added: the option is younger than files in use. They mean its default, and it is written only when it differs.
    """
    return field(default=default, metadata={"allowed": allowed, OPTIONAL: added})


def check_options(record: Any) -> None:
    """Raise UserError for the first option of a dataclass that has a value it does not take.

    Options whose values depend on other options are checked last.
    """
    known = [(f.name, f.metadata["allowed"]) for f in fields(record) if "allowed" in f.metadata]
    for name, allowed in sorted(known, key=lambda entry: not isinstance(entry[1], Allowed)):
        taken = allowed if isinstance(allowed, Allowed) else allowed(record)
        value = getattr(record, name)
        if not taken.contains(value):
            raise UserError(f"{name} = {repr(value)[:200]}; allowed: {taken.words}")
