"""A task: a pure function by its name, and the description that it takes."""

import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bnn.storage.records import canonical, seal_of

FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class Task:
    """A call of a pure function: description in, with its seed, and record out, both JSON objects.

    The description is kept as JSON gives it back (a tuple becomes a list), which is what the function gets in every
    process. ValueError for another form of name, and as `canonical`.
    """

    function: str  # "package.module:name"
    description: Mapping[str, Any] = field(hash=False)

    def __post_init__(self) -> None:
        if not FUNCTION.fullmatch(self.function):
            raise ValueError(f"{self.function!r} is not of the form package.module:name")
        object.__setattr__(self, "description", json.loads(canonical(dict(self.description))))

    @cached_property
    def key(self) -> str:
        """The SHA-256 of function and description: equal tasks have equal keys, on every machine."""
        return seal_of({"function": self.function, "description": self.description})

    def perform(self) -> dict[str, Any]:
        """Call the function here and return its record; whatever it raises is raised."""
        module, name = self.function.split(":")
        record = getattr(importlib.import_module(module), name)(json.loads(canonical(self.description)))
        if not isinstance(record, dict):
            raise TypeError(f"{self.function} returned {type(record).__name__} and not a dict")
        return json.loads(canonical(record))
