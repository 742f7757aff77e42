"""Pictures of one part, lot or day stay on one side of the test, of what is held out, and of every fold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bnn.data import load
from bnn.data.groups import Joined
from bnn.data.split import split_groups, whole_groups
from bnn.errors import UserError
from bnn.training.plan.folds import deal, held_out, most_folds
from bnn.training.sides import hold_out
from tests.support.pictures import Maker, counts

LOTS = st.integers(0, 2**32 - 1).map(np.random.default_rng)


def lots(make: Maker, count: int = 6, each: int = 4) -> None:
    for lot in range(count):
        for name in ("good", "bad"):
            make.put(*(f"{name}/lot{lot}_{i}.png" for i in range(each)))


def test_groups_by_a_pattern(make: Maker) -> None:
    lots(make)
    for pattern in (r"(lot\d+)_", r"lot\d+", r"/(lot[0-9]+)"):
        data = load(make.root, group_by=pattern)
        sides = [{name.split("/")[1].split("_")[0] for name in names} for names in (data.train_names, data.test_names)]
        assert not sides[0] & sides[1] and len(sides[0] | sides[1]) == 6
        assert counts(data)[1] in ([4, 4], [8, 8])  # a quarter of 24 is 6
        assert data.train_groups is not None
        named = {
            (g, name.split("/")[1].split("_")[0]) for g, name in zip(data.train_groups, data.train_names, strict=True)
        }
        assert len(named) == len(sides[0])  # one number for each lot, in both classes


def refused(make: Maker, pattern: str, match: str) -> None:
    with pytest.raises(UserError, match=match) as caught:
        load(make.root, group_by=pattern)
    assert "\n" not in str(caught.value)


def test_patterns_that_do_not_group(make: Maker) -> None:
    lots(make, 2)
    make.put("good/other.png")
    refused(make, r"(lot\d+)_", "does not name a group in 1 of the 17 of the paths, such as good/other.png")
    refused(make, "day", "does not name a group in any of the paths, such as bad/lot0_0.png")
    refused(make, "(", "is no regular expression")
    refused(make, "x*", "does not name a group in any")  # matches nothing, everywhere
    refused(make, "(o)|a", "does not name a group in|puts all")
    refused(make, "(p)ng", r"puts all 17 pictures into one group \(p\), and at least 2 are needed")
    refused(make, "good|bad", "all pictures of class 'bad' are of one group.*group by something else")


def test_groups_on_both_sides_of_a_split_that_is_there(make: Maker) -> None:
    for side in ("train", "test"):
        make.put(*(f"{side}/{name}/lot{i}.png" for name in ("good", "bad") for i in range(4)))
    note = next(note for note in load(make.root, group_by=r"lot\d").notes if "several sides" in note)
    assert note.startswith("4 groups lie on several sides of the split that is there (lot0: train, test; lot1: train, ")


@settings(deadline=None, max_examples=20)
@given(LOTS)
def test_whole_groups_are_taken(random: np.random.Generator) -> None:
    labels, groups = random.integers(0, 3, 60), random.integers(0, 15, 60)
    wanted = np.maximum(1, np.bincount(labels, minlength=3) // 4)
    mask = whole_groups(labels, groups, wanted, 0)
    assert not set(groups[mask]) & set(groups[~mask])
    assert set(labels[~mask]) == set(labels)  # no class is taken whole
    assert np.array_equal(mask, whole_groups(labels, groups, wanted, 0))


@settings(deadline=None, max_examples=20)
@given(LOTS)
def test_a_split_by_groups_has_every_class_on_both_sides(random: np.random.Generator) -> None:
    labels, groups = np.repeat([0, 1], 40), random.integers(0, 20, 80)
    mask = split_groups(labels, groups, ("a", "b"), 3)
    assert not set(groups[mask]) & set(groups[~mask])
    assert set(labels[mask]) == set(labels[~mask]) == {0, 1}
    assert 10 <= mask.sum() <= 30  # a quarter is 20


@settings(deadline=None, max_examples=20)
@given(LOTS)
def test_groups_stay_together_in_folds_and_in_what_is_held_out(random: np.random.Generator) -> None:
    labels, groups = np.repeat([0, 1], 30), random.integers(0, 14, 60)
    folds = most_folds(labels, 5, groups)
    fold = deal(labels, folds, 1, groups)
    assert all(len(set(fold[groups == group])) == 1 for group in groups)
    assert set(fold) == set(range(folds))
    kept, held = hold_out(labels, 0.2, 0, groups)
    assert not set(groups[kept]) & set(groups[held]) and len(kept) + len(held) == 60
    assert set(labels[kept]) == set(labels[held]) == {0, 1}


def test_folds_know_names_and_groups(make: Maker) -> None:
    lots(make)
    data = load(make.root, group_by=r"lot\d")
    assert data.train_groups is not None
    fold = deal(data.train_labels, 3, 0, data.train_groups)
    part = held_out(data, fold == 0)
    assert set(part.train_names) | set(part.validation_names) == set(data.train_names)
    assert part.train_groups is not None and len(part.train_groups) == len(part.train_labels)
    assert not {n.split("/")[1][:4] for n in part.train_names} & {n.split("/")[1][:4] for n in part.validation_names}


def test_joined() -> None:
    joined = Joined(6)
    for one, other in ((4, 5), (1, 4), (0, 3)):
        joined.join(one, other)
    assert joined.numbers().tolist() == [0, 1, 2, 0, 1, 1]
