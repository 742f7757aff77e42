"""Check the text of a page: tags that close, names used once, headings in order, what a screen reader needs."""

from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "img", "input", "br", "hr", "link", "path", "circle", "use", "rect"}
SVG = {"svg", "g", "defs", "path", "circle", "use", "rect", "clipPath", "text", "title", "desc", "tspan"}


class Page(HTMLParser):
    """Elements of a page, in order, as (tag, attributes); `faults` says what is wrong with it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []  # that are shown
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.faults += [f"<{tag}> does not close" for tag in self._open]
        self._look()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names):
            self.faults.append(f"<{tag}> has an attribute twice")
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID and tag not in SVG and tag.lower() not in {name.lower() for name in SVG}:
            self.faults.append(f"<{tag}/> closes itself")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            if tag in self._open[-1:]:
                self._open.pop()
        elif not self._open or self._open.pop() != tag:
            self.faults.append(f"</{tag}> closes another element")

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self._open):
            self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def _look(self) -> None:
        names = [attributes["id"] for _, attributes in self.elements if "id" in attributes]
        self.faults += [f"the id {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1})]
        for tag, attributes in self.elements:
            for name in ("aria-labelledby", "for", "aria-describedby"):
                for wanted in (attributes.get(name) or "").split():
                    if wanted not in names:
                        self.faults.append(f"<{tag}> refers to {wanted}, which is not there")
            link = attributes.get("href") or ""
            if link.startswith("#") and link[1:] not in names:
                self.faults.append(f"<{tag}> links to {link}, which is not there")
        self.faults += [f"a picture has no words: {a}" for a in self.all("img") if not a.get("alt")]
        self.faults += [f"a th has no scope: {a}" for a in self.all("th") if a.get("scope") not in ("row", "col")]
        if len(self.all("caption")) != len(self.all("table")):
            self.faults.append("a table has no caption")
        levels = [int(tag[1]) for tag, _ in self.elements if tag in ("h1", "h2", "h3", "h4")]
        if levels.count(1) != 1 or any(after > before + 1 for before, after in pairwise(levels)):
            self.faults.append(f"headings are out of order: {levels}")
