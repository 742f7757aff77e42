"""What the comparison of two-bit maps rests on: the values, their gradient, and what is counted."""

import numpy as np
import torch

from bnn.data import Dataset
from bnn.model.family import COARSE, member
from finn_build.choose import untrained
from finn_build.estimate import estimate
from tests.benchmarks.two_bits import TwoBits, behind, measure, sites, widened
from tests.benchmarks.ways import line

SHAPE = (1, 24, 24)


def test_values_of_two_bits_and_their_gradient():
    x = torch.tensor([-9.0, -0.7, -0.6, -0.01, 0.01, 0.6, 0.7, 9.0], requires_grad=True)
    y = TwoBits()(x)
    assert torch.equal((y * 3).round(), torch.tensor([-3.0, -3, -1, -1, 1, 1, 3, 3]))
    y.sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 1, 1, 1, 0]


def test_what_reads_a_block_is_counted_twice():
    spec = member(SHAPE, 3, 8, form="binary", first="jets", geometry=COARSE)
    layers = estimate(untrained(spec, SHAPE, 3)).layers
    read = [layer.name for block in range(len(spec.blocks)) for layer in behind(layers, block)]
    assert read == ["binary_conv_0", "scores", "argmax"] and len(spec.blocks) == 2
    assert widened(spec, 1).blocks[1].channels == 2 * spec.blocks[1].channels
    one, two = (sites(spec, SHAPE, 3, bits) for bits in (1, 2))
    assert one < two < 2 * one


def test_both_are_trained_and_judged_on_pictures_that_are_held_out():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    images = (rng.integers(0, 60, (60, *SHAPE[1:], 1)) + 150 * labels[:, None, None, None]).astype(np.uint8)
    data = Dataset("toy", ("dark", "light"), images, labels, images[:4], labels[:4])
    for bits in (1, 2):
        found = measure(data, 4, bits, seed=0, steps=60)
        assert found["held"] > 0.9 and found["pictures"] == 20 and found["bits"] == bits
        assert f"| toy | {found['network']} | none | none | 0 |" in line(found)
