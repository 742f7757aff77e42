"""What is done to pictures: covered places, damages, kernels, and how they are shown."""

import base64
import io
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bnn.integer.layers import Bias, Conv, Dense, Pad, Threshold
from bnn.integer.network import IntegerNetwork
from neuraljet.reporting.damages import KINDS, brightness, dead_pixels, shifted
from neuraljet.reporting.heat import _places, heat_map
from neuraljet.reporting.images import diverging, embedded, heated, visible_noise
from neuraljet.reporting.judged import Judge
from neuraljet.reporting.kernels import first_kernels
from neuraljet.reporting.robustness import courses
from tests.support.networks import random_network


def looks_at(row: slice, column: slice, size: int = 16) -> Judge:
    """Return a network whose class 1 has as its score how many pixels of a place are bright, twice, less all of it."""
    weight = np.full((size, size, 2), -1)
    weight[row, column, 1] = 1
    weight[~np.isin(np.arange(size), np.arange(size)[row])] = 1  # both classes alike
    weight[:, ~np.isin(np.arange(size), np.arange(size)[column])] = 1
    layers = (
        Conv(np.ones((1, 1, 1, 1), np.int64)),
        Threshold(np.array([128])),
        Dense(weight.reshape(-1, 2)),
        Bias(np.zeros(2, np.int64)),
    )
    return Judge.of(IntegerNetwork.chain((1, size, size), layers, ("dark", "bright")))


def test_the_heat_is_where_the_network_looks_and_nowhere_else():
    place = slice(4, 8), slice(9, 12)
    judge = looks_at(*place)
    picture = np.full((16, 16, 1), 20, np.uint8)
    picture[place] = 250
    heat = heat_map(judge, picture, 1)
    assert heat[5:7, 9:12].min() > 0
    assert heat[:2].max() == heat[10:].max() == heat[:, :6].max() == 0.0
    assert heat_map(judge, picture, 0)[5:7, 9:12].max() < 0


@given(st.integers(8, 1024), st.data())
def test_squares_cover_every_pixel(size, data):
    side = data.draw(st.integers(2, max(2, size // 8)))
    places = _places(size, side)
    assert places[0] == 0 and places[-1] + side == size
    assert all(after - before <= side for before, after in pairwise(places))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_damage_changes_pictures_but_not_at_its_level_of_none_and_is_the_same_for_a_seed(kind, channels):
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, channels, 20, 14), np.uint8))
    before = images.clone()
    made = {level: kind.apply(images, level, torch.Generator().manual_seed(1)) for level in kind.levels}
    again = {level: kind.apply(images, level, torch.Generator().manual_seed(1)) for level in kind.levels}
    assert torch.equal(images, before)
    for level, damaged in made.items():
        assert damaged.shape == images.shape and damaged.dtype == torch.uint8
        assert torch.equal(damaged, again[level])
        few = kind.apply is dead_pixels and level * 20 * 14 / 100 < 0.5  # less than a pixel
        assert torch.equal(damaged, images) == (level == kind.none or few), level


def test_damages_do_what_they_say():
    images = torch.arange(200, dtype=torch.uint8).reshape(2, 1, 10, 10)
    random = torch.Generator().manual_seed(0)
    assert torch.equal(brightness(images, 30, random), (images.int() + 30).clamp(0, 255).to(torch.uint8))
    inner = shifted(images, 2, random)[:, 0, 4:6, 4:6].int() - images[:, 0, 4:6, 4:6].int()
    for moved in inner:  # by two rows, two columns or both, either way
        assert len(set(moved.flatten().tolist())) == 1
        assert abs(moved[0, 0].item()) in (2, 20, 22, 18)
    gray = torch.full((3, 3, 10, 10), 100, dtype=torch.uint8)
    dead = dead_pixels(gray, 3, random) != 100
    assert dead[0, 0].sum() == 3 and (dead == dead[0, 0]).all()
    assert set(dead_pixels(gray, 100, random).unique().tolist()) == {0, 255}


def test_robustness_counts_what_the_network_says_of_each_damage():
    judge = looks_at(slice(4, 8), slice(9, 12))
    images = np.full((6, 16, 16, 1), 20, np.uint8)
    images[3:, 4:8, 9:12] = 250
    labels = np.array([0, 0, 0, 1, 1, 1])
    steps = []
    found = courses(judge, images, labels, 0, step=steps.append)
    assert len(found) == len(KINDS) and sum(steps) == sum(len(kind.levels) - 1 for kind in KINDS)
    by_name = {course.name: course for course in found}
    assert {rate.number for rate in by_name["Brightness"].accuracy} == {6}  # 20 + 60 is dark, 250 - 60 is bright
    shift = by_name["Shift"]
    assert shift.accuracy[shift.levels.index(0)].number == 6 and shift.accuracy[-1].number < 6


@pytest.mark.parametrize("form", ["binary", "bottleneck", "separable", "constrained"])
@pytest.mark.parametrize(("colors", "stride"), [(1, 1), (3, 2)])
def test_kernels_of_the_first_layer_give_its_sums(form, colors, stride):
    network = random_network(form, colors=colors, first_stride=stride, padding=False, height=20, width=20)
    kernels = first_kernels(network)
    side = kernels.shape[2]
    image = np.random.default_rng(0).integers(0, 256, (1, *network.input_shape), np.uint8)
    before = next(i for i, layer in enumerate(network.layers) if not isinstance(layer, Conv | Pad))
    sums = network.run(image, taps=True)[1][network.tensor_names[before - 1]]
    assert np.array_equal(sums[0, :, 0, 0], (kernels * image[0, :, :side, :side].astype(int)).sum(axis=(1, 2, 3)))


def test_a_network_that_begins_with_something_else_has_no_kernels_to_show():
    layers = (Threshold(np.array([3])), Dense(np.ones((64, 2), np.int64)), Bias(np.zeros(2, np.int64)))
    assert first_kernels(IntegerNetwork.chain((1, 8, 8), layers, ("a", "b"))) is None


def decoded(address):
    head, _, data = str(address).partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


@settings(deadline=None)
@given(st.integers(8, 40), st.integers(8, 40), st.sampled_from([1, 3]))
def test_a_picture_in_the_page_has_its_pixels_magnified_by_a_whole_number(height, width, channels):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    shown = decoded(embedded(picture, 50))
    factor = shown.shape[0] // height
    assert min(shown.shape[:2]) >= 50 and shown.shape[:2] == (height * factor, width * factor)
    assert np.array_equal(shown[::factor, ::factor].reshape(picture.shape), picture)


def test_colours_say_where_something_speaks_for_and_against():
    picture = np.full((3, 1, 1), 100, np.uint8)
    warm, cold, none = heated(picture, np.array([[2.0], [-2.0], [0.0]]))[:, 0].astype(int)
    assert warm[0] > warm[2] and cold[2] > cold[0] and none.tolist() == [100] * 3
    assert np.array_equal(heated(picture, np.zeros((3, 1))), np.full((3, 1, 3), 100))
    assert diverging(np.array([[0, 5, -5]])).tolist() == [[[255] * 3, [0, 114, 178], [213, 94, 0]]]
    assert visible_noise(np.array([[[-4]], [[0]], [[4]]], np.int16), 4).flatten().tolist() == [0, 128, 255]
