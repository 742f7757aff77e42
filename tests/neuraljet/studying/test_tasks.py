"""What a cell of a study does: records hold what was measured, and sizes are counted as they say."""

import numpy as np
import pytest
import torch

from bnn.data import Dataset
from bnn.errors import UserError
from bnn.model.network import Network
from bnn.model.size import size_of
from bnn.model.spec import Block, NetworkSpec
from neuraljet.studying.cells import cells
from neuraljet.studying.study import load_study
from neuraljet.studying.tasks import measure, pictures
from neuraljet.studying.tasks.floating import FloatNetwork
from neuraljet.studying.tasks.networks import spec_of
from neuraljet.studying.tasks.pictures import draw
from tests.support.slopes import slopes

ASKED = {"seed": 0, "set": "toy", "size": [16, 16], "steps": 3}


@pytest.fixture
def toy(monkeypatch):
    """Let every set be pictures that are bright on one side; another set has others."""
    made: dict[str, Dataset] = {}

    def loaded(name, size, color):
        return made.setdefault(name, slopes(60, 20, seed=len(made)))

    monkeypatch.setattr(pictures, "_loaded", loaded)


def test_a_noise_is_tried_from_own_and_from_other_pictures(toy):
    told = {"task": "robustness", "width": 4, "form": "binary", "strengths": [4, 90], "other": "another"}
    record = measure({**ASKED, **told, "steps": 60, "adversarial": 4})
    assert {f"accuracy_{name}_{n}" for name in ("random", "own", "other") for n in (4, 90)} <= set(record)
    assert record["accuracy"] > 0.9 >= record["accuracy_own_90"] + 0.2  # a noise of 90 grey levels is half the slope
    assert record["accuracy_own_4"] <= 1 and record["frames"] == 20


def test_float_networks_have_as_many_parameters_as_the_study_says():
    told = {cell.factors["network"]: cell.task.description for cell in cells(load_study("parameters"))}
    for name, count in (("float 591786", 591_786), ("float 3418: GRU over rows", 3_418), ("float 3130", 3_130)):
        asked = told[name]
        network = FloatNetwork(
            (1, 28, 28), 10, asked["layers"], asked.get("head", "dense"), asked.get("head_width", 0),
            asked.get("hidden", []),
        )  # fmt: skip
        assert sum(parameter.numel() for parameter in network.parameters()) == count
        assert network(torch.zeros(2, 1, 28, 28, dtype=torch.uint8)).shape == (2, 10)


@pytest.mark.parametrize("head", ["dense", "pooled", "elman", "gru", "lstm"])
def test_a_float_network_learns(toy, head):
    told = {
        "task": "float",
        "layers": [{"channels": 4, "pool": 3}],
        "head": head,
        "head_width": 4,
        "learning_rate": 0.02,
    }
    record = measure({**ASKED, **told, "steps": 60})
    assert record["accuracy"] == record["right"] / 20 > 0.8 and record["bits"] == 32 * record["parameters"]


def test_float_networks_that_are_refused():
    for layers, head, words in (
        ([{"channels": 4, "pool": 9}], "dense", "leave nothing"),
        ([], "wide", "head = 'wide'"),
    ):
        with pytest.raises(UserError, match=words):
            FloatNetwork((1, 8, 8), 2, layers, head, 4, [])


def test_sizes_are_counted_by_hand():
    """Jets 2 of 18 choices; bottleneck 2x2 mixing bits and 3x2 jets; Elman 4 x 12 and 4 x 4; scores 4 x 2."""
    spec = NetworkSpec("n", (Block(2, pool=2), Block(3, maps=2, pool=2)), head="elman", head_width=4)
    network = Network(spec, (1, 16, 16), 2)
    bits = 2 * 5 + (4 + 6 * 5) + (4 * 12 + 16) + 8 + 16 * (2 + 3 + 4 + 2)
    assert size_of(network) == {"parameters": 2 + (4 + 6) + (48 + 16) + 8 + 11, "bits": bits}
    binary = Network(NetworkSpec("b", (Block(2, form="binary"), Block(3, form="constrained"))), (1, 8, 8), 2)
    scores = 3 * 64 * 2
    assert size_of(binary) == {"parameters": 18 + 24 + scores + 7, "bits": 18 + 24 + scores + 16 * 7}


def test_networks_are_read_as_from_a_file():
    spec = spec_of({"block": [{"channels": 3, "pool": 2}], "hidden": [5], "network": "mine"}, (1, 16, 16), 2)
    assert spec == NetworkSpec("mine", (Block(3, pool=2),), (5,))
    assert spec_of({"width": 4, "head": "pooled", "form": "binary"}, (1, 16, 16), 2).head == "pooled"
    for asked, words in (
        ({"block": [{"channel": 3}]}, "a block of the network"),
        ({"width": 4, "geometry": "round"}, "geometry = 'round'; allowed: coarse, fine"),
    ):
        with pytest.raises(UserError, match=words):
            spec_of(asked, (1, 16, 16), 2)


def test_pictures_of_each_class_are_drawn_by_the_seed():
    labels = np.array([0] * 30 + [1] * 5)
    drawn = draw(labels, 5, 1, ("a", "b"))
    assert np.bincount(labels[drawn]).tolist() == [5, 5] and (np.diff(drawn) > 0).all()
    assert np.array_equal(drawn, draw(labels, 5, 1, ("a", "b"))) and not np.array_equal(
        drawn, draw(labels, 5, 2, ("a", "b"))
    )
    with pytest.raises(UserError, match="class 'b' has 5 training pictures, and 6 were asked for"):
        draw(labels, 6, 0, ("a", "b"))
