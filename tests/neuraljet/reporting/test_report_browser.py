"""The page in a real browser: nothing overflows, text can be read, tables sort, the slider moves, names do nothing."""

import json
import re

import pytest

from neuraljet.reporting.page import page
from tests.support.browser import open_browser
from tests.support.reports import content

EVIL = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "a" * 120)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Return where a page with everything in it is; its classes try to be markup, or are long."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(content(EVIL, 3, name="</title><script>alert(3)</script>")))
    return path.as_uri()


# What stands further right than the window or the card that it is in; tables may be wider in a frame of their own.
OUTSIDE = """
const card = (e) => e.parentElement.closest("li, .pair > *") ?? document.documentElement;
const right = (e) => card(e).getBoundingClientRect().right;
return [...document.querySelectorAll("body *")].filter((e) => !e.closest(".scroll > *, .hidden") &&
  e.getBoundingClientRect().right > right(e) + 1).map((e) => e.outerHTML.slice(0, 120));
"""
# Text whose colour is too near that of what it stands on (WCAG 2, 4.5 to 1), with the contrast that it has.
PALE = """
const parts = (colour) => { const n = colour.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
const ground = (e) => {
  if (!e) return [255, 255, 255];
  const colour = parts(getComputedStyle(e).backgroundColor);
  return colour[3] === 1 ? colour.slice(0, 3) : over(colour, ground(e.parentElement));
};
const linear = (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
const light = (c) => { const [r, g, b] = c.map((v) => linear(v / 255)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const found = [];
for (const e of document.querySelectorAll("body *")) {
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
  if (e.closest("script, title, desc")) continue;
  const style = getComputedStyle(e), under = ground(e);
  const text = over(parts(e.closest("svg") ? style.fill : style.color), under);
  const [a, b] = [light(text), light(under)].sort((x, y) => y - x);
  const contrast = (a + 0.05) / (b + 0.05);
  if (contrast < 4.5) found.push([e.outerHTML.slice(0, 80), contrast]);
}
return found;
"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_overflows_and_all_can_be_read(browser, address, width, scheme):
    browser.show(address, width, scheme)
    assert browser.errors() == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run(OUTSIDE) == []
    assert browser.run(PALE) == []
    ground = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) < 200) == (scheme == "dark")
    sizes = browser.run(
        "return [...document.querySelectorAll('.chart text')].map(e => e.getBoundingClientRect().height)"
    )
    assert len(sizes) > 50 and min(sizes) > 9, "letters in charts are too small to read"


def test_names_are_shown_and_nothing_of_them_runs(browser, address):
    browser.show(address)
    assert browser.driver.title == "</title><script>alert(3)</script>: report of a network"
    assert browser.run("return document.scripts.length") == 2
    assert browser.run("return [...document.images].filter(i => !i.src.startsWith('data:')).length") == 0
    heads = browser.run("return [...document.querySelectorAll('#accuracy tbody th')].map(e => e.textContent)")
    assert heads == [*EVIL, *EVIL]
    browser.run("return document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = 1\">')")
    browser.run("const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s)")
    assert browser.run("return window.ran") is None, "the policy lets other scripts run"
    assert any("Content Security Policy" in message for message in browser.errors())


CELLS = """
const table = document.querySelectorAll("table.sortable")[arguments[0]];
return [...table.tBodies[0].rows].map((row) => [...row.cells].map((c) => c.dataset.v ?? c.textContent.trim()));
"""


BUTTONS = "return [...document.querySelectorAll('table.sortable')[arguments[0]].querySelectorAll('thead th button')]"


def test_every_table_sorts_by_every_column_both_ways(browser, address):
    browser.show(address)
    count = browser.run("return document.querySelectorAll('table.sortable').length")
    assert count >= 7
    browser.run("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    for table in range(count):
        before = browser.run(CELLS, table)
        for column in range(len(before[0])):
            buttons = browser.run(BUTTONS, table)
            for way in ("ascending", "descending"):
                browser.run("arguments[0].focus()", buttons[column])
                buttons[column].send_keys("\ue007")  # Enter: a keyboard is enough
                rows = browser.run(CELLS, table)
                assert sorted(rows) == sorted(before)
                values = [row[column] for row in rows]
                keys = (
                    [float(v) for v in values] if all(re.fullmatch(r"-?[\d.]+(e-?\d+)?", v) for v in values) else None
                )
                if keys is not None:
                    assert keys == sorted(keys, reverse=way == "descending")
                states = browser.run("return arguments[0].map(b => b.parentElement.getAttribute('aria-sort'))", buttons)
                assert states == [way if i == column else None for i in range(len(buttons))]
    assert browser.errors() == []


def test_words_sort_as_words(browser, address):
    browser.show(address)
    button = browser.run("return document.querySelector('#pictures table.sortable thead th button')")
    button.click()
    names = browser.run("return [...document.querySelectorAll('#pictures tbody th')].map(e => e.textContent)")
    assert names == browser.run("return [...arguments[0]].sort((a, b) => a.localeCompare(b))", list(EVIL))
    button.click()
    assert (
        browser.run("return [...document.querySelectorAll('#pictures tbody th')].map(e => e.textContent)")
        == names[::-1]
    )


SHOWN = """
const text = (id) => document.getElementById(id).textContent, mark = document.querySelector("circle.point");
return [text("offset"), text("escapes"), text("rejects"), text("escape"), Number(mark.getAttribute("cx")),
  Number(mark.getAttribute("cy"))];
