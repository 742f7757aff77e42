"""Smaller networks within LUT sites: the estimate decides, and the task of a search does the whole way."""

from math import inf

import numpy as np
import pytest
import torch

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.integer.freeze import freeze
from bnn.model.budget import Budget
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from bnn.storage.records import entries
from bnn.training.evaluation import estimate_statistics
from finn_build import compression
from finn_build.estimate import estimate
from tests.support.slopes import slopes

SPEC = NetworkSpec(
    "wide", (Block(12, form="jets", pool=2, padding=False), Block(16, form="jets", pool=2, padding=False))
)
DESCRIPTION = {
    "data": {"source": "toy"}, "network": entries(SPEC), "sites": 560, "steps": [20, 10], "seed": 0, "pictures": 60,
    "settings": {"pictures": 64},
}  # fmt: skip


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    data = slopes(train=200)
    monkeypatch.setattr("bnn.compress.trial.load", lambda *given, **named: data)


def network(spec=SPEC):
    torch.manual_seed(0)
    made = Network(spec, (1, 16, 16), 2)
    estimate_statistics(made, torch.randint(0, 256, (8, 1, 16, 16), dtype=torch.uint8))
    return made


def test_sites_are_those_of_the_estimate():
    cost = compression.sites_of(Budget.of(1800, 10_000.0, 0))
    assert cost(network()) == estimate(freeze(network(), ("0", "1")), 10_000.0).lut
    assert compression.sites_of(Budget.of(1800, 1e9))(network()) == inf  # no clock is fast enough


@pytest.mark.parametrize("method", ["slim", "prune", "evolve"])
def test_a_trial_ends_within_the_budget(method):
    record = compression.compression_trial(DESCRIPTION | {"method": method})
    assert record["sites"] <= 560 < record["sites_before"]
    assert 0 <= record["accuracy"] <= 1 and record["channels_before"] == [12, 16]
    smaller = [block["channels"] for block in record["network"]["blocks"]]
    assert smaller == record["channels"] and (sum(smaller) == 28) == (method == "prune")
    if method == "slim":
        again = compression.compression_trial(DESCRIPTION)
        assert {**again, "seconds": 0} == {**record, "seconds": 0}


def test_options_of_a_trial():
    changed = {"sparsity": 0.01, "scratch": True, "criterion": "scale", "rate": 0.01}
    record = compression.compression_trial(DESCRIPTION | changed)
    assert record["sites"] <= 560


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sites": 0}, "sites 0 is not a whole number"),
        ({"seed": None}, "seed None is not a whole number"),
        ({"steps": [5]}, r"steps \[5\]; give two numbers"),
        ({"steps": ["a", 1]}, "description of a trial is wrong"),
        ({"network": {}}, "description of a trial is wrong"),
        ({"data": {}}, "data is missing"),
        ({"bits": 3}, "'bits' are unknown; allowed: criterion, data"),
        ({"method": "cut"}, "method 'cut' is unknown"),
        ({"settings": {"colour": 1}}, "settings 'colour' are unknown"),
        ({"sparsity": -1.0}, "sparsity -1.0"),
        ({"rate": "fast"}, "rate 'fast'"),
        ({"sites": 5}, "when all that may go is gone; the budget is 5"),
    ],
)
def test_a_wrong_description_is_a_users_mistake(change, words):
    with pytest.raises(UserError, match=words):
        compression.compression_trial(DESCRIPTION | change)


def test_the_first_pictures_of_each_class_are_taken():
    from bnn.compress.trial import _few

    data = slopes(train=50)
    few = _few(data, 7)
    assert isinstance(few, Dataset) and np.bincount(few.train_labels).tolist() == [7, 7]
    assert np.array_equal(few.train_images, data.train_images[:14])
