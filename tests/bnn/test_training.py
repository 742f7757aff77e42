"""Training writes a whole run folder, reaches the same weights after an interruption, and loses nothing."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bnn.data import Dataset, DataSource
from bnn.errors import ToolError, UserError
from bnn.model.spec import Block, NetworkSpec
from bnn.qonnx.read import read_qonnx
from bnn.storage.records import entries
from bnn.training import train as training
from bnn.training import trainer as loop
from bnn.training.config import TrainConfig
from bnn.training.metrics import LinkCounts
from bnn.training.runs import finished
from bnn.training.sides import hold_out
from bnn.training.train import train
from bnn.training.trainer import Trainer

SPEC = NetworkSpec("tiny", (Block(4, pool=2), Block(6, pool=2)))
CONFIG = TrainConfig(epochs=6, seed=2, batch=16, learning_rate=0.05, augment=("flip_y", "shift", "light"))


@pytest.fixture(scope="module")
def data():
    """Return pictures that are bright on the left or on the right. They are easy to learn, but not by chance."""
    r = np.random.default_rng(0)
    labels = np.arange(240) % 2
    slope = np.linspace(0, 180, 16) * labels[:, None] + np.linspace(180, 0, 16) * (1 - labels[:, None])
    images = (r.integers(0, 75, (240, 16, 16)) + slope[:, None, :]).astype(np.uint8)[..., None]
    return Dataset("toy", ("left", "right"), images[:160], labels[:160], images[160:], labels[160:])


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("training") / "run"
    return out, train(data, SPEC, out, CONFIG, progress=False)


def test_it_learns_and_leaves_a_whole_folder(run, data):
    out, metrics = run
    assert metrics.test_accuracy > 0.9
    names = ["heldout.json", "log.jsonl", "metrics.json", "model.onnx", "run.json", "weights.safetensors"]
    assert sorted(p.name for p in out.iterdir()) == names
    written = json.loads((out / "metrics.json").read_text())
    assert written.keys() - entries(metrics).keys() == {"format", "files", "seal"}
    assert written | entries(metrics) == written and finished(out) == metrics
    confusion = np.array(metrics.confusion)
    assert confusion.sum() == len(data.test_labels)
    assert np.trace(confusion) / confusion.sum() == metrics.test_accuracy
    assert confusion.sum(axis=1).tolist() == [40, 40]
    right = metrics.per_class["right"]
    assert right.recall == confusion[1, 1] / 40
    assert right.precision == confusion[1, 1] / confusion[:, 1].sum()
    assert metrics.links == LinkCounts(frames=80, torch=0, qonnx=0)


def test_the_model_says_how_to_load_its_data(run):
    network = read_qonnx(run[0] / "model.onnx")
    assert network.classes == ("left", "right")
    assert json.loads(network.metadata["neuraljet.data"]) == {"source": "toy"}


def test_the_same_seed_gives_the_same_model(run, data, tmp_path):
    train(data, SPEC, tmp_path / "again", CONFIG, progress=False)
    assert (tmp_path / "again" / "model.onnx").read_bytes() == (run[0] / "model.onnx").read_bytes()


@pytest.mark.parametrize("stop_after", [1, 25])
def test_an_interrupted_training_resumes_to_the_same_weights(run, data, tmp_path, monkeypatch, stop_after):
    out, steps = tmp_path / "run", 0
    whole = Trainer.run_round

    def interrupted(self):
        nonlocal steps
        for progress in whole(self):
            steps += 1
            if steps == stop_after:
                raise KeyboardInterrupt
            yield progress

    monkeypatch.setattr(Trainer, "run_round", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(data, SPEC, out, CONFIG, progress=False)
    assert not (out / "model.onnx").exists()
    monkeypatch.undo()

    train(data, SPEC, out, CONFIG, resume=True, progress=False)
    first, second = load_file(run[0] / "weights.safetensors"), load_file(out / "weights.safetensors")
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[k].numpy(), second[k].numpy()) for k in first)
    assert not (out / "checkpoint.safetensors").exists()


def test_a_finished_run_is_not_overwritten(run, data):
    before = (run[0] / "model.onnx").stat().st_mtime_ns
    with pytest.raises(UserError, match=r"already holds a run; continue it with --resume or choose another --out"):
        train(data, SPEC, run[0], CONFIG, progress=False)
    assert train(data, SPEC, run[0], CONFIG, resume=True, progress=False) == run[1]
    assert (run[0] / "model.onnx").stat().st_mtime_ns == before


def test_resuming_with_other_settings_is_refused(run, data):
    other = replace(CONFIG, epochs=5)
    with pytest.raises(UserError, match=r"other settings \(config.epochs: 6 against 5\)"):
        train(data, SPEC, run[0], other, resume=True, progress=False)
    wider = NetworkSpec("tiny", (Block(4, pool=2), Block(8, pool=2)))
    with pytest.raises(UserError, match=r"other settings \(network.blocks: "):
        train(data, wider, run[0], CONFIG, resume=True, progress=False)


def test_resuming_with_other_pictures_is_refused(run, data):
    """A different pixel, label, class name or side makes another set."""
    parts = dict(vars(data))
    pixel, labels = data.train_images.copy(), data.test_labels.copy()
    pixel[3, 4, 5] ^= 1
    labels[0] ^= 1
    fewer = {"train_images": data.train_images[1:], "train_labels": data.train_labels[1:]}
    for change, words in (
        ({"train_images": pixel}, "pictures.sha256"),
        ({"test_labels": labels}, "pictures.sha256"),
        (fewer, "pictures.train: 160 against 159"),
        ({"classes": ("left", "wrong")}, "pictures.classes"),
        ({"validation_images": pixel[:5], "validation_labels": labels[:5]}, "pictures.validation: 0 against 5"),
    ):
        with pytest.raises(UserError, match=rf"begun with other pictures \({words}"):
            train(Dataset(**parts | change), SPEC, run[0], CONFIG, resume=True, progress=False)


def stop_early(data, out, monkeypatch, source, rounds=2):
    """Make a run that was stopped in its round number `rounds`."""
    whole = Trainer.run_round

    def stopped(self):
        if self.round == rounds - 1:
            raise KeyboardInterrupt
        yield from whole(self)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Trainer, "run_round", stopped)
        train(data, SPEC, out, CONFIG, source=source, progress=False)


def test_pictures_that_were_moved_are_the_same(data, tmp_path, monkeypatch):
    """The name of their folder may change; size and colour may not. run.json then names the new folder."""
    out = tmp_path / "run"
    stop_early(data, out, monkeypatch, DataSource("/old/place", color="gray"))
    with pytest.raises(UserError, match=r"other settings \(data.color: gray against rgb\)"):
        train(data, SPEC, out, CONFIG, source=DataSource("/new", color="rgb"), resume=True, progress=False)
    moved = DataSource("/new/place", color="gray")
    metrics = train(data, SPEC, out, CONFIG, source=moved, resume=True, progress=False)
    assert json.loads((out / "run.json").read_text())["data"] == {"source": "/new/place", "color": "gray"}
    assert json.loads(read_qonnx(out / "model.onnx").metadata["neuraljet.data"]) == entries(moved)
    again = train(data, SPEC, out, CONFIG, source=replace(moved, source="/third"), resume=True, progress=False)
    assert again == metrics == finished(out)


@pytest.mark.parametrize("name", ["model.onnx", "weights.safetensors", "heldout.json"])
def test_a_file_of_somebody_in_an_unfinished_run_stays(data, tmp_path, monkeypatch, name):
    """The user is told before training goes on, or at its end when the file came meanwhile. Without it the run ends."""
    out = tmp_path / "run"
    stop_early(data, out, monkeypatch, DataSource("toy"))
    (out / name).write_bytes(b"precious")
    words = rf"{name} was not written by this training.*; move it away and give the same command with --resume"
    with pytest.raises(UserError, match=words):
        train(data, SPEC, out, CONFIG, source=DataSource("toy"), resume=True, progress=False)
    (out / name).rename(tmp_path / name)

    found = Trainer.finish

    def late(self):
        (out / name).write_bytes(b"precious")
        return found(self)

    with monkeypatch.context() as patch, pytest.raises(UserError, match=words):
        patch.setattr(Trainer, "finish", late)
        train(data, SPEC, out, CONFIG, source=DataSource("toy"), resume=True, progress=False)
    assert (out / name).read_bytes() == b"precious" and (out / "checkpoint.safetensors").exists()
    (out / name).unlink()
    train(data, SPEC, out, CONFIG, source=DataSource("toy"), resume=True, progress=False)
    assert finished(out).epochs == CONFIG.epochs


def test_an_end_between_the_last_files_is_finished(run, data, tmp_path, monkeypatch):
    """Files left by an interrupted end count as this training's when every byte is equal."""
    out = tmp_path / "run"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "check_links", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        train(data, SPEC, out, CONFIG, progress=False)
    assert (out / "model.onnx").exists() and not (out / "metrics.json").exists()
    train(data, SPEC, out, CONFIG, resume=True, progress=False)
    assert (out / "model.onnx").read_bytes() == (run[0] / "model.onnx").read_bytes()


