"""`neuraljet report` on a run of toy pictures and its accelerator: what it writes, and what it refuses."""

import json
import shlex
import shutil

import numpy as np
import pytest
from PIL import Image

from bnn.data import load
from bnn.errors import UserError
from bnn.integer.rates import Share
from bnn.model.spec import load_spec, parse_spec
from bnn.qonnx.read import read_qonnx
from bnn.training.runs import requested
from bnn.training.trained import load_trained
from finn_build.manifest import load as load_manifest
from neuraljet import build, cli, prove, report, train
from neuraljet.reporting.again import again, network_options, network_text
from neuraljet.reporting.collect import QUICK, WHOLE, collect, steps_of
from neuraljet.reporting.judged import Judge
from neuraljet.reporting.universal import STRENGTHS, added, perturbation, perturbations
from sim.verification import Points, Rates, Verification
from tests.support.html import Page


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with pictures, a run of them and an accelerator; a bad part has a bright spot."""
    place = tmp_path_factory.mktemp("report")
    r = np.random.default_rng(0)
    for side, count in (("train", 40), ("test", 12)):
        for name in ("good", "bad & ugly"):
            (place / "pictures" / side / name).mkdir(parents=True)
            for i in range(count):
                pixels = r.normal(90, 12, (16, 16))
                if name != "good":
                    y, x = r.integers(2, 10, 2)
                    pixels[y : y + 4, x : x + 4] += 32
                pixels = np.clip(pixels, 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / "pictures" / side / name / f"{i}.png")
    train(place / "pictures", place / "run", network="small", steps=60, augment="none", folds=1)
    build(place / "run", place / "acc")
    prove(place / "acc")
    digest = load_manifest(place / "acc").model_sha256
    rates = Rates(256, 1.0, 40, 300)
    found = Verification(
        "neuraljet-verification",
        1,
        True,
        24,
        0,
        (),
        1.0,
        rates,
        1,
        1,
        0.0,
        None,
        "pictures",
        0.0,
        1,
        digest,
        1.0,
        Points(0, ()),
    )
    (place / "acc" / "verification.json").write_text(found.to_json())
    return place


def words_of(path):
    found = Page(path.read_text())
    assert found.faults == []
    return " ".join("".join(found.words).split())


def test_the_report_of_a_run_and_its_accelerator(place, tmp_path, capsys):
    out = tmp_path / "report.html"
    status = cli.main(["report", str(place / "run"), "--accelerator", str(place / "acc"), "--out", str(out), "--json"])
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert status == 0 and result == {"file": str(out), "bytes": out.stat().st_size, "finished": True}
    words = words_of(out)
    metrics = json.loads((place / "run" / "metrics.json").read_text())
    right = Share(round(metrics["test_accuracy"] * 24), 24)
    assert f"{right.number} of 24 test pictures the right class out of 2" in words
    low, high = right.interval()
    assert f"95 % interval {100 * low:.1f} to {100 * high:.1f} %" in words
    assert "every score exactly as the network does on all 24 pictures" in words
    for piece in (
        "bad & ugly",
        "jet_conv_0",
        "pynq-z2",
        "40 clocks",
        "0.2 µs",
        "estimated by neuraljet build",
        "Universal"[:1],
        metrics["files"]["model.onnx"],
        "all 24",
        "One noise for all pictures",
    ):
        assert piece in words, piece
    assert out.read_text().count("data:image/png") >= 2 * 6 + 4
    report(place / "run", out=out, quick=True)  # replaces its own
    assert "no accelerator given" in words_of(out) and "Not computed in this report" in words_of(out)


def test_the_figures_are_those_of_the_integer_network(place):
    steps = []
    found = collect(place / "run", place / "acc", good="good", step=steps.append)
    assert sum(steps) == steps_of(WHOLE) > steps_of(QUICK)
    data = load(place / "pictures")
    network = read_qonnx(place / "run" / "model.onnx")
    scores = network.run(data.test_images.transpose(0, 3, 1, 2))
    called = network.classify(scores)
    good = data.classes.index("good")
    point = found.curve.points[found.curve.trained]
    assert point.escapes.number == ((called == good) & (data.test_labels != good)).sum()
    assert point.rejects.number == ((called != good) & (data.test_labels == good)).sum()
    assert {mistake.name for mistake in found.mistakes} <= {
        data.test_names[i] for i in np.flatnonzero(called != data.test_labels)
    }
    for course in found.robustness.courses:
        assert course.accuracy[course.levels.index(course.none)].number == (called == data.test_labels).sum()
    for noise in found.robustness.perturbations:
        images = added(data.test_images, noise.noise)
        damaged = network.classify(network.run(images.transpose(0, 3, 1, 2)))
        assert noise.accuracy.number == (damaged == data.test_labels).sum()
        assert np.abs(noise.noise).max() <= noise.strength and noise.strength in STRENGTHS
    assert {(p.strength, p.target) for p in found.robustness.perturbations} == {
        (strength, target) for strength in (4, 8) for target in (None, "good")
    }
    assert found.checks.rtl.latency_cycles == 40 and found.checks.proof.outputs_proved > 0


def test_a_computed_noise_does_more_harm_than_a_random_one(place):
    """Of 24 grey levels, so that a network which learnt from 80 pictures feels it."""
    data, network = load(place / "pictures"), load_trained(place / "run").network
    judge = Judge.of(read_qonnx(place / "run" / "model.onnx"))
    target = data.classes.index("good")
    noise = perturbation(network, (data.train_images, data.train_labels), target, 24, 0)
    bad = data.test_images[data.test_labels != target]
    random = np.random.default_rng(0).choice((-24, 24), noise.shape).astype(np.int16)
    passing = [(judge.classes(added(bad, pattern)) == target).sum() for pattern in (noise, random)]
    assert passing[0] > passing[1]
    again = perturbation(network, (data.train_images, data.train_labels), target, 24, 0)
    assert np.array_equal(noise, again)


def test_noise_is_kept_from_black_to_white():
    images = np.array([[[[0]], [[255]], [[100]]]], np.uint8)
    assert added(images, np.array([[[-8]], [[8]], [[8]]], np.int16)).flatten().tolist() == [0, 255, 108]
    assert perturbations.__doc__


def test_a_run_that_trains_has_a_learning_curve_alone(place, tmp_path):
    run = tmp_path / "begun"
    run.mkdir()
    for name in ("run.json", "log.jsonl"):
        shutil.copy(place / "run" / name, run)
    assert not report(run, out=tmp_path / "report.html").finished
    words = words_of(tmp_path / "report.html")
    assert "The training has not finished" in words and "Learning curve" in words and "Robustness" not in words
    with pytest.raises(UserError, match="still training"):
        report(run, place / "acc", tmp_path / "other.html")


def test_pictures_that_changed_are_said_and_the_rest_is_there(place, tmp_path):
    shutil.copytree(place / "run", tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    content = json.loads(path.read_text())
    for source, why in (
        (str(tmp_path / "gone"), "cannot be read again"),
        (str(place / "pictures" / "test"), "any more"),
    ):
        from bnn.storage.records import seal_of, sha256

        content["data"]["source"] = source
        path.write_text(json.dumps({**content, "seal": seal_of(content)}))
        metrics = json.loads((place / "run" / "metrics.json").read_text())
        metrics["files"]["run.json"] = sha256(path)
        (tmp_path / "run" / "metrics.json").write_text(json.dumps({**metrics, "seal": seal_of(metrics)}))
        report(tmp_path / "run", place / "acc", tmp_path / "report.html")
        words = words_of(tmp_path / "report.html")
        assert why in words and "Confusion matrix" in words and "The circuit" in words and "Robustness" not in words


def test_label_mistakes_of_the_run_are_shown(place, tmp_path):
    shutil.copytree(place / "run", tmp_path / "run")
    file = tmp_path / "run" / "label_mistakes.csv"
    file.write_text(
        "picture,label,likely\n"
        + "train/good/0.png,good,bad\n"
        + "".join(f"<b>{i}</b>.png,good,bad\n" for i in range(59))
    )
    report(tmp_path / "run", out=tmp_path / "report.html", quick=True)
    words = words_of(tmp_path / "report.html")
    shown = [image["alt"] for image in Page((tmp_path / "report.html").read_text()).all("img")]
    assert shown.count("training picture train/good/0.png") == 1  # of a name that the training had, and no other
    assert "<b>0</b>.pnggoodbad" in words and "10 more are in the run" in words
    for damaged in ("a,b\n1\n", "", 'a\n"open'):
        file.write_text(damaged)
        with pytest.raises(UserError, match=r"label_mistakes\.csv"):
            report(tmp_path / "run", out=tmp_path / "report.html", quick=True)


def test_what_is_refused_is_refused_before_anything_is_written(place, tmp_path):
    mine = tmp_path / "mine.html"
    mine.write_text("<p>mine</p>")
    other = tmp_path / "acc"
    shutil.copytree(place / "acc", other)
    (other / "proof.json").write_text('{"passed": "yes"}')
    cases = [
        ((tmp_path / "none",), {}, "is not a run folder"),
        ((place / "run",), {"out": mine}, "no report of ours"),
        ((place / "run",), {"out": tmp_path}, "is a folder"),
        ((place / "run",), {"out": tmp_path / "no" / "report.html"}, "there is no folder"),
        ((place / "run",), {"good": "ugly"}, "choose one of bad & ugly, good"),
        ((place / "run", place / "pictures"), {}, "is not an accelerator folder"),
        ((place / "run", other), {}, r"proof\.json is damaged"),
    ]
    for arguments, options, words in cases:
        with pytest.raises(UserError, match=words):
            report(*arguments, **{"out": tmp_path / "report.html", "quick": True} | options)
    assert mine.read_text() == "<p>mine</p>" and not (tmp_path / "report.html").exists()


def test_an_accelerator_of_another_network_is_refused(place, tmp_path, tiny_model):
    build(tiny_model, tmp_path / "acc")
    with pytest.raises(UserError, match="was not built from the network of"):
        report(place / "run", tmp_path / "acc", tmp_path / "report.html")


# --- the same again ---


def test_the_command_asks_for_the_same_training(place, tmp_path):
    asked = requested(place / "run")
    found = again(place / "run", asked)
    assert found.network is None and dict(found.hashes)["pictures"] == asked.pictures.sha256
    words = shlex.split(found.command)
    words[words.index("--out") + 1] = str(tmp_path / "run")
    assert cli.main(words[1:]) == 0
    now = requested(tmp_path / "run")
    assert now == asked
    assert (tmp_path / "run" / "model.onnx").read_bytes() == (place / "run" / "model.onnx").read_bytes()


@pytest.mark.parametrize("form", ["binary", "separable", None])
def test_a_network_of_a_size_has_a_name_and_any_other_a_file(form):
    spec = load_spec("small").with_layer(form, None)
    options, file = network_options(spec)
    assert options[:2] == ["--network", "small"] and file is None
    assert (["--layer", form] == options[2:4]) == (form is not None)
    assert parse_spec(network_text(spec), "small") == spec


def test_a_network_that_was_chosen_is_written_out():
    text = '[[block]]\nchannels = 5\npooling = "sum"\npool = 2\npadding = false\n[[block]]\nchannels = 3\n'
    spec = parse_spec("hidden = [7, 4]\n" + text, "mine")
    options, file = network_options(spec)
    assert options == ["--network", "network.toml"] and parse_spec(file, "mine") == spec
