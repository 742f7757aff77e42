"""The chart of a study: medians with their intervals, a line for each value of a factor. It needs matplotlib."""

import io
from collections.abc import Sequence
from typing import Any

from bnn.errors import UserError
from bnn.storage.names import printable
from neuraljet.studying.groups import groups
from neuraljet.studying.intervals import Interval, median
from neuraljet.studying.rows import Row
from neuraljet.studying.study import Figure, Study

WIDTH, HEIGHT, BESIDE = 3.6, 3.0, 3  # inches of a panel; panels in a row
PER_CENT = ("accuracy", "held_out")  # shares that are drawn in per cent
SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "neuraljet", "font.size": 9, "text.parse_math": False}
MARKS = "osD^vP*Xhd"


def svg(study: Study, rows: Sequence[Row]) -> str | None:
    """Return the chart as the text of an SVG; None where the study has none, or no record for it.

    UserError where matplotlib is missing.
    """
    figure = study.figure
    if figure is None or not any(figure.y in row for row in rows):
        return None
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        raise UserError("the figure needs matplotlib: pip install neuraljet[report]") from None
    factors = study.factors()
    panels = factors[figure.panels].names() if figure.panels else (None,)
    across = min(BESIDE, len(panels))
    down = -(-len(panels) // across)
    with rc_context(SETTINGS):
        canvas = Canvas(figsize=(WIDTH * across, HEIGHT * down + 0.5), layout="constrained")
        axes = canvas.subplots(down, across, squeeze=False).flatten()
        for axis in axes[len(panels) :]:
            axis.set_axis_off()
        for panel, axis in zip(panels, axes, strict=False):
            here = [row for row in rows if panel is None or row[figure.panels] == panel]
            _draw(axis, study, figure, here)
            if panel is not None:
                axis.set_title(printable(panel))
        handles, labels = axes[0].get_legend_handles_labels()
        if len(labels) > 1:
            canvas.legend(handles, labels, loc="outside lower center", ncols=min(5, len(labels)), frameon=False)
        written = io.StringIO()
        canvas.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def _draw(axis: Any, study: Study, figure: Figure, rows: Sequence[Row]) -> None:
    """Draw one panel: for each value of the series a line through its medians."""
    others = [factor.name for factor in study.factor if factor.name not in (figure.series, figure.panels)]
    by_factor = figure.x in study.factors()
    names = study.factors()[figure.x].names() if by_factor else ()
    for number, value in enumerate(study.factors()[figure.series].names()):
        points: list[tuple[float, Interval]] = []
        own = [row for row in rows if row[figure.series] == value and row.get(figure.y) is not None]
        for group in groups(own, [figure.x] if by_factor else others).values():
            height = median([_shown(figure.y, row[figure.y]) for row in group])
            if by_factor:
                points.append((names.index(group[0][figure.x]), height))
            elif across := [row[figure.x] for row in group if row.get(figure.x) is not None]:
                points.append((median(across).middle, height))
        if not points:
            continue
        points.sort(key=lambda point: point[0])
        xs, ys = [x for x, _ in points], [y.middle for _, y in points]
        spread = [[y.middle - y.low for _, y in points], [y.high - y.middle for _, y in points]]
        axis.errorbar(
            xs, ys, yerr=spread, marker=MARKS[number % len(MARKS)], markersize=4, linewidth=1, capsize=2,
            label=printable(value),
        )  # fmt: skip
    axis.set_xlabel(figure.x)
    axis.set_ylabel(f"{figure.y}{' %' if figure.y in PER_CENT else ''}")
    axis.grid(alpha=0.3)
    if by_factor:
        axis.set_xticks(range(len(names)), [printable(name) for name in names], rotation=30, ha="right")


def _shown(entry: str, value: float) -> float:
    return 100 * value if entry in PER_CENT else value
