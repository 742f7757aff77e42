"""The chart of a search: accuracy over LUT sites."""

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from neuraljet.reporting.svg import DPI, FIRST, MUTED, SECOND, SETTINGS, inline
from neuraljet.searching.front import Candidate

SIZE = 5.2, 3.6  # inches


def accuracy_over_sites(
    found: Sequence[Candidate], kept: Sequence[Candidate], default: Candidate | None, sites: int
) -> Markup:  # fmt: skip
    """Draw the networks that were trained to the end: those of the front joined, the default's marked."""
    with rc_context(SETTINGS):
        figure = Figure(figsize=SIZE, dpi=DPI, layout="constrained")
        axes = figure.subplots()
        others = [one for one in found if one not in kept]
        axes.scatter(
            [one.costs.sites for one in others], [one.reached.accuracy for one in others], color=MUTED, s=18,
            label="beaten",
        )  # fmt: skip
        axes.step(
            [one.costs.sites for one in reversed(kept)], [one.reached.accuracy for one in reversed(kept)],
            color=FIRST, marker="o", where="post", label="front",
        )  # fmt: skip
        if default is not None:
            axes.scatter(
                [default.costs.sites], [default.reached.accuracy], color=SECOND, marker="s", s=42, zorder=3,
                label="without a search",
            )  # fmt: skip
        axes.axvline(sites, color=MUTED, linewidth=1, linestyle=":")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("LUT sites, estimated; the dotted line is the budget")
        axes.set_ylabel("accuracy on held-out pictures")
        axes.legend(loc="lower right", fontsize=10)
    words = (
        f"{len(found)} networks, {len(kept)} of them on the front: from {kept[-1].reached.accuracy:.1%} with "
        f"{kept[-1].costs.sites:,} sites to {kept[0].reached.accuracy:.1%} with {kept[0].costs.sites:,}."
    )
    return inline(figure, "front", "Accuracy over LUT sites", words)
