"""How `make docs` makes a site of README.md, docs/ and the READMEs of the rooms (Sphinx with MyST and Furo).

The source folder is the repository itself, so that a link works in the repository and in the site. A link that leads
nowhere is an error. Nothing is loaded from a network when the site is read.
"""

import re
from pathlib import Path
from typing import Any

project = "Neural Jets"
author = "the authors of Neural Jets"
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "docs/*.md", "datasets/README.md", "hw/*/README.md", "sim/README.md"]
exclude_patterns = [".*", "out", "build", "site"]

extensions = ["myst_parser"]
myst_heading_anchors = 3
myst_links_external_new_tab = True
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
highlight_language = "none"  # of indented blocks: commands and drawings in letters

html_theme = "furo"
html_title = "Neural Jets"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = html_show_sphinx = html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}

LINK = re.compile(r"\[([^]]*)\]\(([\w./-]+)\)")
PAGES = {
    "": (
        "first-steps", "lemons", "pictures", "networks", "search", "verification", "operating-point", "report",
        "classify", "map",
    ),
    "Boards and IP": ("camera", "boards", "vivado", "ip", "driver"),
    "More": (
        "engines", "importing", "compression", "figures", "studies/index", "studies/transfer", "method", "trust",
        "contributing",
    ),
}  # fmt: skip
ROOMS = ("datasets/README", "hw/rtl/README", "hw/hls/README", "sim/README", "CHANGELOG")


def contents() -> str:
    """Return the table of contents, as MyST reads it."""
    trees = {caption: [f"docs/{page}" for page in pages] for caption, pages in PAGES.items()} | {"Rooms": list(ROOMS)}
    return "".join(
        "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}" if caption else "", "", *pages, "```", ""])
        for caption, pages in trees.items()
    )


def without_folders(text: str, folder: Path) -> str:
    """Return `text` with links from `folder` to other folders as plain text: a site has no page of a folder."""
    return LINK.sub(lambda found: found[1] if (folder / found[2]).is_dir() else found[0], text)


def _prepare(app: Any, page: str, source: list[str]) -> None:
    source[0] = without_folders(source[0], (Path(app.srcdir) / page).parent)
    if page == root_doc:
        source[0] += contents()


def setup(app: Any) -> None:
    app.connect("source-read", _prepare)