def test_two_trainings_on_one_folder_are_told(data, tmp_path):
    holder = f"from bnn.storage.files import lock\nwith lock({str(tmp_path / 'run')!r}): print(1, flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", holder], **pipes)
    assert process.stdout.readline() == "1\n"
    with pytest.raises(UserError, match=f"in use by process {process.pid}"):
        train(data, SPEC, tmp_path / "run", CONFIG, progress=False)
    assert not (tmp_path / "run").exists()
    process.communicate("\n")


@pytest.mark.parametrize("where", ["loss", "weights", "held"])
def test_a_training_that_diverges_exports_nothing(data, tmp_path, monkeypatch, where):
    good = Trainer.run_round

    def hurt(self):
        if self.round == 5 and where != "held":
            target = self.network.classifier.log_scale if where == "loss" else self.network.blocks[1].norm.running_mean
            target.data.fill_(float("nan"))
        yield from good(self)

    monkeypatch.setattr(Trainer, "run_round", hurt)
    if where == "held":
        monkeypatch.setattr(loop, "scores_of", lambda *_: torch.full((8, 2), float("nan")))
    with pytest.raises(ToolError, match=r"diverged in round 6 of 6: .* is nan, so no network was exported") as caught:
        train(data, SPEC, tmp_path / "run", CONFIG, progress=False)
    assert "--seed" in str(caught.value)
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "checkpoint.safetensors", "log.jsonl", "run.json",
    ]  # fmt: skip


