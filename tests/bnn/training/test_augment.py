"""Augmentations: pure functions of a picture and a number, and what is drawn for them."""

import numpy as np
import pytest
import torch

from bnn.errors import UserError
from bnn.training.augment import AUGMENTATIONS, GROUPS, augment, check_names
from bnn.training.augment.geometry import move, shift, turn
from bnn.training.augment.sensor import add_noise, blur, relight

SHAPES = [(4, 1, 16, 16), (3, 3, 12, 20), (1, 1, 8, 24)]


def pictures(shape=(4, 1, 16, 16), seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8))


def drawn(images, *names, seed=0):
    return augment(images, names, torch.Generator().manual_seed(seed))


def each(images, value):
    """Return `value` for every picture, as [N, 1, 1, 1]."""
    return torch.full((len(images), 1, 1, 1), float(value))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("names", [*((name,) for name in AUGMENTATIONS), AUGMENTATIONS])
def test_bytes_of_the_same_shape_that_depend_on_the_seed_alone(names, shape):
    images = pictures(shape)
    before = images.clone()
    first = drawn(images, *names)
    assert first.dtype == torch.uint8 and first.shape == images.shape
    assert torch.equal(first, drawn(images, *reversed(names)))
    assert torch.equal(images, before)
    changed = any(not torch.equal(drawn(images, *names, seed=seed), images) for seed in range(8))
    assert changed == (names != ("rot90",) or shape[2] == shape[3])


def test_no_name_changes_nothing():
    images = pictures()
    assert torch.equal(drawn(images), images)


@pytest.mark.parametrize("shape", SHAPES)
def test_numbers_that_mean_no_change(shape):
    images = pictures(shape)
    n = len(images)
    assert torch.equal(shift(images, torch.zeros(n, dtype=torch.long), torch.zeros(n, dtype=torch.long)), images)
    assert torch.equal(move(images, torch.zeros(n), torch.ones(n)), images)
    assert torch.equal(relight(images, each(images, 1), each(images, 0)), images)
    assert torch.equal(blur(images, each(images, 0)), images)
    assert torch.equal(add_noise(images, torch.zeros(shape)), images)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_even_pictures_have_no_border_to_see(name):
    """Black round a turned or moved picture would show; light and noise change the level, but stay even or near it."""
    even = torch.full((8, 3, 16, 16), 100, dtype=torch.uint8)
    found = drawn(even, name)
    if name == "noise":
        assert (found.float() - 100).abs().max() < 60
    else:
        assert torch.equal(found, found[:, :1, :1, :1].expand_as(found))
        assert name == "light" or torch.equal(found, even)


def test_shift_repeats_the_edge():
    images = pictures((2, 1, 5, 6))
    moved = shift(images, torch.tensor([1, 0]), torch.tensor([0, -2]))
    assert torch.equal(moved[0, :, 1:], images[0, :, :-1]) and torch.equal(moved[0, :, 0], images[0, :, 0])
    assert torch.equal(moved[1, :, :, :4], images[1, :, :, 2:])
    assert torch.equal(moved[1, :, :, 4:], images[1, :, :, 5:].expand(-1, -1, 2))


def test_the_shifts_are_whole_pixels_up_to_a_sixteenth():
    """The place of one bright pixel says how far each of 200 pictures was moved."""
    images = torch.zeros(200, 1, 16, 48, dtype=torch.uint8)
    images[:, :, 8, 24] = 255
    places = drawn(images, "shift").nonzero()
    assert len(places) == 200
    assert set((places[:, 2] - 8).tolist()) == {-1, 0, 1}
    assert set((places[:, 3] - 24).tolist()) == {-3, -2, -1, 0, 1, 2, 3}


def test_a_turn_of_90_degrees_is_a_quarter_turn():
    images = pictures((3, 3, 16, 16))
    assert torch.equal(move(images, torch.full((3,), 90.0), torch.ones(3)), turn(images))
    assert torch.equal(turn(images), torch.rot90(images, -1, (2, 3)))


