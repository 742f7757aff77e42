"""The family has a network for every picture: of few places at its end, and of nothing that a layer refuses."""

import pytest
import torch

from bnn.errors import UserError
from bnn.model.family import COARSE, FINE, MOST_LONG, WIDTHS, member, operations
from bnn.model.network import Network
from bnn.model.spec import load_spec

SIZES = ((8, 8), (9, 300), (11, 12), (12, 12), (16, 16), (20, 20), (24, 80), (17, 200), (28, 28), (8, 256), (100, 40))


@pytest.mark.parametrize("geometry", [COARSE, FINE])
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("size", SIZES)
def test_every_picture_has_a_network(size, kernel, geometry):
    for channels in (1, 3):
        spec = member((channels, *size), 3, 4, kernel=kernel, geometry=geometry)
        network = Network(spec, (channels, *size), 3).eval()
        assert network(torch.zeros(1, channels, *size, dtype=torch.uint8)).shape == (1, 3)
        places = network.classifier.linear.binary.weight.shape[1] // spec.blocks[-1].channels
        assert len(spec.blocks) >= 2 and 1 <= places <= MOST_LONG


def test_all_sizes_end_with_a_small_map():
    for height in (*range(8, 70), 96, 127, 200, 256, 480, 1024):
        for width in (8, 13, 28, 64, 129, 640, 1024):
            for geometry in (COARSE, FINE):
                blocks = member((1, height, width), 2, 8, geometry=geometry).blocks
                sides = (height, width)
                for block in blocks:
                    sides = tuple(block.output_size(side) for side in sides)
                    assert min(sides) >= 1
                assert sides[0] * sides[1] <= (64 if min(height, width) > max(height, width) / 4 else MOST_LONG)


def test_it_holds_the_networks_that_were_measured():
    for name, size, width in (("medium", 64, 24), ("medium", 48, 24)):
        assert member((1, size, size), 3, width).blocks == load_spec(name).blocks
    blocks = member((1, 64, 64), 7, 32, form="binary", geometry=FINE).blocks
    assert [(block.channels, block.pool) for block in blocks] == [(32, 2), (64, 2), (128, 2), (128, 1)]


def test_width_and_classes():
    for geometry in (COARSE, FINE):
        found = [member((1, 64, 64), 3, width, geometry=geometry) for width in WIDTHS]
        assert len({spec.blocks for spec in found}) == len(WIDTHS)
        costs = [operations((1, 64, 64), 3, spec) for spec in found]
        assert costs == sorted(costs)
    assert member((1, 64, 64), 100, 8).blocks[-1].pool == 2  # fewer places for so many classes
    gray, colour = (member((channels, 64, 64), 3, 16).blocks[0].channels for channels in (1, 3))
    assert (gray, colour) == (16, 8)  # of pixels in colour each channel costs three times as much


def test_operations_are_those_of_the_convolutions():
    spec = member((3, 20, 20), 2, 8, form="binary")
    first, last = spec.blocks
    size = first.output_size(20)
    assert operations((3, 20, 20), 2, spec) == (
        18**2 * first.channels * 3 * 9 + (size - 2) ** 2 * last.channels * first.channels * 9
        + (size - 2) ** 2 * last.channels * 2
    )  # fmt: skip


@pytest.mark.parametrize("size", [(7, 8), (64, 1025)])
def test_a_picture_out_of_range_is_refused(size):
    with pytest.raises(UserError, match=rf"pictures of {size[0]}x{size[1]} pixels; allowed are sides from 8 to 1024"):
        member((1, *size), 2, 8)
