"""JSON that is loaded as it was written: strict text, typed entries, and a seal over all of them.

Needs the standard library alone, of Python 3.10: the driver on a board reads its folder with it.
"""

import dataclasses
import hashlib
import json
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SEAL = "seal"  # the entry that holds `seal_of` the others
# In the metadata of a field:
OPTIONAL = "optional"  # files that lack it mean its default
NAMED = "named"  # its name in the file, where that is no name in Python
FLAT = "flat"  # the entries of this record stand among those of the record it is in; None has none


def parse_json(data: bytes) -> Any:
    """Return the value of JSON text in UTF-8; ValueError for all that JSON forbids or leaves open.

    Among that are NaN, Infinity, a number too large for a float, a name that stands twice in one object, and nesting
    without end.
    """
    try:
        return json.loads(data.decode(), parse_constant=_constant, parse_float=_finite, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def canonical(value: Any) -> str:
    """Return the JSON text that equal values share; ValueError for NaN and infinities, TypeError for no JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def seal_of(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a JSON object without its seal; line breaks, order and tuples for lists do not matter."""
    entries = {name: value for name, value in content.items() if name != SEAL}
    return hashlib.sha256(canonical(entries).encode()).hexdigest()


def check_seal(content: Mapping[str, Any]) -> None:
    """Raise ValueError when the object was changed since it was sealed."""
    if content.get(SEAL) != seal_of(content):
        raise ValueError("it was changed after it was written: its seal does not match its content")


def parse(kind: Any, value: Any, where: str) -> Any:
    """Return `value` of parsed JSON as an instance of the annotated type `kind`; TypeError names the entry."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise TypeError(f"{where or 'the file'} must be an object")
        fields = typing.get_type_hints(kind)
        may_lack = {f.name for f in dataclasses.fields(kind) if f.metadata.get(OPTIONAL)}
        wrong = sorted((set(value) - set(fields)) | (set(fields) - set(value) - may_lack))
        if wrong:
            raise TypeError(
                f"{where or 'the file'}: entries missing or unknown: {', '.join(str(name)[:60] for name in wrong[:5])}"
            )
        given = {n: parse(t, value[n], f"{where}.{n}".lstrip(".")) for n, t in fields.items() if n in value}
        return typing.cast(type, kind)(**given)
    if origin is tuple:
        if not isinstance(value, list) or (arguments[-1] is not Ellipsis and len(value) != len(arguments)):
            raise TypeError(f"{where} must be a list" + ("" if arguments[-1] is Ellipsis else f" of {len(arguments)}"))
        return tuple(parse(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is Mapping or origin is typing.get_origin(Mapping[str, str]):
        if not isinstance(value, dict):
            raise TypeError(f"{where} must be an object")
        return {str(n): parse(arguments[1], item, f"{where}.{n}") for n, item in value.items()}
    if origin is types.UnionType:
        return None if value is None else parse(arguments[0], value, where)
    accepted = (int, float) if kind is float else (kind,)
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{where} is {str(value)[:60]!r} and must be of type {kind.__name__}")
    return value


def optional(default: Any) -> Any:
    """Return a field of a dataclass that `entries` leaves out when it has its default, and that `parse` does not need.

    So a field that is added later leaves older files readable, and records without it the same to the byte.
    """
    return dataclasses.field(default=default, metadata={OPTIONAL: True})


def entries(record: Any) -> dict[str, Any]:
    """Return a dataclass as the JSON object that `parse` reads."""
    found: dict[str, Any] = {}
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if field.metadata.get(FLAT):
            found |= {} if value is None else entries(value)
        elif not (field.metadata.get(OPTIONAL) and value == field.default):
            found[field.metadata.get(NAMED, field.name)] = _plain(value)
    return found


class Record:
    """Base of the frozen dataclasses that commands return and leave in a folder as JSON."""

    def entries(self) -> dict[str, Any]:
        """Return the JSON object."""
        return entries(self)

    def to_json(self) -> str:
        """Return the text of the file."""
        return json.dumps(self.entries(), indent=2) + "\n"

    def __getitem__(self, name: str) -> Any:
        """Return an entry as the file has it, so that what reads the file reads the record as well."""
        return self.entries()[name]


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return entries(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return value


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _constant(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"it holds {text[:40]}, which is too large a number")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for index, name in enumerate(names) if name in names[:index])
        raise ValueError(f"{twice[:60]!r} stands twice in it")
    return dict(pairs)
