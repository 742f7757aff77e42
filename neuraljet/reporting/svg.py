"""A chart of matplotlib as a part of the page: with the colours of the page, text that is text, and names of its own.

matplotlib draws with the colours of INKS, which stand for roles. `inline` puts the page's variable of the role in the
place of each, so that a chart follows the page from light to dark. It works on the tree of the SVG, not on its text.
"""

import io
import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

DPI = 72  # so that a unit of the SVG is a dot of matplotlib
INKS = {
    "#000001": "var(--ink)", "#000002": "var(--muted)", "#000003": "var(--grid)", "#000011": "var(--series-1)",
    "#000012": "var(--series-2)", "#000013": "var(--series-3)",
}  # fmt: skip
INK, MUTED, GRID, FIRST, SECOND, THIRD = INKS
SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "neuraljet", "font.size": 11, "axes.edgecolor": MUTED,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": INK,
    "ytick.labelcolor": INK, "grid.color": GRID, "axes.facecolor": "none", "figure.facecolor": "none",
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "text.parse_math": False, "legend.frameon": False, "lines.linewidth": 1.8, "xtick.labelsize": 10,
    "ytick.labelsize": 10,
}  # fmt: skip
SPACE, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
REFERENCE = re.compile(r"url\(#([^)]+)\)")
DROPPED = ("metadata", "style")


def inline(
    figure: Figure, name: str, title: str, description: str, circles: Sequence[tuple[str, float, float]] = ()
) -> Markup:
    """Return the figure as an SVG element. name: its identifier in the page, which no other chart has.

    title, description: what a screen reader says. circles: (class, x, y) of marks that a script moves.
    """
    written = io.BytesIO()
    with rc_context(SETTINGS):
        FigureCanvasSVG(figure).print_svg(
            written, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        )
    root = ET.fromstring(written.getvalue())
    _drop(root)
    kept = set(_references(root))
    for element in root.iter():
        element.tag = element.tag.removeprefix(SPACE)
        _rename(element, name, kept)
        if "style" in element.attrib:
            element.set("style", _styled(element))
    for mark, x, y in circles:
        root.append(ET.Element("circle", {"class": mark, "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "6"}))
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.attrib.update({"class": "chart", "role": "img", "aria-labelledby": f"{name}-title {name}-description"})
    for tag, text in (("desc", description), ("title", title)):
        words = ET.Element(tag, {"id": f"{name}-{'title' if tag == 'title' else 'description'}"})
        words.text = text
        root.insert(0, words)
    return Markup(ET.tostring(root, encoding="unicode"))


def _drop(element: ET.Element) -> None:
    """Take away what describes the file, and rules of style that would hold for the whole page."""
    for child in list(element):
        if child.tag.removeprefix(SPACE) in DROPPED:
            element.remove(child)
        else:
            _drop(child)


def _references(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        for name, value in element.attrib.items():
            yield from REFERENCE.findall(value)
            if name == LINK:
                yield value.removeprefix("#")


def _rename(element: ET.Element, name: str, kept: set[str]) -> None:
    """Keep the identifiers that something refers to, and begin them with the name of the chart."""
    own = element.attrib.pop("id", None)
    if own in kept:
        element.set("id", f"{name}-{own}")
    link = element.attrib.pop(LINK, None)
    if link is not None:
        element.set("href", f"#{name}-{link.removeprefix('#')}")
    for attribute, value in element.attrib.items():
        if attribute != "style":
            element.set(attribute, REFERENCE.sub(rf"url(#{name}-\1)", value))


def _styled(element: ET.Element) -> str:
    """Return the style with the page's colours; text keeps its size, and takes the page's letters."""
    declared = [part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part]
    made = []
    for key, value in ((key.strip(), value.strip()) for key, value in declared):
        if key == "font":
            key, value = "font-size", next(word for word in value.split() if word.endswith("px"))
        if key not in ("font-family", "-inkscape-font-specification"):
            made.append(f"{key}: {INKS.get(value, value)}")
    return "; ".join(made)
