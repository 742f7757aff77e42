"""The charts of the page. Each is as wide as a phone, so that its text can be read there."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from bnn.storage.names import printable
from bnn.training.log import Row
from neuraljet.reporting.circuit import Part
from neuraljet.reporting.curve import Curve
from neuraljet.reporting.robustness import Course
from neuraljet.reporting.svg import DPI, FIRST, INK, MUTED, SECOND, SETTINGS, inline

WIDTH = 5.2  # inches of DPI dots: 374 units
SMALL = 3.6, 2.3  # inches of a small chart
LONGEST = 24  # letters of a name in a chart


def _figure(height: float, rows: int = 1) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
    made = figure.subplots(rows, 1, sharex=rows > 1, squeeze=False)
    return figure, list(made[:, 0])


def learning(rows: Sequence[Row]) -> Markup:
    """Draw loss and accuracy of each round over the steps."""
    with rc_context(SETTINGS):
        figure, (upper, lower) = _figure(4.2, rows=2)
        steps = [row.step for row in rows]
        held = [
            (row.step, row.held_out_accuracy, row.held_out_loss) for row in rows if row.held_out_accuracy is not None
        ]
        marker = "o" if len(rows) == 1 else ""
        accuracy = [row.train_accuracy for row in rows]
        upper.plot(steps, accuracy, color=FIRST, marker=marker, label="training pictures, varied")
        lower.plot(steps, [row.loss for row in rows], color=FIRST, marker=marker)
        if held:
            at, right, loss = (np.array(column, np.float64) for column in zip(*held, strict=True))
            marker = "o" if len(held) == 1 else ""
            upper.plot(at, right, color=SECOND, linestyle="--", marker=marker, label="held-out pictures")
            lower.plot(at, loss, color=SECOND, linestyle="--", marker=marker)
        upper.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        upper.set_ylabel("accuracy")
        upper.legend(loc="lower right", fontsize=10)
        lower.set_ylabel("loss")
        lower.set_ylim(bottom=0)
        lower.set_xlabel("steps of training")
        lower.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    last = rows[-1]
    words = f"{len(rows)} rounds; at the end {last.train_accuracy:.1%} of the training pictures are right"
    if held:
        words += f", and {held[-1][1]:.1%} of the held-out ones"
    return inline(figure, "learning", "Accuracy and loss during the training", f"{words}.")


def trade_off(curve: Curve) -> tuple[Markup, list[tuple[float, float]]]:
    """Draw escapes over false rejects; return the chart, and where each point of the curve is in it."""
    with rc_context(SETTINGS):
        figure, (axes,) = _figure(3.6)
        rejects = [point.rejects.rate for point in curve.points]
        escapes = [point.escapes.rate for point in curve.points]
        axes.plot(rejects, escapes, color=FIRST, marker="." if len(rejects) < 60 else "")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        axes.set_xlabel("false rejects: good parts that are refused")
        axes.set_ylabel("escapes: bad parts that pass")
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # it is settled, so that places are final
        height = figure.get_figheight() * DPI
        places = [
            (float(x), float(height - y)) for x, y in axes.transData.transform(list(zip(rejects, escapes, strict=True)))
        ]
    point = curve.points[curve.chosen]
    words = (
        f"A falling line. At offset {point.offset}, {point.escapes.number} of {point.escapes.of} bad parts pass and "
        f"{point.rejects.number} of {point.rejects.of} good parts are refused."
    )
    marks = [("point", *places[curve.chosen])]
    return inline(figure, "trade-off", "Escapes against false rejects", words, marks), places


def sites(parts: Sequence[Part], counted: bool) -> Markup:
    """Draw a bar per layer for its LUT sites, the first layer on top."""
    names = [_short(part.name) for part in parts]
    numbers = [(part.sites if counted else part.estimated) or 0 for part in parts]
    with rc_context(SETTINGS):
        figure, (axes,) = _figure(0.9 + 0.24 * len(parts))
        bars = axes.barh(range(len(parts)), numbers, color=FIRST, height=0.66)
        axes.bar_label(bars, [f"{number:,}" for number in numbers], padding=3, fontsize=10, color=INK)
        axes.set_yticks(range(len(parts)), names)
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.set_xlim(0, max([*numbers, 1]) * 1.18)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlabel("LUT sites")
    largest = max(range(len(parts)), key=lambda i: numbers[i])
    words = f"{len(parts)} bars; the longest is {names[largest]} with {numbers[largest]:,}. The table has the numbers."
    return inline(figure, "sites", "LUT sites of each layer", words)


def robustness(course: Course, name: str) -> Markup:
    """Draw accuracy over the strength of one damage, with its 95 % interval."""
    with rc_context(SETTINGS):
        figure = Figure(figsize=SMALL, dpi=DPI)
        axes = figure.subplots()
        figure.subplots_adjust(left=0.16, right=0.97, top=0.97, bottom=0.23)  # all have the same words at the left
        levels = list(course.levels)
        share = [rate.rate for rate in course.accuracy]
        low, high = (list(ends) for ends in zip(*(rate.interval() for rate in course.accuracy), strict=True))
        axes.fill_between(levels, low, high, color=FIRST, alpha=0.18, linewidth=0)
        axes.plot(levels, share, color=FIRST, marker="o", markersize=4)
        axes.axvline(course.none, color=MUTED, linewidth=1, linestyle=":")
        axes.set_ylim(0, 1.03)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set_xlabel(course.unit)
    worst = min(range(len(levels)), key=lambda i: share[i])
    whole = share[levels.index(course.none)]
    words = f"{whole:.1%} without, at the least {share[worst]:.1%} at {levels[worst]:g} {course.unit}."
    return inline(figure, name, f"Accuracy over {course.name.lower()}", words)


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
