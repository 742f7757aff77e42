"""A chosen network keeps its budget by the estimate that build gives, and more hardware never gives a smaller one."""

import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from bnn.errors import UserError
from bnn.model.budget import Budget
from bnn.model.family import COARSE, FINE, WIDTHS
from finn_build import choose as choosing
from finn_build.choose import MARGIN, choose, geometry_for, untrained
from finn_build.estimate import Estimate, estimates

FOUND = Estimate(0, 0, 0, 0.0, (), ())
ALL = [
    (shape, classes, fps)
    for shape, classes in (
        ((1, 8, 8), 2), ((1, 12, 12), 3), ((1, 16, 16), 10), ((1, 24, 80), 2), ((1, 17, 200), 5), ((3, 32, 32), 10),
        ((1, 48, 48), 3), ((1, 64, 64), 7), ((3, 64, 64), 3), ((3, 128, 128), 4), ((1, 256, 256), 3),
    )
    for fps in (None, 2000.0, 500.0)
]  # fmt: skip


def keeps(choice, shape, classes):
    """Check a choice against an estimate of its own."""
    expected, rate = choice.expected, choice.budget.fps
    found = next(estimates(untrained(choice.network, shape, classes), rate, (expected.ramb18_sites,)))
    assert (expected.sites, expected.ramb18, expected.cycles_per_frame) == (
        found.lut, found.bram18, found.cycles_per_frame
    )  # fmt: skip
    assert found.lut * (1 + MARGIN) <= choice.budget.sites and found.bram18 <= choice.budget.ramb18
    assert found.fps >= rate if rate else found.cycles_per_frame == shape[1] * shape[2]


@pytest.mark.parametrize(
    ("shape", "classes", "budget"),
    [
        ((1, 8, 8), 2, Budget.of(sites=900)),
        ((1, 24, 80), 2, Budget.of()),
        ((3, 16, 16), 4, Budget.of(sites=1000, fps=50_000, ramb18=2)),
    ],
)
def test_it_keeps_the_budget_by_estimate_and_always_is_the_same(shape, classes, budget):
    state = torch.get_rng_state()
    choice = choose(shape, classes, budget)
    keeps(choice, shape, classes)
    assert np.array_equal(torch.get_rng_state(), state)
    if shape[1] == 8:
        assert choose(shape, classes, budget) == choice


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "classes", "fps"), ALL)
def test_every_picture_and_rate(shape, classes, fps):
    small, large = (choose(shape, classes, Budget.of(sites=sites, fps=fps)) for sites in (1800, 3000))
    for choice in (small, large):
        keeps(choice, shape, classes)
    assert worth(large, shape) >= worth(small, shape)


def worth(choice, shape):
    """Return what the channels of a choice are worth."""
    geometry, first = geometry_for(shape, choice.budget.fps), choice.network.blocks[0]
    for candidate in choosing.CANDIDATES[geometry.name]:
        for width in WIDTHS:
            network = choosing.member(
                shape, 2, width, form=candidate.form, first=candidate.first, maps=candidate.maps, geometry=geometry
            )
            if network.name == choice.network.name and network.blocks[0] == first:
                return width * candidate.worth
    raise AssertionError(choice.network)


@pytest.fixture
def drawn(monkeypatch):
    """Costs that rise with the width by and large, and not always: those of real layers jump too."""
    asked = []

    def costs(network, fps, worths, *, clock_mhz):
        asked.append(network.name)
        noise = zlib.crc32(network.name.encode()) / 2**32
        channels = sum(block.channels for block in network.blocks)
        for number in range(len(worths)):
            lut = int((300 + channels * (8 + 12 * noise)) * (1 - 0.05 * number))
            yield replace(FOUND, lut=lut, bram18=int(channels * noise / 40) + number, cycles_per_frame=4096)

    monkeypatch.setattr(choosing, "estimates", costs)
    monkeypatch.setattr(choosing, "untrained", lambda network, shape, classes: network)
    return asked


