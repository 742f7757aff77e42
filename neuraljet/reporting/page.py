"""The report as the text of one HTML file: the templates of this room, filled.

Every name is text, and the policy in the head lets the browser run our one script and load nothing
(neuraljet.reporting.html).
"""

from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from bnn.integer.rates import Share, least_shown
from neuraljet.reporting import charts, html
from neuraljet.reporting.content import Content
from neuraljet.reporting.curve import Point
from neuraljet.reporting.images import diverging, embedded, heated, visible_noise

MARK = '<meta name="generator" content="neuraljet report">'  # by which a file is known as one that may be replaced


def page(content: Content, live: int | None = None) -> str:
    """Return the report. live: it is served, and asks the server whether it is still the page of this number."""
    files = html.files()
    script = files["script.js"] + ("" if live is None else files["live.js"])
    return (
        _environment()
        .get_template("page.html")
        .render(
            content=content,
            live=live,
            style=Markup(files["style.css"]),
            script=Markup(script),
            policy=html.policy(script, live is not None),
            mark=Markup(MARK),
            **_parts(content),
        )
    )


def learning_part(content: Content) -> str:
    """Return the section of the page that changes while a training runs."""
    return _environment().get_template("learning.html").render(content=content, learning=_learning(content))


@cache
def _environment() -> Environment:
    environment = html.environment()
    environment.filters |= {
        "picture": embedded, "kernel": diverging, "heated": heated, "noise": visible_noise
    }  # fmt: skip
    environment.globals |= {"Share": Share, "least_shown": least_shown}
    return environment


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
        "escape": html.interval(point.escapes),
        "reject": html.interval(point.rejects),
        "x": round(place[0], 1),
        "y": round(place[1], 1),
    }
