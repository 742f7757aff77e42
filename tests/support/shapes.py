"""Names of the parameter sets that tests go through."""

from dataclasses import fields
from typing import Any


def unusual(shape: Any) -> str:
    """Return the fields of a dataclass that differ from their defaults, such as "pad1-lanes2"; "usual" for none."""
    values = ((field.name, getattr(shape, field.name), field.default) for field in fields(shape))
    return "-".join(f"{name}{value}" for name, value, usual in values if value != usual) or "usual"