def test_more_hardware_never_gives_a_network_that_is_worth_less(drawn):
    for shape in ((1, 64, 64), (3, 64, 64)):
        for fps in (None, 1000.0):
            for vary in ("sites", "ramb18"):
                found = []
                for amount in range(1200, 6000, 100) if vary == "sites" else range(10):
                    budget = Budget.of(**{"sites": 3000, "fps": fps, "ramb18": 5, vary: amount})
                    found.append(worth(choose(shape, 2, budget), shape))
                assert found == sorted(found) and found[0] < found[-1]


def test_few_networks_are_estimated(drawn):
    choose((1, 64, 64), 2, Budget.of(fps=1000))
    assert len(drawn) < 12


def test_block_rams_are_taken_before_a_network_is_too_large(drawn):
    """Where block RAMs are left the choice is as wide or wider, and says what one of them was worth."""
    wider = 0
    for sites in range(1200, 6000, 400):
        none, some = (choose((1, 64, 64), 2, Budget.of(sites=sites, fps=1000, ramb18=blocks)) for blocks in (3, 40))
        if worth(some, (1, 64, 64)) > worth(none, (1, 64, 64)):
            wider += some.expected.ramb18_sites < choosing.WORTHS_OF_RAMB18[0]
    assert wider


def test_a_form_that_is_asked_for_is_kept(drawn):
    for form in ("binary", "separable", "constrained"):
        network = choose((1, 64, 64), 2, Budget.of(sites=3000), form=form, kernel=3).network
        assert {block.form for block in network.blocks} == {form}
    assert {block.kernel for block in choose((1, 64, 64), 2, Budget.of(sites=3000), kernel=5).network.blocks} == {5}


def test_training_stays_possible(drawn):
    """A budget without end ends with what can be trained, and not with the widest network of all."""
    shape = (1, 64, 64)
    network = choose(shape, 2, Budget.of(sites=10**7, ramb18=10**5, fps=100)).network
    assert choosing.operations(shape, 2, network) <= choosing.MOST_OPERATIONS
    assert network.blocks[0].channels > 24


def test_the_rate_decides_the_geometry():
    assert geometry_for((1, 64, 64), None) is COARSE and geometry_for((1, 64, 64), 40_000) is COARSE
    assert geometry_for((1, 64, 64), 2000) is FINE and geometry_for((1, 256, 256), 2000) is COARSE


def test_what_does_not_fit_is_refused_with_the_way_out(drawn):
    with pytest.raises(
        UserError, match=r"64x64 pixels in gray and 2 classes \(4-.* takes about .*budget is 300 LUT .*"
    ):
        choose((1, 64, 64), 2, Budget.of(sites=300))
    with pytest.raises(UserError, match=r"Give --sites \d+ or smaller pictures \(--size\); a rate"):
        choose((1, 64, 64), 2, Budget.of(sites=300))
    with pytest.raises(UserError, match=r"--fps 48828 or smaller"):
        choose((1, 63, 64), 2, Budget.of())  # 4,096 clocks for 4,032 pixels


def test_a_rate_out_of_reach_is_refused_as_by_build():
    with pytest.raises(UserError, match=r"--fps 1e\+09 is beyond .* at most 3125000 frames/s"):
        choose((1, 8, 8), 2, Budget.of(fps=1e9))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sites": 0}, "sites 0 is not a whole number from 1"),
        ({"ramb18": -1}, "ramb18 -1 is not a whole number from 0"),
        ({"fps": float("nan")}, "fps nan is not a number above 0"),
        ({"fps": 0}, "fps 0 is not"),
        ({"sites": 1.5}, "sites 1.5"),
    ],
)
def test_a_budget_out_of_range_is_refused(given, words):
    with pytest.raises(UserError, match=words):
        Budget.of(**given)


def test_block_rams_come_with_a_rate():
    assert (Budget.of().ramb18, Budget.of(fps=500).ramb18, Budget.of(fps=500, ramb18=0).ramb18) == (4, 16, 0)