def test_quarter_turns_and_mirrors_reach_all_eight_places():
    corner = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    corner[:, :, 1, 0] = 255
    found = {tuple(drawn(corner, "rot90", seed=seed)[0, 0].nonzero()[0].tolist()) for seed in range(40)}
    assert found == {(1, 0), (0, 6), (6, 7), (7, 1)}
    names = ("rot90", "flip_x", "flip_y")
    assert len({tuple(drawn(corner, *names, seed=s)[0, 0].nonzero()[0].tolist()) for s in range(80)}) == 8


def test_turning_keeps_angles_on_pictures_that_are_not_square():
    """A horizontal bar, turned by 90 degrees, is a vertical one of the same thickness and length."""
    images = torch.zeros(1, 1, 20, 40, dtype=torch.uint8)
    images[:, :, 8:12, 12:28] = 255
    upright = torch.zeros_like(images)
    upright[:, :, 2:18, 18:22] = 255
    assert torch.equal(move(images, torch.tensor([90.0]), torch.ones(1)), upright)


def test_scale_magnifies_about_the_middle():
    images = torch.zeros(1, 1, 16, 32, dtype=torch.uint8)
    images[:, :, 6:10, 12:20] = 255
    larger = move(images, torch.zeros(1), torch.tensor([1.1])).float()
    smaller = move(images, torch.zeros(1), torch.tensor([1 / 1.1])).float()
    assert smaller.sum() < images.float().sum() < larger.sum()
    assert larger.sum() / images.float().sum() == pytest.approx(1.21, abs=0.03)
    for found in (larger, smaller):
        assert torch.equal(found, found.flip(2)) and torch.equal(found, found.flip(3))


def test_light_is_one_gain_and_offset_for_all_pixels_and_stays_in_range():
    images = pictures((2, 3, 4, 4))
    lit = relight(
        images, torch.tensor([1.25, 0.8]).reshape(2, 1, 1, 1), torch.tensor([16.0, -16.0]).reshape(2, 1, 1, 1)
    )
    gains, offsets = np.array([1.25, 0.8]).reshape(2, 1, 1, 1), np.array([16, -16]).reshape(2, 1, 1, 1)
    expected = np.clip(np.round(images.numpy() * gains.astype(np.float32) + offsets), 0, 255)
    assert np.array_equal(lit.numpy(), expected) and lit.max() == 255


def test_blur_spreads_a_point_and_repeats_the_edge():
    point = torch.zeros(1, 1, 5, 5, dtype=torch.uint8)
    point[:, :, 2, 2] = 160
    spread = torch.tensor([[10, 20, 10], [20, 40, 20], [10, 20, 10]], dtype=torch.uint8)
    blurred = blur(point, each(point, 0.25))
    assert torch.equal(blurred[0, 0, 1:4, 1:4], spread) and int(blurred.sum()) == 160
    edge = torch.zeros(1, 1, 3, 4, dtype=torch.uint8)
    edge[..., 0] = 100
    assert blur(edge, each(edge, 0.25))[0, 0, 1].tolist() == [75, 25, 0, 0]


def test_each_picture_is_changed_on_its_own():
    same = pictures((1, 1, 16, 16)).expand(32, -1, -1, -1)
    for name in AUGMENTATIONS:
        assert len(torch.unique(drawn(same, name), dim=0)) > 1, name


def test_unknown_names_and_names_that_stand_twice():
    with pytest.raises(UserError, match=r"'flipx' is unknown; choose from flip_x, flip_y, rot90, shift, light"):
        check_names(["shift", "flipx"])
    with pytest.raises(UserError, match=r"'shift' stands twice"):
        drawn(pictures(), "shift", "light", "shift")
    assert sorted(AUGMENTATIONS) == sorted(name for group in GROUPS.values() for name in group)
