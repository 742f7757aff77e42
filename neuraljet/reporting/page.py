"""The report as the text of one HTML file: the templates of this room, filled.

Every name goes through `printable` and then through autoescape, so that it is text. The policy in the head lets the
browser run our one script, known by its hash, and load nothing.
"""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from bnn.integer.rates import Share, least_shown
from bnn.storage.names import printable
from neuraljet.reporting import charts
from neuraljet.reporting.content import Content
from neuraljet.reporting.curve import Point
from neuraljet.reporting.images import diverging, embedded, heated, visible_noise

MARK = '<meta name="generator" content="neuraljet report">'  # by which a file is known as one that may be replaced


def page(content: Content, live: int | None = None) -> str:
    """Return the report. live: it is served, and asks the server whether it is still the page of this number."""
    files = _files()
    script = files["script.js"] + ("" if live is None else files["live.js"])
    return (
        _environment()
        .get_template("page.html")
        .render(
            content=content,
            live=live,
            style=Markup(files["style.css"]),
            script=Markup(script),
            policy=_policy(script, live is not None),
            mark=Markup(MARK),
            **_parts(content),
        )
    )


def learning_part(content: Content) -> str:
    """Return the section of the page that changes while a training runs."""
    return _environment().get_template("learning.html").render(content=content, learning=_learning(content))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader(_files()), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        finalize=_text,
    )  # fmt: skip
    environment.filters |= {
        "percent": percent, "interval": interval, "picture": embedded, "kernel": diverging, "heated": heated,
        "noise": visible_noise, "count": lambda number: "–" if number is None else f"{number:,}",
    }  # fmt: skip
    environment.globals |= {"Share": Share, "least_shown": least_shown}
    return environment


@cache
def _files() -> Mapping[str, str]:
    folder = resources.files("neuraljet.reporting") / "templates"
    return {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.is_file()}


def _text(value: Any) -> Any:
    """Write control characters and what is no UTF-8 as escapes."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _policy(script: str, live: bool) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    connect = "; connect-src 'self'" if live else ""
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'{connect}; "
        "base-uri 'none'; form-action 'none'"
    )


def _learning(content: Content) -> Markup | None:
    return charts.learning(content.rows) if content.rows else None


def _parts(content: Content) -> dict[str, Any]:
    """Return charts, and the points that the slider moves along."""
    made: dict[str, Any] = {
        "learning": _learning(content),
        "trade_off": None,
        "points": [],
        "sites": None,
        "robust": [],
    }
    if content.curve is not None:
        made["trade_off"], places = charts.trade_off(content.curve)
        made["points"] = [_point(*pair) for pair in zip(content.curve.points, places, strict=True)]
    if content.circuit is not None:
        made["sites"] = charts.sites(content.circuit.parts, content.circuit.counted)
    if content.robustness is not None:
        made["robust"] = [
            charts.robustness(course, f"robust-{i}") for i, course in enumerate(content.robustness.courses)
        ]
    return made


def _point(point: Point, place: tuple[float, float]) -> dict[str, Any]:
    """Return what the script shows of a point of the curve; place: of its mark in the chart."""
    return {
        "offset": point.offset,
        "escapes": point.escapes.number,
        "rejects": point.rejects.number,
        "escape": interval(point.escapes),
        "reject": interval(point.rejects),
        "x": round(place[0], 1),
        "y": round(place[1], 1),
    }


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
