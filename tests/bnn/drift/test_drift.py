"""Watching pictures: drift is found and named, and pictures of the same kind hardly ever raise a false alarm."""

import json

import numpy as np
import pytest

from bnn.drift import heldout
from bnn.drift.heldout import FILE, Group, HeldOut, beside, brightness_of, load, read
from bnn.drift.watch import Watch
from bnn.errors import UserError
from bnn.storage.records import seal_of

CLASSES = ("good", "bad")
MODEL = "ab" * 32


def pictures(r, count, bright=120, lead=40, bad=0.5):
    """Return frames [N, 4, 4, 1] and scores [N, 2]: bad ones are 60 brighter."""
    kind = r.random(count) < bad
    frames = np.clip(r.normal(bright + 60 * kind[:, None], 25, (count, 16)), 0, 255).astype(np.uint8)
    margins = np.maximum(1, r.normal(lead, 10, count).round()).astype(np.int64)
    scores = np.zeros((count, 2), np.int64)
    scores[np.arange(count), kind.astype(int)] = margins
    return frames.reshape(count, 4, 4, 1), scores


def held_out(r, count=300, **kinds):
    frames, scores = pictures(r, count, **kinds)
    return HeldOut.of(MODEL, CLASSES, 16, brightness_of(frames), scores)


def findings(watch, frames, scores):
    found = [watch.see(frame, row) for frame, row in zip(frames, scores, strict=True)]
    return [one for one in found if one is not None]


def test_false_alarms_are_as_rare_as_promised():
    """Of 300 watches over ten windows and more, each with held-out pictures of its own."""
    r, level, alarms = np.random.default_rng(0), 0.2, 0
    for _ in range(300):
        watch = Watch(held_out(r, 120), window=15, level=level)
        found = findings(watch, *pictures(r, 180, bad=0.3))
        assert len(found) >= 10
        alarms += any(not one.matches for one in found)
    assert 0.02 < alarms / 300 <= level


def test_the_levels_of_all_windows_add_up_to_the_level():
    r = np.random.default_rng(1)
    found = findings(Watch(held_out(r), window=4, level=0.05), *pictures(r, 8000))
    limits = [one.limit for finding in found for one in finding.compared]
    assert len(found) >= 1990 and sum(limits) == pytest.approx(0.05 * (1 - 1 / (len(found) + 1)))
    assert [one.number for one in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize(
    ("change", "quantity"), [({"bright": 100}, "brightness"), ({"lead": 28}, "margin"), ({"bright": 140}, "brightness")]
)
def test_drift_is_found_and_named(change, quantity):
    r = np.random.default_rng(2)
    watch = Watch(held_out(r), window=50)
    assert all(one.matches for one in findings(watch, *pictures(r, 300)))
    found = findings(watch, *pictures(r, 300, **change))
    late = [one for one in found if one.number > 7]
    assert late and not any(one.matches for one in late)
    for one in late:
        assert [compared.quantity for compared in one.compared if compared.differs] == [quantity]
        compared = next(compared for compared in one.compared if compared.differs)
        assert (compared.median > compared.held_out_median) == (change.get("bright") == 140)
        assert f"DIFFERS; margin {one.compared[0].median:.4g}" in one.words()


def test_another_share_of_a_class_differs_only_together():
    r = np.random.default_rng(3)
    known, new = held_out(r), pictures(r, 400, bad=0.02)
    assert all(one.matches for one in findings(Watch(known), *new))
    found = findings(Watch(known, together=True), *new)
    assert found and not any(one.matches for one in found) and found[0].label == "all classes"
    same = findings(Watch(known, together=True), *pictures(r, 400))
    assert same and all(one.matches for one in same)


def test_numbers_of_a_window_are_exact():
    frames, scores = pictures(np.random.default_rng(4), 6, bad=0)
    watch = Watch(HeldOut.of(MODEL, CLASSES, 16, brightness_of(frames), scores), window=6)
    (found,) = findings(watch, frames, scores)
    margin, bright = found.compared
    assert (margin.probability, bright.probability, found.seen, found.label) == (1.0, 1.0, 6, "good")
    assert bright.median == bright.held_out_median == np.median(frames.reshape(6, -1).sum(axis=1)) / 16
    assert margin.median == np.median(scores[:, 0] - scores[:, 1])


def test_classes_without_enough_held_out_pictures_are_told():
    r = np.random.default_rng(5)
    watch = Watch(held_out(r, 40, bad=0), window=10)
    assert watch.too_few() == ("bad",)
    assert findings(watch, *pictures(r, 400, bad=1.0)) == [] and watch.left_over() == {"bad": 10}
    frames, scores = pictures(r, 2, bad=0)
    assert Watch(HeldOut.of(MODEL, CLASSES, 16, brightness_of(frames), scores), window=10).too_few() == CLASSES


def test_wrong_values_are_explained():
    r = np.random.default_rng(6)
    known = held_out(r)
    frames, scores = pictures(r, 1)
    for options, words in (({"window": 1}, "window 1 is out of range"), ({"level": 0.0}, r"level 0\.0 is no")):
        with pytest.raises(UserError, match=words):
            Watch(known, **options)
    for frame, row in ((frames[0, :3], scores[0]), (frames[0].astype(np.int64), scores[0]), (frames[0], [1, 2, 3])):
        with pytest.raises(UserError, match="16 values of uint8 and 2 scores"):
            Watch(known).see(frame, row)


def test_the_file_is_read_as_it_was_written_or_refused(tmp_path):
    known = held_out(np.random.default_rng(7))
    (tmp_path / FILE).write_text(known.to_json())
    assert load(tmp_path, MODEL, "x").groups == known.groups and load(tmp_path / FILE, MODEL, "x").pictures() == 300
    assert beside(tmp_path / "model.onnx", MODEL) == known.to_json().encode()
    assert beside(tmp_path / "model.onnx", "cd" * 32) is None
    with pytest.raises(UserError, match="of another network: model hash ababab"):
        load(tmp_path, "cd" * 32, "x")
    content = json.loads(known.to_json())
    changes = [
        {"values": 17}, {"format": "x"}, {"seal": ""}, {"classes": ["good"]}, {"values": 0}, {"groups": []},
        {"groups": [{"margins": [2, 1], "brightness": [1, 2]}] * 2},
        {"groups": [{"margins": [1], "brightness": [1, 2]}] * 2},
        {"groups": [{"margins": [-1], "brightness": [1]}] * 2}, {"groups": [{"margins": ["1"], "brightness": [1]}] * 2},
    ]  # fmt: skip
    for number, change in enumerate(changes):
        changed = content | change
        changed |= {"seal": seal_of(changed)} if number > 2 else {}
        (tmp_path / FILE).write_text(json.dumps(changed))
        with pytest.raises(UserError, match=r"heldout\.json is damaged .*; train again"):
            load(tmp_path, MODEL, "train again")
        assert beside(tmp_path / "model.onnx", MODEL) is None
    (tmp_path / "none").mkdir()
    with pytest.raises(UserError, match=r"there is no .*heldout\.json.*; train again"):
        load(tmp_path / "none", MODEL, "train again")


def test_of_many_pictures_an_even_part_is_kept(monkeypatch):
    monkeypatch.setattr(heldout, "MOST", 5)
    values = np.arange(101)
    known = HeldOut.of(MODEL, ("one",), 16, values, np.zeros((101, 1), np.int64))
    assert known.groups == (Group((0,) * 5, (0, 25, 50, 75, 100)),) and read(known.to_json().encode()).pictures() == 5
