"""The twin has the network's shapes, and the two are timed in turns."""

import pytest
import torch
from torch import nn

from bnn.model.forms import FORMS
from bnn.model.network import Network
from bnn.model.spec import Block, NetworkSpec
from tests.benchmarks.training_speed import alternate, measure, twin


@pytest.mark.parametrize("form", FORMS)
def test_the_twin_has_the_same_convolutions(form: str) -> None:
    blocks = (Block(4, form=form, padding=False, pool=2), Block(6, form=form, kernel=3, padding=True))
    network = Network(NetworkSpec("n", blocks, (5,)), (1, 16, 16), 3)
    rival = twin(network)
    shapes = [stage.weight.shape for block in network.blocks for stage in block.conv.stages()]
    assert [m.weight.shape for m in rival if isinstance(m, nn.Conv2d)] == shapes
    images = torch.randint(0, 256, (4, 1, 16, 16), dtype=torch.uint8)
    sides = [rival[:4](images).shape, network.blocks[0](images * 1.0).shape]
    assert rival(images).shape == network(images).shape == (4, 3) and sides[0][2:] == sides[1][2:]


def test_runs_take_turns_and_the_first_chunk_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, order = [0.0], []
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    def run(name: str, seconds: float):
        warm = 100.0
        while True:
            order.append(name)
            clock[0] += seconds + warm
            warm = 0.0
            yield

    assert alternate({"a": run("a", 2.0), "b": run("b", 3.0)}, 2, 2) == {"a": 2.0, "b": 3.0}
    assert order == list("aabbaabbaabb")


def test_a_measurement_compares_both() -> None:
    found = measure("small", "bottleneck", 1, steps=1)
    assert found["ours"] > 0 and found["plain"] > 0
    assert found["ratio"] == pytest.approx(found["ours"] / found["plain"], rel=0.02)
