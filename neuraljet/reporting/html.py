"""What all pages share: templates in which every text is text, the style, and a policy that lets nothing be loaded."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from bnn.integer.rates import Share
from bnn.storage.names import printable

OURS = "neuraljet.reporting"


@cache
def files(package: str = OURS) -> Mapping[str, str]:
    """Return the texts of a package's templates/ by their names."""
    folder = resources.files(package) / "templates"
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()}


def environment(package: str = OURS) -> Environment:
    """Return the templates of a package; every name goes through `printable` and then through autoescape."""
    made = Environment(
        loader=DictLoader(files(package)), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_text,
    )  # fmt: skip
    made.filters |= {
        "percent": percent,
        "interval": interval,
        "count": lambda number: "–" if number is None else f"{number:,}",
    }
    return made


def policy(script: str, live: bool = False) -> str:
    """Return the policy under which a browser runs this script alone, known by its hash, and loads nothing.

    live: it may ask the server that the page came from.
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    connect = "; connect-src 'self'" if live else ""
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'{connect}; "
        "base-uri 'none'; form-action 'none'"
    )


def _text(value: Any) -> Any:
    """Write control characters and what is no UTF-8 as escapes."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share in per cent, and a dash for None.

    >>> percent(0.9545)
    '95.5 %'
    """
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def interval(share: Share) -> str:
    """Return the 95 % interval of a share.

    >>> interval(Share(0, 100))
    '0.0 to 3.6 %'
    """
    low, high = share.interval()
    return f"{100 * low:.1f} to {100 * high:.1f} %"
