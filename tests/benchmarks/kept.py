"""Measurements are kept in the cache of the project, under names that the caller makes from the content."""

import json
from collections.abc import Callable
from typing import Any

from bnn.storage.cache import cache_folder
from bnn.storage.files import write_file


def kept(part: str, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the measurement of that name in that part of the cache. Measure it first if it is missing."""
    path = cache_folder(part) / f"{name}.json"
    if not path.is_file():
        write_file(path, json.dumps(measure()))
    found: dict[str, Any] = json.loads(path.read_text())
    return found
