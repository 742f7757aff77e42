"""The space: every set of answers is a network, and the network that is taken without a search is one of them."""

import random

import pytest
import torch

from bnn.model.family import COARSE, FINE, WIDTHS, member
from bnn.model.network import Network
from neuraljet.searching.methods import BEGINNING, Past, aged, beginning
from neuraljet.searching.space import FORMS, KERNELS, MAPS, PENALTIES, SHARES, Mutant, Space, mutated

SHAPES = ((1, 8, 8), (1, 12, 12), (3, 16, 16), (1, 24, 80), (1, 28, 28), (1, 64, 64), (3, 64, 64), (3, 128, 96))


class Chance:
    """Answers by chance, and keeps the answers."""

    def __init__(self, seed):
        self.draw, self.answers = random.Random(seed), {}

    def suggest_int(self, name, low, high, *, step=1):
        self.answers[name] = self.draw.randrange(low, high + 1, step)
        return self.answers[name]

    def suggest_categorical(self, name, choices):
        self.answers[name] = self.draw.choice(list(choices))
        return self.answers[name]


def space(shape=(1, 12, 12), width=8, **options):
    return Space(shape, member(shape, 3, width, **options))


def said(answers):
    return Mutant(answers, frozenset(), random.Random(0))


@pytest.mark.parametrize("geometry", [COARSE, FINE])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_default_is_in_the_space(shape, geometry):
    for width in WIDTHS:
        for form, first, maps in (("binary", "jets", 4), ("binary", None, 4), ("bottleneck", None, 8)):
            default = member(shape, 3, width, form=form, first=first, maps=maps, geometry=geometry)
            inside = Space(shape, default)
            picked = said(inside.answers(default))
            found = inside.network(picked)
            first_block, *others = default.blocks
            assert list(found.blocks[1:]) == others
            # bottlenecks on pixels are jets (forms.form_on_pixels), and the space calls them so
            assert found.blocks[0].channels == first_block.channels and found.blocks[0].pool == first_block.pool
            assert found.blocks[0].form == ("jets" if first_block.form == "bottleneck" else first_block.form)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_answers_are_networks(shape):
    inside, seen = space(shape, 4, geometry=FINE), []
    for seed in range(60):
        chance = Chance(seed)
        spec = inside.network(chance)
        assert len(spec.blocks) <= inside.most_blocks
        if seed < 4:
            made = Network(spec, shape, 3).eval()
            assert made(torch.zeros(1, *shape, dtype=torch.uint8)).shape == (1, 3)
        seen.append((spec, chance.answers))
        assert inside.network(said(chance.answers)) == spec
    blocks = [block for spec, _ in seen for block in spec.blocks]
    assert {block.form for block in blocks} == set(FORMS)
    assert {block.kernel for block in blocks} == set(KERNELS)
    assert {block.maps for block in blocks if block.form == "bottleneck"} == set(MAPS)
    assert {block.pooling for block in blocks} == {"max", "sum"}


@pytest.mark.parametrize("method", ["slim", "prune"])
def test_networks_that_become_smaller_begin_wider(method):
    inside = Space((1, 28, 28), member((1, 28, 28), 3, 8, form="binary", first="jets"), method)
    first, *others = [inside.start(said(answers)) for answers in beginning(inside, 0)]
    assert first.shrinking is None and first.network.blocks == inside.default.blocks
    starts = others + [inside.start(Chance(seed)) for seed in range(60)]
    plain, wide = ([one for one in starts if (one.shrinking is None) == none] for none in (True, False))
    assert plain and len(wide) > len(plain)
    for one in wide:
        assert one.shrinking.method == method and all(block.channels % 4 == 0 for block in one.network.blocks)
        if method == "prune":  # an output of several jets, or nothing could become none
            assert {block.form for block in one.network.blocks[1:]} <= {"jets", "bottleneck"}
    assert {one.shrinking.share for one in wide} == set(SHARES)
    assert {one.shrinking.penalty for one in wide} == (set(PENALTIES) if method == "slim" else {0.0})
    widest = max(block.channels for one in wide for block in one.network.blocks)
    assert widest > 2 * max(block.channels for one in plain for block in one.network.blocks)


def test_mutants_differ_a_little_and_are_the_same_for_a_seed():
    inside = space((1, 64, 64), 20, geometry=FINE, form="binary", first="jets")
    default = inside.answers(inside.default)
    changes = []
    for seed in range(100):
        answers = mutated(inside, default, random.Random(seed))
        assert answers == mutated(inside, default, random.Random(seed))
        assert inside.network(said(answers)).blocks  # every answer is within its bounds
        changes.append(sum(default.get(name) != value for name, value in answers.items()))
        for name, value in answers.items():
            if name.startswith("channels"):
                assert value % 4 == 0 and value >= 4
    assert sum(change == 0 for change in changes) < 5 and sorted(changes)[50] <= 3
    depths = {mutated(inside, default, random.Random(seed))["blocks"] for seed in range(300)}
    assert depths >= {3, 4, 5}


def test_a_search_begins_with_the_default():
    inside = space((1, 64, 64), 20, geometry=FINE, form="binary", first="jets")
    found = beginning(inside, 3)
    assert len(found) == BEGINNING and found == beginning(inside, 3) != beginning(inside, 4)
    assert inside.network(said(found[0])).blocks == inside.default.blocks


def test_evolution_takes_the_best_of_the_young():
    inside = space((1, 64, 64), 20, geometry=FINE, form="binary", first="jets")
    marked = [{**inside.answers(inside.default), "channels 0": 4 + 4 * (i % 8)} for i in range(40)]
    past = [Past(answers, (0, (i == 0 or i == 39, 0.0))) for i, answers in enumerate(marked)]
    near = {"oldest": 0, "youngest": 0}
    for seed in range(60):
        child = aged(inside, past, random.Random(seed))
        near["oldest"] += child["channels 0"] == marked[0]["channels 0"]
        near["youngest"] += child["channels 0"] == marked[39]["channels 0"]
    # the oldest is as good, and has left the population; a tournament of 5 has the youngest each fourth time
    assert near["youngest"] > near["oldest"] and near["youngest"] > 60 / 8
    assert aged(inside, [], random.Random(0))["blocks"]
