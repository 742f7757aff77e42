"""The text of the page: names are text, what a screen reader needs is there, and nothing comes from elsewhere."""

import re
from dataclasses import replace

import numpy as np
import pytest

from neuraljet.reporting import charts
from neuraljet.reporting.content import Robustness
from neuraljet.reporting.page import MARK, learning_part, page
from neuraljet.reporting.svg import INKS
from tests.support.html import Page
from tests.support.reports import content, rows

EVIL = ("<script>alert(1)</script>", '" onload="alert(2)', "$\\frac{1}{0}$ & {{ 7 * 7 }}", "größer\x07\udc80")


@pytest.fixture(scope="module")
def text():
    return page(content(EVIL, name="</title><script>alert(3)</script>"))


def test_names_are_text(text):
    """Every class stands in headings, tables, alternatives of pictures and charts."""
    found = Page(text)
    assert found.faults == []
    assert len(found.all("script")) == 2  # our own, and the points
    assert "alert(" not in re.sub(r"&lt;script&gt;alert\([13]\)|onload=&#34;alert\(2\)", "", text)
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    shown = "".join(found.words)
    assert all(word in shown for word in (*EVIL[:3], "größer\\x07\\udc80"))
    text.encode()  # without what is no UTF-8


@pytest.mark.parametrize(("classes", "colours"), [(("good", "bad"), 1), (("a", "b", "c"), 3)])
def test_the_page_is_well_formed_and_loads_nothing(classes, colours):
    text = page(content(classes, colours))
    found = Page(text)
    assert found.faults == []
    assert MARK in text[:4096]
    for tag, attributes in found.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base")
        assert (attributes.get("src") or "data:image/png").startswith("data:image/png")
        assert (attributes.get("href") or "#").startswith("#")
    assert "@import" not in text and "url(http" not in text
    policy = next(a["content"] for a in found.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:;") and "connect-src" not in policy


@pytest.mark.parametrize(
    "change",
    [
        {"circuit": None, "checks": None},
        {"curve": None, "mistakes": (), "labels": None, "kernels": None},
        {"pictures": None, "curve": None, "mistakes": (), "kernels": None, "robustness": None, "missing": "They moved"},
        {"metrics": None, "pictures": None, "curve": None, "mistakes": (), "robustness": None, "circuit": None,
         "checks": None, "kernels": None, "labels": None},
        {"rows": ()},
        {"rows": rows(1)},
        {"robustness": Robustness(5, 5, 0, (), (), 0)},
    ],
)  # fmt: skip
def test_what_is_not_known_is_left_out(change):
    found = Page(page(replace(content(("good", "bad")), **change)))
    assert found.faults == []
    assert ("They moved" in "".join(found.words)) == ("missing" in change)


def test_checks_that_failed_or_were_not_made_are_said():
    good = content(("good", "bad"))
    failed = replace(
        good.checks, rtl=replace(good.checks.rtl, passed=False, mismatches=3, faults=("a frame was lost",))
    )
    words = " ".join("".join(Page(page(replace(good, checks=failed))).words).split())
    assert "The circuit differs from the network on 3 of 60 simulated pictures" in words
    assert "failed; a frame was lost" in words and "every score exactly" not in words
    without = replace(good.checks, rtl=None, netlist=None, proof=None)
    words = " ".join("".join(Page(page(replace(good, checks=without))).words).split())
    assert "not verified: neuraljet verify acc" in words and "Nothing is proved yet" in words


def test_the_same_content_gives_the_same_page():
    assert page(content(("good", "bad"))) == page(content(("good", "bad")))


def test_the_learning_curve_alone_is_a_part_of_the_page():
    known = content(("good", "bad"))
    assert " ".join(learning_part(known).split()) in " ".join(page(known).split())


def test_charts_have_the_pages_colours_and_letters_and_no_rules_of_their_own():
    known = content(EVIL)
    chart, places = charts.trade_off(known.curve)
    made = [chart, charts.learning(known.rows), charts.sites(known.circuit.parts, True)]
    made += [charts.robustness(course, f"course-{i}") for i, course in enumerate(known.robustness.courses)]
    for svg in made:
        assert svg.startswith("<svg") and "<style" not in svg and "metadata" not in svg
        assert "font-family" not in svg and "DejaVu" not in svg
        assert not any(colour in svg for colour in INKS) and "var(--series-1)" in svg
        assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {"#ffffff"}, "a colour that does not follow the page"
    width, height = map(float, re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', chart).groups())
    assert len(places) == len(known.curve.points)
    assert all(0 <= x <= width and 0 <= y <= height for x, y in places)
    # right and down: the more good parts are refused, the fewer bad ones pass
    xs, ys = np.array(places).T
    assert (np.diff(xs) <= 0).all() and (np.diff(ys) <= 0).all()


def test_a_name_with_signs_of_a_formula_is_text_in_a_chart():
    part = replace(content(("a", "b")).circuit.parts[0], name="$\\frac{1}{0}$")
    assert "$\\frac{1}{0}$</text>" in charts.sites((part,), True)
