"""The task `compress`: what a wide network reached, and the smaller one that fits the sites."""

import pytest

from bnn.errors import UserError
from neuraljet.studying.tasks import measure, pictures
from tests.support.slopes import slopes

ASKED = {
    "task": "compress", "seed": 0, "set": "toy", "way": "slim", "width": 16, "form": "binary", "first": "jets",
    "ramb18": 4, "before": 30, "after": 20, "validation": 0.3,
}  # fmt: skip


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    data = slopes(100, 40)
    monkeypatch.setattr(pictures, "_loaded", lambda name, size, color: data)


def test_the_record_tells_the_wide_network_and_the_smaller_one():
    whole = measure({**ASKED, "sites": 100_000})
    assert whole["channels"] == "16-32" and whole["sites_before"] <= 100_000
    sites = int(whole["sites_before"] * 0.8)
    record = measure({**ASKED, "sites": sites})
    assert record["sites"] <= sites and record["parameters"] < whole["parameters"]
    assert record["frames"] == 40 and record["right"] == round(record["accuracy"] * 40)
    assert record["held_out_before"] == whole["held_out_before"]
    assert record["channels"] != "16-32" and record["accuracy"] > 0.8


def test_what_the_task_does_not_know_is_refused():
    with pytest.raises(UserError, match=r"the task knows no 'steps'"):
        measure({**ASKED, "steps": 3})
    with pytest.raises(UserError, match=r"method 'cut' is unknown"):
        measure({**ASKED, "sites": 500, "method": "cut"})
