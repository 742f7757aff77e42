"""`neuraljet tune`: the offset is chosen on held-out pictures, and the circuit decides at it as the integers do."""

import json

import numpy as np
import pytest
from PIL import Image

import neuraljet
from bnn.data import load
from bnn.errors import UserError
from bnn.integer.decision import OperatingPoint, decide
from bnn.integer.rates import mistakes
from bnn.qonnx.read import read_qonnx
from bnn.training.runs import request_of
from bnn.training.sides import hold_out
from finn_build.operating import FILE
from neuraljet import Accelerator
from tests.neuraljet.test_cli import one_sentence, run


def drawn(folder, r, count, level):
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = np.clip(r.normal(level + r.normal(0, 25), 20, (16, 16)), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Train on pictures of which no network can tell all apart, and draw more of them."""
    folder, r = tmp_path_factory.mktemp("tune"), np.random.default_rng(0)
    for name, level in (("good", 110), ("bad", 150)):
        drawn(folder / "pictures" / name, r, 100, level)
        drawn(folder / "more" / name, r, 60, level)
    neuraljet.train(folder / "pictures", folder / "run", network="small", steps=40, folds=1, augment="none")
    return folder


def scores_of(run_folder, images):
    return read_qonnx(run_folder / "model.onnx").run(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))


def test_rates_are_those_of_the_integers_and_limits_are_kept(place):
    found = neuraljet.tune(place / "run", good="good", max_escape=0.1, held_out=place / "more", least_margin=2)
    assert (found.held_out.escapes.of, found.held_out.false_rejects.of) == (60, 60)
    assert found.held_out.escapes.number <= 6 and found.held_out.false_rejects.number < 60
    data = load(place / "pictures")
    decided, good = decide(scores_of(place / "run", data.test_images), found.point), data.classes.index("good")
    made = mistakes(data.test_labels, decided.classes, good)
    assert (found.test.escapes.number, found.test.false_rejects.number) == (
        made.escapes.number, made.false_rejects.number,
    )  # fmt: skip
    assert found.test.unsure.number == decided.unsure.sum()
    assert json.loads((place / "run" / FILE).read_text())["offsets"] == list(found.offsets)
    stricter = neuraljet.tune(place / "run", good="good", max_escape=0.02, held_out=place / "more")
    assert stricter.held_out.escapes.number <= 1
    assert stricter.held_out.false_rejects.number > found.held_out.false_rejects.number
    fewer = neuraljet.tune(place / "run", good="good", max_false_reject=0.02, held_out=place / "more")
    assert fewer.held_out.false_rejects.number <= 1 and fewer.held_out.escapes.number > 1


def test_the_pictures_that_training_held_out_are_chosen_on(place):
    found = neuraljet.tune(place / "run", good="good", max_escape=0.5)
    data, config = load(place / "pictures"), request_of(place / "run").config
    _, held = hold_out(data.train_labels, config.validation, config.seed)
    labels, good = data.train_labels[held], data.classes.index("good")
    decided = decide(scores_of(place / "run", data.train_images[held]), found.point)
    made = mistakes(labels, decided.classes, good)
    assert "held out" in found.held_out.pictures and found.held_out.escapes.of == (labels != good).sum()
    assert found.held_out.escapes.number == made.escapes.number


def test_the_circuit_begins_with_what_the_run_was_tuned_to_and_takes_another_point(place, tmp_path):
    found = neuraljet.tune(place / "run", good="good", max_escape=0.05, held_out=place / "more", least_margin=3)
    neuraljet.build(place / "run", tmp_path / "acc", tb=False)
    data = load(place / "pictures")
    scores = scores_of(place / "run", data.test_images)
    with Accelerator.simulated(tmp_path / "acc") as accelerator:
        assert accelerator.operating_point == found.point
        other = OperatingPoint((-7, 5), 9)
        for point in (found.point, other, OperatingPoint.neutral(2), found.point):
            accelerator.operating_point = point
            got, wanted = accelerator.classify(data.test_images), decide(scores, point)
            assert np.array_equal(got.classes, wanted.classes) and np.array_equal(got.scores, scores)
            assert np.array_equal(got.margins, wanted.margins) and np.array_equal(got.unsure, wanted.unsure)
        for result, margin in zip(accelerator.stream(data.test_images[:3]), wanted.margins, strict=False):
            assert result.margin == margin
        with pytest.raises(UserError, match="3 offsets does not fit the 2 classes"):
            accelerator.operating_point = OperatingPoint((0, 0, 0))
        assert accelerator.load_operating_point(place / "run" / FILE) == found.point
    report = neuraljet.verify(tmp_path / "acc", points=5)
    at = report.operating_points.points
    assert report.passed and len(at) == 5 and at[0].offsets == found.offsets
    assert all(point.mismatches == 0 for point in at)
    assert [point.results for point in at] == [2 * len(scores), *[len(scores)] * 4]
    # an accelerator folder keeps a file of its own, and does not know what training held out
    with pytest.raises(UserError, match=r"does not know which pictures training held out.*--held-out"):
        neuraljet.tune(tmp_path / "acc", good="bad", max_escape=0.1)
    again = neuraljet.tune(tmp_path / "acc", good="bad", max_escape=0.1, held_out=place / "more")
    assert again.good == "bad" and json.loads((tmp_path / "acc" / FILE).read_text())["good"] == "bad"
    # of another network: refused
    content = json.loads((tmp_path / "acc" / FILE).read_text())
    (tmp_path / "acc" / FILE).write_text(json.dumps({**content, "least_margin": 1}))
    with pytest.raises(UserError, match="changed after it was written"):
        Accelerator.simulated(tmp_path / "acc")


def test_the_command_says_rates_intervals_and_what_cannot_be_shown(place, capsys):
    arguments = ["tune", place / "run", "--good", "good", "--max-escape", "5%", "--held-out", place / "more"]
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert "% of the bad parts escape" in out and "60 bad held-out pictures cannot show a rate below 4.87%" in out
    assert "held out" in out and "% to " in out and f"operating point: {place / 'run' / FILE}" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--good", "fine", "--max-escape", "1%"], "--good fine: the network has no such class; choose bad, good"),
        (["--good", "good"], "give --max-escape, --max-false-reject, or both"),
        (["--good", "good", "--max-escape", "0", "--max-false-reject", "0"], "the nearest lets"),
        (["--good", "good", "--max-escape", "1%", "--out", "none/x.json"], "there is no folder none"),
    ],
)
def test_mistakes_are_told(place, capsys, arguments, words):
    if "--out" not in arguments and "fine" not in arguments:
        arguments = [*arguments, "--held-out", str(place / "more")]
    status, _, error = run(capsys, "tune", place / "run", *arguments)
    assert status == 2
    one_sentence(error, words)


@pytest.mark.parametrize("share", ["100%", "-1%", "2", "nan", "1e400", "half", "0,5%"])
def test_what_is_no_share_is_told(place, capsys, share):
    status, _, error = run(capsys, "tune", place / "run", "--good", "good", f"--max-escape={share}")
    assert status == 2 and "is no share" in error


def test_test_pictures_and_files_of_others_are_left_alone(place, tmp_path):
    with pytest.raises(UserError, match="are test pictures"):
        neuraljet.tune(place / "run", good="good", max_escape=0.1, held_out=place / "pictures")
    mine = tmp_path / "mine.json"
    mine.write_text('{"format": "mine"}')
    with pytest.raises(UserError, match=r"mine\.json would be replaced"):
        neuraljet.tune(place / "run", good="good", max_escape=0.1, held_out=place / "more", out=mine)
    assert mine.read_text() == '{"format": "mine"}'