def test_a_network_that_has_learned_nothing_says_so(data, tmp_path):
    blank = {"train_images": np.zeros_like(data.train_images), "test_images": np.zeros_like(data.test_images)}
    metrics = train(
        Dataset(**dict(vars(data)) | blank), SPEC, tmp_path / "run", replace(CONFIG, epochs=1), progress=False
    )
    assert any("calls every test picture" in note for note in metrics.notes)


def test_a_folder_of_somebody_is_left_alone(data, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(
        UserError, match=r"holds files that are not a run \(no run\.json there\); choose an empty or new folder"
    ):
        train(data, SPEC, tmp_path, CONFIG, progress=False)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_validation_side_is_what_judges_the_rounds(data):
    parts = dict(vars(data))
    images, labels = data.train_images[120:], data.train_labels[120:]
    parts |= {"train_images": data.train_images[:120], "train_labels": data.train_labels[:120]}
    trainer = Trainer(Dataset(**parts | {"validation_images": images, "validation_labels": labels}), SPEC, CONFIG)
    assert len(trainer.sides.images) == 120
    assert np.array_equal(trainer.sides.held_images.numpy(), images.transpose(0, 3, 1, 2))
    assert np.array_equal(trainer.sides.held_labels.numpy(), labels)


def test_hold_out_is_stratified():
    labels = np.array([0] * 50 + [1] * 20 + [2])
    kept, held = hold_out(labels, 0.1, 0)
    assert sorted([*kept, *held]) == list(range(71))
    assert np.bincount(labels[held], minlength=3).tolist() == [5, 2, 0]
    rare = np.array([0] * 400 + [1] * 9 + [2] * 4 + [3] * 3)
    assert np.bincount(rare[hold_out(rare, 0.05, 0)[1]], minlength=4).tolist() == [20, 1, 1, 0]
    assert hold_out(rare, 0.0, 0)[0].tolist() == list(range(len(rare)))
    kept, held = hold_out(np.array([0, 1]), 0.1, 0)
    assert kept.tolist() == held.tolist() == [0, 1]


def test_a_network_too_deep_for_the_pictures_leaves_no_folder(data, tmp_path):
    deep = NetworkSpec("deep", tuple(Block(4, pool=2) for _ in range(6)))
    with pytest.raises(UserError, match=r"after block \d; use larger pictures \(--size\) or less pooling"):
        train(data, deep, tmp_path / "run", CONFIG, progress=False)
    assert not (tmp_path / "run").exists()