"""


def test_the_slider_moves_the_operating_point(browser, address):
    known = content(EVIL, 3)
    browser.show(address)
    points = json.loads(browser.run("return document.getElementById('points').textContent"))
    assert len(points) == len(known.curve.points)
    slider = browser.run("return document.getElementById('point')")
    assert slider.is_displayed()
    at = int(slider.get_attribute("value"))
    assert points[at]["offset"] == 0
    first = browser.run(SHOWN)
    for key, step in (("\ue014", 1), ("\ue014", 1), ("\ue012", -1), ("\ue011", -at - 1), ("\ue010", len(points) - 1)):
        slider.send_keys(key)  # right, left, home, end
        at += step
        point, shown = points[at], browser.run(SHOWN)
        exact = known.curve.points[at]
        assert shown[0] == str(exact.offset) and slider.get_attribute("aria-valuetext") == f"offset {exact.offset}"
        for text, share in zip(shown[1:3], (exact.escapes, exact.rejects), strict=True):
            assert text.startswith(f"{share.number} of {share.of} (")
        assert shown[3] == f"95 % interval {point['escape']}" and shown[4:] == [point["x"], point["y"]]
    assert shown[2].startswith("0 of")  # at the end no good part is refused
    browser.run("return document.querySelector('#slider button')").click()
    assert browser.run(SHOWN) == first
    assert browser.errors() == []


def test_the_mark_stands_on_the_line(browser, address):
    """The line and the mark come by different ways into the chart."""
    browser.show(address)
    script = """
    const mark = document.querySelector("circle.point"), svg = mark.ownerSVGElement;
    const lines = [...svg.querySelectorAll("path")].filter((p) => p.getAttribute("style")?.includes("--series-1"));
    const point = svg.createSVGPoint(); [point.x, point.y] = [mark.cx.baseVal.value, mark.cy.baseVal.value];
    return lines.map((p) => { let best = 1e9; const n = p.getTotalLength();
      for (let i = 0; i <= n; i += 0.25) {
        const q = p.getPointAtLength(i);
        best = Math.min(best, Math.hypot(q.x - point.x, q.y - point.y));
      }
      return best; });
    """
    for place in (0.1, 0.5, 0.9):
        browser.run(
            "const i = document.getElementById('point'); i.value = Math.round(i.max * arguments[0]);"
            "i.dispatchEvent(new Event('input'))",
            place,
        )
        assert min(browser.run(script)) < 0.5


def test_the_page_prints(browser, address):
    browser.show(address, 794, "dark", media="print")  # A4 at 96 dots per inch
    assert browser.run("return document.documentElement.scrollWidth") <= 794
    assert browser.run("return getComputedStyle(document.getElementById('slider')).display") == "none"
    assert (
        browser.run("return getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()") == "#1c2024"
    )
    assert browser.run(
        "const d = document.querySelector('details table'); return d.getBoundingClientRect().height > 50"
    )
    printed = browser.pdf()
    assert printed.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", printed)) >= 3
    assert browser.errors() == []
