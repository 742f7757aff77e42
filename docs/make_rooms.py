"""Draw docs/rooms.svg, the rooms of the source and which may import which, from the folders that exist.

python docs/make_rooms.py
"""

from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {  # the room above imports the rooms below
    "neuraljet": "the command line",
    "sim": "simulates an accelerator folder, compares, proves",
    "finn_build": "a network in, an accelerator folder out",
    "hw": "the layers in hardware",
    "bnn": "the layers in software, training, files",
}
FOLDERS = {"hw": ("rtl", "hls", "templates")}  # drawn too, though they hold no Python
WIDTH, HEIGHT, GAP, LEFT = 900, 92, 22, 70
INK, SOFT, ROOM, PACKAGE = "#263238", "#546e7a", "#eceff1", "#ffffff"


def packages(room: str) -> list[str]:
    """Return the sub-packages of a room. Those within them stand in the table of docs/contributing.md alone."""
    return sorted(path.parent.name for path in (ROOT / room).glob("*/__init__.py"))


def drawing() -> str:
    """Return the text of the SVG."""
    parts, y = [], 16
    for room, what in ROOMS.items():
        parts.append(_box(LEFT, y, WIDTH - LEFT - 16, HEIGHT, ROOM))
        parts.append(_text(LEFT + 16, y + 30, room, 20, INK, "bold"))
        parts.append(_text(LEFT + 150, y + 30, what, 16, SOFT))
        x = LEFT + 16
        for name, fill in [(n, PACKAGE) for n in packages(room)] + [(n, ROOM) for n in FOLDERS.get(room, ())]:
            width = 20 + 8.6 * len(name)
            parts.append(_box(x, y + 46, width, 30, fill))
            parts.append(_text(x + width / 2, y + 66, name, 14, INK, anchor="middle"))
            x += width + 10
        y += HEIGHT + GAP
    bottom = y - GAP - 16
    parts.append(f'<path d="M34 24V{bottom}" stroke="{SOFT}" stroke-width="3" marker-end="url(#tip)" fill="none"/>')
    turned = f'transform="rotate(-90 24 {bottom / 2 + 12:g})"'
    parts.append(_text(24, bottom / 2 + 12, "imports", 16, SOFT, anchor="middle", more=turned))
    tip = (
        '<marker id="tip" markerWidth="8" markerHeight="8" refX="4" refY="4" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{SOFT}"/></marker>'
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif">'
    lines = (head, f"<defs>{tip}</defs>", f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>', *parts, "</svg>")
    return "\n".join(lines) + "\n"


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="8" fill="{fill}" '
        f'stroke="{SOFT}" stroke-width="1.5"/>'
    )


def _text(
    x: float, y: float, text: str, size: int, fill: str, weight: str = "normal", anchor: str = "start", more: str = ""
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" font-weight="{weight}" fill="{fill}" '
        f'text-anchor="{anchor}"{more and " " + more}>{escape(text)}</text>'
    )


if __name__ == "__main__":
    (ROOT / "docs" / "rooms.svg").write_text(drawing())
