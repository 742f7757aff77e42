"""Records come back from their CSV exactly; intervals and tables are those of the numbers in it."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnn.errors import UserError
from neuraljet.studying.equal import cost_at, front, ratios
from neuraljet.studying.intervals import mean_difference, median
from neuraljet.studying.pages import BEGIN, END, between, with_tables
from neuraljet.studying.rows import from_csv, to_csv
from neuraljet.studying.study import Against, Best, Equal, Factor, Shown, Study, Table
from neuraljet.studying.tables import cell, markdown, written

VALUES = st.one_of(
    st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8), st.booleans(),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.fixed_dictionaries({"a": VALUES, "b": VALUES}), min_size=1, max_size=4))
def test_a_csv_is_read_as_it_was_written(rows):
    back = from_csv(to_csv(rows))
    assert back == rows
    assert all(type(found[name]) is type(row[name]) for row, found in zip(rows, back, strict=True) for name in row)


def test_circumstances_stand_last_and_what_is_missing_stays_missing():
    rows = [{"seed": 0, "commit": "1e5", "x": 1}, {"seed": 1, "commit": "abc", "y": "2"}]
    text = to_csv(rows)
    assert text.splitlines()[0] == "seed,x,y,commit" and from_csv(text) == rows
    for broken in ("", "a,a\n1,2\n", "a,b\n1\n", "a,b\n1,\r2\n"):
        with pytest.raises(UserError, match="the records: "):
            from_csv(broken)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 6, 9])
def test_the_interval_of_a_median_holds_as_often_as_it_says(n):
    """All 2^n ways in which numbers fall below or above the true median, each as likely."""
    found = median(range(n))
    low, high = int(found.low), int(found.high)
    held = sum(low < sum(sides) <= high for sides in product((0, 1), repeat=n))
    assert found.confidence == pytest.approx(held / 2**n) and found.middle == (n - 1) / 2
    assert (low, high) == ((0, n - 1) if n < 9 else (1, 7))


def test_differences_are_means_over_strata():
    found = mean_difference([[1.0, 3.0], [10.0]])
    assert found.middle == 6.0 and 5.5 <= found.low < found.high <= 6.5
    assert mean_difference([[2.0, 2.0]])[:3] == (2.0, 2.0, 2.0)
    values = np.random.default_rng(1).normal(0, 1, 400)
    many = mean_difference([values])
    assert many.high - many.low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(400), rel=0.06)


STUDY = Study(
    title="T", task="train", seeds=2, name="t",
    factor=(Factor("set", ("a", "b")), Factor("how", ("old", "new")), Factor("rate", (1, 3))),
    table=(
        Table(
            "Accuracy", ("how",), (Shown("accuracy", "accuracy", "percent"),), "set", Best("rate", "held_out"),
            Against("how", "old", "accuracy"),
        ),
    ),
)  # fmt: skip


def row(of, how, rate, seed, accuracy, held_out):
    return {"set": of, "how": how, "rate": rate, "seed": seed, "accuracy": accuracy, "held_out": held_out}


def test_a_table_takes_the_best_and_compares_seed_by_seed():
    rows = [
        row("a", "old", 1, 0, 0.50, 0.9), row("a", "old", 1, 1, 0.60, 0.9),
        row("a", "old", 3, 0, 0.99, 0.1), row("a", "old", 3, 1, 0.99, 0.2),  # worse on held-out pictures
        row("a", "new", 1, 0, 0.10, 0.0), row("a", "new", 3, 0, 0.70, 0.8), row("a", "new", 3, 1, 0.90, 0.8),
    ]  # fmt: skip
    lines = markdown(STUDY, rows).splitlines()
    assert lines[2] == "| how | a: accuracy % | b: accuracy % | difference from old |"
    assert lines[4] == "| old | 55.0 (50.0 to 60.0) | - | - |"
    assert lines[5] == "| new | 80.0 (70.0 to 90.0) | - | +25.0 (+20.0 to +30.0) |"
    assert "Of rate the value with the best median of held_out counts" in lines[7]
    assert "Medians over 1 to 2 seeds" in lines[9] and "with 0 to 50 %" in lines[9] and "7 records" in lines[9]


def test_one_seed_has_no_interval():
    rows = [row("a", "old", 1, 0, 0.5, 0.9), row("a", "new", 1, 0, 0.6, 0.9)]
    text = markdown(STUDY, rows)
    assert "| new | 60.0 | - | +10.0 |" in text and "One seed, so nothing is known of the spread. 2 records" in text


def test_a_cell_tells_the_median_or_the_spread():
    rows = [{"x": value} for value in (0.1, 0.3, 0.15)] + [{}, {"x": None}]
    assert cell(rows, Shown("x", "x", "percent")) == "15.0 (10.0 to 30.0)"
    assert cell(rows, Shown("x", "x", "percent", "spread")) == "20.0" and cell([{}], Shown("x", "x")) == "-"
    assert (written(12345.6, "count"), written(0.123456, "number")) == ("12,346", "0.1235")


def test_costs_at_equal_merit():
    points = [(0.8, 100.0), (0.7, 150.0), (0.9, 400.0)]  # the second is beaten by the first
    assert front(points) == [(0.8, 100.0), (0.9, 400.0)]
    assert cost_at(0.85, points) == pytest.approx(200) and cost_at(0.8, points) == 100
    assert cost_at(0.9, points) == pytest.approx(400)
    assert cost_at(0.91, points) is None and cost_at(0.79, points) is None and cost_at(0.5, []) is None


def test_ratios_of_sites_at_equal_accuracy():
    equal = Equal("form", "binary", "width", ("set",), "accuracy", (Shown("sites", "sites", "count"),))
    study = Study(
        "T", "train", 3, (Factor("set", ("a",)), Factor("form", ("binary", "jets")), Factor("width", (4, 8, 16))), (),
        equal=equal, name="t",
    )  # fmt: skip
    of = {("binary", 4): (0.8, 100), ("binary", 8): (0.9, 400), ("jets", 4): (0.85, 100), ("jets", 8): (0.95, 300),
          ("jets", 16): (0.6, 50)}  # fmt: skip
    rows = [
        {"set": "a", "form": form, "width": width, "seed": seed, "accuracy": accuracy + seed / 1000, "sites": sites}
        for (form, width), (accuracy, sites) in of.items()
        for seed in (-1, 0, 1)
    ]
    lines = ratios(study, equal, rows).splitlines()
    assert lines[4:7] == [
        "| a | jets | 4 | 85.0 % | 0.50 |",
        "| a | jets | 8 | 95.0 % | no binary width reaches it |",
        "| a | jets | 16 | 60.0 % | below every binary width |",
    ]
    assert markdown(study, rows).startswith("**sites beside `binary` of equal accuracy**")


def test_a_page_keeps_what_people_wrote():
    page = f"# A\n\nWords.\n\n{BEGIN}\nold\n{END}\nMore.\n"
    assert between(page, "p") == "old"
    made = with_tables(page, "| new |\n", "p")
    assert between(made, "p").strip() == "| new |" and with_tables(made, "| new |", "p") == made
    assert made.startswith("# A\n\nWords.\n\n") and made.endswith(f"{END}\nMore.\n")
    for broken in ("", BEGIN, f"{END}{BEGIN}"):
        with pytest.raises(UserError, match="p needs one line"):
            between(broken, "p")
