"""`neuraljet classify`: the classes and scores of the integer network, of any pictures, each accounted for."""

import csv
import io
import json
import sys

import numpy as np
import pytest
from PIL import Image

import neuraljet
from bnn.data import load
from bnn.errors import UserError
from bnn.qonnx.read import read_qonnx
from bnn.storage import files
from finn_build.manifest import load as load_manifest
from neuraljet import Accelerator
from tests.neuraljet.test_cli import one_sentence, run
from tests.support.driven import bitstream_of
from tests.support.fake_pynq import Pynq

SIZE = (16, 16)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def table(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Train on pictures of several sizes, colours and depths, which have to be scaled and converted."""
    folder, r = tmp_path_factory.mktemp("trained"), np.random.default_rng(0)
    for name, level in (("good", 60), ("bad", 190)):
        for i in range(16):
            kinds = [(20, 24), (16, 16), (30, 17, 3), (16, 16, 4)]
            pixels = np.clip(r.normal(level, 30, kinds[i % 4]), 0, 255).astype(np.uint8)
            deep = np.clip(r.normal(level * 10, 300, (18, 22)), 0, 2600).astype(np.uint16)  # of 12 bits
            save(folder / "pictures" / name / f"{i}.png", deep if i % 5 == 0 else pixels)
    neuraljet.train(folder / "pictures", folder / "run", network="small", size=SIZE, color="gray", steps=2, folds=1)
    return folder


@pytest.fixture
def frames(gray, tmp_path):
    """Write frames of the accelerator as pictures; return their folder."""
    for number, frame in enumerate(gray.frames):
        save(tmp_path / "frames" / f"{number:02}.png", frame[..., 0])
    return tmp_path / "frames"


def test_every_test_picture_gets_the_scores_that_training_counted(trained, tmp_path):
    data = load(trained / "pictures", size=SIZE, color="gray")
    assert data.bits == 12
    scores = read_qonnx(trained / "run" / "model.onnx").run(data.test_images.transpose(0, 3, 1, 2))
    listed = tmp_path / "test.txt"
    listed.write_text("".join(f"{trained / 'pictures' / name}\r\n" for name in data.test_names))
    result = neuraljet.classify(trained / "run", listed)
    assert (result.pictures, result.skipped, result.scorer) == (len(scores), 0, "integer network")
    assert [row.scores for row in result.rows] == [tuple(row) for row in scores.tolist()]
    assert [row.label for row in result.rows] == [data.classes[i] for i in scores.argmax(axis=1)]
    assert [row.margin for row in result.rows] == np.abs(scores[:, 0] - scores[:, 1]).tolist()
    metrics = json.loads((trained / "run" / "metrics.json").read_text())
    right = [row.label == name.split("/")[0] for row, name in zip(result.rows, data.test_names, strict=True)]
    assert metrics["test_accuracy"] == np.mean(right)
    assert result.scaled and result.latency_clocks is None and "a run has no circuit" in result.no_latency


@pytest.mark.parametrize("scorer", ["integer", "simulated", "board"])
def test_all_scorers_give_the_scores_of_the_reference(capsys, gray, frames, tmp_path, scorer, monkeypatch):
    extra = []
    if scorer == "simulated":
        extra = ["--simulated"]
    elif scorer == "board":
        pynq = Pynq(gray.acc, load_manifest(gray.acc).model_sha256)
        monkeypatch.setitem(sys.modules, "pynq", pynq)
        extra = ["--on-board", bitstream_of(gray.acc, tmp_path / "bits")]
    status, out, _ = run(capsys, "classify", gray.acc, frames, "--out", tmp_path / "r.csv", "--json", *extra)
    assert status == 0
    result, rows = json.loads(out.splitlines()[-1]), table(tmp_path / "r.csv")
    names = load_manifest(gray.acc).output.classes
    assert [row["class"] for row in rows] == [names[i] for i in gray.classes]
    assert [[int(row[f"score {name}"]) for name in names] for row in rows] == gray.scores.tolist()
    assert [row["picture"] for row in rows] == [str(frames / f"{i:02}.png") for i in range(40)]
    best = np.sort(gray.scores, axis=1)
    assert [int(row["margin"]) for row in rows] == (best[:, -1] - best[:, -2]).tolist()
    assert result["classes"] == {name: int((gray.classes == i).sum()) for i, name in enumerate(names)}
    if scorer == "integer":
        assert result["latency_clocks"] is None and "neuraljet verify" in result["no_latency"]
        assert {row["latency_clocks"] for row in rows} == {""}
    else:
        with Accelerator.simulated(gray.acc) as accelerator:
            clocks = accelerator.classify(gray.frames[:1]).latency.clocks
        mhz = 100 if scorer == "board" else 200
        assert {(row["latency_clocks"], row["latency_us"]) for row in rows} == {(str(clocks), f"{clocks / mhz:.6g}")}
        pynq.overlays[0].dma.model.close() if scorer == "board" else None


def test_latency_of_a_verified_accelerator_is_that_of_verify(gray, frames, tmp_path):
    import shutil

    acc = tmp_path / "acc"
    shutil.copytree(gray.acc, acc)
    verified = neuraljet.verify(acc, data="random", frames=4)
    result = neuraljet.classify(acc, frames / "03.png")
    assert result.latency_clocks == verified.rates.latency_cycles
    assert result.latency_us == pytest.approx(result.latency_clocks / 200)


def test_rejected_and_unsure_pictures_are_marked(capsys, gray, frames, tmp_path):
    best = np.sort(gray.scores, axis=1)
    margins = best[:, -1] - best[:, -2]
    least = int(np.median(margins)) + 1
    status, out, _ = run(
        capsys, "classify", gray.acc, frames, "--good", "c1", "--least-margin", least, "--out", tmp_path / "r.csv"
    )
    assert status == 0 and "rejected: not 'c1'; unsure: margin below" in out
    accepted = np.where(gray.classes == 1, "accepted", "rejected")
    verdicts = np.where(margins < least, "unsure", accepted).tolist()
    assert [row["verdict"] for row in table(tmp_path / "r.csv")] == verdicts and set(verdicts) >= {"unsure", "rejected"}
    status, _, err = run(capsys, "classify", gray.acc, frames, "--good", "fine")
    assert status == 2
    one_sentence(err, "--good fine", "c0, c1, c2")


@pytest.mark.parametrize("scorer", ["integer", "simulated", "board"])
def test_all_scorers_decide_at_the_operating_point(gray, frames, tmp_path, scorer, monkeypatch):
    """The folder's offsets, good class and least margin; a bitstream without a point gets the same ones."""
    import shutil

    from bnn.integer.decision import FILE, OperatingPoint, decide
    from finn_build.operating import FORMAT, VERSION, Found, PointFile, Rate

    acc, manifest = tmp_path / "acc", load_manifest(gray.acc)
    shutil.copytree(gray.acc, acc)
    r = Rate(0, 1, 0.0, 1.0)
    point = OperatingPoint((0, 9, -6), 5)
    found = Found("none", r, r, r)
    content = PointFile(
        FORMAT, VERSION, manifest.output.classes, "c2", point.offsets, point.least_margin, "", found, found,
        manifest.model_sha256,
    )  # fmt: skip
    (acc / FILE).write_text(content.sealed().to_json())
    pynq = Pynq(gray.acc, manifest.model_sha256)
    monkeypatch.setitem(sys.modules, "pynq", pynq)
    bits = {"on_board": bitstream_of(gray.acc, tmp_path / "bits")} if scorer == "board" else {}
    options = {"simulated": scorer == "simulated", **bits}
    for least, good in ((None, None), (12, "c0")):
        decided = decide(gray.scores, OperatingPoint(point.offsets, 5 if least is None else least))
        assert (decided.classes != gray.classes).any() and decided.unsure.any() and not decided.unsure.all()
        result = neuraljet.classify(acc, frames, least_margin=least, good=good, **options)
        assert [row.label for row in result.rows] == [f"c{i}" for i in decided.classes]
        assert [row.margin for row in result.rows] == decided.margins.tolist()
        assert [row.scores for row in result.rows] == [tuple(row) for row in gray.scores.tolist()]
        accepted = np.where(decided.classes == (2 if good is None else 0), "accepted", "rejected")
        assert [row.verdict for row in result.rows] == np.where(decided.unsure, "unsure", accepted).tolist()
    for overlay in pynq.overlays:
        overlay.dma.model.close()


def test_what_cannot_be_classified_gets_a_row_that_says_why(capsys, gray, frames, tmp_path):
    (frames / "05.png").write_bytes(b"")
    (frames / "06.png").write_bytes(b"<html>403")
    (frames / "07.heic").write_bytes(b"\0\0\0\x18ftypheic")
    (frames / "08a.png").symlink_to("/nowhere.png")
    save(frames / "@eaDir" / "05.png", gray.frames[0, ..., 0])
    save(frames / "09a.png", np.full((12, 10), 4000, np.uint16))
    (frames / "notes.txt").write_text("no picture")
    first, *rest = (Image.fromarray(gray.frames[i, ..., 0]) for i in (10, 11))
    (frames / "10.png").unlink()
    first.save(frames / "10.tif", save_all=True, append_images=rest)
    status, out, err = run(capsys, "classify", gray.acc, frames, "--out", tmp_path / "r.csv", "--json")
    assert status == 1 and "5 skipped" in out and err.count("skipped: ") == 5
    assert "note: left out: files that are no pictures (1: notes.txt)" in err
    assert "note: left out: files' pages or frames after the first (1: 10.tif)" in err
    rows = table(tmp_path / "r.csv")
    problems = {row["picture"].rsplit("/", 1)[1]: row["problem"] for row in rows if row["problem"]}
    assert set(problems) == {"05.png", "06.png", "07.heic", "08a.png", "09a.png"}
    assert "HEIC" in problems["07.heic"] and "--bits" in problems["09a.png"] and "cannot be read" in problems["08a.png"]
    rest = [int(row["picture"][-6:-4]) for row in rows if not row["problem"]]
    assert rest == [i for i in range(40) if i not in (5, 6)]
    assert [row["class"] for row in rows if not row["problem"]] == [f"c{i}" for i in gray.classes[rest]]
    assert json.loads(out.splitlines()[-1])["skipped"] == 5
    status, _, _ = run(capsys, "classify", gray.acc, frames / "09a.png", "--bits", 12)
    assert status == 0


def test_pictures_come_from_lists_tables_and_standard_input(capsys, gray, frames, tmp_path, monkeypatch):
    def labels(source):
        status, out, _ = run(capsys, "classify", gray.acc, source, "--json")
        assert status == 0
        return [row["class"] for row in json.loads(out.splitlines()[-1])["rows"]]

    wanted = [f"c{gray.classes[i]}" for i in (4, 2, 11)]
    (tmp_path / "a.txt").write_text("\ufeffframes/04.png\n\nframes/02.png\r\nframes/11.png")
    (tmp_path / "b.csv").write_text("label;Path\nx;frames/04.png\ny;frames/02.png\nz;frames/11.png\n")
    (tmp_path / "c.csv").write_text('frames/04.png\n"frames/02.png",2\nframes/11.png\n')
    for name in ("a.txt", "b.csv", "c.csv"):
        assert labels(tmp_path / name) == wanted, name
    monkeypatch.chdir(frames)
    lines = io.BytesIO(b"04.png\n02.png\n11.png\n")
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": lines}))
    assert labels("-") == wanted
    assert labels("04.png") == wanted[:1]


def test_no_pictures_are_refused_by_a_sentence(capsys, gray, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.txt").write_text("\n")
    (tmp_path / "bad.txt").write_bytes(b"a\0b\n")
    for name, *words in (("empty", "no pictures"), ("none", "there is no"), ("empty.txt", "names no pictures"),
                         ("bad.txt", "line 1")):  # fmt: skip
        status, _, err = run(capsys, "classify", gray.acc, tmp_path / name, "--out", tmp_path / "r.csv")
        assert status == 2
        one_sentence(err, *words)
        assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.txt", "empty", "empty.txt"]


def test_only_a_circuit_is_simulated_and_only_one_scorer_chosen(capsys, trained, gray, frames):
    status, _, err = run(capsys, "classify", trained / "run", frames, "--simulated")
    assert status == 2
    one_sentence(err, "has no circuit", "neuraljet build")
    status, _, err = run(capsys, "classify", gray.acc, frames, "--simulated", "--on-board", "bits")
    assert status == 2
    one_sentence(err, "give one of them")
    status, _, err = run(capsys, "classify", frames, frames)
    assert status == 2
    one_sentence(err, "not a run folder")


def test_a_table_is_written_whole_and_never_over_a_file(capsys, gray, frames, tmp_path, monkeypatch):
    (tmp_path / "mine.csv").write_text("precious")
    status, _, err = run(capsys, "classify", gray.acc, frames, "--out", tmp_path / "mine.csv")
    assert status == 2 and (tmp_path / "mine.csv").read_text() == "precious"
    one_sentence(err, "mine.csv is there already")
    status, _, err = run(capsys, "classify", gray.acc, frames, "--out", tmp_path / "no" / "r.csv")
    assert status == 2
    one_sentence(err, "no folder")

    with pytest.raises(UserError, match="is there already"), files.new_file(tmp_path / "race.csv") as file:
        file.write("ours")
        (tmp_path / "race.csv").write_text("theirs")
    with pytest.raises(KeyboardInterrupt), files.new_file(tmp_path / "cut.csv") as file:
        file.write("half")
        raise KeyboardInterrupt
    monkeypatch.setattr(files.os, "link", lambda *_: (_ for _ in ()).throw(PermissionError(1, "no hard links")))
    with files.new_file(tmp_path / "plain.csv") as file:
        file.write("ours\udcff")
    assert (tmp_path / "race.csv").read_text() == "theirs" and (tmp_path / "plain.csv").read_text() == "ours\\udcff"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["frames", "mine.csv", "plain.csv", "race.csv"]


def test_pictures_are_held_one_batch_at_a_time(gray):
    """However many there are: reading stays at most a batch ahead of the rows."""
    from neuraljet.classification import BATCH, Judge, Tally, classify_rows
    from neuraljet.opened import open_folder
    from neuraljet.scorers import IntegerScorer

    opened, read = open_folder(gray.acc), []
    judge = Judge.of(opened, None, None)

    class Counting:
        height, width, channels = 12, 10, 1

        def read(self, path, notes):
            read.append(path)
            return gray.frames[path % 40], False

    rows = classify_rows(IntegerScorer(opened, judge.point), Counting(), judge, range(10**9), Tally())
    for number in range(3 * BATCH):
        row = next(rows)
        assert row.picture == str(number) and row.label == f"c{gray.classes[number % 40]}"
        assert len(read) <= number + BATCH
    assert len(read) == 3 * BATCH
